//! What was found, for people, for scripts, and as an exit code.

use anyhow::Result;
use serde_json::json;
use trust::KeyId;
use trust::receipt::{ChainHead, Fault};
use wire::control::ReceiptHead;

use super::audit::{Altered, Found};
use crate::ambient::{date, now_ms};
use crate::args::Common;
use crate::failure::refused;
use crate::org_store::OrgStore;
use crate::say::count;

/// One device with its name, where that is readable here.
pub struct Named {
    /// From the ledger.
    pub name: Option<String>,
    /// Its receipts.
    pub found: Found,
}

/// The heads of this device that this computer remembers.
pub fn remembered(store: &OrgStore, device: &KeyId) -> Result<Vec<ChainHead>> {
    let head = store.receipt_head(device)?;
    Ok(head
        .map(|ReceiptHead { n, hash }| ChainHead { n, hash })
        .into_iter()
        .collect())
}

/// Remembers the newest receipt of a chain without a fault.
pub fn remember(store: &OrgStore, found: &Found) -> Result<()> {
    let ChainHead { n, hash } = found.verdict.newest;
    let before = store.receipt_head(&found.device)?.map_or(0, |head| head.n);
    if found.verdict.faults.is_empty() && n > before {
        store.set_receipt_head(found.device, ReceiptHead { n, hash })?;
    }
    Ok(())
}

/// Tells all; fails with the gravest of what was found.
pub fn tell(devices: &[Named], altered: &[Altered], common: &Common) -> Result<()> {
    if common.json {
        let devices: Vec<_> = devices.iter().map(as_json).collect();
        let altered: Vec<_> = altered
            .iter()
            .map(|a| json!({ "place": a.place, "text": a.text }))
            .collect();
        println!("{}", json!({ "devices": devices, "altered": altered }));
    } else {
        for device in devices {
            println!("{}", line(device));
        }
        for altered in altered {
            println!("ALTERED\t{}: {}", altered.place, altered.text);
        }
    }
    gravest(devices, altered)
}

fn as_json(device: &Named) -> serde_json::Value {
    let found = &device.found;
    json!({
        "keyid": found.device, "name": device.name, "count": found.count, "complete_to": found.verdict.whole_to,
        "newest": found.verdict.newest.n, "faults": found.verdict.faults, "not_opened": found.sealed,
        "last_word": found.beat.as_ref().map(|beat| beat.at),
    })
}

fn line(device: &Named) -> String {
    let found = &device.found;
    let name = device.name.as_deref().unwrap_or("(name not readable here)");
    let mut said = vec![match found.verdict.whole_to {
        0 if found.count == 0 => "no receipt".to_owned(),
        whole_to => format!("complete to {whole_to}"),
    }];
    said.extend(found.verdict.faults.iter().map(fault));
    if !found.sealed.is_empty() {
        said.push(format!(
            "{} not opened: made for another audit key, or not sealed as it should be",
            count(found.sealed.len(), "body")
        ));
    }
    if let Some(beat) = &found.beat {
        said.push(format!("last word {}", age(beat.at)));
    }
    format!("{name}\t{}\t{}", found.device, said.join("; "))
}

/// A fault in the words of the design.
pub fn fault(fault: &Fault) -> String {
    match *fault {
        Fault::Gap { from, to } if from == to => format!("gap at {from}"),
        Fault::Gap { from, to } => format!("gap at {from} (to {to})"),
        Fault::Fork { at } => format!("fork at {at}"),
        Fault::Unknown { after, told } => format!("UNKNOWN after {after} (told of {told})"),
    }
}

/// How long ago the device last said how far its chain reached.
pub fn age(at: u64) -> String {
    let minutes = now_ms().saturating_sub(at) / 60_000;
    match minutes {
        0..120 => format!("{minutes} min ago"),
        120..2_880 => format!("{} h ago", minutes / 60),
        _ => date(at),
    }
}

fn gravest(devices: &[Named], altered: &[Altered]) -> Result<()> {
    let has = |wanted: fn(&Fault) -> bool| {
        devices
            .iter()
            .filter(|d| d.found.verdict.faults.iter().any(wanted))
            .count()
    };
    if let Some(first) = altered.first() {
        let more = match altered.len() {
            1 => String::new(),
            n => format!(" ({} more)", n - 1),
        };
        let text = format!("Altered: {}: {}{more}", first.place, first.text);
        return Err(refused("receipts_altered", text));
    }
    let forked = has(|f| matches!(f, Fault::Fork { .. }));
    if forked > 0 {
        let text = format!(
            "{} told two histories. Tell your security officer.",
            count(forked, "device")
        );
        return Err(refused("receipts_forked", text));
    }
    let missing = has(|f| matches!(f, Fault::Gap { .. }));
    if missing > 0 {
        let text = format!("Receipts of {} are missing.", count(missing, "device"));
        return Err(refused("receipts_missing", text));
    }
    let unknown = has(|f| matches!(f, Fault::Unknown { .. }));
    if unknown > 0 {
        let text = format!(
            "{} told of later receipts than are here: what happened is UNKNOWN.",
            count(unknown, "device")
        );
        return Err(refused("receipts_unknown", text));
    }
    let sealed = devices.iter().filter(|d| !d.found.sealed.is_empty());
    match sealed.count() {
        0 => Ok(()),
        n => Err(refused(
            "receipts_not_opened",
            format!(
                "Bodies of {} do not open with the audit key kept here; --sealed checks the chains alone.",
                count(n, "device")
            ),
        )),
    }
}
