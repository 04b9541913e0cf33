//! An append-only file of checked records; every append is synced, so that at most the last one can be torn.
//!
//! ```text
//! "wlg1" | index (8) | length (4) | check (8) | payload
//! ```
//! `check` is the beginning of SHA-256 over the file's name, the index and the payload.

use trust::bytes::sha256;

use super::disk::Disk;
use super::error::StoreError;
use crate::limits::LOG_RECORD_BYTES_MAX;

const MAGIC: &[u8; 4] = b"wlg1";
const HEAD_BYTES: usize = 4 + 8 + 4 + 8;

/// One file of records.
pub struct Log {
    name: &'static str,
    len: u64,
    places: Vec<Place>,
    broken: bool,
}

#[derive(Clone, Copy)]
struct Place {
    at: u64,
    len: usize,
}

impl Log {
    /// Opens the file, makes it if it is missing, cuts a torn tail; gives the records.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where whole records follow one that is not: a power cut does not do that.
    pub fn open(disk: &Disk, name: &'static str) -> Result<(Self, Vec<Vec<u8>>), StoreError> {
        let Some(bytes) = disk.read(name)? else {
            disk.replace(name, b"")?;
            return Ok((
                Self {
                    name,
                    len: 0,
                    places: Vec::new(),
                    broken: false,
                },
                Vec::new(),
            ));
        };
        let (log, records) = Self::parse(name, &bytes)?;
        if log.len < bytes.len() as u64 {
            tracing::warn!(file = name, at = log.len, "a torn record was cut off");
            disk.truncate(name, log.len)?;
            disk.sync(name)?;
        }
        Ok((log, records))
    }

    /// Reads the records without touching the file.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn look(disk: &Disk, name: &'static str) -> Result<(Self, Vec<Vec<u8>>), StoreError> {
        let bytes = disk.read(name)?.unwrap_or_default();
        Self::parse(name, &bytes)
    }

    /// Appends a record and syncs it. On an error the record is not stored.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the log goes on as it was; [`StoreError::Broken`] after a failure that left it unknown.
    pub fn append(&mut self, disk: &Disk, payload: &[u8]) -> Result<(), StoreError> {
        let file = || self.name.to_owned();
        if self.broken {
            return Err(StoreError::Broken { file: file() });
        }
        if payload.len() > LOG_RECORD_BYTES_MAX {
            let why = format!("a record of {} bytes is above its bound", payload.len());
            return Err(StoreError::unreadable(self.name, why));
        }
        let record = self.record(payload);
        if let Err(error) = disk.append(self.name, &record) {
            // A part may be there; without it the next record would not be found.
            self.broken = disk.truncate(self.name, self.len).is_err();
            return Err(error);
        }
        if let Err(error) = disk.sync(self.name) {
            // After a failed sync nobody knows what is on the disk.
            self.broken = true;
            return Err(error);
        }
        self.places.push(Place {
            at: self.len + HEAD_BYTES as u64,
            len: payload.len(),
        });
        self.len += record.len() as u64;
        Ok(())
    }

    /// How many records.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Reads one record again.
    pub fn read(&self, disk: &Disk, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(place) = self.places.get(index) else {
            return Ok(None);
        };
        disk.read_at(self.name, place.at, place.len).map(Some)
    }

    fn record(&self, payload: &[u8]) -> Vec<u8> {
        let index = self.places.len() as u64;
        let check = check(self.name, index, payload);
        let len = u32::try_from(payload.len())
            .unwrap_or(u32::MAX)
            .to_be_bytes();
        [&MAGIC[..], &index.to_be_bytes(), &len, &check, payload].concat()
    }

    fn parse(name: &'static str, bytes: &[u8]) -> Result<(Self, Vec<Vec<u8>>), StoreError> {
        let mut log = Self {
            name,
            len: 0,
            places: Vec::new(),
            broken: false,
        };
        let mut records = Vec::new();
        let mut at = 0;
        while let Some((index, payload)) = record_at(name, &bytes[at..]) {
            if index != records.len() as u64 {
                break;
            }
            log.places.push(Place {
                at: (at + HEAD_BYTES) as u64,
                len: payload.len(),
            });
            at += HEAD_BYTES + payload.len();
            records.push(payload.to_vec());
        }
        log.len = at as u64;
        let rest = &bytes[at..];
        let more = (1..rest.len()).any(|from| record_at(name, &rest[from..]).is_some());
        if more || record_at(name, rest).is_some() {
            return Err(StoreError::Damaged {
                file: name.to_owned(),
                at: log.len,
            });
        }
        Ok((log, records))
    }
}

/// A whole record at the start of `bytes`.
fn record_at<'b>(name: &str, bytes: &'b [u8]) -> Option<(u64, &'b [u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
    let index = u64::from_be_bytes(head.strip_prefix(MAGIC)?.get(..8)?.try_into().ok()?);
    let len = u32::from_be_bytes(head[12..16].try_into().ok()?);
    let payload = rest.get(..usize::try_from(len).ok()?)?;
    (head[16..] == check(name, index, payload)).then_some((index, payload))
}

fn check(name: &str, index: u64, payload: &[u8]) -> [u8; 8] {
    let parts = [
        b"wayleave/log/1\0",
        name.as_bytes(),
        b"\0",
        &index.to_be_bytes(),
        payload,
    ];
    let hash = sha256(&parts).0;
    let [a, b, c, d, e, f, g, h, ..] = hash;
    [a, b, c, d, e, f, g, h]
}
