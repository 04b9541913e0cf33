//! What admins and keys say in the ledger: `roster`, `admit`, `policy`, `revoke`, `recover`.
//!
//! Shapes only; who may say what, and when it counts, is [`crate::state`].

use serde::{Deserialize, Serialize};

use crate::bounds::check_bounds;
use crate::bytes::{Blob, Hash, KeyId, OrgId, StatementId, WarrantId, X25519Public};
use crate::key::PublicKey;
use crate::limits::*;
use crate::scope::{Scope, is_scope_list};
use crate::text::{is_host, is_line, is_name, is_origin};

/// A statement as signed. `at` in milliseconds; `seen` is the ledger its author knew.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The organisation; 32 zero bytes in the genesis, whose hash is the organisation.
    pub org: OrgId,
    /// Random, unique in the ledger.
    pub id: StatementId,
    /// When its author signed, by his clock.
    pub at: u64,
    /// The ledger its author knew.
    pub seen: Seen,
    /// What it says.
    pub say: Say,
}

/// A ledger's head: how many leaves, and the Merkle root over them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Leaves.
    pub size: u64,
    /// RFC 6962 root.
    pub root: Hash,
}

/// The five kinds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Say {
    /// Who the admins are and how the organisation works.
    Roster(Box<Roster>),
    /// Keys that may act.
    Admit(Admit),
    /// What technicians may do on devices.
    Policy(Policy),
    /// What no longer counts.
    Revoke(Revoke),
    /// That a recovery has waited, and takes effect.
    Recover(Recover),
}

/// The organisation's constitution. Version 1 is the genesis.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// 1, then one more each time.
    pub version: u64,
    /// The statement format in use; this code knows 1.
    pub format: u64,
    /// The organisation's name, one line.
    pub name: String,
    /// Its domain in ASCII, shown to end users.
    pub domain: String,
    /// Admin keys with the person who holds each.
    pub admins: Vec<Admin>,
    /// How many distinct admins give power.
    pub threshold: u64,
    /// Keys that can replace the roster after a delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// Ed25519 key that signs the service's checkpoints.
    pub log_key: PublicKey,
    /// Who cosigns checkpoints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<WitnessEntry>,
    /// How many witnesses make a checkpoint fresh.
    pub quorum: u64,
    /// How old a cosignature may be, in milliseconds.
    pub max_age: u64,
    /// Where passkeys and page-held keys may sign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub console_origins: Vec<ConsoleOrigin>,
    /// Receipts' bodies are sealed to it.
    pub audit_key: X25519Public,
    /// Labels are sealed to it.
    pub directory_key: X25519Public,
}

/// One admin key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// The key.
    pub key: PublicKey,
    /// Opaque name of the person; two keys of one person count once.
    pub person: String,
    /// Commitment to the person's name, see [`crate::warrant::name_commitment`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Hash>,
    /// The name, sealed to the directory key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Blob>,
    /// The directory key, sealed to this person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectoryShare>,
}

/// The directory's private key sealed to one member, who can then read labels.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryShare {
    /// The member's X25519 key.
    pub to: X25519Public,
    /// HPKE: encapsulated key, then ciphertext.
    pub sealed: Blob,
}

/// Offline keys for the day all admin keys are lost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// The keys.
    pub keys: Vec<PublicKey>,
    /// Witnessed time between a recovery and its effect, in milliseconds.
    pub delay: u64,
}

impl Recovery {
    /// How many of the keys it takes where `threshold` admins give power.
    pub fn need(&self, threshold: u64) -> u64 {
        threshold.min(self.keys.len() as u64)
    }
}

/// A witness the organisation trusts to look.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessEntry {
    /// Name on its signature lines.
    pub name: String,
    /// Ed25519 key.
    pub key: PublicKey,
    /// Whether it folds the ledger and refuses one that lacks a revocation it was handed.
    pub holds_revocations: bool,
    /// Where revocations are handed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// An origin of console code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleOrigin {
    /// `https://host[:port]` or `http://localhost:port`.
    pub origin: String,
    /// Whose web server it is.
    pub owner: Owner,
}

/// Who runs the web server of a console origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The organisation itself: signatures there can give power.
    Customer,
    /// The service's vendor: they cannot.
    Vendor,
}

