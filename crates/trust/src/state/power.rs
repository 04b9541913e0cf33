//! Whose signatures gave something power, and whether that power still stands.
//!
//! Who revokes a key says by `seen` what he knew. What the revoked key gave from there on, he could not object to: it does
//! not count, wherever the service put it. So a service that withholds a revocation gains nothing by sequencing gifts of
//! the revoked key before it. A key's own revocation of itself reaches no gift: a thief could undo his victim's work.

use std::collections::BTreeSet;

use super::State;
use crate::bytes::{KeyId, StatementId};
use crate::statement::{Seen, Target};

/// The signatures that gave something power.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Power {
    /// Who signed, each with the person who holds the key.
    pub signers: Vec<(KeyId, String)>,
    /// How many distinct persons it took.
    pub need: u64,
    /// The enroller's own admission, if an enroller signed.
    pub enroller: Option<StatementId>,
}

impl State {
    /// Whether what stands at `index` owes its power to signatures that do not count there.
    pub(super) fn is_tainted(&self, index: u64, power: &Power) -> bool {
        let standing: BTreeSet<&str> = power
            .signers
            .iter()
            .filter(|(keyid, _)| !self.is_void_from(&Target::Key(*keyid), index))
            .map(|(_, person)| person.as_str())
            .collect();
        (standing.len() as u64) < power.need || self.is_enroller_tainted(index, power)
    }

    fn is_enroller_tainted(&self, index: u64, power: &Power) -> bool {
        let Some(admit) = power.enroller else {
            return false;
        };
        let own = power
            .signers
            .first()
            .and_then(|(keyid, _)| self.entries.get(keyid))
            .filter(|entry| entry.admit == admit);
        self.is_void_from(&Target::Admit(admit), index)
            || own.is_some_and(|entry| self.is_tainted(entry.index, &entry.power))
    }

    /// Whether a revocation of `target`, sequenced or held, reaches what stands at `index`.
    fn is_void_from(&self, target: &Target, index: u64) -> bool {
        let sequenced = self.sequenced_reach(target).into_iter();
        let held = self.held.values().filter(|held| held.target == *target);
        sequenced
            .chain(held.map(|held| self.reach(held.seen, held.since, held.by_itself)))
            .any(|from| from <= index)
    }

    /// From where on gifts of a revoked key do not count: what its revoker had not seen. `at` stands in where his history
    /// is not this one.
    pub(super) fn reach(&self, seen: Seen, at: u64, by_itself: bool) -> u64 {
        if by_itself {
            u64::MAX
        } else if self.root_at(seen.size) == Some(seen.root) {
            seen.size
        } else {
            at
        }
    }

    pub(super) fn sequenced_reach(&self, target: &Target) -> Option<u64> {
        match target {
            Target::Key(id) => self.revoked.keys.get(id).copied(),
            Target::Admit(id) => self.revoked.admits.get(id).copied(),
            _ => None,
        }
    }

    /// Whether the ledger already revoked this, at least as far back.
    pub(super) fn is_sequenced_revoked(&self, target: &Target, reach: u64) -> bool {
        match target {
            Target::Key(_) | Target::Admit(_) => self
                .sequenced_reach(target)
                .is_some_and(|known| known <= reach),
            Target::Policy(id) => self.revoked.policies.contains(id),
            Target::Warrant(id) => self.revoked.warrants.contains(id),
            Target::Recovery(id) => self.is_vetoed(id),
            Target::All => self.suspended,
        }
    }
}
