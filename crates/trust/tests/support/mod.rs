//! An organisation for tests, made of names: every key, id and time follows from them, so that a test reads as a story.
//!
//! Include it as a module in a crate that knows this one as `trust`. Admins are `ada`, `bob` and `cyd` (two give power),
//! `tess` is a technician of `support`, `abe` one of `leads`, `desk-1` a device of `office`, `watch` the witness.
#![allow(dead_code, clippy::unwrap_used)]

use trust::bytes::{Blob, sha256};
use trust::checkpoint::{Note, cosign};
use trust::envelope::{Signature, WebauthnParts, pae};
use trust::judge::{Spent, Standing};
use trust::key::{KeyKind, SigningKey};
use trust::seal::OpeningKey;
use trust::state::Outcome;
use trust::statement::*;
use trust::warrant::{OpenedName, Warrant};
use trust::*;

/// Thursday 9 October 2025, 08:53:20 UTC, in milliseconds.
pub const NOW: u64 = 1_760_000_000_000;
/// A day, in milliseconds.
pub const DAY: u64 = 86_400_000;
/// The customer's own console.
pub const OWN: &str = "https://console.hafen.example";
/// The vendor's console.
pub const VENDOR: &str = "https://app.wayleave.example";

/// Every payload type.
pub const ALL_TYPES: [PayloadType; 9] = [
    PayloadType::Statement,
    PayloadType::Warrant,
    PayloadType::Receipt,
    PayloadType::Enrol,
    PayloadType::InviteAnswer,
    PayloadType::SignIn,
    PayloadType::Socket,
    PayloadType::Beat,
    PayloadType::Count,
];

/// A named way to spoil something.
pub type Change<T> = (&'static str, fn(&mut T));

/// The native key of a name.
pub fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(sha256(&[b"key of ", name.as_bytes()]).0)
}

/// The key that a page on `origin` holds for a name.
pub fn page_key(name: &str, origin: &str) -> SigningKey {
    SigningKey::from_seed_on_origin(sha256(&[b"key of ", name.as_bytes()]).0, origin).unwrap()
}

/// The channel key of a name.
pub fn noise(name: &str) -> X25519Public {
    X25519Public(sha256(&[b"noise of ", name.as_bytes()]).0)
}

/// The key that receipts are sealed to.
pub fn audit() -> OpeningKey {
    OpeningKey::from_secret(sha256(&[b"audit"]).0).unwrap()
}

/// A person's name with the salt that opens it.
pub fn opened(person: &str) -> OpenedName {
    let salt = sha256(&[b"salt of ", person.as_bytes()]).0;
    OpenedName {
        name: format!("{}{}", person[..1].to_uppercase(), &person[1..]),
        salt: Salt(salt[..16].try_into().unwrap()),
    }
}

/// A passkey that signs with Ed25519, so that its signatures are the same in every run.
pub struct Passkey {
    pair: SigningKey,
    pub key: PublicKey,
}

/// What a passkey's signature is made from; a test changes what it is about.
pub struct Ceremony {
    pub kind: &'static str,
    pub origin: String,
    pub rp: &'static str,
    pub flags: u8,
    pub more: &'static str,
}

impl Default for Ceremony {
    fn default() -> Self {
        Self {
            kind: "webauthn.get",
            origin: OWN.to_owned(),
            rp: "hafen.example",
            flags: 0x05,
            more: r#","crossOrigin":false"#,
        }
    }
}

impl Ceremony {
    /// Authenticator data and client data over `challenge`.
    pub fn parts(&self, challenge: &Hash) -> WebauthnParts {
        let data = [
            &sha256(&[self.rp.as_bytes()]).0[..],
            &[self.flags, 0, 0, 0, 7],
        ]
        .concat();
        let client = format!(
            r#"{{"type":"{}","challenge":"{challenge}","origin":"{}"{}}}"#,
            self.kind, self.origin, self.more
        );
        WebauthnParts {
            ad: Blob(data),
            cd: Blob(client.into_bytes()),
        }
    }
}

