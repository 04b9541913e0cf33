//! Appending leaves: who may say what, and in which order it counts.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::recovery::Pending;
use super::{Authority, Entry, PolicyEntry, Power, Revoked, RosterEntry, State};
use crate::bytes::{Hash, KeyId, OrgId, StatementId, sha256};
use crate::envelope::{Envelope, EnvelopeError, PayloadType, Signer};
use crate::json;
use crate::key::PublicKey;
use crate::limits::{ENTRIES_MAX, INTEGER_MAX, QUORUM_0_ADMIT_MS_MAX};
use crate::statement::{Admit, Owner, Policy, Revoke, Role, Roster, Say, Seen, Statement, Target};
use crate::text::is_line;
use crate::tree::Tree;

/// What a leaf did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It counts.
    Counts,
    /// It is in the tree and means nothing.
    Inert(Inert),
}

/// Why a leaf does not count.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Inert {
    /// Not an envelope with a statement in it, or a known key's signature fails.
    #[error("it cannot be read or verified: {0}")]
    Unreadable(#[from] EnvelopeError),
    /// Another organisation's statement.
    #[error("it belongs to another organisation")]
    OtherOrganisation,
    /// A statement with this id already counts.
    #[error("a statement with its id already counts")]
    Repeated,
    /// Its content is not sound.
    #[error("{0}")]
    Shape(&'static str),
    /// Its author knew a history that is not this ledger's.
    #[error("its author saw another history of this ledger")]
    Forked,
    /// A revocation, roster or statement about the same thing came between what its author saw and its place.
    #[error("the ledger moved on since its author looked; it must be signed anew")]
    Superseded,
    /// Too few admins signed.
    #[error("{have} admins signed where {need} are needed")]
    TooFewAdmins {
        /// Distinct persons who signed.
        have: u64,
        /// Distinct persons the roster asks for.
        need: u64,
    },
    /// Signed on an origin that the organisation does not own.
    #[error("it gives power and was signed on a web origin that the organisation does not own")]
    VendorOrigin,
    /// Too few recovery keys for a recovery.
    #[error("{have} recovery keys in force signed it where {need} are needed")]
    TooFewRecoveryKeys {
        /// Recovery keys that signed and are not revoked.
        have: u64,
        /// How many it takes.
        need: u64,
    },
    /// It completes a recovery that does not wait.
    #[error(
        "no recovery of this id waits: it never began, was vetoed, or another roster came first"
    )]
    NoRecovery,
    /// It does not show that the recovery has waited.
    #[error("it does not show that the recovery has waited: {0}")]
    NotWaited(&'static str),
    /// A veto of a recovery that took effect.
    #[error("the recovery it vetoes has taken effect already")]
    TooLate,
    /// Nobody signed who may say this.
    #[error("none of its signers may say this")]
    NoAuthority,
    /// The key has another role already.
    #[error("a key it names already has another role")]
    RoleConflict,
    /// What it revokes is revoked already.
    #[error("what it revokes is revoked already")]
    AlreadyRevoked,
    /// Too many entries.
    #[error("the ledger admits no more than {ENTRIES_MAX} keys and policies")]
    Full,
}

/// What a leaf that counts changes.
enum Effect {
    Roster(Box<Roster>, Power),
    Admit(Admit, Power),
    Policy(Policy, Power),
    Revoke(Revocation),
    Propose(Box<Pending>),
    Recover(StatementId),
    Close,
}

/// A leaf that counts.
struct Counted {
    id: StatementId,
    payload: Hash,
    effect: Effect,
}

/// A revocation that its signers may say.
pub(super) struct Revocation {
    target: Target,
    reach: u64,
    /// Whether the revoked key alone signed.
    pub by_itself: bool,
}

