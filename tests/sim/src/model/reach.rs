//! What a revoked key gave: from where on it is void.

use std::collections::BTreeSet;

use trust::statement::{Seen, Target};

use super::ledger::{Gave, Ledger, revocation};

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

    pub(super) fn is_tainted(&self, place: usize, gave: &Gave) -> bool {
        let place = place as u64;
        let standing: BTreeSet<&str> = gave
            .keys
            .iter()
            .filter(|(key, _)| !self.is_void_from(&Target::Key(*key), place))
            .map(|(_, person)| person.as_str())
            .collect();
        if (standing.len() as u64) < gave.need {
            return true;
        }
        let Some(admit) = gave.enroller else {
            return false;
        };
        // What made the enroller one may be void itself.
        let own = gave.keys.first().and_then(|(key, _)| self.admission(key));
        self.is_void_from(&Target::Admit(admit), place)
            || own.is_some_and(|(own, _)| own.id == admit && self.is_tainted(own.at, own.gave))
    }
}
