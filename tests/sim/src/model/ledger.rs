//! What a ledger means, from the truth about its papers.

use std::collections::BTreeSet;
use std::rc::Rc;

use trust::bytes::{Hash, KeyId, OrgId, StatementId, WarrantId, sha256};
use trust::key::{KeyKind, PublicKey};
use trust::statement::{Admit, Owner, Policy, Role, Roster, Say, Seen, Statement, Subject, Target};

use crate::paper::{Content, Mark, Paper};

const MONTH_MS: u64 = 30 * 86_400_000;

/// One replica's history: its leaves in order, and what it was told ahead of them.
#[derive(Clone)]
pub struct Ledger {
    org: OrgId,
    leaves: Vec<Leaf>,
    roots: Vec<Hash>,
    held: Vec<Held>,
}

#[derive(Clone)]
struct Leaf {
    paper: Rc<Paper>,
    hash: Hash,
    deed: Option<Deed>,
}

/// What a leaf that counts does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Gives power, by these signatures.
    Gives(Gave),
    /// Takes power; by the key itself alone, or by somebody else.
    Takes {
        /// Nobody but the key itself signed.
        alone: bool,
    },
    /// Says what this version cannot read.
    Closes,
}

/// Whose signatures gave power.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gave {
    keys: Vec<(KeyId, String)>,
    need: u64,
    enroller: Option<StatementId>,
}

#[derive(Clone)]
struct Held {
    paper: Rc<Paper>,
    since: u64,
    alone: bool,
}

/// Something given, and where.
pub struct Given<'a, T> {
    /// Its place.
    pub at: usize,
    /// The statement that gave it.
    pub id: StatementId,
    /// What was given.
    pub what: &'a T,
    gave: &'a Gave,
}

impl<T> Clone for Given<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Given<'_, T> {}

/// A signature that was looked at: whose, and on which page it was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hand {
    /// The key.
    pub key: KeyId,
    /// The page; none for a native key.
    pub origin: Option<String>,
}

impl Ledger {
    /// A ledger with its genesis; none if this is not the genesis of `org`.
    pub fn begin(org: OrgId, genesis: &Rc<Paper>) -> Option<Self> {
        let statement = genesis.as_statement()?;
        let Say::Roster(roster) = &statement.say else {
            return None;
        };
        if genesis.digest.0 != org.0 || genesis.flaw.is_some() {
            return None;
        }
        let hands = look(&genesis.marks, |key| listed(roster, key))?;
        let gave = enough(roster, &hands, |_| false)?;
        let leaf = Leaf {
            paper: genesis.clone(),
            hash: leaf_hash(genesis),
            deed: Some(Deed::Gives(gave)),
        };
        let mut ledger = Self {
            org,
            leaves: vec![leaf],
            roots: vec![root(&[])],
            held: Vec::new(),
        };
        ledger.note_root();
        Some(ledger)
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Size and root.
    pub fn head(&self) -> Seen {
        Seen {
            size: self.size(),
            root: self.roots[self.leaves.len()],
        }
    }

    /// The root over the first `size` leaves.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        self.roots.get(usize::try_from(size).ok()?).copied()
    }

    /// The papers, in order.
    pub fn papers(&self) -> impl Iterator<Item = &Rc<Paper>> {
        self.leaves.iter().map(|leaf| &leaf.paper)
    }

    /// Places of leaves that mean nothing.
    pub fn inert(&self) -> Vec<u64> {
        let all = self.leaves.iter().enumerate();
        all.filter(|(_, leaf)| leaf.deed.is_none())
            .map(|(at, _)| at as u64)
            .collect()
    }

    /// Adds a leaf. Returns whether it counts.
    pub fn push(&mut self, paper: &Rc<Paper>) -> bool {
        let deed = self.deed(paper);
        let says_known = deed.is_none() && self.is_revoked_already(paper);
        self.leaves.push(Leaf {
            paper: paper.clone(),
            hash: leaf_hash(paper),
            deed: deed.clone(),
        });
        self.note_root();
        // What the ledger says itself is no longer held.
        if says_known || matches!(deed, Some(Deed::Takes { .. })) {
            self.held.retain(|held| held.paper.payload != paper.payload);
        }
        if deed.is_some() && self.roster().at + 1 == self.leaves.len() {
            self.lift();
        }
        deed.is_some()
    }