impl State {
    /// Starts from the first leaf, which must be the genesis that hashes to `org`.
    pub fn genesis(org: OrgId, leaf: &[u8]) -> Result<Self, Inert> {
        if sha256(&[leaf]).0 != org.0 {
            return Err(Inert::OtherOrganisation);
        }
        let envelope = Envelope::parse(leaf)?;
        let statement: Statement = envelope.read(PayloadType::Statement)?;
        let Say::Roster(roster) = statement.say else {
            return Err(Inert::Shape("the first statement is not a roster"));
        };
        let tree = Tree::default();
        if statement.org != OrgId([0; 32])
            || statement.seen
                != (Seen {
                    size: 0,
                    root: tree.root(),
                })
        {
            return Err(Inert::Shape(
                "the first statement names an organisation or a ledger before it",
            ));
        }
        if roster.version != 1 {
            return Err(Inert::Shape("the first roster is not version 1"));
        }
        roster.check_shape().map_err(Inert::Shape)?;
        let signers = envelope.verify(PayloadType::Statement, |id| {
            roster.admin(id).map(|a| &a.key)
        })?;
        let power = enough_admins(&roster, &signers, |_| false)?;
        let genesis = RosterEntry {
            roster: *roster,
            index: 0,
            power,
        };
        let mut state = Self {
            org,
            tree,
            roster: Arc::new(genesis),
            past_rosters: Vec::new(),
            given_ids: HashSet::from([statement.id]),
            revoke_ids: HashSet::new(),
            counted: HashSet::from([sha256(&[envelope.payload()])]),
            entries: BTreeMap::new(),
            policies: BTreeMap::new(),
            revoked: Revoked::default(),
            recoveries: BTreeMap::new(),
            suspended: false,
            revoke_indices: Vec::new(),
            inert: Vec::new(),
            closed: None,
            held: BTreeMap::new(),
        };
        state.tree.push(leaf);
        Ok(state)
    }

    /// Adds a leaf to the tree and, if it counts, to the state.
    pub fn append(&mut self, leaf: &[u8]) -> Outcome {
        let index = self.tree.size();
        let considered = self.consider(leaf);
        self.tree.push(leaf);
        match considered {
            Ok(counted) => {
                self.apply(index, counted);
                Outcome::Counts
            }
            Err(why) => {
                if why == Inert::AlreadyRevoked {
                    self.release(leaf);
                }
                self.inert.push((index, why.clone()));
                Outcome::Inert(why)
            }
        }
    }

    /// What [`State::append`] would say of this leaf, without adding it.
    pub fn check(&self, leaf: &[u8]) -> Result<(), Inert> {
        self.consider(leaf).map(|_| ())
    }

    // The ledger says the same already: there is nothing left to hold.
    fn release(&mut self, leaf: &[u8]) {
        if let Ok(envelope) = Envelope::parse(leaf) {
            self.held.remove(&sha256(&[envelope.payload()]));
        }
    }

    fn consider(&self, leaf: &[u8]) -> Result<Counted, Inert> {
        let envelope = Envelope::parse(leaf)?;
        let payload = sha256(&[envelope.payload()]);
        let statement: Statement = match envelope.read(PayloadType::Statement) {
            Ok(statement) => statement,
            Err(why) => {
                let (id, effect) = (
                    StatementId([0; 16]),
                    self.consider_unreadable(&envelope, why)?,
                );
                return Ok(Counted {
                    id,
                    payload,
                    effect,
                });
            }
        };
        if statement.org != self.org {
            return Err(Inert::OtherOrganisation);
        }
        if statement.at > INTEGER_MAX || statement.seen.size > INTEGER_MAX {
            return Err(Inert::Shape("a number is larger than 2^53 - 1"));
        }
        // Revocations are known by their content: an id can be chosen to shadow another statement.
        let is_giving = !matches!(statement.say, Say::Revoke(_));
        if self.counted.contains(&payload) || is_giving && self.given_ids.contains(&statement.id) {
            return Err(Inert::Repeated);
        }
        let (at, seen) = (statement.at, statement.seen);
        let effect = match &statement.say {
            Say::Roster(roster) => self.consider_roster(&envelope, &statement, roster.clone()),
            Say::Admit(admit) => self.consider_admit(&envelope, at, seen, admit.clone()),
            Say::Policy(policy) => self.consider_policy(&envelope, seen, policy.clone()),
            Say::Revoke(revoke) => self
                .consider_revoke(&envelope, &statement, revoke)
                .map(Effect::Revoke),
            Say::Recover(recover) => self
                .consider_recover(&envelope, seen, recover)
                .map(Effect::Recover),
        }?;
        Ok(Counted {
            id: statement.id,
            payload,
            effect,
        })
    }

