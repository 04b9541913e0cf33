//! `wayleave device`: names and keys from the ledger, presence from the service.

use anyhow::Result;
use api::device::{Device, Devices, DisplayState, WaitingDevice};
use clap::Subcommand;
use serde_json::json;
use trust::KeyId;
use trust::envelope::Envelope;
use trust::proof::Enrol;
use trust::receipt::Beat;
use trust::statement::Role;
use trust::text::show_foreign;

use super::org::labels;
use super::receipts::age;
use crate::ambient::{date, now_ms};
use crate::args::Common;
use crate::login::{As, Login, SHORT_MS};
use crate::say::count;

/// Subcommands of `wayleave device`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// List the devices, and those that wait to be admitted
    List,
}

/// Runs one.
pub async fn run(command: Command, common: &Common) -> Result<()> {
    let Command::List = command;
    let login = Login::online(common, As::Member, SHORT_MS).await?;
    let devices: Devices = login.signed()?.get("/devices").await?;
    let directory = login.directory();
    let admitted = labels(login.state(), Role::Device, directory.as_ref());
    let last_word =
        |keyid: &KeyId| beat_of(&login, devices.devices.iter().find(|d| d.keyid == *keyid)?);
    let presence = |keyid| devices.devices.iter().find(|d| d.keyid == keyid);
    let standing = |keyid| {
        login
            .state()
            .in_force(keyid, Role::Device, now_ms())
            .map(|_| ())
    };
    let waiting: Vec<(Enrol, &WaitingDevice)> = devices
        .waiting
        .iter()
        .filter_map(|w| Some((verified(&login, w)?, w)))
        .collect();
    if common.json {
        let devices = admitted.iter().map(|d| {
            json!({
                "keyid": d.keyid, "name": d.name, "groups": d.entry.groups, "until": d.entry.until,
                "in_force": standing(&d.keyid).is_ok(), "online": presence(d.keyid).is_some_and(|p| p.online),
                "last_word": last_word(&d.keyid).map(|beat| json!({ "at": beat.at, "receipts": beat.head.n })),
            })
        });
        let waiting = waiting.iter().map(|(e, w)| {
            json!({ "keyid": e.key.id(), "words": e.words(), "hostname": e.hostname, "address": w.address, "online": w.online })
        });
        println!(
            "{}",
            json!({ "devices": devices.collect::<Vec<_>>(), "waiting": waiting.collect::<Vec<_>>() })
        );
        return Ok(());
    }
    if admitted.is_empty() {
        println!("No device is admitted.");
    }
    for device in &admitted {
        let name = device.name.as_deref().unwrap_or("(name not readable here)");
        let state = match standing(&device.keyid) {
            Ok(()) => format!(
                "{}, {}",
                present(presence(device.keyid)),
                told(last_word(&device.keyid))
            ),
            Err(why) => why.to_string(),
        };
        println!(
            "{name}\t{}\t[{}]\t{state}",
            device.keyid,
            device.entry.groups.join(", ")
        );
    }
    for (enrol, waiting) in &waiting {
        let (host, address) = (
            show_foreign(&enrol.hostname, 60),
            show_foreign(&waiting.address, 60),
        );
        println!(
            "waiting\t{}\tcalls itself {host:?}, from {address}\n\t{}",
            enrol.key.id(),
            enrol.words()
        );
    }
    Ok(())
}

/// A waiting device's own envelope, if it holds the keys it names and asks for this organisation.
fn verified(login: &Login, waiting: &WaitingDevice) -> Option<Enrol> {
    let enrol = Enrol::verify(&Envelope::parse(waiting.envelope.as_bytes()).ok()?).ok()?;
    (enrol.org == login.org()).then_some(enrol)
}

/// A device's newest beat, if the device signed it.
pub(crate) fn beat_of(login: &Login, device: &Device) -> Option<Beat> {
    let envelope = Envelope::parse(device.beat.as_ref()?.as_bytes()).ok()?;
    let key = &login.state().entry(&device.keyid)?.subject.key;
    Beat::verify(&login.org(), key, &envelope).ok()
}

/// How old the device's last word about its receipts is; without one they are unknown, not none.
fn told(beat: Option<Beat>) -> String {
    match beat {
        Some(beat) => format!(
            "told of {} {}",
            count(beat.head.n as usize, "receipt"),
            age(beat.at)
        ),
        None => "receipts UNKNOWN".to_owned(),
    }
}

/// Where a device stands, in the service's words.
pub(crate) fn present(device: Option<&Device>) -> String {
    let Some(device) = device else {
        return "the service does not know it".to_owned();
    };
    if !device.online {
        return match device.last_seen {
            Some(at) => format!("offline, last seen {}", date(at)),
            None => "offline, never seen".to_owned(),
        };
    }
    match &device.display {
        Some(display) if display.state == DisplayState::None => {
            format!(
                "online, no screen: {}",
                show_foreign(display.why.as_deref().unwrap_or("no reason given"), 100)
            )
        }
        _ => "online".to_owned(),
    }
}
