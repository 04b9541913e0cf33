//! What breaks without one key: the organisation as it is, held against the organisation without it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Listed, Office};
use crate::bytes::KeyId;
use crate::key::PublicKey;
use crate::state::{Authority, Entry, State};
use crate::statement::{Owner, Policy, Role};

/// Something that follows when a key no longer counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// The device itself is closed.
    DeviceClosed,
    /// A policy is left without a device.
    PolicyWithoutDevice(String),
    /// A policy is left without a technician.
    PolicyWithoutTechnician(String),
    /// Nobody can collect the approvals that a policy asks for.
    PolicyWithoutApprovers {
        /// The policy.
        policy: String,
        /// How many persons could approve for the technician for whom most could.
        have: usize,
        /// How many it takes.
        need: usize,
    },
    /// Devices that somebody can open, and then nobody.
    DevicesUnopenable(Vec<KeyId>),
    /// Too few admins are left to give power.
    ThresholdUnreachable {
        /// Persons left who can.
        left: u64,
        /// How many it takes.
        need: u64,
        /// Whether recovery keys could replace them.
        recoverable: bool,
    },
    /// Too few recovery keys are left.
    RecoveryUnreachable {
        /// Keys left.
        left: u64,
        /// How many it takes.
        need: u64,
    },
    /// Too few witnesses are left.
    QuorumUnreachable {
        /// Witnesses left.
        left: u64,
        /// How many it takes.
        need: u64,
    },
    /// No witness that holds revocations is left.
    NoRevocationHolder,
    /// The person holds no other key that counts.
    LastKeyOfPerson(String),
    /// No stopper is left.
    LastStopper,
    /// Devices that an enroller admitted, which stay.
    EnrolledDevicesStay(usize),
    /// The ledger is not fresh without it.
    LedgerNeverFresh,
    /// A revocation does nothing to it.
    OnlyByRoster,
}

