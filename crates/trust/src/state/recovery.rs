//! Recovery: offline keys propose a roster, which takes effect when every witness has seen it wait.
//!
//! ```text
//! G -> P           recovery keys propose a roster; it waits, and changes nothing
//!   -> E           its `recover` statement shows two checkpoints, the delay apart: it is the roster
//!   -> V           or k admins veto it, or any other roster counts: it never will be
//! ```
//!
//! No clock is read here. The time comes in the `recover` statement, as checkpoints that all witnesses of the roster
//! cosigned, so that every replica of the same leaves holds the same roster. Who stole a recovery key and owns the service
//! must have shown every honest witness the recovery, and then waited by its clock.

use super::State;
use super::fold::Inert;
use super::power::{Authority, Power};
use crate::bytes::{KeyId, StatementId};
use crate::checkpoint::{Checkpoint, Note};
use crate::envelope::{Envelope, Signer};
use crate::key::PublicKey;
use crate::limits::{INTEGER_MAX, RECOVERIES_MAX};
use crate::statement::{Recover, Roster, Seen, Target};

/// A recovery that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pending {
    /// The statement that proposed it.
    pub id: StatementId,
    /// That statement's place in the ledger.
    pub index: u64,
    /// When its author signed, by his clock: his word, for showing.
    pub at: u64,
    /// The roster that takes effect.
    pub roster: Roster,
    /// The recovery keys that signed it.
    pub power: Power,
}

/// What became of a recovery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Waits(Box<Pending>),
    Vetoed,
    Superseded,
    InForce,
}

/// From when on a recovery that this checkpoint covers has waited: the latest of all witnesses' times, in milliseconds.
/// Nothing if one of them is missing.
pub fn begun(roster: &Roster, checkpoint: &Checkpoint) -> Option<u64> {
    times_of_all(roster, checkpoint)?.max()
}

/// Until when it has waited: the earliest of all witnesses' times, in milliseconds. Nothing if one of them is missing.
pub fn waited(roster: &Roster, checkpoint: &Checkpoint) -> Option<u64> {
    times_of_all(roster, checkpoint)?.min()
}

fn times_of_all<'a>(
    roster: &Roster,
    checkpoint: &'a Checkpoint,
) -> Option<impl Iterator<Item = u64> + use<'a>> {
    let is_whole = checkpoint.witnessed.len() == roster.witnesses.len();
    is_whole.then(|| checkpoint.witnessed.iter().map(|(_, at)| *at))
}

impl State {
    /// Recoveries that wait, without those whose veto is held.
    pub fn recoveries(&self) -> impl Iterator<Item = &Pending> {
        self.pending()
            .filter(|p| !self.holds(|target| *target == Target::Recovery(p.id)))
    }

    fn pending(&self) -> impl Iterator<Item = &Pending> {
        self.recoveries.values().filter_map(|fate| match fate {
            Fate::Waits(pending) => Some(&**pending),
            _ => None,
        })
    }

    /// The admin keys of recoveries that wait.
    pub(super) fn pending_keys(&self) -> Vec<&PublicKey> {
        let admins = self.pending().flat_map(|p| &p.roster.admins);
        admins.map(|admin| &admin.key).collect()
    }

    /// Whether this key is an admin's, a recovery key, or an admin's of a recovery that waits.
    pub(super) fn is_governing(&self, keyid: &KeyId) -> bool {
        self.roster().admin(keyid).is_some()
            || self.roster().recovery_key(keyid).is_some()
            || self.pending().any(|p| p.roster.admin(keyid).is_some())
    }

    /// Whether a roster that too few admins signed is a recovery: whose keys give it power. `why` it is no roster of admins.
    pub(super) fn consider_recovery(
        &self,
        id: StatementId,
        roster: &Roster,
        signers: &[Signer],
        why: &Inert,
    ) -> Result<Power, Inert> {
        let is_recovery_key = |s: &&Signer| self.roster().recovery_key(&s.keyid).is_some();
        if !signers.iter().any(|s| is_recovery_key(&s)) {
            return Err(why.clone());
        }
        let power = Power {
            signers: signers.iter().filter(is_recovery_key).cloned().collect(),
            by: Authority::RecoveryKeys,
        };
        self.check_recovery_keys(&power)?;
        if self.roster().quorum == 0 {
            return Err(Inert::Shape(
                "without witnesses there is no time that a recovery could wait for",
            ));
        }
        if roster.format != 1 {
            return Err(Inert::Shape("its format is unknown to this version"));
        }
        if !changes_admins_alone(self.roster(), roster) {
            return Err(Inert::Shape(
                "a recovery changes admins, threshold, audit key and directory key, and nothing else",
            ));
        }
        if self.is_vetoed(&id) {
            return Err(Inert::AlreadyRevoked);
        }
        if self.pending().count() >= RECOVERIES_MAX {
            return Err(Inert::Shape("too many recoveries wait already"));
        }
        Ok(power)
    }

    fn check_recovery_keys(&self, power: &Power) -> Result<(), Inert> {
        let is_revoked = |keyid: &KeyId| self.revoked.keys.contains_key(keyid);
        enough_recovery_keys(self.roster(), &power.signers, is_revoked)
    }

