//! A witness: folds an organisation's ledger and cosigns its checkpoints, but none that lacks a revocation it was handed.
//! It also counts what its technicians open over the whole fleet.

mod tally;

use crate::bytes::OrgId;
use crate::checkpoint::{CheckpointError, Note, cosign};
use crate::envelope::Envelope;
use crate::key::SigningKey;
use crate::state::{HoldError, Inert, State};

pub use tally::{CountRefusal, Counted, Tally};

/// Why a witness does not cosign.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WitnessRefusal {
    /// The first leaf is not this organisation's genesis.
    #[error("the first leaf is not this organisation's genesis: {0}")]
    Genesis(Inert),
    /// Leaves from another place than the witness's end.
    #[error("the leaves begin at {from}, and this witness holds {have}")]
    Position {
        /// What the witness holds.
        have: u64,
        /// Where the caller began.
        from: u64,
    },
    /// Not a checkpoint of this organisation by its log key.
    #[error("{0}")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is about other leaves.
    #[error("the checkpoint is not about the leaves that this witness holds")]
    OtherHead,
    /// A revocation that was handed to the witness is missing.
    #[error("{0} revocations that this witness was handed are missing from the ledger")]
    Withheld(usize),
    /// Nothing was witnessed yet.
    #[error("this witness has not seen the ledger yet")]
    Empty,
}

/// The state of one witness for one organisation. The program keeps the leaves and handed revocations on disk.
#[derive(Clone)]
pub struct Witness {
    org: OrgId,
    state: Option<State>,
}

impl Witness {
    /// A witness that has seen nothing.
    pub fn new(org: OrgId) -> Self {
        Self { org, state: None }
    }

    /// How many leaves it holds.
    pub fn size(&self) -> u64 {
        self.state.as_ref().map_or(0, |s| s.head().size)
    }

    /// The fold, once there is one.
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// Takes leaves that begin at `from` and a checkpoint over all. On success the caller stores the leaves, and only
    /// then asks for the line with [`Witness::cosign`]. On refusal nothing changed.
    pub fn extend(
        &mut self,
        from: u64,
        leaves: &[Vec<u8>],
        note: &str,
    ) -> Result<Note, WitnessRefusal> {
        if from != self.size() {
            return Err(WitnessRefusal::Position {
                have: self.size(),
                from,
            });
        }
        let note = Note::parse(&self.org, note)?;
        let grown = self.grow(leaves)?;
        let state = grown
            .as_ref()
            .or(self.state.as_ref())
            .ok_or(WitnessRefusal::Empty)?;
        if note.head() != state.head() {
            return Err(WitnessRefusal::OtherHead);
        }
        note.verify(&self.org, state.roster())?;
        match state.held().count() {
            0 => {}
            missing => return Err(WitnessRefusal::Withheld(missing)),
        }
        if grown.is_some() {
            self.state = grown;
        }
        Ok(note)
    }

    fn grow(&self, leaves: &[Vec<u8>]) -> Result<Option<State>, WitnessRefusal> {
        let mut leaves = leaves.iter();
        let mut state = match (&self.state, leaves.len()) {
            (_, 0) => return Ok(None),
            (Some(state), _) => state.clone(),
            (None, _) => {
                let genesis = leaves.next().ok_or(WitnessRefusal::Empty)?;
                State::genesis(self.org, genesis).map_err(WitnessRefusal::Genesis)?
            }
        };
        for leaf in leaves {
            state.append(leaf);
        }
        Ok(Some(state))
    }

    /// Takes a revocation ahead of the ledger. The caller syncs it to disk before it acknowledges.
    pub fn hold(&mut self, revocation: &Envelope) -> Result<bool, HoldError> {
        match &mut self.state {
            Some(state) => state.hold(revocation),
            None => Err(HoldError::Inert(Inert::NoAuthority)),
        }
    }

    /// Its signature line over a note that [`Witness::extend`] returned, at `seconds` since the epoch.
    pub fn cosign(&self, note: &Note, name: &str, key: &SigningKey, seconds: u64) -> String {
        cosign(note, name, key, seconds)
    }
}