/// Keys that may act in one role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admit {
    /// As what.
    pub role: Role,
    /// One subject; devices up to 500.
    pub subjects: Vec<Subject>,
    /// Groups that policies name.
    pub groups: Vec<String>,
    /// In force before this time.
    pub until: u64,
}

/// What an admitted key is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Asks for sessions and approves those of others.
    Technician,
    /// A workstation.
    Device,
    /// May admit devices into its own groups.
    Enroller,
    /// May stop technicians and warrants, or everything.
    Stopper,
}

/// One admitted key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its signature key.
    pub key: PublicKey,
    /// A device's channel key; devices only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<X25519Public>,
    /// Opaque name of the person; technicians only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Commitment to the technician's name; technicians only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Hash>,
    /// Host name or person's name, sealed to the directory key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Blob>,
    /// The directory key, sealed to this technician.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectoryShare>,
}

/// What technicians of a group may do on devices of a group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Replaces the policy of the same name.
    pub name: String,
    /// Group of the technician (`by`).
    pub technicians: String,
    /// Group of the device.
    pub devices: String,
    /// Group whose members approve; `admins` means the roster's admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvers: Option<String>,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// Longest session, in seconds.
    pub max_seconds: u64,
    /// Whether nobody at the device needs to be asked.
    pub unattended: bool,
    /// How many distinct persons of the approvers' group must have signed.
    pub approvals: u8,
    /// When; always if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Openings of one technician on one device within an hour; unlimited if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openings_per_hour: Option<u32>,
    /// Distinct devices of one person within an hour, over the whole fleet, as witnesses count them: a warrant opens only with
    /// their counts beside it. Unlimited, and not counted, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices_per_hour: Option<u32>,
    /// Whether an attended session may open on a ledger that no witness calls fresh, the user being told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attended_when_stale: bool,
    /// Folders beneath which files are listed and fetched; everything that the device shares if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_under: Vec<String>,
    /// Folders beneath which files are put; everything that the device shares if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub write_under: Vec<String>,
    /// Users as whom shells run, the warrant names one of them; the user of the display if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shell_as: Vec<String>,
    /// Whether the warrant has to name a ticket.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ticket_required: bool,
}

/// A weekly window: on `days` (0 is Monday) from minute to minute of a clock `offset_minutes` east of UTC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// 0 Monday to 6 Sunday, each once.
    pub days: Vec<u8>,
    /// First minute of the day inside.
    pub from_minute: u16,
    /// First minute of the day outside; 1440 is midnight.
    pub to_minute: u16,
    /// East of UTC, -840..=840.
    pub offset_minutes: i16,
}

impl Hours {
    /// Whether `now` (milliseconds) lies inside.
    pub fn contain(&self, now: u64) -> bool {
        let minutes = (now / 60_000) as i64 + i64::from(self.offset_minutes);
        // 1 January 1970 was a Thursday.
        let day = (minutes.div_euclid(1440) + 3).rem_euclid(7) as u8;
        let minute = minutes.rem_euclid(1440) as u16;
        self.days.contains(&day) && (self.from_minute..self.to_minute).contains(&minute)
    }
}

/// What no longer counts, for good.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// What.
    pub target: Target,
    /// Why, one line.
    pub reason: String,
}

/// A revocation's aim. Ids may be revoked before they are sequenced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A key, in every role, for ever.
    Key(KeyId),
    /// One admission.
    Admit(StatementId),
    /// One version of a policy.
    Policy(StatementId),
    /// One warrant.
    Warrant(WarrantId),
    /// A recovery that has not taken effect: the veto of k admins.
    Recovery(StatementId),
    /// Everything, until a new roster.
    #[serde(rename = "*")]
    All,
}

/// That a recovery has waited: two checkpoints with all witnesses' cosignatures, at least the delay apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recover {
    /// The statement that holds the recovery's roster.
    pub recovery: StatementId,
    /// A checkpoint over the recovery, from which on it waits.
    pub begun: String,
    /// A checkpoint over the recovery, after the delay.
    pub waited: String,
}

