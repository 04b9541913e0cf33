//! Which leaves count, and by whose signatures.

use std::collections::BTreeSet;

use trust::bytes::KeyId;
use trust::key::{KeyKind, PublicKey};
use trust::statement::{Admit, Owner, Policy, Role, Roster, Say, Seen, Statement, Target};

use super::ledger::{Deed, Gave, Hand, Ledger, listed, revocation};
use crate::paper::{Content, Mark, Paper};

const MONTH_MS: u64 = 30 * 86_400_000;

impl Ledger {
    // What a leaf would do here, if it counts.
    pub(super) fn deed(&self, paper: &Paper) -> Option<Deed> {
        if paper.flaw.is_some() {
            return None;
        }
        let statement = match &paper.content {
            Content::Statement(statement) => statement,
            Content::Later => {
                let hands = self.hands(paper)?;
                self.enough_here(self.roster().what, &hands)?;
                return Some(Deed::Closes);
            }
            _ => return None,
        };
        let is_repeated = self.deeds().any(|(_, other, deed)| {
            let same_id = other.as_statement().is_some_and(|s| s.id == statement.id);
            other.payload == paper.payload && *deed != Deed::Closes
                || matches!(deed, Deed::Gives(_))
                    && same_id
                    && !matches!(statement.say, Say::Revoke(_))
        });
        if statement.org != self.org || is_repeated {
            return None;
        }
        match &statement.say {
            Say::Roster(roster) => self.roster_deed(paper, statement, roster),
            Say::Admit(admit) => self.admit_deed(paper, statement, admit),
            Say::Policy(policy) => self.policy_deed(paper, statement, policy),
            Say::Revoke(_) => self.revoke_deed(paper, statement),
            // The office of these runs keeps no recovery keys.
            Say::Recover(_) => None,
        }
    }

    pub(super) fn roster_deed(
        &self,
        paper: &Paper,
        statement: &Statement,
        next: &Roster,
    ) -> Option<Deed> {
        let now = self.roster().what;
        let hands = look(&paper.marks, |key| {
            self.known(key).or_else(|| listed(next, key))
        })?;
        let gave = self.enough_here(now, &hands)?;
        if !self.is_in_order(statement.seen) {
            return None;
        }
        if next.format > 1 {
            return Some(Deed::Closes);
        }
        let key_is_free =
            |key: KeyId| !self.is_said_gone(&Target::Key(key)) && self.admission(&key).is_none();
        self.enough_here(next, &hands)?;
        let fits = next.version == now.version + 1
            && next.admins.iter().all(|admin| key_is_free(admin.key.id()));
        fits.then_some(Deed::Gives(gave))
    }

    pub(super) fn admit_deed(
        &self,
        paper: &Paper,
        statement: &Statement,
        admit: &Admit,
    ) -> Option<Deed> {
        let hands = self.hands(paper)?;
        let roster = self.roster().what;
        let too_long = roster.quorum == 0
            && admit.role == Role::Technician
            && admit.until.saturating_sub(statement.at) > MONTH_MS;
        if too_long || !self.is_in_order(statement.seen) {
            return None;
        }
        for subject in &admit.subjects {
            let key = subject.key.id();
            let known = self.admission(&key).map(|(given, _)| given);
            if known
                .is_some_and(|k| k.what.role != admit.role || k.at as u64 >= statement.seen.size)
                || listed(roster, &key).is_some()
            {
                return None;
            }
        }
        let gave = self
            .enough_here(roster, &hands)
            .or_else(|| hands.iter().find_map(|h| self.enrols(h, statement, admit)))?;
        Some(Deed::Gives(gave))
    }

    /// An enroller admits devices into its own groups, no longer than it is admitted itself, and moves none out of others'.
    pub(super) fn enrols(&self, hand: &Hand, statement: &Statement, admit: &Admit) -> Option<Gave> {
        let (own, _) = self.admission(&hand.key)?;
        let is_own = |group: &String| own.what.groups.contains(group);
        let moves_none = admit.subjects.iter().all(|subject| {
            let known = self.admission(&subject.key.id());
            known.is_none_or(|(known, _)| known.what.groups.iter().all(is_own))
        });
        let may = own.what.role == Role::Enroller
            && admit.role == Role::Device
            && !admit.groups.is_empty()
            && admit.groups.iter().all(is_own)
            && statement.at < own.what.until
            && admit.until <= own.what.until
            && !self.is_said_gone(&Target::Key(hand.key))
            && !self.is_said_gone(&Target::Admit(own.id))
            && moves_none;
        may.then(|| Gave {
            hands: vec![hand.clone()],
            enroller: Some(own.id),
        })
    }

    pub(super) fn policy_deed(
        &self,
        paper: &Paper,
        statement: &Statement,
        policy: &Policy,
    ) -> Option<Deed> {
        let hands = self.hands(paper)?;
        let is_overtaken = self
            .all_policies()
            .any(|p| p.what.name == policy.name && p.at as u64 >= statement.seen.size);
        if is_overtaken || !self.is_in_order(statement.seen) {
            return None;
        }
        let gave = self.enough_here(self.roster().what, &hands)?;
        Some(Deed::Gives(gave))
    }