    /// A statement of a kind or with a member this version does not know means nothing, unless k admins signed it: then
    /// it may take power away, and nothing opens until the program can read it.
    fn consider_unreadable(
        &self,
        envelope: &Envelope,
        why: EnvelopeError,
    ) -> Result<Effect, Inert> {
        let ours = json::value(envelope.payload())
            .is_ok_and(|said| said["org"] == self.org.to_string().as_str());
        let signers = self.signers(envelope, &[])?;
        if ours
            && enough_admins(self.roster(), &signers, |k| {
                self.revoked.keys.contains_key(k)
            })
            .is_ok()
        {
            return Ok(Effect::Close);
        }
        Err(Inert::Unreadable(why))
    }

    fn consider_roster(
        &self,
        envelope: &Envelope,
        statement: &Statement,
        roster: Box<Roster>,
    ) -> Result<Effect, Inert> {
        self.check_order(statement.seen)?;
        let new_keys: Vec<&PublicKey> = roster.admins.iter().map(|a| &a.key).collect();
        let signers = self.signers(envelope, &new_keys)?;
        let revoked = |k: &KeyId| self.revoked.keys.contains_key(k);
        let by_admins = enough_admins(self.roster(), &signers, revoked);
        let power = match &by_admins {
            Ok(power) => power.clone(),
            Err(why) => self.consider_recovery(statement.id, &roster, &signers, why)?,
        };
        if roster.format > 1 {
            return Ok(Effect::Close);
        }
        roster.check_shape().map_err(Inert::Shape)?;
        if roster.version != self.roster().version + 1 {
            return Err(Inert::Shape("its version is not the next one"));
        }
        if new_keys.iter().any(|k| revoked(&k.id())) {
            return Err(Inert::Shape("it lists a revoked key"));
        }
        let recovery_keys = roster.recovery.iter().flat_map(|r| &r.keys);
        let mut listed = new_keys.iter().copied().chain(recovery_keys);
        if listed.any(|k| self.entries.contains_key(&k.id())) {
            return Err(Inert::RoleConflict);
        }
        enough_admins(&roster, &signers, revoked)?;
        Ok(match by_admins {
            Ok(_) => Effect::Roster(roster, power),
            Err(_) => Effect::Propose(Box::new(Pending {
                id: statement.id,
                index: self.tree.size(),
                at: statement.at,
                roster: *roster,
                power,
            })),
        })
    }

    fn consider_admit(
        &self,
        envelope: &Envelope,
        at: u64,
        seen: Seen,
        admit: Admit,
    ) -> Result<Effect, Inert> {
        admit.check_shape().map_err(Inert::Shape)?;
        self.check_order(seen)?;
        if admit.until > INTEGER_MAX {
            return Err(Inert::Shape("a number is larger than 2^53 - 1"));
        }
        let lasts = admit.until.saturating_sub(at);
        if self.roster().quorum == 0
            && admit.role == Role::Technician
            && lasts > QUORUM_0_ADMIT_MS_MAX
        {
            return Err(Inert::Shape(
                "without witnesses a technician is admitted for 30 days at most",
            ));
        }
        for subject in &admit.subjects {
            let keyid = subject.key.id();
            let known = self.entries.get(&keyid);
            if known.is_some_and(|e| e.role != admit.role) || self.is_governing(&keyid) {
                return Err(Inert::RoleConflict);
            }
            if known.is_some_and(|e| e.index >= seen.size) {
                return Err(Inert::Superseded);
            }
        }
        let signers = self.signers(envelope, &[])?;
        let power = match enough_admins(self.roster(), &signers, |k| {
            self.revoked.keys.contains_key(k)
        }) {
            Ok(power) => power,
            Err(why) => self.enroller(&signers, at, &admit).ok_or(why)?,
        };
        self.check_room(admit.subjects.len())?;
        Ok(Effect::Admit(admit, power))
    }

    fn consider_policy(
        &self,
        envelope: &Envelope,
        seen: Seen,
        policy: Policy,
    ) -> Result<Effect, Inert> {
        policy.check_shape().map_err(Inert::Shape)?;
        self.check_order(seen)?;
        if self
            .policies
            .get(&policy.name)
            .is_some_and(|p| p.index >= seen.size)
        {
            return Err(Inert::Superseded);
        }
        let signers = self.signers(envelope, &[])?;
        let power = enough_admins(self.roster(), &signers, |k| {
            self.revoked.keys.contains_key(k)
        })?;
        self.check_room(1)?;
        Ok(Effect::Policy(policy, power))
    }

