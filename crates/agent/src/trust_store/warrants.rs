//! Which warrants were used on this device, and which of them are over for good.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trust::bytes::{Hash, KeyId, Salt, WarrantId, X25519Public};
use trust::receipt::Body;

use super::disk::Disk;
use super::error::StoreError;
use super::log::Log;

const FILE: &str = "warrants.log";
const HOUR_MS: u64 = 3_600_000;

/// A warrant's first use.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spend {
    /// Which.
    pub id: WarrantId,
    /// The channel key it came through.
    pub noise: X25519Public,
    /// The session it opens: the id in its receipts.
    pub session: Salt,
    /// Whose.
    pub by: KeyId,
    /// When, in milliseconds.
    pub at: u64,
    /// When the warrant ends, in milliseconds.
    pub until: u64,
    /// SHA-256 of its envelope.
    pub warrant: Hash,
    /// What its receipts say.
    pub body: Body,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Record {
    Spend(Box<Spend>),
    End { id: WarrantId },
}

/// All of them.
pub struct Warrants {
    log: Log,
    entries: BTreeMap<WarrantId, Entry>,
}

struct Entry {
    spend: Spend,
    ended: bool,
}

impl Warrants {
    /// Reads what is on disk.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(disk: &Disk) -> Result<Self, StoreError> {
        let (log, records) = Log::open(disk, FILE)?;
        let mut warrants = Self {
            log,
            entries: BTreeMap::new(),
        };
        for record in records {
            let record = serde_json::from_slice(&record)
                .map_err(|error| StoreError::unreadable(FILE, error.to_string()))?;
            warrants.take(record);
        }
        Ok(warrants)
    }

    /// A warrant's first use, and whether it is over for good.
    pub fn get(&self, id: &WarrantId) -> Option<(&Spend, bool)> {
        self.entries
            .get(id)
            .map(|entry| (&entry.spend, entry.ended))
    }

    /// All first uses.
    pub fn spends(&self) -> impl Iterator<Item = &Spend> {
        self.entries.values().map(|entry| &entry.spend)
    }

    /// When this technician used warrants within the hour before `now`.
    pub fn openings(&self, by: &KeyId, now: u64) -> Vec<u64> {
        let recent = |at: u64| at.saturating_add(HOUR_MS) > now;
        self.spends()
            .filter(|s| s.by == *by && recent(s.at))
            .map(|s| s.at)
            .collect()
    }

    /// Notes a warrant's first use; it is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; it does not count as used then.
    pub fn spend(&mut self, disk: &Disk, spend: Spend) -> Result<(), StoreError> {
        self.write(disk, Record::Spend(Box::new(spend)))
    }

    /// Notes that a warrant is over for good.
    ///
    /// # Errors
    /// [`StoreError`]; in memory it is over all the same.
    pub fn end(&mut self, disk: &Disk, id: WarrantId) -> Result<(), StoreError> {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| !entry.ended) else {
            return Ok(());
        };
        entry.ended = true;
        self.write(disk, Record::End { id })
    }

    fn write(&mut self, disk: &Disk, record: Record) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(&record)
            .map_err(|error| StoreError::unreadable(FILE, error.to_string()))?;
        self.log.append(disk, &bytes)?;
        self.take(record);
        Ok(())
    }

    fn take(&mut self, record: Record) {
        match record {
            Record::Spend(spend) => {
                self.entries.insert(
                    spend.id,
                    Entry {
                        spend: *spend,
                        ended: false,
                    },
                );
            }
            Record::End { id } => {
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.ended = true;
                }
            }
        }
    }
}
