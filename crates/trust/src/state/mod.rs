//! What a ledger means: the fold of its leaves, and the revocations held beside it.
//!
//! [`State::genesis`] then [`State::append`] for every leaf, in order, without a clock: every replica that folds the same
//! leaves holds the same state. A leaf that does not count is *inert*: it is in the tree and skipped alike by all.
//! Revocations that the ledger does not carry yet are [held](State::hold) and take effect at once.

mod fold;
mod hold;
mod power;
mod recovery;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::bytes::{Hash, KeyId, OrgId, StatementId, WarrantId, sha256};
use crate::envelope::Envelope;
use crate::key::PublicKey;
use crate::statement::{JOINED_GROUP, Policy, Role, Roster, Seen, Subject, Target};
use crate::tree::Tree;

pub use fold::{Inert, Outcome};
pub use hold::{Held, HoldError};
pub use power::{Authority, Power, RosterEntry};
use recovery::Fate;
pub use recovery::{Pending, begun, waited};

/// The folded ledger of one organisation.
#[derive(Clone, Debug)]
pub struct State {
    org: OrgId,
    tree: Tree,
    roster: Arc<RosterEntry>,
    past_rosters: Vec<Arc<RosterEntry>>,
    given_ids: HashSet<StatementId>,
    revoke_ids: HashSet<StatementId>,
    counted: HashSet<Hash>,
    entries: BTreeMap<KeyId, Entry>,
    policies: BTreeMap<String, PolicyEntry>,
    revoked: Revoked,
    recoveries: BTreeMap<StatementId, Fate>,
    suspended: bool,
    revoke_indices: Vec<u64>,
    inert: Vec<(u64, Inert)>,
    closed: Option<u64>,
    held: BTreeMap<Hash, Held>,
}

/// An admitted key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// As what.
    pub role: Role,
    /// The key and what belongs to it.
    pub subject: Subject,
    /// Groups that policies name.
    pub groups: Vec<String>,
    /// In force before this time, in milliseconds.
    pub until: u64,
    /// The statement that admitted it.
    pub admit: StatementId,
    /// That statement's place in the ledger.
    pub index: u64,
    /// Whose signatures gave it power.
    pub power: Power,
}

/// The groups by which policies reach a device.
#[derive(Clone, Copy)]
pub enum DeviceGroups<'a> {
    /// Those of its admission.
    Admitted(&'a Entry),
    /// The reserved one of machines that joined by a code: no admission can name it.
    Joined,
}

impl DeviceGroups<'_> {
    fn contains(self, group: &str) -> bool {
        match self {
            Self::Admitted(entry) => entry.groups.iter().any(|g| g == group),
            Self::Joined => group == JOINED_GROUP,
        }
    }
}

/// A policy with where it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyEntry {
    /// The policy.
    pub policy: Policy,
    /// The statement that made it.
    pub id: StatementId,
    /// That statement's place in the ledger.
    pub index: u64,
    /// Whose signatures gave it power.
    pub power: Power,
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Revoked {
    // With the place from which on nothing that it gave counts either, see `power`.
    keys: BTreeMap<KeyId, u64>,
    admits: BTreeMap<StatementId, u64>,
    policies: BTreeSet<StatementId>,
    warrants: BTreeSet<WarrantId>,
}

/// Why a key does not count now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotInForce {
    /// The ledger never admitted it in this role.
    #[error("the organisation's ledger does not admit this key in this role")]
    NotAdmitted,
    /// Its time is over.
    #[error("its admission has expired")]
    Expired,
    /// It, or its admission, was revoked.
    #[error("it was revoked")]
    Revoked,
    /// A key that admitted it was revoked by somebody who did not know of this admission.
    #[error("a revoked key admitted it, and whoever revoked that key did not know of it")]
    Tainted,
}

impl State {
    /// The organisation.
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// How many leaves, and the root over them.
    pub fn head(&self) -> Seen {
        Seen {
            size: self.tree.size(),
            root: self.tree.root(),
        }
    }

