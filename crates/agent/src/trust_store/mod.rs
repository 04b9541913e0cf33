//! What the agent must not lose or leak, in one directory of 0700.
//!
//! | file | holds | written |
//! |---|---|---|
//! | `device.key` | signature seed and channel key | once |
//! | `organisation` | whose device this is | once |
//! | `ledger.log` | leaves, one record a batch | appended |
//! | `held.log` | revocations ahead of the ledger, with its size then | appended |
//! | `checkpoint` | the newest note | replaced |
//! | `recoveries` | since when recoveries wait, for showing | replaced |
//! | `clock` | the latest time that a quorum of witnesses reached, less 15 s | replaced |
//! | `warrants.log` | first uses and ends of warrants | appended |
//! | `receipts.log` | the chain | appended |
//! | `uploaded` | how many receipts the service holds | replaced |
//! | `beat` | the counter of beats | replaced |
//! | `lock` | one agent at a time | never |
//! | `join/` | of `wayleave-agent join`: `attempts`, and for each run its ledger, warrants and receipts, without keys | replaced |
//! | `before-ID-MS/` | all of these, from before the device was pinned to another organisation | once |
//!
//! Whatever a call here acknowledges is on disk. A full disk is [`StoreError::Full`], and what was stored stays whole.

mod disk;
mod error;
mod keys;
mod ledger;
mod log;
mod memory;
mod receipts;
mod recoveries;
mod repin;
mod warrants;

use std::path::Path;

use api::limits::{RECEIPT_PAGE_BYTES_MAX, RECEIPT_PAGE_MAX};
use trust::bytes::{Hash, KeyId, OrgId, Salt, WarrantId};
use trust::checkpoint::Checkpoint;
use trust::envelope::{Envelope, PayloadType};
use trust::judge::Spent;
use trust::receipt::{Beat, Body, ChainHead, Event, Receipt, seal_body};
use trust::state::{Pending, State};

pub use disk::{Directory, Disk};
pub use error::StoreError;
pub use keys::DeviceKeys;
pub use ledger::{ExtendError, HoldRefusal, Ledger};
pub use log::Log;
pub use memory::{Memory, Survives};
pub use receipts::Receipts;
pub use recoveries::Recoveries;
pub use repin::{Repinned, repin};
pub use warrants::{Spend, Warrants};

use crate::clock::{Anchor, os_random, wall_ms};

const ORGANISATION: &str = "organisation";
const CLOCK: &str = "clock";
const BEAT: &str = "beat";
/// The floor is written anew only when it moved by this much, in milliseconds.
const FLOOR_STEP_MS: u64 = 5_000;

/// All that the keeper knows and vouches for.
pub struct TrustStore {
    disk: Disk,
    keys: DeviceKeys,
    org: OrgId,
    ledger: Ledger,
    warrants: Warrants,
    receipts: Receipts,
    recoveries: Recoveries,
    /// What witnesses reached, moving on with the boot clock.
    floor: Anchor,
    floor_stored: u64,
}

/// What a receipt is to say; the store numbers, seals and signs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// Which session.
    pub session: Salt,
    /// What happened.
    pub ev: Event,
    /// SHA-256 of the warrant's envelope.
    pub warrant: Option<Hash>,
    /// The channel.
    pub channel: Option<Hash>,
    /// How many equal denials.
    pub count: Option<u64>,
    /// What only the organisation reads.
    pub body: Body,
}