    pub(super) fn revoke_deed(&self, paper: &Paper, statement: &Statement) -> Option<Deed> {
        let alone = self.revokes_alone(paper, statement)?;
        let (target, _) = revocation(paper)?;
        let reach = self.reach(statement.seen, self.size(), alone);
        (!self.says_revoked(target, reach)).then_some(Deed::Takes { alone })
    }

    /// Whether a paper says what the ledger says already.
    pub(super) fn is_revoked_already(&self, paper: &Paper) -> bool {
        let Some((target, statement)) = revocation(paper).filter(|_| paper.flaw.is_none()) else {
            return false;
        };
        let is_new = !self
            .deeds()
            .any(|(_, other, _)| other.payload == paper.payload);
        let alone = self.revokes_alone(paper, statement);
        is_new
            && statement.org == self.org
            && alone.is_some_and(|alone| {
                self.says_revoked(target, self.reach(statement.seen, self.size(), alone))
            })
    }

    /// Whether somebody may revoke this, and if so whether only the key itself says it.
    pub(super) fn revokes_alone(&self, paper: &Paper, statement: &Statement) -> Option<bool> {
        let Say::Revoke(revoke) = &statement.say else {
            return None;
        };
        let target = &revoke.target;
        let hands = self.hands(paper)?;
        let own = |hand: &&Hand| *target == Target::Key(hand.key);
        let others: Vec<&Hand> = hands.iter().filter(|hand| !own(hand)).collect();
        let roster = self.roster().what;
        let persons: BTreeSet<&str> = others
            .iter()
            .filter(|hand| !self.is_said_gone(&Target::Key(hand.key)))
            .filter_map(|hand| person(roster, &hand.key))
            .collect();
        let many = matches!(target, Target::Key(_)) && persons.len() as u64 >= roster.threshold;
        if many
            || others
                .iter()
                .any(|hand| self.may_revoke(&hand.key, statement.at, target))
        {
            return Some(false);
        }
        hands.iter().any(|hand| own(&hand)).then_some(true)
    }

    pub(super) fn may_revoke(&self, by: &KeyId, at: u64, target: &Target) -> bool {
        if self.is_said_gone(&Target::Key(*by)) {
            return false;
        }
        if matches!(target, Target::Recovery(_)) {
            return false;
        }
        let roster = self.roster().what;
        if let Some(own) = person(roster, by) {
            let of_another = matches!(target, Target::Key(key)
                if person(roster, key).is_some_and(|other| other != own));
            return !of_another;
        }
        let Some((given, _)) = self.admission(by) else {
            return false;
        };
        let is_stopper = given.what.role == Role::Stopper
            && at < given.what.until
            && !self.is_said_gone(&Target::Admit(given.id));
        is_stopper
            && match target {
                Target::All | Target::Warrant(_) => true,
                Target::Key(key) => self
                    .admission(key)
                    .is_some_and(|(given, _)| given.what.role == Role::Technician),
                Target::Admit(_) | Target::Policy(_) | Target::Recovery(_) => false,
            }
    }

    /// A gift counts only if its author knew this history up to its last revocation and roster.
    pub(super) fn is_in_order(&self, seen: Seen) -> bool {
        let is_late = |at: usize| at as u64 >= seen.size;
        self.root_at(seen.size) == Some(seen.root)
            && !is_late(self.roster().at)
            && !self.revocations().any(|(at, ..)| is_late(at))
    }

    pub(super) fn enough_here(&self, roster: &Roster, hands: &[Hand]) -> Option<Gave> {
        enough(roster, hands, |key| self.is_said_gone(&Target::Key(*key)))
    }
}

fn person<'a>(roster: &'a Roster, key: &KeyId) -> Option<&'a str> {
    let admin = roster.admins.iter().find(|admin| admin.key.id() == *key)?;
    Some(&admin.person)
}

/// The marks of known keys; none if one of them is not what it looks like.
pub(super) fn look<'k>(
    marks: &[Mark],
    known: impl Fn(&KeyId) -> Option<&'k PublicKey>,
) -> Option<Vec<Hand>> {
    let mut hands = Vec::new();
    for mark in marks {
        let Some(key) = known(&mark.key) else {
            continue;
        };
        if !mark.is_genuine {
            return None;
        }
        let origin = match key.kind() {
            KeyKind::Ed25519 => key.origins().first().cloned(),
            _ => mark.page.map(str::to_owned),
        };
        hands.push(Hand {
            key: mark.key,
            origin,
        });
    }
    Some(hands)
}

/// Whether distinct persons enough signed where signatures can give power.
pub(super) fn enough(
    roster: &Roster,
    hands: &[Hand],
    gone: impl Fn(&KeyId) -> bool,
) -> Option<Gave> {
    let at_home = |hand: &&Hand| {
        hand.origin.as_ref().is_none_or(|origin| {
            let mut listed = roster.console_origins.iter();
            listed.any(|o| o.origin == *origin && o.owner == Owner::Customer)
        })
    };
    let counting: Vec<Hand> = hands
        .iter()
        .filter(at_home)
        .filter(|hand| !gone(&hand.key) && person(roster, &hand.key).is_some())
        .cloned()
        .collect();
    let persons: BTreeSet<&str> = counting
        .iter()
        .filter_map(|hand| person(roster, &hand.key))
        .collect();
    (persons.len() as u64 >= roster.threshold).then_some(Gave {
        hands: counting,
        enroller: None,
    })
}