    /// Whether this shows that a recovery has waited; gives its id.
    pub(super) fn consider_recover(
        &self,
        envelope: &Envelope,
        seen: Seen,
        recover: &Recover,
    ) -> Result<StatementId, Inert> {
        if self.root_at(seen.size) != Some(seen.root) {
            return Err(Inert::Forked);
        }
        let Some(Fate::Waits(pending)) = self.recoveries.get(&recover.recovery) else {
            return Err(Inert::NoRecovery);
        };
        let signers = self.signers(envelope, &self.pending_keys())?;
        let may_say = |s: &Signer| {
            let is_known = pending.roster.admin(&s.keyid).is_some()
                || self.roster().recovery_key(&s.keyid).is_some();
            is_known && !self.revoked.keys.contains_key(&s.keyid)
        };
        if !signers.iter().any(may_say) {
            return Err(Inert::NoAuthority);
        }
        self.check_recovery_keys(&pending.power)?;
        let mut admins = pending.roster.admins.iter();
        if admins.any(|a| self.revoked.keys.contains_key(&a.key.id())) {
            return Err(Inert::Shape("it lists a revoked key"));
        }
        self.check_waited(pending, recover)?;
        Ok(pending.id)
    }

    fn check_waited(&self, pending: &Pending, recover: &Recover) -> Result<(), Inert> {
        let begun = self.covering(pending, &recover.begun)?;
        let waited = self.covering(pending, &recover.waited)?;
        let times = (
            self::begun(self.roster(), &begun),
            self::waited(self.roster(), &waited),
        );
        let (Some(begun), Some(waited)) = times else {
            return Err(Inert::NotWaited(
                "a checkpoint is not cosigned by every witness",
            ));
        };
        let delay = self
            .roster()
            .recovery
            .as_ref()
            .map_or(u64::MAX, |r| r.delay);
        // Beyond 2^53 - 1 replicas in other languages would count differently.
        if waited > INTEGER_MAX || begun.saturating_add(delay) > waited {
            return Err(Inert::NotWaited(
                "its checkpoints are less than the delay apart",
            ));
        }
        Ok(())
    }

    /// A checkpoint of this ledger that covers the recovery.
    fn covering(&self, pending: &Pending, note: &str) -> Result<Checkpoint, Inert> {
        let checkpoint = Note::parse(&self.org, note)
            .and_then(|note| note.verify(&self.org, self.roster()))
            .map_err(|_| Inert::NotWaited("a checkpoint cannot be read or verified"))?;
        let head = checkpoint.head;
        if head.size <= pending.index || self.root_at(head.size) != Some(head.root) {
            return Err(Inert::NotWaited(
                "a checkpoint is not about this ledger with the recovery in it",
            ));
        }
        Ok(checkpoint)
    }

    pub(super) fn propose(&mut self, pending: Pending) {
        let id = pending.id;
        self.recoveries.insert(id, Fate::Waits(Box::new(pending)));
    }

    pub(super) fn recover(&mut self, index: u64, id: StatementId) {
        if let Some(Fate::Waits(pending)) = self.recoveries.insert(id, Fate::InForce) {
            self.take_roster(index, pending.roster, pending.power);
        }
    }

    /// Another roster counts: those that wait were proposed in the place of the one before it.
    pub(super) fn supersede_recoveries(&mut self) {
        for fate in self.recoveries.values_mut() {
            if matches!(fate, Fate::Waits(_)) {
                *fate = Fate::Superseded;
            }
        }
    }

    pub(super) fn veto(&mut self, id: StatementId) {
        self.recoveries.insert(id, Fate::Vetoed);
    }

    pub(super) fn is_vetoed(&self, id: &StatementId) -> bool {
        self.recoveries.get(id) == Some(&Fate::Vetoed)
    }

    /// Whether this is the veto of a recovery that took effect.
    pub(super) fn is_too_late(&self, target: &Target) -> bool {
        matches!(target, Target::Recovery(id) if self.recoveries.get(id) == Some(&Fate::InForce))
    }

    /// Whether this is the veto of a recovery that waits no more: the ledger lacks nothing without it.
    pub(super) fn is_moot(&self, target: &Target) -> bool {
        let Target::Recovery(id) = target else {
            return false;
        };
        matches!(
            self.recoveries.get(id),
            Some(Fate::InForce | Fate::Superseded)
        )
    }

    /// Whether a veto is held of a recovery that took effect.
    pub(super) fn is_recovery_vetoed_in_vain(&self) -> bool {
        self.holds(|target| self.is_too_late(target))
    }
}

/// Whether signers who hold recovery keys of `roster` are as many as a recovery takes.
pub(super) fn enough_recovery_keys(
    roster: &Roster,
    signers: &[Signer],
    is_void: impl Fn(&KeyId) -> bool,
) -> Result<(), Inert> {
    let standing = signers.iter().filter(|s| !is_void(&s.keyid));
    let have = standing
        .filter(|s| roster.recovery_key(&s.keyid).is_some())
        .count() as u64;
    let need = roster.recovery.as_ref().map(|r| r.need(roster.threshold));
    match need {
        Some(need) if have >= need => Ok(()),
        need => Err(Inert::TooFewRecoveryKeys {
            have,
            need: need.unwrap_or(u64::MAX),
        }),
    }
}

fn changes_admins_alone(old: &Roster, new: &Roster) -> bool {
    let changed = Roster {
        version: new.version,
        admins: new.admins.clone(),
        threshold: new.threshold,
        audit_key: new.audit_key,
        directory_key: new.directory_key,
        ..old.clone()
    };
    changed == *new
}