impl TrustStore {
    /// Opens or makes the state of a device of `org`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(disk: Disk, org: OrgId) -> Result<Self, StoreError> {
        pin(&disk, org)?;
        let keys = DeviceKeys::load_or_make(&disk)?;
        Self::open_with(disk, org, keys)
    }

    /// Opens or makes the state of a machine whose keys are not on the disk.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_with(disk: Disk, org: OrgId, keys: DeviceKeys) -> Result<Self, StoreError> {
        let ledger = Ledger::open(&disk, org)?;
        let warrants = Warrants::open(&disk)?;
        let receipts = Receipts::open(&disk, &org, keys.signing.public())?;
        let recoveries = Recoveries::open(&disk)?;
        let floor = disk.read(CLOCK)?.unwrap_or_default();
        let floor_stored = String::from_utf8_lossy(&floor).parse().unwrap_or(0);
        let floor = Anchor::at(floor_stored);
        Ok(Self {
            disk,
            keys,
            org,
            ledger,
            warrants,
            receipts,
            recoveries,
            floor,
            floor_stored,
        })
    }

    /// The organisation.
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// This device's keys.
    pub fn keys(&self) -> &DeviceKeys {
        &self.keys
    }

    /// The folded ledger, once the first leaves came.
    pub fn state(&self) -> Option<&State> {
        self.ledger.state()
    }

    /// The newest checkpoint over that ledger.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.ledger.checkpoint()
    }

    /// How many leaves are held.
    pub fn ledger_size(&self) -> u64 {
        self.ledger.size()
    }

    /// Held revocations that the ledger still lacks.
    pub fn held(&self) -> Vec<String> {
        self.ledger.held()
    }

    /// The later of the wall clock and what witnesses reached, in milliseconds.
    pub fn now(&self) -> u64 {
        wall_ms().max(self.floor.now())
    }

    /// Takes leaves and a checkpoint over all. Gives whether the ledger grew.
    ///
    /// # Errors
    /// [`ExtendError`]; nothing changed then.
    pub fn extend(
        &mut self,
        from: u64,
        leaves: &[String],
        note: &str,
    ) -> Result<bool, ExtendError> {
        let grew = self.ledger.extend(&self.disk, from, leaves, note)?;
        self.note_recoveries();
        if let Some(floor) = self.ledger.clock_floor() {
            self.raise_floor(floor);
        }
        Ok(grew)
    }

    fn raise_floor(&mut self, floor: u64) {
        if floor > self.floor.now() {
            self.floor = Anchor::at(floor);
        }
        if floor < self.floor_stored.saturating_add(FLOOR_STEP_MS) {
            return;
        }
        self.floor_stored = floor;
        if let Err(error) = self.disk.replace(CLOCK, floor.to_string().as_bytes()) {
            tracing::warn!(%error, "the clock's floor was not stored");
        }
    }

    fn note_recoveries(&mut self) {
        let (Some(state), Some(checkpoint)) = (self.ledger.state(), self.ledger.checkpoint())
        else {
            return;
        };
        if let Err(error) = self.recoveries.note(&self.disk, state, checkpoint) {
            tracing::warn!(%error, "since when a recovery waits was not stored");
        }
    }

    /// Recoveries that wait, each with when it can take effect at the earliest, in milliseconds.
    pub fn recoveries(&self) -> Vec<(&Pending, u64)> {
        let Some(state) = self.ledger.state() else {
            return Vec::new();
        };
        let not_before = |pending| (pending, self.recoveries.not_before(state, pending));
        state.recoveries().map(not_before).collect()
    }

    /// Takes a revocation ahead of the ledger. Gives whether it is new.
    ///
    /// # Errors
    /// [`HoldRefusal`].
    pub fn hold(&mut self, revocation: &str) -> Result<bool, HoldRefusal> {
        self.ledger.hold(&self.disk, revocation)
    }

    /// What is known of a warrant's use, as the judge asks it. One whose session never opened is over: nobody may be
    /// asked twice for it.
    pub fn spent(&self, id: &WarrantId) -> Option<Spent> {
        let (spend, ended) = self.warrants.get(id)?;
        let opened = self.receipts.last_of(&spend.session).is_some();
        Some(Spent {
            noise: spend.noise,
            ended: ended || !opened,
            bounds: spend.body.bounds.clone(),
        })
    }

    /// A warrant's first use.
    pub fn spend_of(&self, id: &WarrantId) -> Option<&Spend> {
        self.warrants.get(id).map(|(spend, _)| spend)
    }

    /// When this technician used warrants within the hour before `now`.
    pub fn openings(&self, by: &KeyId, now: u64) -> Vec<u64> {
        self.warrants.openings(by, now)
    }

    /// Notes a warrant's first use, on disk.
    ///
    /// # Errors
    /// [`StoreError`]; the session must not open then.
    pub fn spend(&mut self, spend: Spend) -> Result<(), StoreError> {
        self.warrants.spend(&self.disk, spend)
    }

    /// Notes that a warrant is over for good.
    ///
    /// # Errors
    /// [`StoreError`]; until the next start it is over all the same.
    pub fn end(&mut self, id: WarrantId) -> Result<(), StoreError> {
        self.warrants.end(&self.disk, id)
    }

    /// Signs the next receipt; it is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; then there is no such receipt.
    pub fn write_receipt(&mut self, draft: &Draft) -> Result<ChainHead, StoreError> {
        let failed = |why: String| StoreError::unreadable("receipts.log", why);
        let state = self
            .ledger
            .state()
            .ok_or_else(|| failed("there is no ledger yet".to_owned()))?;
        let (head, device) = (self.receipts.head(), self.keys.id());
        let audit = &state.roster().audit_key;
        let body = seal_body(
            audit,
            &self.org,
            &device,
            &head,
            draft.ev,
            &draft.body,
            os_random(),
        )
        .map_err(|error| failed(error.to_string()))?;
        let receipt = Receipt {
            org: self.org,
            device,
            n: head.n + 1,
            prev: head.hash,
            at: self.now(),
            session: draft.session,
            ev: draft.ev,
            attended: draft.ev.opens().then_some(draft.body.attended),
            warrant: draft.warrant,
            channel: draft.channel,
            ledger: state.head(),
            count: draft.count,
            body,
        };
        let envelope = Envelope::sign(PayloadType::Receipt, &receipt, &[&self.keys.signing])
            .map_err(|error| failed(error.to_string()))?;
        self.receipts.append(&self.disk, &envelope, &receipt)?;
        Ok(self.receipts.head())
    }

    /// Signs the next beat; its counter is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; then there is no such beat.
    pub fn write_beat(&mut self, open: u64) -> Result<Envelope, StoreError> {
        let failed = |why: String| StoreError::unreadable(BEAT, why);
        let state = self
            .ledger
            .state()
            .ok_or_else(|| failed("there is no ledger yet".to_owned()))?;
        let last = self.disk.read(BEAT)?.unwrap_or_default();
        let last: u64 = String::from_utf8_lossy(&last).parse().unwrap_or(0);
        let beat = Beat {
            org: self.org,
            device: self.keys.id(),
            k: last + 1,
            at: self.now(),
            head: self.receipts.head(),
            open,
            ledger: state.head(),
        };
        let envelope = Envelope::sign(PayloadType::Beat, &beat, &[&self.keys.signing])
            .map_err(|error| failed(error.to_string()))?;
        self.disk.replace(BEAT, beat.k.to_string().as_bytes())?;
        Ok(envelope)
    }

    /// The newest receipt; none before the first.
    pub fn receipt_head(&self) -> Option<ChainHead> {
        Some(self.receipts.head()).filter(|head| head.n > 0)
    }

    /// The last receipt of a session, by what it said.
    pub fn last_of(&self, session: &Salt) -> Option<Event> {
        self.receipts.last_of(session)
    }

    /// First uses whose sessions opened and of which nobody said that they ended.
    pub fn unclosed(&self) -> Vec<Spend> {
        let sessions = self.receipts.unclosed();
        self.warrants
            .spends()
            .filter(|s| sessions.contains(&s.session))
            .cloned()
            .collect()
    }

    /// Receipts that the service lacks, as many as one message takes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn next_upload(&self) -> Result<Vec<String>, StoreError> {
        self.receipts
            .next_upload(&self.disk, RECEIPT_PAGE_MAX, RECEIPT_PAGE_BYTES_MAX)
    }

    /// The service holds this many receipts.
    ///
    /// # Errors
    /// [`StoreError::RolledBack`] where it holds more than there are.
    pub fn set_uploaded(&mut self, have: u64) -> Result<(), StoreError> {
        self.receipts.set_uploaded(&self.disk, have)
    }

    /// How many receipts the service holds.
    pub fn uploaded(&self) -> u64 {
        self.receipts.uploaded()
    }
}

