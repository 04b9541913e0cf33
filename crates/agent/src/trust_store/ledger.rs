//! The ledger on disk: leaves, revocations held beside them, the newest checkpoint. Leaves and revocations only grow.

use trust::bytes::OrgId;
use trust::checkpoint::{Checkpoint, CheckpointError, Note};
use trust::envelope::Envelope;
use trust::freshness::{clock_floor, witnessed_time};
use trust::state::{HoldError, Inert, State};
use trust::statement::Seen;

use super::disk::Disk;
use super::error::StoreError;
use super::log::Log;

const LEAVES: &str = "ledger.log";
const HELD: &str = "held.log";
const CHECKPOINT: &str = "checkpoint";

/// The ledger of one organisation as this device knows it.
pub struct Ledger {
    org: OrgId,
    leaves: Log,
    held: Log,
    state: Option<State>,
    checkpoint: Option<Checkpoint>,
}

/// Why the service's leaves or checkpoint were not taken. Nothing changed then.
#[derive(Debug, thiserror::Error)]
pub enum ExtendError {
    /// They do not begin where this device's ledger ends.
    #[error("the service sent leaves from {from} where {have} was due")]
    Position {
        /// What this device holds.
        have: u64,
        /// Where the leaves begin.
        from: u64,
    },
    /// The first leaf is not the genesis of this organisation.
    #[error("the service's first leaf is not the genesis of this agent's organisation: {0}")]
    Genesis(Inert),
    /// The note is not one.
    #[error("the service's checkpoint is refused: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The note is about another history.
    #[error(
        "the service's checkpoint (size {}) is not about the leaves that it sent (size {}): two histories, or a fault \
         of the service; tell your security officer", .note.size, .fold.size
    )]
    OtherHead {
        /// What the note says.
        note: Seen,
        /// What the leaves fold to.
        fold: Seen,
    },
    /// Not even a genesis came.
    #[error("the service sent no leaf at all")]
    Nothing,
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a revocation was not taken.
#[derive(Debug, thiserror::Error)]
pub enum HoldRefusal {
    /// It does not count.
    #[error(transparent)]
    Hold(#[from] HoldError),
    /// It is no envelope.
    #[error("the revocation cannot be read: {0}")]
    Envelope(#[from] trust::envelope::EnvelopeError),
    /// There is no ledger yet to check it against.
    #[error("this device has no ledger yet")]
    NoLedger,
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Ledger {
    /// Reads what is on disk and folds it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(disk: &Disk, org: OrgId) -> Result<Self, StoreError> {
        let (leaves, batches) = Log::open(disk, LEAVES)?;
        let (held, revocations) = Log::open(disk, HELD)?;
        let state = fold(org, &batches, &revocations)?;
        Self {
            org,
            leaves,
            held,
            state,
            checkpoint: None,
        }
        .with_stored_note(disk)
    }

    /// Reads and folds what is on disk, without holding the directory.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn look(disk: &Disk, org: OrgId) -> Result<Self, StoreError> {
        let (leaves, batches) = Log::look(disk, LEAVES)?;
        let (held, revocations) = Log::look(disk, HELD)?;
        let state = fold(org, &batches, &revocations)?;
        Self {
            org,
            leaves,
            held,
            state,
            checkpoint: None,
        }
        .with_stored_note(disk)
    }

    /// The fold, once the first leaves came.
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// The newest checkpoint over exactly the leaves held.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.head().size)
    }

    /// Takes leaves from `from` on and a checkpoint over all; they are on disk when this returns. Gives whether the
    /// ledger grew.
    ///
    /// # Errors
    /// [`ExtendError`]; nothing changed then.
    pub fn extend(
        &mut self,
        disk: &Disk,
        from: u64,
        leaves: &[String],
        note: &str,
    ) -> Result<bool, ExtendError> {
        if from != self.size() {
            return Err(ExtendError::Position {
                have: self.size(),
                from,
            });
        }
        let parsed = Note::parse(&self.org, note)?;
        let grown = self.grow(leaves)?;
        let state = grown
            .as_ref()
            .or(self.state.as_ref())
            .ok_or(ExtendError::Nothing)?;
        let checkpoint = parsed.verify(&self.org, state.roster())?;
        if checkpoint.head != state.head() {
            return Err(ExtendError::OtherHead {
                note: checkpoint.head,
                fold: state.head(),
            });
        }
        let grows = grown.is_some();
        if grows {
            self.leaves.append(disk, &pack(leaves))?;
            self.state = grown;
        } else if !self.is_newer(&checkpoint) {
            return Ok(false);
        }
        self.checkpoint = Some(checkpoint);
        // The next start can do without: it asks for a checkpoint before it judges.
        if let Err(error) = disk.replace(CHECKPOINT, note.as_bytes()) {
            tracing::warn!(%error, "the checkpoint was not stored");
        }
        Ok(grows)
    }