    /// Taking power needs one signature, whatever history its author knew.
    pub(super) fn consider_revoke(
        &self,
        envelope: &Envelope,
        statement: &Statement,
        revoke: &Revoke,
    ) -> Result<Revocation, Inert> {
        if !is_line(&revoke.reason) {
            return Err(Inert::Shape(
                "its reason is not one line of 1 to 200 characters",
            ));
        }
        let signers = self.signers(envelope, &self.pending_keys())?;
        let target = revoke.target;
        let is_self = |s: &Signer| target == Target::Key(s.keyid);
        let by_others = self.admins_may_revoke_admin(&signers, &target)
            || signers
                .iter()
                .any(|s| !is_self(s) && self.may_revoke(&s.keyid, statement.at, &target));
        if !by_others && !signers.iter().any(is_self) {
            return Err(Inert::NoAuthority);
        }
        if self.is_too_late(&target) {
            return Err(Inert::TooLate);
        }
        let reach = self.reach(statement.seen, self.tree.size(), !by_others);
        if self.is_sequenced_revoked(&target, reach) {
            return Err(Inert::AlreadyRevoked);
        }
        Ok(Revocation {
            target,
            reach,
            by_itself: !by_others,
        })
    }

    fn may_revoke(&self, signer: &KeyId, at: u64, target: &Target) -> bool {
        if self.revoked.keys.contains_key(signer) {
            return false;
        }
        if let Some(admin) = self.roster().admin(signer) {
            // One admin alone takes power from anybody but another admin, and stops no recovery.
            return match target {
                Target::Key(keyid) => match self.roster().admin(keyid) {
                    Some(other) => other.person == admin.person,
                    None => !self.is_governing(keyid),
                },
                Target::Recovery(_) => false,
                _ => true,
            };
        }
        let stopper = self
            .entries
            .get(signer)
            .filter(|e| e.role == Role::Stopper && at < e.until);
        if stopper.is_none_or(|e| self.revoked.admits.contains_key(&e.admit)) {
            return false;
        }
        match target {
            Target::All | Target::Warrant(_) => true,
            Target::Key(keyid) => self
                .entries
                .get(keyid)
                .is_some_and(|e| e.role == Role::Technician),
            Target::Admit(_) | Target::Policy(_) | Target::Recovery(_) => false,
        }
    }

    fn admins_may_revoke_admin(&self, signers: &[Signer], target: &Target) -> bool {
        matches!(target, Target::Key(_) | Target::Recovery(_))
            && persons(self.roster(), signers.iter(), |k| {
                self.revoked.keys.contains_key(k) || *target == Target::Key(*k)
            }) >= self.roster().threshold
    }

    /// An enroller in force who signed and whose groups and time cover the admission.
    fn enroller(&self, signers: &[Signer], at: u64, admit: &Admit) -> Option<Power> {
        signers.iter().find_map(|s| {
            let own = self.entries.get(&s.keyid)?;
            let fits = own.role == Role::Enroller
                && admit.role == Role::Device
                && !admit.groups.is_empty()
                && admit.groups.iter().all(|g| own.groups.contains(g))
                && at < own.until
                && admit.until <= own.until
                && !self.revoked.keys.contains_key(&s.keyid)
                && !self.revoked.admits.contains_key(&own.admit)
                && self.are_new_or_of(&own.groups, admit);
            fits.then(|| Power {
                signers: vec![s.clone()],
                by: Authority::Enroller(own.admit),
            })
        })
    }

    /// An enroller moves no device out of a group that is not his: another policy would cover it.
    fn are_new_or_of(&self, groups: &[String], admit: &Admit) -> bool {
        let mut known = admit
            .subjects
            .iter()
            .filter_map(|subject| self.entries.get(&subject.key.id()));
        known.all(|entry| entry.groups.iter().all(|group| groups.contains(group)))
    }

    pub(super) fn signers(
        &self,
        envelope: &Envelope,
        extra: &[&PublicKey],
    ) -> Result<Vec<Signer>, Inert> {
        let find = |id: &KeyId| {
            self.known_key(id)
                .or_else(|| extra.iter().copied().find(|k| k.id() == *id))
        };
        Ok(envelope.verify(PayloadType::Statement, find)?)
    }

    /// A giving statement counts only if its author knew this history, up to the last revocation and roster.
    fn check_order(&self, seen: Seen) -> Result<(), Inert> {
        if self.tree.root_at(seen.size) != Some(seen.root) {
            return Err(Inert::Forked);
        }
        let last_revoke = self.revoke_indices.last();
        if self.roster.index >= seen.size || last_revoke.is_some_and(|index| *index >= seen.size) {
            return Err(Inert::Superseded);
        }
        Ok(())
    }

