//! The chain of receipts on disk, and how much of it the service holds.

use std::collections::BTreeMap;

use trust::bytes::{OrgId, Salt};
use trust::envelope::Envelope;
use trust::key::PublicKey;
use trust::receipt::{ChainHead, Event, Receipt};

use super::disk::Disk;
use super::error::StoreError;
use super::log::Log;

const FILE: &str = "receipts.log";
const UPLOADED: &str = "uploaded";

/// The chain.
pub struct Receipts {
    log: Log,
    head: ChainHead,
    uploaded: u64,
    /// The last that was said of each session.
    sessions: BTreeMap<Salt, Event>,
}

impl Receipts {
    /// Reads and verifies what is on disk.
    ///
    /// # Errors
    /// [`StoreError::RolledBack`] where the service acknowledged more than there is.
    pub fn open(disk: &Disk, org: &OrgId, device: &PublicKey) -> Result<Self, StoreError> {
        let (log, records) = Log::open(disk, FILE)?;
        let mut receipts = Self {
            log,
            head: ChainHead::default(),
            uploaded: 0,
            sessions: BTreeMap::new(),
        };
        for receipt in follow(org, device, &records)? {
            receipts.note(&receipt.0, &receipt.1);
        }
        let text = disk.read(UPLOADED)?.unwrap_or_default();
        receipts.uploaded = String::from_utf8_lossy(&text).parse().unwrap_or(0);
        let (uploaded, stored) = (receipts.uploaded, receipts.head.n);
        if uploaded > stored {
            return Err(StoreError::RolledBack { uploaded, stored });
        }
        Ok(receipts)
    }

    /// Reads the chain without holding the directory.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn look(
        disk: &Disk,
        org: &OrgId,
        device: &PublicKey,
    ) -> Result<Vec<(Envelope, Receipt)>, StoreError> {
        follow(org, device, &Log::look(disk, FILE)?.1)
    }

    /// Appends the next receipt, which follows [`Receipts::head`]; it is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; it is not part of the chain then.
    pub fn append(
        &mut self,
        disk: &Disk,
        envelope: &Envelope,
        receipt: &Receipt,
    ) -> Result<(), StoreError> {
        self.log.append(disk, envelope.as_bytes())?;
        self.note(envelope, receipt);
        Ok(())
    }

    /// The newest number and hash.
    pub fn head(&self) -> ChainHead {
        self.head
    }

    /// The last that was said of a session.
    pub fn last_of(&self, session: &Salt) -> Option<Event> {
        self.sessions.get(session).copied()
    }

    /// Sessions of which nobody said that they ended.
    pub fn unclosed(&self) -> Vec<Salt> {
        let open = |ev: &Event| matches!(ev, Event::Open | Event::Resume | Event::Pause);
        self.sessions
            .iter()
            .filter(|(_, ev)| open(ev))
            .map(|(session, _)| *session)
            .collect()
    }

    /// How many the service holds.
    pub fn uploaded(&self) -> u64 {
        self.uploaded
    }

    /// The service holds this many.
    ///
    /// # Errors
    /// [`StoreError::RolledBack`] where it holds more than there are.
    pub fn set_uploaded(&mut self, disk: &Disk, uploaded: u64) -> Result<(), StoreError> {
        if uploaded > self.head.n {
            return Err(StoreError::RolledBack {
                uploaded,
                stored: self.head.n,
            });
        }
        // Less than before: the service lost some, and gets them again.
        self.uploaded = uploaded;
        disk.replace(UPLOADED, uploaded.to_string().as_bytes())
    }

    /// Receipts that the service lacks, oldest first, as many as one message takes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn next_upload(
        &self,
        disk: &Disk,
        count_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut envelopes: Vec<String> = Vec::new();
        let mut bytes = 0;
        let first = usize::try_from(self.uploaded).unwrap_or(usize::MAX);
        for index in first..self.log.count().min(first.saturating_add(count_max)) {
            let Some(record) = self.log.read(disk, index)? else {
                break;
            };
            bytes += record.len();
            if bytes > bytes_max && !envelopes.is_empty() {
                break;
            }
            envelopes.push(String::from_utf8_lossy(&record).into_owned());
        }
        Ok(envelopes)
    }

    fn note(&mut self, envelope: &Envelope, receipt: &Receipt) {
        self.head = ChainHead {
            n: receipt.n,
            hash: envelope.digest(),
        };
        if receipt.ev != Event::Deny {
            self.sessions.insert(receipt.session, receipt.ev);
        }
    }
}

fn follow(
    org: &OrgId,
    device: &PublicKey,
    records: &[Vec<u8>],
) -> Result<Vec<(Envelope, Receipt)>, StoreError> {
    let mut head = ChainHead::default();
    let unreadable = |why: String| StoreError::unreadable(FILE, why);
    let mut chain = Vec::with_capacity(records.len());
    for record in records {
        let envelope = Envelope::parse(record).map_err(|error| unreadable(error.to_string()))?;
        let receipt = head
            .follow(org, device, &envelope)
            .map_err(|error| unreadable(error.to_string()))?;
        chain.push((envelope, receipt));
    }
    Ok(chain)
}