    /// Takes a revocation ahead of the ledger. Returns whether it has to be taken.
    pub fn hold(&mut self, paper: &Rc<Paper>) -> bool {
        let is_new = !self
            .held
            .iter()
            .any(|held| held.paper.payload == paper.payload);
        let Some(Deed::Takes { alone }) = self.deed(paper).filter(|_| is_new) else {
            return false;
        };
        self.held.push(Held {
            paper: paper.clone(),
            since: self.size(),
            alone,
        });
        true
    }

    /// Held revocations that the ledger lacks.
    pub fn lacks(&self) -> Vec<&Rc<Paper>> {
        let lacking = self.held.iter().filter(|held| {
            let Some((target, statement)) = revocation(&held.paper) else {
                return false;
            };
            let reach = self.reach(statement.seen, held.since, held.alone);
            !self.says_revoked(target, reach)
        });
        lacking.map(|held| &held.paper).collect()
    }

    /// Whether a statement stands in the ledger and counts.
    pub fn carries(&self, paper: &Paper) -> bool {
        self.deeds()
            .any(|(_, other, deed)| other.payload == paper.payload && *deed != Deed::Closes)
    }

    /// Whether something stands in it that only a later version can read.
    pub fn is_closed(&self) -> bool {
        self.deeds().any(|(_, _, deed)| *deed == Deed::Closes)
    }

