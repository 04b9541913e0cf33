//! Revocations that the ledger does not carry yet: they take effect at once, under the same rules.

use super::State;
use super::fold::Inert;
use crate::bytes::{Hash, sha256};
use crate::envelope::{Envelope, PayloadType};
use crate::limits::HELD_REVOCATIONS_MAX;
use crate::statement::{Say, Seen, Statement, Target};

/// A revocation held beside the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// What it revokes.
    pub target: Target,
    /// Its envelope, to hand on.
    pub envelope: Envelope,
    /// The ledger's size when it was taken.
    pub since: u64,
    /// The ledger its author knew.
    pub seen: Seen,
    /// Whether the revoked key alone signed.
    pub by_itself: bool,
}

/// Why a revocation is not held.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HoldError {
    /// It would not count in the ledger as it is now.
    #[error("the revocation does not count: {0}")]
    Inert(#[from] Inert),
    /// A statement that is no revocation.
    #[error("only revocations are taken ahead of the ledger")]
    NotARevocation,
    /// Too many.
    #[error("{HELD_REVOCATIONS_MAX} revocations wait for the ledger already")]
    Full,
}

impl State {
    /// Takes a revocation ahead of the ledger. Returns whether it is new: `false` when it is held or sequenced already.
    /// A program syncs it to disk before it acknowledges.
    pub fn hold(&mut self, envelope: &Envelope) -> Result<bool, HoldError> {
        let statement: Statement = envelope
            .read(PayloadType::Statement)
            .map_err(Inert::Unreadable)?;
        let Say::Revoke(revoke) = &statement.say else {
            return Err(HoldError::NotARevocation);
        };
        if statement.org != self.org {
            return Err(Inert::OtherOrganisation.into());
        }
        let digest = sha256(&[envelope.payload()]);
        if self.counted.contains(&digest) || self.held.contains_key(&digest) {
            return Ok(false);
        }
        let by_itself = match self.consider_revoke(envelope, &statement, revoke) {
            Err(Inert::AlreadyRevoked) => return Ok(false),
            other => other?.by_itself,
        };
        if self.held.len() >= HELD_REVOCATIONS_MAX {
            return Err(HoldError::Full);
        }
        let held = Held {
            target: revoke.target,
            envelope: envelope.clone(),
            since: self.tree.size(),
            seen: statement.seen,
            by_itself,
        };
        self.held.insert(digest, held);
        Ok(true)
    }

    /// The held revocations that the ledger still lacks, by the hash of their payload.
    pub fn held(&self) -> impl Iterator<Item = (&Hash, &Held)> {
        self.held.iter().filter(|(_, held)| {
            let reach = self.reach(held.seen, held.since, held.by_itself);
            !self.is_sequenced_revoked(&held.target, reach)
        })
    }

    /// A new roster lifts a held suspension that the ledger would refuse now: whoever said it may no longer say it, so it
    /// would never be sequenced, and never be lifted.
    pub(super) fn release_lost_suspensions(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        held.retain(|_, held| held.target != Target::All || self.may_still_say(&held.envelope));
        self.held = held;
    }

    fn may_still_say(&self, envelope: &Envelope) -> bool {
        let Ok(statement) = envelope.read::<Statement>(PayloadType::Statement) else {
            return false;
        };
        let Say::Revoke(revoke) = &statement.say else {
            return false;
        };
        self.consider_revoke(envelope, &statement, revoke).is_ok()
    }

    pub(super) fn holds(&self, matches: impl Fn(&Target) -> bool) -> bool {
        self.held.values().any(|held| matches(&held.target))
    }
}
