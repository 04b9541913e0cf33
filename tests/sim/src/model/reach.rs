//! What a revoked key gave: from where on it is void.

use trust::bytes::KeyId;
use trust::statement::{Roster, Seen, Target};

use super::deeds::enough;
use super::ledger::{Gave, Given, Ledger, revocation};

impl Ledger {
    /// From where on gifts of what was revoked are void.
    pub(super) fn reach(&self, seen: Seen, place: u64, alone: bool) -> Option<u64> {
        if alone {
            None
        } else if self.root_at(seen.size) == Some(seen.root) {
            Some(seen.size)
        } else {
            Some(place)
        }
    }

    /// Whether the ledger revokes this, at least as far back.
    pub(super) fn says_revoked(&self, target: &Target, reach: Option<u64>) -> bool {
        if *target == Target::All {
            let since = self.roster().at;
            return self
                .revocations()
                .any(|(at, said, ..)| *said == Target::All && at > since);
        }
        let has_reach = matches!(target, Target::Key(_) | Target::Admit(_));
        self.revocations().any(|(at, said, seen, alone)| {
            let known = self.reach(seen, at as u64, alone).unwrap_or(u64::MAX);
            said == target && (!has_reach || known <= reach.unwrap_or(u64::MAX))
        })
    }

    pub(super) fn is_void_from(&self, target: &Target, place: u64) -> bool {
        let said = self
            .revocations()
            .filter(|(_, said, ..)| *said == target)
            .map(|(at, _, seen, alone)| self.reach(seen, at as u64, alone));
        let held = self.held.iter().filter_map(|held| {
            let (said, statement) = revocation(&held.paper)?;
            (said == target).then(|| self.reach(statement.seen, held.since, held.alone))
        });
        said.chain(held)
            .any(|reach| reach.is_some_and(|from| from <= place))
    }

    /// Whether a gift hangs on signatures that are void where it stands. It has to be enough for the roster that governed
    /// there, and where that roster hangs so itself, for the one before it too, and so on.
    pub(super) fn is_tainted(&self, place: usize, gave: &Gave) -> bool {
        let is_void = |key: &KeyId| self.is_void_from(&Target::Key(*key), place as u64);
        if let Some(admit) = gave.enroller {
            let Some(key) = gave.hands.first().map(|hand| hand.key) else {
                return true;
            };
            // What made the enroller one may be void itself.
            let is_own_void = self
                .admission(&key)
                .is_some_and(|(own, _)| own.id == admit && self.is_tainted(own.at, own.gave));
            let is_out = self.is_void_from(&Target::Admit(admit), place as u64);
            return is_void(&key) || is_out || is_own_void;
        }
        let governed = |roster: &Given<'_, Roster>| roster.at < place || roster.at == 0;
        for roster in self.rosters().filter(governed).rev() {
            if enough(roster.what, &gave.hands, is_void).is_none() {
                return true;
            }
            if roster.at == 0 || !self.is_tainted(roster.at, roster.gave) {
                return false;
            }
        }
        false
    }
}