    /// The roster in force.
    pub fn roster(&self) -> Given<'_, Roster> {
        self.rosters()
            .last()
            .expect("the genesis is a roster that counts")
    }

    /// Whether everything is suspended.
    pub fn is_suspended(&self) -> bool {
        let since = self.roster().at;
        let said = self
            .revocations()
            .any(|(at, target, _, _)| *target == Target::All && at > since);
        said || self.holds(&Target::All)
    }

    /// Whether the roster owes its power to a key that does not count.
    pub fn is_roster_tainted(&self) -> bool {
        let roster = self.roster();
        self.is_tainted(roster.at, roster.gave)
    }

    /// The newest admission of a key, in force or not.
    pub fn admission(&self, key: &KeyId) -> Option<(Given<'_, Admit>, &Subject)> {
        self.admissions().filter(|(_, s)| s.key.id() == *key).last()
    }

    /// The admission of a key that is in force in a role.
    pub fn in_force(&self, key: &KeyId, role: Role, now: u64) -> Option<(&Admit, &Subject)> {
        let (given, subject) = self.admission(key)?;
        let stands = given.what.role == role
            && !self.is_gone(&Target::Key(*key))
            && !self.is_gone(&Target::Admit(given.id))
            && !self.is_tainted(given.at, given.gave)
            && now < given.what.until;
        stands.then_some((given.what, subject))
    }

    /// Policies in force, by name.
    pub fn policies(&self) -> Vec<(StatementId, &Policy)> {
        let names: BTreeSet<&str> = self.all_policies().map(|p| p.what.name.as_str()).collect();
        let newest = |name: &str| self.all_policies().rfind(|p| p.what.name == *name);
        names
            .into_iter()
            .filter_map(newest)
            .filter(|p| !self.is_gone(&Target::Policy(p.id)) && !self.is_tainted(p.at, p.gave))
            .map(|p| (p.id, p.what))
            .collect()
    }

    /// Whether something was revoked, by the ledger or ahead of it.
    pub fn is_gone(&self, target: &Target) -> bool {
        self.is_said_gone(target) || self.holds(target)
    }

    /// Whether a warrant was revoked.
    pub fn is_warrant_gone(&self, id: WarrantId) -> bool {
        self.is_gone(&Target::Warrant(id))
    }

    /// The signatures of keys that this ledger knows; none if one of them is not what it looks like.
    pub fn hands(&self, paper: &Paper) -> Option<Vec<Hand>> {
        look(&paper.marks, |key| self.known(key))
    }

    /// An admin's person, if his key was not revoked.
    pub fn admin(&self, key: &KeyId) -> Option<&str> {
        let roster = self.roster().what;
        let admin = roster.admins.iter().find(|a| a.key.id() == *key)?;
        (!self.is_gone(&Target::Key(*key))).then_some(admin.person.as_str())
    }

    /// A new roster lifts held suspensions that nobody may sequence any more.
    fn lift(&mut self) {
        let lost: Vec<Hash> = self
            .held
            .iter()
            .filter(|held| {
                revocation(&held.paper).is_some_and(|(target, statement)| {
                    *target == Target::All && self.revokes_alone(&held.paper, statement).is_none()
                })
            })
            .map(|held| held.paper.payload)
            .collect();
        self.held.retain(|held| !lost.contains(&held.paper.payload));
    }

    fn note_root(&mut self) {
        let hashes: Vec<Hash> = self.leaves.iter().map(|leaf| leaf.hash).collect();
        self.roots.push(root(&hashes));
    }

    fn deeds(&self) -> impl Iterator<Item = (usize, &Rc<Paper>, &Deed)> {
        let all = self.leaves.iter().enumerate();
        all.filter_map(|(at, leaf)| Some((at, &leaf.paper, leaf.deed.as_ref()?)))
    }

    fn gifts(&self) -> impl DoubleEndedIterator<Item = (usize, &Statement, &Gave)> {
        let all = self.leaves.iter().enumerate();
        all.filter_map(|(at, leaf)| match &leaf.deed {
            Some(Deed::Gives(gave)) => Some((at, leaf.paper.as_statement()?, gave)),
            _ => None,
        })
    }

    fn rosters(&self) -> impl DoubleEndedIterator<Item = Given<'_, Roster>> {
        self.gifts()
            .filter_map(|(at, statement, gave)| match &statement.say {
                Say::Roster(what) => Some(given(at, statement, &**what, gave)),
                _ => None,
            })
    }

    fn all_policies(&self) -> impl DoubleEndedIterator<Item = Given<'_, Policy>> {
        self.gifts()
            .filter_map(|(at, statement, gave)| match &statement.say {
                Say::Policy(what) => Some(given(at, statement, what, gave)),
                _ => None,
            })
    }

    fn admissions(&self) -> impl Iterator<Item = (Given<'_, Admit>, &Subject)> {
        let admits = self
            .gifts()
            .filter_map(|(at, statement, gave)| match &statement.say {
                Say::Admit(what) => Some(given(at, statement, what, gave)),
                _ => None,
            });
        admits.flat_map(|given| given.what.subjects.iter().map(move |s| (given, s)))
    }

    fn revocations(&self) -> impl Iterator<Item = (usize, &Target, Seen, bool)> {
        self.deeds().filter_map(|(at, paper, deed)| match deed {
            Deed::Takes { alone } => {
                let (target, statement) = revocation(paper)?;
                Some((at, target, statement.seen, *alone))
            }
            _ => None,
        })
    }

    fn known(&self, key: &KeyId) -> Option<&PublicKey> {
        listed(self.roster().what, key).or_else(|| self.admission(key).map(|(_, s)| &s.key))
    }

    fn is_said_gone(&self, target: &Target) -> bool {
        self.revocations().any(|(_, said, _, _)| said == target)
    }

    fn holds(&self, target: &Target) -> bool {
        self.held
            .iter()
            .any(|held| revocation(&held.paper).is_some_and(|(t, _)| t == target))
    }

    // What a leaf would do here, if it counts.
    fn deed(&self, paper: &Paper) -> Option<Deed> {
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
        }
    }

    fn roster_deed(&self, paper: &Paper, statement: &Statement, next: &Roster) -> Option<Deed> {
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

    fn admit_deed(&self, paper: &Paper, statement: &Statement, admit: &Admit) -> Option<Deed> {
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
    fn enrols(&self, hand: &Hand, statement: &Statement, admit: &Admit) -> Option<Gave> {
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
            keys: vec![(hand.key, String::new())],
            need: 1,
            enroller: Some(own.id),
        })
    }

    fn policy_deed(&self, paper: &Paper, statement: &Statement, policy: &Policy) -> Option<Deed> {
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

    fn revoke_deed(&self, paper: &Paper, statement: &Statement) -> Option<Deed> {
        let alone = self.revokes_alone(paper, statement)?;
        let (target, _) = revocation(paper)?;
        let reach = self.reach(statement.seen, self.size(), alone);
        (!self.says_revoked(target, reach)).then_some(Deed::Takes { alone })
    }

    /// Whether a paper says what the ledger says already.
    fn is_revoked_already(&self, paper: &Paper) -> bool {
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
    fn revokes_alone(&self, paper: &Paper, statement: &Statement) -> Option<bool> {
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

    fn may_revoke(&self, by: &KeyId, at: u64, target: &Target) -> bool {
        if self.is_said_gone(&Target::Key(*by)) {
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
                Target::Admit(_) | Target::Policy(_) => false,
            }
    }

    /// A gift counts only if its author knew this history up to its last revocation and roster.
    fn is_in_order(&self, seen: Seen) -> bool {
        let is_late = |at: usize| at as u64 >= seen.size;
        self.root_at(seen.size) == Some(seen.root)
            && !is_late(self.roster().at)
            && !self.revocations().any(|(at, ..)| is_late(at))
    }

    fn enough_here(&self, roster: &Roster, hands: &[Hand]) -> Option<Gave> {
        enough(roster, hands, |key| self.is_said_gone(&Target::Key(*key)))
    }

    /// From where on gifts of what was revoked are void.
    fn reach(&self, seen: Seen, place: u64, alone: bool) -> Option<u64> {
        if alone {
            None
        } else if self.root_at(seen.size) == Some(seen.root) {
            Some(seen.size)
        } else {
            Some(place)
        }
    }

    /// Whether the ledger revokes this, at least as far back.
    fn says_revoked(&self, target: &Target, reach: Option<u64>) -> bool {
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

    fn is_void_from(&self, target: &Target, place: u64) -> bool {
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

    fn is_tainted(&self, place: usize, gave: &Gave) -> bool {
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

fn given<'a, T>(at: usize, statement: &Statement, what: &'a T, gave: &'a Gave) -> Given<'a, T> {
    Given {
        at,
        id: statement.id,
        what,
        gave,
    }
}

/// What a paper revokes.
pub fn revocation(paper: &Paper) -> Option<(&Target, &Statement)> {
    let statement = paper.as_statement()?;
    match &statement.say {
        Say::Revoke(revoke) => Some((&revoke.target, statement)),
        _ => None,
    }
}

fn listed<'a>(roster: &'a Roster, key: &KeyId) -> Option<&'a PublicKey> {
    let admin = roster.admins.iter().find(|admin| admin.key.id() == *key)?;
    Some(&admin.key)
}

fn person<'a>(roster: &'a Roster, key: &KeyId) -> Option<&'a str> {
    let admin = roster.admins.iter().find(|admin| admin.key.id() == *key)?;
    Some(&admin.person)
}

fn look<'k>(marks: &[Mark], known: impl Fn(&KeyId) -> Option<&'k PublicKey>) -> Option<Vec<Hand>> {
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
fn enough(roster: &Roster, hands: &[Hand], gone: impl Fn(&KeyId) -> bool) -> Option<Gave> {
    let at_home = |hand: &&Hand| {
        hand.origin.as_ref().is_none_or(|origin| {
            let mut listed = roster.console_origins.iter();
            listed.any(|o| o.origin == *origin && o.owner == Owner::Customer)
        })
    };
    let keys: Vec<(KeyId, String)> = hands
        .iter()
        .filter(at_home)
        .filter(|hand| !gone(&hand.key))
        .filter_map(|hand| Some((hand.key, person(roster, &hand.key)?.to_owned())))
        .collect();
    let persons: BTreeSet<&str> = keys.iter().map(|(_, person)| person.as_str()).collect();
    (persons.len() as u64 >= roster.threshold).then_some(Gave {
        keys,
        need: roster.threshold,
        enroller: None,
    })
}

/// The root over some papers.
pub fn root_of(papers: &[Rc<Paper>]) -> Hash {
    let hashes: Vec<Hash> = papers.iter().map(|paper| leaf_hash(paper)).collect();
    root(&hashes)
}

fn leaf_hash(paper: &Paper) -> Hash {
    sha256(&[&[0], &paper.bytes])
}

/// The root of RFC 6962, section 2.1, as it is written there, over the hashes of the leaves.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let mut left = 1;
            while left * 2 < leaves.len() {
                left *= 2;
            }
            let (a, b) = leaves.split_at(left);
            sha256(&[&[1], &root(a).0, &root(b).0])
        }
    }
}