impl Roster {
    /// Whether the shape is sound, apart from who signed; the error says what is not.
    pub fn check_shape(&self) -> Result<(), &'static str> {
        let persons = self.persons();
        let distinct = |ids: Vec<KeyId>| {
            ids.iter()
                .enumerate()
                .all(|(at, id)| !ids[..at].contains(id))
        };
        if self.format != 1 {
            return Err("its format is unknown to this version");
        }
        if !is_line(&self.name) || !is_host(&self.domain) {
            return Err(
                "its name is not one line, or its domain is not a host name in lower-case ASCII",
            );
        }
        if self.admins.is_empty()
            || self.admins.len() > ADMINS_MAX
            || !self.admins.iter().all(|a| is_name(&a.person))
        {
            return Err("it lists no admin, too many, or one without a person");
        }
        if !distinct(self.admins.iter().map(|a| a.key.id()).collect()) {
            return Err("it lists an admin key twice");
        }
        if self.threshold == 0 || self.threshold > persons as u64 {
            return Err("its threshold is zero or above the number of persons");
        }
        if !self.log_key.is_native()
            || !sealed_fit(self.admins.iter().map(|a| (&a.label, &a.directory)))
        {
            return Err("its log key is not a native ed25519 key, or a sealed label is too long");
        }
        if !self.console_origins.iter().all(|o| is_origin(&o.origin))
            || self.console_origins.len() > ORIGINS_MAX
        {
            return Err("a console origin is not https or http://localhost");
        }
        self.check_recovery()?;
        self.check_witnesses()
    }

    fn check_recovery(&self) -> Result<(), &'static str> {
        let Some(Recovery { keys, delay }) = &self.recovery else {
            return Ok(());
        };
        if keys.is_empty() || keys.len() > RECOVERY_KEYS_MAX {
            return Err("its recovery lists no key, or too many");
        }
        let mut all = keys.iter().enumerate();
        let fits = |(at, key): (usize, &PublicKey)| {
            let is_new = keys[..at].iter().all(|k| k.id() != key.id());
            key.is_native() && is_new && self.admin(&key.id()).is_none()
        };
        if !all.all(fits) {
            return Err("a recovery key is no native ed25519 key, listed twice, or an admin's key");
        }
        if !RECOVERY_DELAY_MS.contains(delay) {
            return Err("its recovery waits less than a day or more than 30");
        }
        Ok(())
    }

    fn check_witnesses(&self) -> Result<(), &'static str> {
        let witnesses = &self.witnesses;
        let unique = |at: usize, w: &WitnessEntry| {
            witnesses[..at]
                .iter()
                .all(|o| o.name != w.name && o.key.id() != w.key.id())
        };
        if witnesses.len() > WITNESSES_MAX
            || !witnesses
                .iter()
                .enumerate()
                .all(|(at, w)| is_name(&w.name) && w.key.is_native() && unique(at, w))
        {
            return Err("a witness has no valid name or native ed25519 key, or is listed twice");
        }
        if self.quorum > witnesses.len() as u64 {
            return Err("its quorum exceeds its witnesses");
        }
        if self.quorum > 0 && !witnesses.iter().any(|w| w.holds_revocations) {
            return Err("none of its witnesses holds revocations");
        }
        if !MAX_AGE_MS.contains(&self.max_age) {
            return Err("its max_age is outside 10 seconds to one day");
        }
        Ok(())
    }

    fn persons(&self) -> usize {
        let mut persons: Vec<&str> = self.admins.iter().map(|a| a.person.as_str()).collect();
        persons.sort_unstable();
        persons.dedup();
        persons.len()
    }

    /// The admin with this key.
    pub fn admin(&self, keyid: &KeyId) -> Option<&Admin> {
        self.admins.iter().find(|a| a.key.id() == *keyid)
    }

    /// The recovery key with this id.
    pub fn recovery_key(&self, keyid: &KeyId) -> Option<&PublicKey> {
        let mut keys = self.recovery.iter().flat_map(|r| &r.keys);
        keys.find(|key| key.id() == *keyid)
    }

    /// Who owns a console origin, if it is listed.
    pub fn origin_owner(&self, origin: &str) -> Option<Owner> {
        self.console_origins
            .iter()
            .find(|o| o.origin == origin)
            .map(|o| o.owner)
    }
}

