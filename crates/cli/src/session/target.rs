//! From what the technician typed to a device of the ledger, or a refusal that names what is wrong.

use anyhow::{Result, ensure};
use trust::KeyId;
use trust::state::NotInForce;
use trust::statement::Role;

use super::Target;
use crate::ambient::now_ms;
use crate::args::Common;
use crate::commands::org::labels;
use crate::failure::refused;
use crate::ledger::Ledger;
use crate::login::{Login, keystore};

/// Fewest characters of a key that stand for it.
const PREFIX_CHARS_MIN: usize = 6;

/// The device that `wanted` names, by its name or by the first characters of its key.
pub fn find(login: &Login, wanted: &str, common: &Common) -> Result<Target> {
    let directory = login.directory();
    let devices = labels(login.state(), Role::Device, directory.as_ref());
    let by_name = devices.iter().filter(|d| d.name.as_deref() == Some(wanted));
    let by_key = devices
        .iter()
        .filter(|d| wanted.len() >= PREFIX_CHARS_MIN && d.keyid.to_string().starts_with(wanted));
    let mut found: Vec<_> = by_name.chain(by_key).collect();
    found.dedup_by_key(|d| d.keyid);
    // Of several devices of one name, those that still count are meant.
    if found.len() > 1 {
        found.retain(|d| {
            login
                .state()
                .in_force(&d.keyid, Role::Device, now_ms())
                .is_ok()
        });
    }
    let [device] = found[..] else {
        return Err(if found.is_empty() {
            unknown(login, wanted, common)
        } else {
            ambiguous(wanted, found.iter().map(|d| d.keyid))
        });
    };
    check_in_force(login, &device.keyid, wanted)?;
    let noise = device.entry.subject.noise;
    let noise = noise.ok_or_else(|| {
        refused(
            "no_channel_key",
            format!("The ledger admits {wanted:?} without a channel key."),
        )
    })?;
    Ok(Target {
        keyid: device.keyid,
        noise,
        name: device.name.clone(),
    })
}

/// Refuses a device that does not count, with the reason.
pub fn check_in_force(login: &Login, keyid: &KeyId, wanted: &str) -> Result<()> {
    let Err(why) = login.state().in_force(keyid, Role::Device, now_ms()) else {
        return Ok(());
    };
    let code = match why {
        NotInForce::NotAdmitted => "unknown_device",
        NotInForce::Expired => "device_expired",
        NotInForce::Revoked => "device_revoked",
        NotInForce::Tainted => "device_tainted",
    };
    Err(refused(
        code,
        format!("The device {wanted:?} does not count: {why}."),
    ))
}

fn ambiguous(wanted: &str, keys: impl Iterator<Item = KeyId>) -> anyhow::Error {
    let keys: Vec<String> = keys.map(|k| format!("  {k}")).collect();
    refused(
        "ambiguous_device",
        format!(
            "Several devices answer to {wanted:?}; name one by its key:\n{}",
            keys.join("\n")
        ),
    )
}

/// Whether another pinned organisation knows it, to say so.
fn unknown(login: &Login, wanted: &str, common: &Common) -> anyhow::Error {
    let elsewhere = keystore(common)
        .and_then(|k| k.orgs())
        .unwrap_or_default()
        .into_iter()
        .find(|store| {
            store.org() != login.org()
                && Ledger::load(store).ok().flatten().is_some_and(|ledger| {
                    ledger.state().entries().any(|(k, e)| {
                        e.role == Role::Device
                            && wanted.len() >= PREFIX_CHARS_MIN
                            && k.to_string().starts_with(wanted)
                    })
                })
        });
    match elsewhere {
        Some(store) => refused(
            "other_organisation",
            format!(
                "The device {wanted:?} belongs to another organisation: use --org {}.",
                store.org()
            ),
        ),
        None => refused(
            "unknown_device",
            format!(
                "The ledger of {} admits no device {wanted:?}. See \"wayleave device list\"; a device that waits has to be admitted first.",
                login.state().roster().name
            ),
        ),
    }
}

/// Refuses to go on where the ledger as a whole does not allow anything.
pub fn check_open_at_all(login: &Login) -> Result<()> {
    let state = login.state();
    ensure!(
        state.closed_by().is_none(),
        refused(
            "ledger_too_new",
            "The ledger holds a statement that this program is too old to read; update it."
        )
    );
    ensure!(
        !state.is_suspended(),
        refused(
            "suspended",
            "The organisation has suspended all access; an admin lifts that with a new roster."
        )
    );
    Ok(())
}