/// What `status`, `fingerprint` and `receipts` read, also while an agent runs.
pub struct Glance {
    /// The organisation.
    pub org: OrgId,
    /// This device's keys.
    pub keys: DeviceKeys,
    disk: Disk,
}

impl Glance {
    /// Only the keys, which may be there before anything else.
    ///
    /// # Errors
    /// [`StoreError::Empty`] where there are none.
    pub fn keys(dir: &Path) -> Result<DeviceKeys, StoreError> {
        DeviceKeys::load(&Disk::look(dir)?)?
            .ok_or_else(|| StoreError::Empty(dir.display().to_string()))
    }

    /// Looks into a directory.
    ///
    /// # Errors
    /// [`StoreError::Empty`] where no agent has run.
    pub fn at(dir: &Path) -> Result<Self, StoreError> {
        let disk = Disk::look(dir)?;
        let empty = || StoreError::Empty(dir.display().to_string());
        let org = pinned(&disk)?.ok_or_else(empty)?;
        let keys = DeviceKeys::load(&disk)?.ok_or_else(empty)?;
        Ok(Self { org, keys, disk })
    }

    /// The chain, verified.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn receipts(&self) -> Result<Vec<(Envelope, Receipt)>, StoreError> {
        Receipts::look(&self.disk, &self.org, self.keys.signing.public())
    }

    /// Since when recoveries wait.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn recoveries(&self) -> Result<Recoveries, StoreError> {
        Recoveries::open(&self.disk)
    }

    /// The ledger as it is on disk.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ledger(&self) -> Result<Ledger, StoreError> {
        Ledger::look(&self.disk, self.org)
    }
}

fn pinned(disk: &Disk) -> Result<Option<OrgId>, StoreError> {
    let Some(bytes) = disk.read(ORGANISATION)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let org = text
        .trim()
        .parse()
        .map_err(|why| StoreError::unreadable(ORGANISATION, why))?;
    Ok(Some(org))
}

fn pin(disk: &Disk, org: OrgId) -> Result<(), StoreError> {
    match pinned(disk)? {
        None => disk.replace(ORGANISATION, format!("{org}\n").as_bytes()),
        Some(stored) if stored == org => Ok(()),
        Some(stored) => Err(StoreError::OtherOrganisation {
            stored: stored.to_string(),
            asked: org.to_string(),
        }),
    }
}