impl Admit {
    /// Whether the shape is sound, apart from who signed.
    pub fn check_shape(&self) -> Result<(), &'static str> {
        let many = if self.role == Role::Device {
            SUBJECTS_MAX
        } else {
            1
        };
        if self.subjects.is_empty() || self.subjects.len() > many {
            return Err("it admits no key, or more than its role allows");
        }
        if self.groups.len() > GROUPS_MAX
            || !self
                .groups
                .iter()
                .all(|g| is_name(g) && !is_reserved_group(g))
        {
            return Err("a group has no valid name, is reserved, or there are too many");
        }
        if !sealed_fit(self.subjects.iter().map(|s| (&s.label, &s.directory))) {
            return Err("a sealed label is too long");
        }
        for (at, subject) in self.subjects.iter().enumerate() {
            if self.subjects[..at]
                .iter()
                .any(|s| s.key.id() == subject.key.id())
            {
                return Err("it admits a key twice");
            }
            self.check_subject(subject)?;
        }
        Ok(())
    }

    fn check_subject(&self, subject: &Subject) -> Result<(), &'static str> {
        match self.role {
            Role::Device if subject.noise.is_none() || !subject.key.is_native() => {
                Err("a device needs a native ed25519 key and a noise key")
            }
            Role::Technician
                if subject.name.is_none() || !subject.person.as_deref().is_some_and(is_name) =>
            {
                Err("a technician needs a person and a name commitment")
            }
            Role::Enroller | Role::Stopper if !subject.key.is_native() => {
                Err("an enroller or stopper needs a native ed25519 key")
            }
            Role::Technician | Role::Enroller | Role::Stopper if subject.noise.is_some() => {
                Err("only devices have a noise key")
            }
            Role::Device | Role::Enroller | Role::Stopper
                if subject.person.is_some() || subject.name.is_some() =>
            {
                Err("only technicians have a person and a name")
            }
            _ => Ok(()),
        }
    }
}

impl Policy {
    /// Whether the shape is sound, apart from who signed.
    pub fn check_shape(&self) -> Result<(), &'static str> {
        if !is_name(&self.name) || !is_name(&self.technicians) || !is_name(&self.devices) {
            return Err("its name or a group has no valid name");
        }
        if self.approvers.as_deref().is_some_and(|g| !is_name(g)) {
            return Err("its approvers' group has no valid name");
        }
        if !is_scope_list(&self.scopes) {
            return Err("its scopes are empty or repeat");
        }
        if !POLICY_SECONDS.contains(&self.max_seconds) {
            return Err("its max_seconds is outside 10 seconds to 7 days");
        }
        if self.approvals > APPROVALS_MAX || (self.approvals > 0 && self.approvers.is_none()) {
            return Err("it asks for approvals without an approvers' group, or for too many");
        }
        let allows_nothing = [self.openings_per_hour, self.devices_per_hour].contains(&Some(0));
        if allows_nothing || !self.hours.as_ref().is_none_or(hours_fit) {
            return Err("its hours or its rate allow nothing");
        }
        let (read, write) = (&self.read_under, &self.write_under);
        check_bounds(&self.scopes, read, write, &self.shell_as)
    }
}

fn hours_fit(hours: &Hours) -> bool {
    let days = &hours.days;
    !days.is_empty()
        && days
            .iter()
            .enumerate()
            .all(|(at, day)| *day < 7 && !days[..at].contains(day))
        && hours.from_minute < hours.to_minute
        && hours.to_minute <= 1440
        && (-840..=840).contains(&hours.offset_minutes)
}

/// The device group of machines that joined by a code: policies may name it, admissions may not.
pub const JOINED_GROUP: &str = "joined";

fn is_reserved_group(group: &str) -> bool {
    matches!(group, "admins" | JOINED_GROUP)
}

fn sealed_fit<'a>(
    mut parts: impl Iterator<Item = (&'a Option<Blob>, &'a Option<DirectoryShare>)>,
) -> bool {
    parts.all(|(label, share)| {
        label.as_ref().is_none_or(|b| b.0.len() <= SEALED_BYTES_MAX)
            && share
                .as_ref()
                .is_none_or(|s| s.sealed.0.len() <= SEALED_BYTES_MAX)
    })
}