    /// The root when the ledger had `size` leaves.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        self.tree.root_at(size)
    }

    /// The roster in force.
    pub fn roster(&self) -> &Roster {
        &self.roster.roster
    }

    /// All rosters that took effect, the genesis first.
    pub(super) fn rosters(&self) -> impl Iterator<Item = &RosterEntry> {
        self.past_rosters
            .iter()
            .chain([&self.roster])
            .map(|entry| &**entry)
    }

    /// All admitted keys, in force or not, by key id.
    pub fn entries(&self) -> impl Iterator<Item = (&KeyId, &Entry)> {
        self.entries.iter()
    }

    /// The admission of a key, in force or not.
    pub fn entry(&self, keyid: &KeyId) -> Option<&Entry> {
        self.entries.get(keyid)
    }

    /// The admission of a key in `role`, if it counts at `now` (milliseconds).
    pub fn in_force(&self, keyid: &KeyId, role: Role, now: u64) -> Result<&Entry, NotInForce> {
        let entry = self
            .entries
            .get(keyid)
            .filter(|e| e.role == role)
            .ok_or(NotInForce::NotAdmitted)?;
        if self.is_key_revoked(keyid) || self.is_admit_revoked(&entry.admit) {
            return Err(NotInForce::Revoked);
        }
        if self.is_tainted(entry.index, &entry.power) {
            return Err(NotInForce::Tainted);
        }
        if now >= entry.until {
            return Err(NotInForce::Expired);
        }
        Ok(entry)
    }

    /// The admin with this key, if it was not revoked.
    pub fn admin(&self, keyid: &KeyId) -> Option<&crate::statement::Admin> {
        self.roster()
            .admin(keyid)
            .filter(|_| !self.is_key_revoked(keyid))
    }

    /// The policies that count, by name.
    pub fn policies(&self) -> impl Iterator<Item = &PolicyEntry> {
        self.policies
            .values()
            .filter(|p| !self.is_policy_revoked(&p.id) && !self.is_tainted(p.index, &p.power))
    }

    /// The policies that count and join a technician's groups with a device's, by name.
    pub fn joining<'a>(
        &'a self,
        technician: &'a Entry,
        device: DeviceGroups<'a>,
    ) -> impl Iterator<Item = &'a Policy> {
        self.policies().map(|p| &p.policy).filter(move |policy| {
            technician.groups.contains(&policy.technicians) && device.contains(&policy.devices)
        })
    }

    /// Whether everything is suspended by a revocation of `*` that no newer roster lifted.
    pub fn is_suspended(&self) -> bool {
        self.suspended || self.holds(|target| *target == Target::All)
    }

    /// Whether the roster itself owes its power to a key whose revoker did not know of it, or to a recovery whose veto the
    /// ledger lacks.
    pub fn is_roster_tainted(&self) -> bool {
        self.is_tainted(self.roster.index, &self.roster.power) || self.is_recovery_vetoed_in_vain()
    }

    /// The leaf that this version cannot read although k admins signed it: nothing opens until the program is newer.
    pub fn closed_by(&self) -> Option<u64> {
        self.closed
    }

    /// Leaves that do not count, with the reason: the service should not have sequenced them.
    pub fn inert(&self) -> &[(u64, Inert)] {
        &self.inert
    }

    /// Places of all revocations that counted.
    pub fn revoke_indices(&self) -> &[u64] {
        &self.revoke_indices
    }

    /// Whether the ledger carries this statement and it counts. Ask with the envelope: anybody can reuse an id.
    pub fn carries(&self, envelope: &Envelope) -> bool {
        self.counted.contains(&sha256(&[envelope.payload()]))
    }

    /// Whether some statement with this id counts in the ledger; for showing, see [`State::carries`].
    pub fn has_statement(&self, id: &StatementId) -> bool {
        self.given_ids.contains(id) || self.revoke_ids.contains(id)
    }

    /// Whether this key is revoked, by the ledger or a held revocation.
    pub fn is_key_revoked(&self, keyid: &KeyId) -> bool {
        self.revoked.keys.contains_key(keyid) || self.holds(|t| *t == Target::Key(*keyid))
    }

    /// Whether this warrant is revoked.
    pub fn is_warrant_revoked(&self, id: &WarrantId) -> bool {
        self.revoked.warrants.contains(id) || self.holds(|t| *t == Target::Warrant(*id))
    }

    fn is_admit_revoked(&self, id: &StatementId) -> bool {
        self.revoked.admits.contains_key(id) || self.holds(|t| *t == Target::Admit(*id))
    }

    fn is_policy_revoked(&self, id: &StatementId) -> bool {
        self.revoked.policies.contains(id) || self.holds(|t| *t == Target::Policy(*id))
    }

    /// A key the ledger knows, in force or not: an admin's, an admitted one or a recovery key.
    pub fn known_key(&self, keyid: &KeyId) -> Option<&PublicKey> {
        self.roster()
            .admin(keyid)
            .map(|a| &a.key)
            .or_else(|| self.entries.get(keyid).map(|e| &e.subject.key))
            .or_else(|| self.roster().recovery_key(keyid))
    }
}
