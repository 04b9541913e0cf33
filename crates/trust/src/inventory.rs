//! Every key of an organisation, for who looks after them: who holds it, in which office, until when, and what breaks
//! without it. Nothing here opens anything.

mod survey;

use serde::Serialize;

use crate::bytes::KeyId;
use crate::key::{KeyKind, PublicKey};
use crate::limits::EXPIRY_WARNINGS_DAYS;
use crate::state::{NotInForce, State};
use crate::statement::Role;

pub use survey::{Effect, Survey};

/// What a key is for. The order is that of [`keys`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Office {
    /// Gives and takes power.
    Admin,
    /// Replaces lost admin keys.
    Recovery,
    /// Opens sessions and approves those of others.
    Technician,
    /// A workstation.
    Device,
    /// Admits devices.
    Enroller,
    /// Stops technicians, or everything.
    Stopper,
    /// Vouches for the ledger.
    Witness,
    /// Signs the service's checkpoints.
    Log,
    /// Receipts are sealed to it.
    Audit,
    /// Names are sealed to it.
    Directory,
}

/// How a key is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    /// A program, in a file.
    Native,
    /// A page of one origin.
    Page,
    /// A passkey.
    Passkey,
    /// It signs nothing: others seal to it.
    Sealing,
}

/// One key. Times in milliseconds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Its id; of a key that signs nothing, the key itself.
    pub id: String,
    /// What it is for.
    pub office: Office,
    /// The opaque name of the person who holds it.
    pub person: Option<String>,
    /// The name that the roster gives a witness.
    pub witness: Option<String>,
    /// Groups that policies name.
    pub groups: Vec<String>,
    /// How it is held.
    pub held_by: HeldBy,
    /// Where it may sign; anywhere if none.
    pub origins: Vec<String>,
    /// In force before this time.
    pub until: Option<u64>,
    /// Why it does not count.
    #[serde(serialize_with = "standing_name")]
    pub standing: Result<(), NotInForce>,
    #[serde(skip)]
    keyid: Option<KeyId>,
}

fn standing_name<S: serde::Serializer>(
    standing: &Result<(), NotInForce>,
    out: S,
) -> Result<S::Ok, S::Error> {
    out.serialize_str(match standing {
        Ok(()) => "in_force",
        Err(NotInForce::NotAdmitted) => "not_admitted",
        Err(NotInForce::Expired) => "expired",
        Err(NotInForce::Revoked) => "revoked",
        Err(NotInForce::Tainted) => "tainted",
    })
}

/// All keys of the roster and all that were admitted, by office and id, in force or not.
pub fn keys(state: &State, now: u64) -> Vec<Listed> {
    let roster = state.roster();
    let revoked = |keyid: &KeyId| match state.is_key_revoked(keyid) {
        true => Err(NotInForce::Revoked),
        false => Ok(()),
    };
    let governing = |office, key: &PublicKey| Listed {
        standing: revoked(&key.id()),
        ..of_key(office, key)
    };
    let mut all: Vec<Listed> = Vec::new();
    all.extend(roster.admins.iter().map(|admin| Listed {
        person: Some(admin.person.clone()),
        ..governing(Office::Admin, &admin.key)
    }));
    let recovery = roster.recovery.iter().flat_map(|r| &r.keys);
    all.extend(recovery.map(|key| governing(Office::Recovery, key)));
    all.extend(state.entries().map(|(keyid, entry)| Listed {
        person: entry.subject.person.clone(),
        groups: entry.groups.clone(),
        until: Some(entry.until),
        standing: state.in_force(keyid, entry.role, now).map(drop),
        ..of_key(office(entry.role), &entry.subject.key)
    }));
    all.extend(roster.witnesses.iter().map(|witness| Listed {
        witness: Some(witness.name.clone()),
        ..of_key(Office::Witness, &witness.key)
    }));
    all.push(of_key(Office::Log, &roster.log_key));
    all.push(sealing(Office::Audit, roster.audit_key.to_string()));
    all.push(sealing(Office::Directory, roster.directory_key.to_string()));
    all.sort_by(|a, b| (a.office, &a.id).cmp(&(b.office, &b.id)));
    all
}

impl Listed {
    /// Its id, where it signs.
    pub fn keyid(&self) -> Option<KeyId> {
        self.keyid
    }
}

/// The warning that a key in force stands at: how many days it expires within, of [`EXPIRY_WARNINGS_DAYS`].
pub fn expiry_warning(listed: &Listed, now: u64) -> Option<u64> {
    let left = listed.until?.saturating_sub(now);
    let days = EXPIRY_WARNINGS_DAYS.into_iter();
    let is_due = |days: &u64| listed.standing.is_ok() && left <= days * 86_400_000;
    days.rev().find(is_due)
}

fn office(role: Role) -> Office {
    match role {
        Role::Technician => Office::Technician,
        Role::Device => Office::Device,
        Role::Enroller => Office::Enroller,
        Role::Stopper => Office::Stopper,
    }
}

fn of_key(office: Office, key: &PublicKey) -> Listed {
    let held_by = match key.kind() {
        KeyKind::Ed25519 if key.is_native() => HeldBy::Native,
        KeyKind::Ed25519 => HeldBy::Page,
        KeyKind::PasskeyEs256 | KeyKind::PasskeyEd25519 => HeldBy::Passkey,
    };
    Listed {
        held_by,
        origins: key.origins().to_vec(),
        keyid: Some(key.id()),
        ..sealing(office, key.id().to_string())
    }
}

fn sealing(office: Office, id: String) -> Listed {
    Listed {
        id,
        office,
        person: None,
        witness: None,
        groups: Vec::new(),
        held_by: HeldBy::Sealing,
        origins: Vec::new(),
        until: None,
        standing: Ok(()),
        keyid: None,
    }
}
