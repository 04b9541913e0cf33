//! Whose signatures gave something power, and whether that power still stands.
//!
//! Who revokes a key says by `seen` what he knew. What the revoked key gave from there on, he could not object to: it does
//! not count, wherever the service put it. So a service that withholds a revocation gains nothing by sequencing gifts of
//! the revoked key before it. A key's own revocation of itself reaches no gift: a thief could undo his victim's work.
//!
//! A roster that does not count makes nobody an admin. What stands after it has to be signed by enough of *every* roster
//! from the last one that counts: `R1 -> R2 -> R3`, where R2 does not count, R3 counts if both R1's and R2's admins are
//! enough, so that honest admins whom R2 kept can mend what it broke, and its new ones can give nothing. To revoke more
//! only ever makes less count.

use super::State;
use super::fold::enough_admins;
use super::recovery::enough_recovery_keys;
use crate::bytes::{KeyId, StatementId};
use crate::envelope::Signer;
use crate::statement::{Roster, Seen, Target};

/// The signatures that gave something power.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Power {
    /// Who signed, of those whom `by` names.
    pub signers: Vec<Signer>,
    /// As what they signed.
    pub by: Authority,
}

/// As what somebody gives power.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Authority {
    /// As admins of the roster.
    Admins,
    /// As holders of the roster's recovery keys.
    RecoveryKeys,
    /// As the enroller whom this statement admitted.
    Enroller(StatementId),
}

/// A roster with where it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RosterEntry {
    /// The roster.
    pub roster: Roster,
    /// Its place in the ledger.
    pub index: u64,
    /// Whose signatures gave it power.
    pub power: Power,
}

impl State {
    /// Whether what stands at `index` owes its power to signatures that do not count there.
    pub(super) fn is_tainted(&self, index: u64, power: &Power) -> bool {
        if let Authority::Enroller(admit) = power.by {
            return self.is_enroller_tainted(index, power, admit);
        }
        let governing = self.governing(index);
        !governing
            .iter()
            .all(|entry| self.suffices(&entry.roster, index, power))
    }

    /// The rosters before `index`, from the last one that counts.
    fn governing(&self, index: u64) -> Vec<&RosterEntry> {
        let mut since: Vec<&RosterEntry> = Vec::new();
        let before = |entry: &&RosterEntry| entry.index == 0 || entry.index < index;
        for entry in self.rosters().take_while(before) {
            let counts = since
                .iter()
                .all(|older| self.suffices(&older.roster, entry.index, &entry.power));
            if counts {
                since.clear();
            }
            since.push(entry);
        }
        since
    }

    fn suffices(&self, roster: &Roster, index: u64, power: &Power) -> bool {
        let is_void = |keyid: &KeyId| self.is_void_from(&Target::Key(*keyid), index);
        match power.by {
            Authority::Admins => enough_admins(roster, &power.signers, is_void).is_ok(),
            Authority::RecoveryKeys => {
                enough_recovery_keys(roster, &power.signers, is_void).is_ok()
            }
            Authority::Enroller(_) => false,
        }
    }

    fn is_enroller_tainted(&self, index: u64, power: &Power, admit: StatementId) -> bool {
        let Some(keyid) = power.signers.first().map(|signer| signer.keyid) else {
            return true;
        };
        let own = self
            .entries
            .get(&keyid)
            .filter(|entry| entry.admit == admit);
        self.is_void_from(&Target::Key(keyid), index)
            || self.is_void_from(&Target::Admit(admit), index)
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
