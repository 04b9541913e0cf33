//! Pinning a device to another organisation. Nothing is deleted: what was there is set aside, with a record of what it held.

use serde_json::json;
use trust::bytes::{KeyId, OrgId};

use super::disk::Disk;
use super::error::StoreError;
use super::keys::DeviceKeys;
use super::ledger::Ledger;
use super::receipts::Receipts;
use super::{ORGANISATION, pin, pinned};

const RECORD: &str = "repinned.json";

/// What became of a device that was pinned to another organisation.
pub struct Repinned {
    /// Whose device it was.
    pub from: OrgId,
    /// The folder with all that belonged to it.
    pub folder: String,
    /// The keys that it enrols anew with.
    pub keys: DeviceKeys,
}

/// Sets everything aside and pins `to`. A device that was cut off half way can be pinned once more.
///
/// # Errors
/// [`StoreError::Empty`] where nothing is pinned, [`StoreError::SameOrganisation`], or what the disk says.
pub fn repin(disk: &Disk, to: OrgId, at: u64) -> Result<Repinned, StoreError> {
    let from = pinned(disk)?.ok_or_else(|| StoreError::Empty(disk.name()))?;
    if from == to {
        return Err(StoreError::SameOrganisation(to.to_string()));
    }
    let record = json!({
        "at": at, "from": from, "to": to, "device": device(disk).ok(),
        "receipts": told(receipts(disk, from)), "ledger": told(ledger(disk, from)),
    });
    disk.replace(RECORD, record.to_string().as_bytes())?;
    let beginning: String = from.to_string().chars().take(8).collect();
    let folder = format!("before-{beginning}-{at}");
    disk.set_aside(&folder, ORGANISATION)?;
    pin(disk, to)?;
    let keys = DeviceKeys::load_or_make(disk)?;
    Ok(Repinned { from, folder, keys })
}

fn device(disk: &Disk) -> Result<Option<KeyId>, StoreError> {
    Ok(DeviceKeys::load(disk)?.map(|keys| keys.id()))
}

fn receipts(disk: &Disk, org: OrgId) -> Result<serde_json::Value, StoreError> {
    let Some(keys) = DeviceKeys::load(disk)? else {
        return Ok(json!({ "n": 0 }));
    };
    let chain = Receipts::look(disk, &org, keys.signing.public())?;
    let newest = chain.last().map(|(envelope, _)| envelope.digest());
    Ok(json!({ "n": chain.len(), "hash": newest }))
}

fn ledger(disk: &Disk, org: OrgId) -> Result<serde_json::Value, StoreError> {
    let ledger = Ledger::look(disk, org)?;
    Ok(json!(ledger.state().map(trust::State::head)))
}

/// What cannot be read is set aside all the same, and the record says so.
fn told(found: Result<serde_json::Value, StoreError>) -> serde_json::Value {
    found.unwrap_or_else(|error| json!({ "unreadable": error.to_string() }))
}