/// The keys in force, counted once for many questions.
pub struct Survey<'a> {
    state: &'a State,
    technicians: Vec<(KeyId, &'a Entry)>,
    devices: Vec<(KeyId, &'a Entry)>,
    devices_of: BTreeMap<&'a str, usize>,
    stoppers: Vec<KeyId>,
    open_now: BTreeSet<&'a str>,
}

/// Whether anybody can use a policy.
enum Usable {
    Yes,
    NoTechnician,
    NoApprovers { have: usize, need: usize },
}

impl<'a> Survey<'a> {
    /// Of the organisation at `now`, in milliseconds.
    pub fn new(state: &'a State, now: u64) -> Self {
        let of_role = |role| {
            let entries = state.entries().map(|(keyid, entry)| (*keyid, entry));
            entries.filter(move |(keyid, _)| state.in_force(keyid, role, now).is_ok())
        };
        let is_able = |(_, entry): &(KeyId, &Entry)| can_sign(state, &entry.subject.key);
        let devices: Vec<(KeyId, &Entry)> = of_role(Role::Device).collect();
        let mut devices_of = BTreeMap::new();
        for group in devices.iter().flat_map(|(_, entry)| &entry.groups) {
            *devices_of.entry(group.as_str()).or_default() += 1;
        }
        let mut survey = Self {
            state,
            technicians: of_role(Role::Technician).filter(is_able).collect(),
            devices,
            devices_of,
            stoppers: of_role(Role::Stopper).map(|(keyid, _)| keyid).collect(),
            open_now: BTreeSet::new(),
        };
        survey.open_now = survey.open_groups(None);
        survey
    }

    /// Everything that follows when this key no longer counts, or is lost.
    pub fn without(&self, key: &Listed) -> Vec<Effect> {
        let Some(keyid) = key.keyid() else {
            return vec![Effect::OnlyByRoster];
        };
        if key.standing.is_err() {
            return Vec::new();
        }
        let mut effects = match key.office {
            Office::Admin => self.without_admin(keyid),
            Office::Recovery => self.without_recovery(keyid),
            Office::Technician => self.without_signer(keyid),
            Office::Device => self.without_device(&key.groups),
            Office::Enroller => self.without_enroller(keyid),
            Office::Stopper => self.without_stopper(keyid),
            Office::Witness => self.without_witness(keyid),
            Office::Log => vec![Effect::LedgerNeverFresh, Effect::OnlyByRoster],
            Office::Audit | Office::Directory => vec![Effect::OnlyByRoster],
        };
        if let Some(person) = &key.person
            && !self.has_another(person, keyid)
        {
            effects.push(Effect::LastKeyOfPerson(person.clone()));
        }
        effects
    }

    fn without_admin(&self, gone: KeyId) -> Vec<Effect> {
        let need = self.state.roster().threshold;
        let (before, left) = (self.givers(None), self.givers(Some(gone)));
        let mut effects = Vec::new();
        if before >= need && left < need {
            effects.push(Effect::ThresholdUnreachable {
                left,
                need,
                recoverable: self.is_recoverable(None),
            });
        }
        effects.extend(self.without_signer(gone));
        effects
    }

    fn without_recovery(&self, gone: KeyId) -> Vec<Effect> {
        let (left, need) = self.recovery(Some(gone));
        if self.is_recoverable(None) && left < need {
            vec![Effect::RecoveryUnreachable { left, need }]
        } else {
            Vec::new()
        }
    }

    /// Without one who asks or approves.
    fn without_signer(&self, gone: KeyId) -> Vec<Effect> {
        let mut effects = Vec::new();
        for policy in self.policies() {
            if !matches!(self.usable(policy, None), Usable::Yes) {
                continue;
            }
            let name = policy.name.clone();
            match self.usable(policy, Some(gone)) {
                Usable::Yes => {}
                Usable::NoTechnician => effects.push(Effect::PolicyWithoutTechnician(name)),
                Usable::NoApprovers { have, need } => {
                    effects.push(Effect::PolicyWithoutApprovers {
                        policy: name,
                        have,
                        need,
                    });
                }
            }
        }
        if effects.is_empty() {
            return effects;
        }
        let open_then = self.open_groups(Some(gone));
        let is_in = |entry: &Entry, groups: &BTreeSet<&str>| {
            entry.groups.iter().any(|g| groups.contains(g.as_str()))
        };
        let closing = self
            .devices
            .iter()
            .filter(|(_, entry)| is_in(entry, &self.open_now) && !is_in(entry, &open_then));
        let mut closing: Vec<KeyId> = closing.map(|(keyid, _)| *keyid).collect();
        closing.sort_by_key(KeyId::to_string);
        if !closing.is_empty() {
            effects.push(Effect::DevicesUnopenable(closing));
        }
        effects
    }

    fn without_device(&self, groups: &[String]) -> Vec<Effect> {
        let is_last = |policy: &&Policy| {
            groups.contains(&policy.devices)
                && self.devices_of.get(policy.devices.as_str()) == Some(&1)
        };
        let policies = self.policies().filter(is_last);
        let policies = policies.map(|policy| Effect::PolicyWithoutDevice(policy.name.clone()));
        std::iter::once(Effect::DeviceClosed)
            .chain(policies)
            .collect()
    }

    fn without_enroller(&self, gone: KeyId) -> Vec<Effect> {
        let own = self.state.entry(&gone).map(|entry| entry.admit);
        let of_it = |(_, entry): &&(KeyId, &Entry)| match entry.power.by {
            Authority::Enroller(admit) => own == Some(admit),
            _ => false,
        };
        match self.devices.iter().filter(of_it).count() {
            0 => Vec::new(),
            stay => vec![Effect::EnrolledDevicesStay(stay)],
        }
    }

    fn without_stopper(&self, gone: KeyId) -> Vec<Effect> {
        if self.stoppers.iter().any(|keyid| *keyid != gone) {
            Vec::new()
        } else {
            vec![Effect::LastStopper]
        }
    }

    fn without_witness(&self, gone: KeyId) -> Vec<Effect> {
        let roster = self.state.roster();
        let left = || roster.witnesses.iter().filter(|w| w.key.id() != gone);
        let (count, need) = (left().count() as u64, roster.quorum);
        let mut effects = Vec::new();
        if count < need {
            effects.push(Effect::QuorumUnreachable { left: count, need });
        } else if need > 0 && !left().any(|w| w.holds_revocations) {
            effects.push(Effect::NoRevocationHolder);
        }
        effects.push(Effect::OnlyByRoster);
        effects
    }

    fn policies(&self) -> impl Iterator<Item = &'a Policy> {
        self.state.policies().map(|entry| &entry.policy)
    }

    /// The groups of devices that somebody can open.
    fn open_groups(&self, gone: Option<KeyId>) -> BTreeSet<&'a str> {
        self.policies()
            .filter(|policy| matches!(self.usable(policy, gone), Usable::Yes))
            .map(|policy| policy.devices.as_str())
            .collect()
    }

    fn usable(&self, policy: &Policy, gone: Option<KeyId>) -> Usable {
        let need = usize::from(policy.approvals);
        let approvers = self.approvers(policy, gone);
        let most = self
            .technicians
            .iter()
            .filter(|(keyid, entry)| {
                Some(*keyid) != gone && entry.groups.contains(&policy.technicians)
            })
            .map(|(_, entry)| {
                let own = entry.subject.person.as_deref();
                approvers.iter().filter(|p| Some(**p) != own).count()
            })
            .max();
        match most {
            None => Usable::NoTechnician,
            Some(have) if have < need => Usable::NoApprovers { have, need },
            Some(_) => Usable::Yes,
        }
    }

    /// The persons who could approve.
    fn approvers(&self, policy: &Policy, gone: Option<KeyId>) -> BTreeSet<&'a str> {
        match policy.approvers.as_deref() {
            None => BTreeSet::new(),
            Some("admins") => self
                .admins(gone)
                .filter(|a| can_sign(self.state, &a.key))
                .map(|a| a.person.as_str())
                .collect(),
            Some(group) => self
                .technicians
                .iter()
                .filter(|(keyid, entry)| {
                    Some(*keyid) != gone && entry.groups.iter().any(|g| g == group)
                })
                .filter_map(|(_, entry)| entry.subject.person.as_deref())
                .collect(),
        }
    }

    fn admins(&self, gone: Option<KeyId>) -> impl Iterator<Item = &'a crate::statement::Admin> {
        let state = self.state;
        let admins = state.roster().admins.iter();
        admins.filter(move |a| Some(a.key.id()) != gone && state.admin(&a.key.id()).is_some())
    }

    /// How many persons can give power.
    fn givers(&self, gone: Option<KeyId>) -> u64 {
        let roster = self.state.roster();
        let gives = |key: &PublicKey| {
            let own = |o: &String| roster.origin_owner(o) == Some(Owner::Customer);
            key.origins().is_empty() || key.origins().iter().any(own)
        };
        let able = self.admins(gone).filter(|a| gives(&a.key));
        able.map(|a| &a.person).collect::<BTreeSet<_>>().len() as u64
    }

    /// Recovery keys that count, and how many it takes.
    fn recovery(&self, gone: Option<KeyId>) -> (u64, u64) {
        let roster = self.state.roster();
        let Some(recovery) = &roster.recovery else {
            return (0, 1);
        };
        let counts =
            |key: &&PublicKey| Some(key.id()) != gone && !self.state.is_key_revoked(&key.id());
        let left = recovery.keys.iter().filter(counts).count() as u64;
        (left, recovery.need(roster.threshold))
    }

    fn is_recoverable(&self, gone: Option<KeyId>) -> bool {
        let (left, need) = self.recovery(gone);
        left >= need
    }

    fn has_another(&self, person: &str, gone: KeyId) -> bool {
        let technicians = self.technicians.iter().filter(|(keyid, _)| *keyid != gone);
        let mut persons = technicians
            .filter_map(|(_, entry)| entry.subject.person.as_deref())
            .chain(self.admins(Some(gone)).map(|a| a.person.as_str()));
        persons.any(|other| other == person)
    }
}

