//! What a ledger means, from the truth about its papers.

use std::collections::BTreeSet;
use std::rc::Rc;

use trust::bytes::{Hash, KeyId, OrgId, StatementId, WarrantId};
use trust::key::PublicKey;
use trust::statement::{Admit, Policy, Role, Roster, Say, Seen, Statement, Subject, Target};

use super::deeds::{enough, look};
use super::tree::{leaf_hash, root};
use crate::paper::Paper;

/// One replica's history: its leaves in order, and what it was told ahead of them.
#[derive(Clone)]
pub struct Ledger {
    pub(super) org: OrgId,
    leaves: Vec<Leaf>,
    roots: Vec<Hash>,
    pub(super) held: Vec<Held>,
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
    pub(super) hands: Vec<Hand>,
    pub(super) enroller: Option<StatementId>,
}

#[derive(Clone)]
pub(super) struct Held {
    pub(super) paper: Rc<Paper>,
    pub(super) since: u64,
    pub(super) alone: bool,
}

/// Something given, and where.
pub struct Given<'a, T> {
    /// Its place.
    pub at: usize,
    /// The statement that gave it.
    pub id: StatementId,
    /// What was given.
    pub what: &'a T,
    pub(super) gave: &'a Gave,
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

    pub(super) fn deeds(&self) -> impl Iterator<Item = (usize, &Rc<Paper>, &Deed)> {
        let all = self.leaves.iter().enumerate();
        all.filter_map(|(at, leaf)| Some((at, &leaf.paper, leaf.deed.as_ref()?)))
    }

    pub(super) fn gifts(&self) -> impl DoubleEndedIterator<Item = (usize, &Statement, &Gave)> {
        let all = self.leaves.iter().enumerate();
        all.filter_map(|(at, leaf)| match &leaf.deed {
            Some(Deed::Gives(gave)) => Some((at, leaf.paper.as_statement()?, gave)),
            _ => None,
        })
    }

    pub(super) fn rosters(&self) -> impl DoubleEndedIterator<Item = Given<'_, Roster>> {
        self.gifts()
            .filter_map(|(at, statement, gave)| match &statement.say {
                Say::Roster(what) => Some(given(at, statement, &**what, gave)),
                _ => None,
            })
    }

    pub(super) fn all_policies(&self) -> impl DoubleEndedIterator<Item = Given<'_, Policy>> {
        self.gifts()
            .filter_map(|(at, statement, gave)| match &statement.say {
                Say::Policy(what) => Some(given(at, statement, what, gave)),
                _ => None,
            })
    }

    pub(super) fn admissions(&self) -> impl Iterator<Item = (Given<'_, Admit>, &Subject)> {
        let admits = self
            .gifts()
            .filter_map(|(at, statement, gave)| match &statement.say {
                Say::Admit(what) => Some(given(at, statement, what, gave)),
                _ => None,
            });
        admits.flat_map(|given| given.what.subjects.iter().map(move |s| (given, s)))
    }

    pub(super) fn revocations(&self) -> impl Iterator<Item = (usize, &Target, Seen, bool)> {
        self.deeds().filter_map(|(at, paper, deed)| match deed {
            Deed::Takes { alone } => {
                let (target, statement) = revocation(paper)?;
                Some((at, target, statement.seen, *alone))
            }
            _ => None,
        })
    }

    pub(super) fn known(&self, key: &KeyId) -> Option<&PublicKey> {
        listed(self.roster().what, key).or_else(|| self.admission(key).map(|(_, s)| &s.key))
    }

    pub(super) fn is_said_gone(&self, target: &Target) -> bool {
        self.revocations().any(|(_, said, _, _)| said == target)
    }

    fn holds(&self, target: &Target) -> bool {
        self.held
            .iter()
            .any(|held| revocation(&held.paper).is_some_and(|(t, _)| t == target))
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

pub(super) fn listed<'a>(roster: &'a Roster, key: &KeyId) -> Option<&'a PublicKey> {
    let admin = roster.admins.iter().find(|admin| admin.key.id() == *key)?;
    Some(&admin.key)
}
