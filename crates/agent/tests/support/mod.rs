//! An organisation for tests: its keys, its ledger, its service's word.
#![allow(dead_code, clippy::unwrap_used)]

pub mod service;
pub mod xvfb;

use trust::bytes::{OrgId, Salt, StatementId, WarrantId, X25519Public, sha256};
use trust::checkpoint::Note;
use trust::envelope::{Envelope, PayloadType};
use trust::key::{PublicKey, SigningKey};
use trust::seal::OpeningKey;
use trust::statement::*;
use trust::warrant::{OpenedName, Warrant, name_commitment};
use trust::{Scope, State};
use wayleave_agent::clock::{os_random, wall_ms};

/// Days that tests live.
const DAY_MS: u64 = 86_400_000;

pub struct Org {
    pub id: OrgId,
    pub admin: SigningKey,
    pub log: SigningKey,
    pub technician: SigningKey,
    pub audit: OpeningKey,
    pub leaves: Vec<String>,
    pub state: State,
}

pub const ALL: &[Scope] = &Scope::ALL;

impl Org {
    /// An organisation with one admin, quorum 0, one technician in the group `support`.
    pub fn new() -> Self {
        let [admin, log, technician] = [1, 2, 3].map(|_| SigningKey::from_seed(os_random()));
        let audit = OpeningKey::from_secret(os_random()).unwrap();
        let roster = Roster {
            version: 1,
            format: 1,
            name: "Acme".into(),
            domain: "acme.example".into(),
            admins: vec![Admin {
                key: admin.public().clone(),
                person: "ada".into(),
                name: None,
                label: None,
                directory: None,
            }],
            threshold: 1,
            recovery: None,
            log_key: log.public().clone(),
            witnesses: vec![],
            quorum: 0,
            max_age: 300_000,
            console_origins: vec![],
            audit_key: audit.public(),
            directory_key: audit.public(),
        };
        let statement = Statement {
            org: OrgId([0; 32]),
            id: StatementId(os_random()),
            at: wall_ms(),
            seen: Seen {
                size: 0,
                root: sha256(&[]),
            },
            say: Say::Roster(Box::new(roster)),
        };
        let genesis = Envelope::sign(PayloadType::Statement, &statement, &[&admin]).unwrap();
        let id = OrgId(genesis.digest().0);
        let state = State::genesis(id, genesis.as_bytes()).unwrap();
        let leaves = vec![genesis.to_text()];
        let mut org = Self {
            id,
            admin,
            log,
            technician,
            audit,
            leaves,
            state,
        };
        let subject = Subject {
            key: org.technician.public().clone(),
            noise: None,
            person: Some("tim".into()),
            name: Some(name_commitment(&Salt([7; 16]), "Tim Roe")),
            label: None,
            directory: None,
        };
        org.admit(Role::Technician, subject, "support");
        org
    }

    pub fn admit_device(&mut self, key: &PublicKey, noise: X25519Public) {
        let (person, name, label, directory) = (None, None, None, None);
        let subject = Subject {
            key: key.clone(),
            noise: Some(noise),
            person,
            name,
            label,
            directory,
        };
        self.admit(Role::Device, subject, "desks");
    }

    fn admit(&mut self, role: Role, subject: Subject, group: &str) {
        let until = wall_ms() + 20 * DAY_MS;
        let admit = Admit {
            role,
            subjects: vec![subject],
            groups: vec![group.into()],
            until,
        };
        self.append(Say::Admit(admit));
    }

    pub fn policy(&mut self, unattended: bool) {
        self.append(Say::Policy(Policy {
            name: "all".into(),
            technicians: "support".into(),
            devices: "desks".into(),
            approvers: None,
            scopes: ALL.to_vec(),
            max_seconds: 3600,
            unattended,
            approvals: 0,
            hours: None,
            openings_per_hour: None,
            devices_per_hour: None,
            attended_when_stale: false,
            read_under: Vec::new(),
            write_under: Vec::new(),
            shell_as: Vec::new(),
            ticket_required: false,
        }));
    }

    pub fn append(&mut self, say: Say) {
        let leaf = self.sign(say);
        let outcome = self.state.append(leaf.as_bytes());
        assert_eq!(outcome, trust::state::Outcome::Counts);
        self.leaves.push(leaf.to_text());
    }

    /// A revocation, not in the ledger.
    pub fn revocation(&self, target: Target) -> String {
        self.sign(Say::Revoke(Revoke {
            target,
            reason: "a test".into(),
        }))
        .to_text()
    }

    fn sign(&self, say: Say) -> Envelope {
        let statement = Statement {
            org: self.id,
            id: StatementId(os_random()),
            at: wall_ms(),
            seen: self.state.head(),
            say,
        };
        Envelope::sign(PayloadType::Statement, &statement, &[&self.admin]).unwrap()
    }

    pub fn note(&self) -> String {
        Note::sign(&self.id, self.state.head(), &self.log).to_string()
    }

    /// The checkpoint when the ledger had `size` leaves.
    pub fn note_of(&self, size: u64) -> String {
        let head = Seen {
            size,
            root: self.state.root_at(size).unwrap(),
        };
        Note::sign(&self.id, head, &self.log).to_string()
    }

    /// A warrant for a device over a channel key, for `seconds`.
    pub fn warrant(
        &self,
        device: &PublicKey,
        noise: X25519Public,
        scopes: &[Scope],
        attended: bool,
    ) -> Warrant {
        let now = wall_ms();
        Warrant {
            org: self.id,
            id: WarrantId(os_random()),
            device: device.id(),
            by: self.technician.id(),
            noise,
            scopes: scopes.to_vec(),
            bounds: trust::Bounds::default(),
            from: now - 1000,
            until: now + 600_000,
            attended,
            why: "the printer".into(),
            ticket: None,
            name: OpenedName {
                name: "Tim Roe".into(),
                salt: Salt([7; 16]),
            },
            seen: self.state.head(),
        }
    }

    pub fn sign_warrant(&self, warrant: &Warrant) -> String {
        Envelope::sign(PayloadType::Warrant, warrant, &[&self.technician])
            .unwrap()
            .to_text()
    }
}
