//! From what the technician typed to a device of the ledger, or a refusal that names what is wrong.

use anyhow::{Result, ensure};
use trust::KeyId;
use trust::state::NotInForce;
use trust::statement::Role;

use super::Target;
use crate::ambient::now_ms;
use crate::args::Common;
use crate::commands::org::{Labelled, labels, role_name};
use crate::failure::refused;
use crate::ledger::Ledger;
use crate::login::{Login, keystore};

/// Fewest characters of a key that stand for it.
const PREFIX_CHARS_MIN: usize = 6;

/// The device that `wanted` names, by its name or by the first characters of its key, if it counts.
pub fn find(login: &Login, wanted: &str, common: &Common) -> Result<Target> {
    let device = resolve(login, Role::Device, wanted, common)?;
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
        name: device.name,
        joined: false,
    })
}

/// The admitted key that `wanted` names, in force or not.
pub fn resolve<'a>(
    login: &'a Login,
    role: Role,
    wanted: &str,
    common: &Common,
) -> Result<Labelled<'a>> {
    let directory = login.directory();
    let mut found = labels(login.state(), role, directory.as_ref());
    found.retain(|key| {
        let is_prefix =
            wanted.len() >= PREFIX_CHARS_MIN && key.keyid.to_string().starts_with(wanted);
        is_prefix || key.name.as_deref() == Some(wanted)
    });
    // Of several of one name, those that still count are meant.
    if found.len() > 1 {
        let in_force = |key: &Labelled<'_>| {
            let counts = login.state().in_force(&key.keyid, role, now_ms());
            counts.is_ok()
        };
        if found.iter().any(in_force) {
            found.retain(in_force);
        }
    }
    if found.len() > 1 {
        let keys = found.iter().map(|key| key.keyid);
        return Err(ambiguous(role, wanted, keys));
    }
    found
        .pop()
        .ok_or_else(|| unknown(login, role, wanted, common))
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

fn ambiguous(role: Role, wanted: &str, keys: impl Iterator<Item = KeyId>) -> anyhow::Error {
    let keys: Vec<String> = keys.map(|k| format!("  {k}")).collect();
    let role = role_name(role);
    refused(
        &format!("ambiguous_{role}"),
        format!(
            "Several {role}s answer to {wanted:?}; name one by its key:\n{}",
            keys.join("\n")
        ),
    )
}

/// Whether another pinned organisation knows it, to say so.
fn unknown(login: &Login, role: Role, wanted: &str, common: &Common) -> anyhow::Error {
    let elsewhere = keystore(common)
        .and_then(|k| k.orgs())
        .unwrap_or_default()
        .into_iter()
        .find(|store| {
            store.org() != login.org()
                && Ledger::load(store).ok().flatten().is_some_and(|ledger| {
                    ledger.state().entries().any(|(k, e)| {
                        e.role == role
                            && wanted.len() >= PREFIX_CHARS_MIN
                            && k.to_string().starts_with(wanted)
                    })
                })
        });
    match elsewhere {
        Some(store) => refused(
            "other_organisation",
            format!(
                "The {} {wanted:?} belongs to another organisation: use --org {}.",
                role_name(role),
                store.org()
            ),
        ),
        None if role == Role::Device => refused(
            "unknown_device",
            format!(
                "The ledger of {} admits no device {wanted:?}. See \"wayleave device list\"; a device that waits has to be admitted first.",
                login.state().roster().name
            ),
        ),
        None => refused(
            &format!("unknown_{}", role_name(role)),
            format!(
                "The ledger of {} admits no {} {wanted:?}. See \"wayleave org show\".",
                login.state().roster().name,
                role_name(role)
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
