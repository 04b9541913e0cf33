//! Beats: every hour a device says how far its chain reached, without adding to it.

use serde::{Deserialize, Serialize};

use super::{ChainError, ChainHead};
use crate::bytes::{KeyId, OrgId};
use crate::envelope::{Envelope, PayloadType};
use crate::key::PublicKey;
use crate::state::State;
use crate::statement::Seen;

/// A beat's payload. Only the newest of a device is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beat {
    /// Whose device.
    pub org: OrgId,
    /// Which device.
    pub device: KeyId,
    /// 1, then more each time: of two beats the one with the larger counter is newer.
    pub k: u64,
    /// When, by the device's judged clock, in milliseconds.
    pub at: u64,
    /// The newest receipt.
    pub head: ChainHead,
    /// How many sessions are open.
    pub open: u64,
    /// The ledger that the device holds.
    pub ledger: Seen,
}

/// What a device's word about its ledger proves of one statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The device holds the ledger as it is here, up to this statement at least.
    Holds,
    /// The device's ledger is the one here, but ended before this statement.
    Lacks,
    /// The device's ledger is longer than the one here, which has to grow before it can be compared.
    Ahead,
    /// The device holds another history than the one here.
    OtherHistory,
}

impl Beat {
    /// What this beat proves of the statement at `index`, held against the ledger that was folded here. A revocation that
    /// a device holds ahead of the ledger is in force there, and not proven by a beat.
    pub fn reach(&self, state: &State, index: u64) -> Reach {
        match state.root_at(self.ledger.size) {
            None => Reach::Ahead,
            Some(root) if root != self.ledger.root => Reach::OtherHistory,
            Some(_) if self.ledger.size > index => Reach::Holds,
            Some(_) => Reach::Lacks,
        }
    }

    /// Checks that `envelope` is a beat of this organisation's device with this key.
    pub fn verify(
        org: &OrgId,
        device: &PublicKey,
        envelope: &Envelope,
    ) -> Result<Self, ChainError> {
        let keyid = device.id();
        let signers = envelope.verify(PayloadType::Beat, |id| (*id == keyid).then_some(device))?;
        let beat: Self = envelope.read(PayloadType::Beat)?;
        if signers.is_empty() || beat.device != keyid || beat.org != *org {
            return Err(ChainError::OtherDevice);
        }
        Ok(beat)
    }
}