impl Passkey {
    /// The passkey of a name, which may sign on `origins`.
    pub fn of(name: &str, origins: &[&str]) -> Self {
        let pair = key(&format!("passkey of {name}"));
        let public = pair.public().public_bytes().to_vec();
        let origins = origins.iter().map(|o| (*o).to_owned()).collect();
        let rp = Some("hafen.example".to_owned());
        let key = PublicKey::parse(KeyKind::PasskeyEd25519, public, rp, origins).unwrap();
        Self { pair, key }
    }

    /// Signs what stands in `envelope` (or would, see [`assemble`]) in this ceremony.
    pub fn sign(&self, kind: PayloadType, payload: &[u8], ceremony: &Ceremony) -> Signature {
        let parts = ceremony.parts(&Envelope::challenge(kind, payload));
        let message = [&parts.ad.0[..], &sha256(&[&parts.cd.0]).0].concat();
        Signature {
            keyid: self.key.id(),
            sig: Blob(self.pair.sign(&message).to_vec()),
            webauthn: Some(parts),
        }
    }
}

/// An envelope around any payload bytes, signed by native keys.
pub fn raw_envelope(kind: PayloadType, payload: &[u8], signers: &[&str]) -> Envelope {
    let signatures = signers
        .iter()
        .map(|name| Signature {
            keyid: key(name).id(),
            sig: Blob(key(name).sign(&pae(kind, payload)).to_vec()),
            webauthn: None,
        })
        .collect();
    Envelope::assemble(kind, payload, signatures).unwrap()
}

/// An admin as the roster lists him: `ada` or, with another key of the same person, `ada/phone`.
pub fn admin(name: &str) -> Admin {
    Admin {
        key: key(name).public().clone(),
        person: name.split('/').next().unwrap().to_owned(),
        name: None,
        label: None,
        directory: None,
    }
}

/// The roster of a new organisation: three admins, two give power, one witness.
pub fn genesis_roster() -> Roster {
    Roster {
        version: 1,
        format: 1,
        name: "Hafen Süd".to_owned(),
        domain: "hafen.example".to_owned(),
        admins: ["ada", "bob", "cyd"].map(admin).to_vec(),
        threshold: 2,
        recovery: None,
        log_key: key("log").public().clone(),
        witnesses: vec![witness("watch")],
        quorum: 1,
        max_age: 300_000,
        console_origins: vec![
            ConsoleOrigin {
                origin: OWN.to_owned(),
                owner: Owner::Customer,
            },
            ConsoleOrigin {
                origin: VENDOR.to_owned(),
                owner: Owner::Vendor,
            },
        ],
        audit_key: audit().public(),
        directory_key: noise("directory"),
    }
}

/// Recovery keys of these names, which wait three days.
pub fn recovery(names: &[&str]) -> Option<Recovery> {
    Some(Recovery {
        keys: names.iter().map(|n| key(n).public().clone()).collect(),
        delay: 3 * DAY,
    })
}

/// A witness that holds revocations.
pub fn witness(name: &str) -> WitnessEntry {
    WitnessEntry {
        name: name.to_owned(),
        key: key(name).public().clone(),
        holds_revocations: true,
        url: None,
    }
}

/// A technician whose key and person have the same name; `tess/phone` is another key of `tess`.
pub fn technician(name: &str, groups: &[&str]) -> Admit {
    let person = name.split('/').next().unwrap();
    let subject = Subject {
        person: Some(person.to_owned()),
        name: Some(opened(person).commitment()),
        ..subject(name)
    };
    admit(Role::Technician, vec![subject], groups)
}

/// A device.
pub fn device(name: &str, groups: &[&str]) -> Admit {
    let subject = Subject {
        noise: Some(noise(name)),
        ..subject(name)
    };
    admit(Role::Device, vec![subject], groups)
}

/// An enroller of these groups, or a stopper.
pub fn helper(role: Role, name: &str, groups: &[&str]) -> Admit {
    admit(role, vec![subject(name)], groups)
}

fn subject(name: &str) -> Subject {
    Subject {
        key: key(name).public().clone(),
        noise: None,
        person: None,
        name: None,
        label: None,
        directory: None,
    }
}

fn admit(role: Role, subjects: Vec<Subject>, groups: &[&str]) -> Admit {
    Admit {
        role,
        subjects,
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        until: NOW + 20 * DAY,
    }
}