/// Whether the roster lists a place where this key may sign.
fn can_sign(state: &State, key: &PublicKey) -> bool {
    let is_listed = |o: &String| state.roster().origin_owner(o).is_some();
    key.origins().is_empty() || key.origins().iter().any(is_listed)
}

impl Effect {
    /// A stable name for programs and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Effect::DeviceClosed => "device_closed",
            Effect::PolicyWithoutDevice(_) => "policy_without_device",
            Effect::PolicyWithoutTechnician(_) => "policy_without_technician",
            Effect::PolicyWithoutApprovers { .. } => "policy_without_approvers",
            Effect::DevicesUnopenable(_) => "devices_unopenable",
            Effect::ThresholdUnreachable { .. } => "threshold_unreachable",
            Effect::RecoveryUnreachable { .. } => "recovery_unreachable",
            Effect::QuorumUnreachable { .. } => "quorum_unreachable",
            Effect::NoRevocationHolder => "no_revocation_holder",
            Effect::LastKeyOfPerson(_) => "last_key_of_person",
            Effect::LastStopper => "last_stopper",
            Effect::EnrolledDevicesStay(_) => "enrolled_devices_stay",
            Effect::LedgerNeverFresh => "ledger_never_fresh",
            Effect::OnlyByRoster => "only_by_roster",
        }
    }

    /// Whether something stops working, or it is only good to know.
    pub fn is_breakage(&self) -> bool {
        !matches!(
            self,
            Effect::EnrolledDevicesStay(_) | Effect::OnlyByRoster | Effect::LastKeyOfPerson(_)
        )
    }

    /// The devices that it is about, where they are not the key's own.
    pub fn devices(&self) -> &[KeyId] {
        match self {
            Effect::DevicesUnopenable(devices) => devices,
            _ => &[],
        }
    }

    /// For people: a sentence without its full stop.
    pub fn text(&self) -> String {
        match self {
            Effect::DeviceClosed => {
                "nobody opens this device until it is enrolled anew with new keys".to_owned()
            }
            Effect::PolicyWithoutDevice(policy) => {
                format!("the policy {policy} is left without a device")
            }
            Effect::PolicyWithoutTechnician(policy) => {
                format!("the policy {policy} is left without a technician")
            }
            Effect::PolicyWithoutApprovers { policy, have, need } => format!(
                "the policy {policy} asks for approvals by {need}, and at most {have} could approve"
            ),
            Effect::DevicesUnopenable(devices) => match devices.len() {
                1 => "nobody can open 1 device any more".to_owned(),
                more => format!("nobody can open {more} devices any more"),
            },
            Effect::ThresholdUnreachable {
                left,
                need,
                recoverable: true,
            } => format!(
                "{left} of the {need} admins that it takes are left: nobody gives power before a recovery"
            ),
            Effect::ThresholdUnreachable { left, need, .. } => format!(
                "{left} of the {need} admins that it takes are left, and no recovery key could replace them: nobody ever gives \
                 power again"
            ),
            Effect::RecoveryUnreachable { left, need } => format!(
                "{left} of the {need} recovery keys that it takes are left: lost admin keys could not be replaced"
            ),
            Effect::QuorumUnreachable { left, need } => format!(
                "{left} of the {need} witnesses that it takes are left: sessions pause, and unattended ones are refused"
            ),
            Effect::NoRevocationHolder => {
                "no witness that holds revocations is left: sessions pause, and unattended ones are refused".to_owned()
            }
            Effect::LastKeyOfPerson(_) => "the person holds no other key that counts".to_owned(),
            Effect::LastStopper => "no stopper is left: only admins stop everything".to_owned(),
            Effect::EnrolledDevicesStay(1) => "the device that it admitted stays admitted".to_owned(),
            Effect::EnrolledDevicesStay(count) => {
                format!("the {count} devices that it admitted stay admitted")
            }
            Effect::LedgerNeverFresh => {
                "no checkpoint counts without it: sessions pause, and unattended ones are refused".to_owned()
            }
            Effect::OnlyByRoster => {
                "a revocation does nothing to it: a new roster replaces it".to_owned()
            }
        }
    }
}