    fn check_room(&self, more: usize) -> Result<(), Inert> {
        let used = self.entries.len() + self.policies.len();
        if used + more > ENTRIES_MAX {
            Err(Inert::Full)
        } else {
            Ok(())
        }
    }

    fn apply(&mut self, index: u64, counted: Counted) {
        let Counted {
            id,
            payload,
            effect,
        } = counted;
        let is_giving = match effect {
            Effect::Close => {
                self.closed = Some(index);
                return;
            }
            Effect::Revoke(revocation) => {
                self.revoke_indices.push(index);
                self.held.remove(&payload);
                self.revoke(&revocation);
                false
            }
            Effect::Roster(roster, power) => {
                self.take_roster(index, *roster, power);
                true
            }
            Effect::Propose(pending) => {
                self.propose(*pending);
                true
            }
            Effect::Recover(recovery) => {
                self.recover(index, recovery);
                true
            }
            Effect::Admit(admit, power) => {
                self.admit(index, id, admit, &power);
                true
            }
            Effect::Policy(policy, power) => {
                let name = policy.name.clone();
                let entry = PolicyEntry {
                    policy,
                    id,
                    index,
                    power,
                };
                self.policies.insert(name, entry);
                true
            }
        };
        self.counted.insert(payload);
        if is_giving {
            self.given_ids.insert(id);
        } else {
            self.revoke_ids.insert(id);
        }
    }

    pub(super) fn take_roster(&mut self, index: u64, roster: Roster, power: Power) {
        let entry = RosterEntry {
            roster,
            index,
            power,
        };
        let past = std::mem::replace(&mut self.roster, Arc::new(entry));
        self.past_rosters.push(past);
        self.suspended = false;
        self.release_lost_suspensions();
        self.supersede_recoveries();
    }

    fn admit(&mut self, index: u64, id: StatementId, admit: Admit, power: &Power) {
        for subject in admit.subjects {
            let entry = Entry {
                role: admit.role,
                groups: admit.groups.clone(),
                until: admit.until,
                admit: id,
                index,
                power: power.clone(),
                subject,
            };
            self.entries.insert(entry.subject.key.id(), entry);
        }
    }

    fn revoke(&mut self, revocation: &Revocation) {
        match revocation.target {
            Target::Key(id) => {
                self.revoked.keys.insert(id, revocation.reach);
            }
            Target::Admit(id) => {
                self.revoked.admits.insert(id, revocation.reach);
            }
            Target::Policy(id) => {
                self.revoked.policies.insert(id);
            }
            Target::Warrant(id) => {
                self.revoked.warrants.insert(id);
            }
            Target::Recovery(id) => self.veto(id),
            Target::All => self.suspended = true,
        }
    }
}

/// The admins of `roster` who signed where signatures can give power, if their persons reach its threshold.
pub(super) fn enough_admins(
    roster: &Roster,
    signers: &[Signer],
    revoked: impl Fn(&KeyId) -> bool + Copy,
) -> Result<Power, Inert> {
    let on_own_origin = |s: &&Signer| {
        s.origin
            .as_deref()
            .is_none_or(|origin| roster.origin_owner(origin) == Some(Owner::Customer))
    };
    let have = persons(roster, signers.iter().filter(on_own_origin), revoked);
    if have >= roster.threshold {
        let counting = signers.iter().filter(on_own_origin);
        let counting = counting.filter(|s| !revoked(&s.keyid) && roster.admin(&s.keyid).is_some());
        return Ok(Power {
            signers: counting.cloned().collect(),
            by: Authority::Admins,
        });
    }
    if persons(roster, signers.iter(), revoked) >= roster.threshold {
        return Err(Inert::VendorOrigin);
    }
    Err(Inert::TooFewAdmins {
        have,
        need: roster.threshold,
    })
}

fn persons<'a>(
    roster: &Roster,
    signers: impl Iterator<Item = &'a Signer>,
    revoked: impl Fn(&KeyId) -> bool,
) -> u64 {
    let persons: BTreeSet<&str> = signers
        .filter(|s| !revoked(&s.keyid))
        .filter_map(|s| Some(roster.admin(&s.keyid)?.person.as_str()))
        .collect();
    persons.len() as u64
}