/// A policy from `support` to `office`: an hour of everything, attended.
pub fn policy(name: &str) -> Policy {
    Policy {
        name: name.to_owned(),
        technicians: "support".to_owned(),
        devices: "office".to_owned(),
        approvers: None,
        scopes: Scope::ALL.to_vec(),
        max_seconds: 3600,
        unattended: false,
        approvals: 0,
        hours: None,
        openings_per_hour: None,
        devices_per_hour: None,
        attended_when_stale: false,
        read_under: Vec::new(),
        write_under: Vec::new(),
        shell_as: Vec::new(),
        ticket_required: false,
    }
}

/// A revocation.
pub fn revoke(target: Target) -> Say {
    Say::Revoke(Revoke {
        target,
        reason: "lost".to_owned(),
    })
}

/// An organisation, seen from `desk-1`, unless it is seen from elsewhere.
pub struct World {
    pub org: OrgId,
    pub leaves: Vec<Vec<u8>>,
    pub state: State,
    pub now: u64,
    pub checkpoint: Checkpoint,
    pub channel_noise: X25519Public,
    pub standing: Standing,
    pub device: &'static str,
    pub spent: Option<Spent>,
    pub openings: Vec<u64>,
    pub counts: Vec<String>,
    count: u64,
}

impl World {
    /// An organisation with its genesis alone.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same, its roster changed.
    pub fn with(change: impl FnOnce(&mut Roster)) -> Self {
        let mut roster = genesis_roster();
        change(&mut roster);
        let mut names: Vec<&str> = roster.admins.iter().map(|a| a.person.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let genesis = genesis_envelope(&roster, &names);
        let org = OrgId(genesis.digest().0);
        let state = State::genesis(org, genesis.as_bytes()).unwrap();
        let checkpoint = Checkpoint {
            head: state.head(),
            witnessed: Vec::new(),
        };
        let mut world = Self {
            org,
            leaves: vec![genesis.as_bytes().to_vec()],
            state,
            now: NOW,
            checkpoint,
            channel_noise: noise("tess"),
            standing: Standing::Enrolled,
            device: "desk-1",
            spent: None,
            openings: Vec::new(),
            counts: Vec::new(),
            count: 0,
        };
        world.refresh();
        world
    }

    /// An organisation where `tess` may open attended sessions on `desk-1`, and unattended ones if `abe` approves.
    pub fn ready() -> Self {
        let mut world = Self::new();
        world.furnish();
        world
    }

    /// Admits `tess`, `abe` and `desk-1`, and makes both policies.
    pub fn furnish(&mut self) {
        let unattended = Policy {
            unattended: true,
            approvals: 1,
            approvers: Some("leads".to_owned()),
            ..policy("unattended")
        };
        for say in [
            Say::Admit(technician("tess", &["support"])),
            Say::Admit(technician("abe", &["leads"])),
            Say::Admit(device("desk-1", &["office"])),
            Say::Policy(policy("attended")),
            Say::Policy(unattended),
        ] {
            assert_eq!(self.say(say, &["ada", "bob"]), Outcome::Counts);
        }
    }

    /// The next random-looking 16 bytes.
    pub fn id(&mut self) -> [u8; 16] {
        self.count += 1;
        let hash = sha256(&[&self.org.0, &self.count.to_be_bytes()]).0;
        hash[..16].try_into().unwrap()
    }

    /// A statement by somebody who knows the ledger as it is.
    pub fn statement(&mut self, say: Say) -> Statement {
        Statement {
            org: self.org,
            id: StatementId(self.id()),
            at: self.now,
            seen: self.state.head(),
            say,
        }
    }

    /// The same, signed, and not sequenced.
    pub fn signed(&mut self, say: Say, signers: &[&str]) -> Envelope {
        sign(&self.statement(say), signers)
    }

    /// Sequences a leaf.
    pub fn put(&mut self, envelope: &Envelope) -> Outcome {
        self.put_bytes(envelope.as_bytes())
    }

    /// Sequences any bytes.
    pub fn put_bytes(&mut self, leaf: &[u8]) -> Outcome {
        self.leaves.push(leaf.to_vec());
        let outcome = self.state.append(leaf);
        self.refresh();
        outcome
    }

    /// Signs and sequences.
    pub fn say(&mut self, say: Say, signers: &[&str]) -> Outcome {
        let envelope = self.signed(say, signers);
        self.put(&envelope)
    }

    /// Gives power as two admins do.
    pub fn give(&mut self, say: Say) {
        assert_eq!(self.say(say, &["ada", "bob"]), Outcome::Counts);
    }

    /// The roster that would follow the one in force.
    pub fn next_roster(&self) -> Roster {
        let roster = self.state.roster().clone();
        Roster {
            version: roster.version + 1,
            ..roster
        }
    }

    /// A checkpoint of the ledger as it is, signed by the log key alone.
    pub fn note(&self) -> Note {
        Note::sign(&self.org, self.state.head(), &key("log"))
    }

    /// A checkpoint of the ledger as it is, cosigned by each of these witnesses at its time (milliseconds).
    pub fn cosigned(&self, witnesses: &[(&str, u64)]) -> String {
        let mut note = self.note();
        for (name, at) in witnesses {
            let line = cosign(&note, name, &key(name), at / 1000);
            note.add_line(&line).unwrap();
        }
        note.to_string()
    }

    /// Takes a checkpoint that `watch` cosigned this second.
    pub fn refresh(&mut self) {
        let mut note = self.note();
        let line = cosign(&note, "watch", &key("watch"), self.now / 1000);
        note.add_line(&line).unwrap();
        self.checkpoint = note.verify(&self.org, self.state.roster()).unwrap();
    }

    /// An attended warrant of `tess` on `desk-1` to see the screen for ten minutes.
    pub fn warrant(&mut self) -> Warrant {
        Warrant {
            org: self.org,
            id: WarrantId(self.id()),
            device: key(self.device).id(),
            by: key("tess").id(),
            noise: noise("tess"),
            scopes: vec![Scope::View],
            bounds: Bounds::default(),
            from: self.now,
            until: self.now + 600_000,
            attended: true,
            why: "printer is stuck".to_owned(),
            ticket: None,
            name: opened("tess"),
            seen: self.state.head(),
        }
    }

    /// What the device knows.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            state: &self.state,
            checkpoint: &self.checkpoint,
            now: self.now,
            device: key(self.device).id(),
            device_noise: noise(self.device),
            standing: self.standing,
            channel_noise: self.channel_noise,
            spent: self.spent.clone(),
            openings: &self.openings,
            counts: &self.counts,
        }
    }

    /// What the device says to this warrant.
    pub fn judge(&self, envelope: &Envelope) -> Result<Verdict, Refusal> {
        judge(&self.facts(), envelope.as_bytes())
    }

    /// What the device says to this warrant, signed by these names.
    pub fn ask(&self, warrant: &Warrant, signers: &[&str]) -> Result<Verdict, Refusal> {
        self.judge(&sign_warrant(warrant, signers))
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Signs a statement with native keys.
pub fn sign(statement: &Statement, signers: &[&str]) -> Envelope {
    let keys: Vec<SigningKey> = signers.iter().map(|name| key(name)).collect();
    Envelope::sign(
        PayloadType::Statement,
        statement,
        &keys.iter().collect::<Vec<_>>(),
    )
    .unwrap()
}

/// Signs a warrant with native keys.
pub fn sign_warrant(warrant: &Warrant, signers: &[&str]) -> Envelope {
    let keys: Vec<SigningKey> = signers.iter().map(|name| key(name)).collect();
    Envelope::sign(
        PayloadType::Warrant,
        warrant,
        &keys.iter().collect::<Vec<_>>(),
    )
    .unwrap()
}

/// The first statement of an organisation.
pub fn genesis_statement(roster: &Roster) -> Statement {
    Statement {
        org: OrgId([0; 32]),
        id: StatementId([1; 16]),
        at: NOW - DAY,
        seen: Seen {
            size: 0,
            root: sha256(&[]),
        },
        say: Say::Roster(Box::new(roster.clone())),
    }
}

/// The first statement, signed by these names.
pub fn genesis_envelope(roster: &Roster, signers: &[&str]) -> Envelope {
    sign(&genesis_statement(roster), signers)
}