    /// Takes a revocation ahead of the ledger; it is on disk when this returns. Gives whether it is new.
    ///
    /// # Errors
    /// [`HoldRefusal`]. After a failure of the disk the revocation counts in memory all the same.
    pub fn hold(&mut self, disk: &Disk, revocation: &str) -> Result<bool, HoldRefusal> {
        let envelope = Envelope::parse(revocation.as_bytes())?;
        let state = self.state.as_mut().ok_or(HoldRefusal::NoLedger)?;
        if !state.hold(&envelope)? {
            return Ok(false);
        }
        let size = state.head().size.to_be_bytes();
        self.held
            .append(disk, &[&size[..], envelope.as_bytes()].concat())?;
        Ok(true)
    }

    /// Held revocations that the ledger still lacks, as envelopes.
    pub fn held(&self) -> Vec<String> {
        let held = self.state.iter().flat_map(State::held);
        held.map(|(_, held)| held.envelope.to_text()).collect()
    }

    /// Where the clock's floor may move to, in milliseconds.
    pub fn clock_floor(&self) -> Option<u64> {
        clock_floor(self.state.as_ref()?, self.checkpoint.as_ref()?)
    }

    fn grow(&self, leaves: &[String]) -> Result<Option<State>, ExtendError> {
        let mut leaves = leaves.iter().map(String::as_bytes);
        let mut state = match (&self.state, leaves.len()) {
            (_, 0) => return Ok(None),
            (Some(state), _) => state.clone(),
            (None, _) => {
                let genesis = leaves.next().ok_or(ExtendError::Nothing)?;
                State::genesis(self.org, genesis).map_err(ExtendError::Genesis)?
            }
        };
        leaves.for_each(|leaf| {
            state.append(leaf);
        });
        Ok(Some(state))
    }

    fn is_newer(&self, checkpoint: &Checkpoint) -> bool {
        let (Some(state), Some(known)) = (&self.state, &self.checkpoint) else {
            return true;
        };
        known.head != checkpoint.head
            || witnessed_time(state, checkpoint) > witnessed_time(state, known)
    }

    fn with_stored_note(mut self, disk: &Disk) -> Result<Self, StoreError> {
        let (Some(state), Some(note)) = (&self.state, disk.read(CHECKPOINT)?) else {
            return Ok(self);
        };
        let verified = Note::parse(&self.org, &String::from_utf8_lossy(&note))
            .and_then(|note| note.verify(&self.org, state.roster()));
        self.checkpoint = verified
            .ok()
            .filter(|checkpoint| checkpoint.head == state.head());
        Ok(self)
    }
}

/// Folds the leaves, taking each held revocation where it was taken first: what came after it depends on that.
fn fold(org: OrgId, batches: &[Vec<u8>], held: &[Vec<u8>]) -> Result<Option<State>, StoreError> {
    let mut held = held.iter().map(|record| unpack_held(record)).peekable();
    let mut state: Option<State> = None;
    let mut take_held = |state: &mut State, all: bool| -> Result<(), StoreError> {
        let due = |size: u64| all || size <= state.head().size;
        let mut taken = Vec::new();
        while let Some(next) = held.peek() {
            match next {
                Some((size, _)) if !due(*size) => break,
                Some((_, envelope)) => taken.push(envelope.clone()),
                None => return Err(StoreError::unreadable(HELD, "a record is no revocation")),
            }
            held.next();
        }
        for envelope in taken {
            // One that the ledger carries by now is refused as known, and that is right.
            let _ = state.hold(&envelope);
        }
        Ok(())
    };
    for batch in batches {
        let leaves = unpack(batch)
            .ok_or_else(|| StoreError::unreadable(LEAVES, "a record is not a list of leaves"))?;
        for leaf in leaves {
            match &mut state {
                Some(state) => {
                    take_held(state, false)?;
                    state.append(leaf);
                }
                None => {
                    let genesis = State::genesis(org, leaf)
                        .map_err(|inert| StoreError::unreadable(LEAVES, inert.to_string()))?;
                    state = Some(genesis);
                }
            }
        }
    }
    if let Some(state) = &mut state {
        take_held(state, true)?;
    }
    Ok(state)
}

fn pack(leaves: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    for leaf in leaves {
        out.extend_from_slice(&u32::try_from(leaf.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(leaf.as_bytes());
    }
    out
}

fn unpack(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut leaves = Vec::new();
    while !bytes.is_empty() {
        let (len, rest) = bytes.split_first_chunk::<4>()?;
        let (leaf, rest) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        leaves.push(leaf);
        bytes = rest;
    }
    Some(leaves)
}

fn unpack_held(record: &[u8]) -> Option<(u64, Envelope)> {
    let (size, envelope) = record.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*size), Envelope::parse(envelope).ok()?))
}
