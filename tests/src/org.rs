//! An organisation as its own admins hold it: every private key that the service never sees.

use std::sync::Mutex;

use api::ledger::Appended;
use api::org::{OrgMade, ServerInfo};
use trust::bytes::{Blob, sha256};
use trust::envelope::{Envelope, PayloadType, Signature, WebauthnParts};
use trust::key::KeyKind;
use trust::proof::InviteAnswer;
use trust::seal::{OpeningKey, Use, seal, seal_label};
use trust::state::Outcome;
use trust::statement::{
    Admin, Admit, ConsoleOrigin, DirectoryShare, Owner, Policy, Revoke, Role, Roster, Say, Seen,
    Statement, Subject, Target, WitnessEntry,
};
use trust::warrant::{OpenedName, Warrant};
use trust::{
    Hash, KeyId, OrgId, PublicKey, Salt, Scope, SigningKey, State, StatementId, WarrantId,
    X25519Public,
};

use crate::stage::Agent;
use crate::{now_ms, random};

/// The customer's own console.
pub const CONSOLE: &str = "https://console.hafen.example";
/// An origin that a key of the organisation may sign on, and the roster does not list.
pub const ELSEWHERE: &str = "https://elsewhere.hafen.example";
const DAY_MS: u64 = 86_400_000;

/// An organisation with its keys and its own fold of the ledger.
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// The admin whose one signature gives power.
    pub ada: SigningKey,
    /// Another admin, another person.
    pub bob: SigningKey,
    /// Opens receipts.
    pub audit: OpeningKey,
    /// Opens names and requests for approval.
    pub directory: OpeningKey,
    /// The ledger as its admins know it.
    pub state: State,
    url: String,
    http: reqwest::Client,
    sent: Mutex<u64>,
}

/// Somebody who opens sessions or approves them.
pub struct Person {
    /// The key, where it is one that signs by itself.
    pub key: SigningKey,
    /// The name that the admission commits to.
    pub name: OpenedName,
}

impl Person {
    /// Somebody new.
    pub fn new(name: &str) -> Self {
        let key = SigningKey::from_seed(random());
        Self {
            key,
            name: OpenedName {
                name: name.to_owned(),
                salt: Salt(random()),
            },
        }
    }
}

impl Org {
    /// Makes one on a service, with consoles of its own.
    pub async fn found(url: &str, witness: WitnessEntry, max_age: u64, consoles: &[&str]) -> Self {
        Self::found_with(url, vec![witness], 1, max_age, consoles).await
    }

    /// The same, with so many of these witnesses making its ledger fresh.
    pub async fn found_with(
        url: &str,
        witnesses: Vec<WitnessEntry>,
        quorum: u64,
        max_age: u64,
        consoles: &[&str],
    ) -> Self {
        let http = reqwest::Client::new();
        let info: ServerInfo = http
            .get(format!("{url}/v1/server"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let (ada, bob) = (
            SigningKey::from_seed(random()),
            SigningKey::from_seed(random()),
        );
        let audit = OpeningKey::from_secret(random()).unwrap();
        let directory = OpeningKey::from_secret(random()).unwrap();
        let roster = Roster {
            version: 1,
            format: 1,
            name: "Hafen Süd".to_owned(),
            domain: "hafen.example".to_owned(),
            admins: vec![admin(&ada, "ada"), admin(&bob, "bob")],
            threshold: 1,
            recovery: None,
            log_key: info.log_key,
            witnesses,
            quorum,
            max_age,
            console_origins: consoles.iter().map(|origin| own_origin(origin)).collect(),
            audit_key: audit.public(),
            directory_key: directory.public(),
        };
        let genesis = genesis(roster, &ada);
        let answer = http
            .post(format!("{url}/v1/orgs"))
            .body(genesis.to_text())
            .send()
            .await
            .unwrap();
        let made: OrgMade = answer.json().await.unwrap();
        let state = State::genesis(made.org, genesis.as_bytes()).unwrap();
        Self {
            id: made.org,
            ada,
            bob,
            audit,
            directory,
            state,
            url: url.to_owned(),
            http,
            sent: Mutex::new(0),
        }
    }

    /// A statement over the ledger as its admins know it, signed by `by`.
    pub fn signed(&self, say: Say, by: &SigningKey) -> Envelope {
        *self.sent.lock().unwrap() += 1;
        let statement = Statement {
            org: self.id,
            id: StatementId(random()),
            at: now_ms(),
            seen: self.state.head(),
            say,
        };
        Envelope::sign(PayloadType::Statement, &statement, &[by]).unwrap()
    }

    /// Takes a leaf that somebody sequenced.
    pub fn fold(&mut self, leaf: &Envelope) -> Outcome {
        self.state.append(leaf.as_bytes())
    }

    /// An admin says something, and the service sequences it.
    pub async fn say(&mut self, say: Say) -> Envelope {
        let envelope = self.signed(say, &self.ada);
        self.publish(&envelope).await;
        envelope
    }

    /// Hands the service a statement.
    pub async fn publish(&mut self, envelope: &Envelope) {
        let url = format!("{}/v1/orgs/{}/ledger", self.url, self.id);
        let answer = self
            .http
            .post(url)
            .body(envelope.to_text())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        assert!(
            status.is_success(),
            "{status}: {}",
            answer.text().await.unwrap()
        );
        assert_eq!(self.fold(envelope), Outcome::Counts);
    }

    /// Hands the service a statement without folding it: where it stands now.
    pub async fn append(&self, envelope: &Envelope) -> Result<Appended, reqwest::Error> {
        let url = format!("{}/v1/orgs/{}/ledger", self.url, self.id);
        let answer = self.http.post(url).body(envelope.to_text()).send().await?;
        answer.error_for_status()?.json().await
    }

    /// Admits a device whose keys the admin read at the machine itself.
    pub async fn admit_device(&mut self, agent: &Agent, groups: &[&str]) {
        self.say(device(agent, groups)).await;
    }

    /// Admits somebody new as a technician.
    pub async fn technician(&mut self, name: &str, groups: &[&str]) -> Person {
        let person = Person::new(name);
        self.say(technician(&person, groups)).await;
        person
    }

    /// Admits somebody whose answer to an invitation was handed over; he reads names from then on.
    pub async fn admit_answer(
        &mut self,
        answer: &Envelope,
        person: &str,
        groups: &[&str],
    ) -> KeyId {
        let answer = InviteAnswer::verify(answer).unwrap();
        let keyid = answer.key.id();
        let subject = Subject {
            person: Some(person.to_owned()),
            name: Some(answer.name),
            label: Some(seal_label(&self.id, &self.directory.public(), person, random()).unwrap()),
            directory: Some(self.share(&answer.directory_to)),
            ..bare(answer.key)
        };
        self.say(Say::Admit(admission(Role::Technician, subject, groups)))
            .await;
        keyid
    }

    fn share(&self, to: &X25519Public) -> DirectoryShare {
        let secret = self.directory.secret();
        let sealed = seal(to, Use::Directory, &self.id.0, secret, random()).unwrap();
        DirectoryShare { to: *to, sealed }
    }

    /// Admits a stopper, which the service will hold.
    pub async fn stopper(&mut self) -> SigningKey {
        let key = SigningKey::from_seed(random());
        self.say(Say::Admit(admission(
            Role::Stopper,
            bare(key.public().clone()),
            &[],
        )))
        .await;
        key
    }

    /// A warrant as an honest technician composes it: unattended, on this device, over this channel key, for ten minutes.
    pub fn warrant(
        &self,
        by: &Person,
        device: KeyId,
        noise: X25519Public,
        scopes: &[Scope],
    ) -> Warrant {
        let now = now_ms();
        Warrant {
            org: self.id,
            id: WarrantId(random()),
            device,
            by: by.key.id(),
            noise,
            scopes: scopes.to_vec(),
            bounds: trust::Bounds::default(),
            from: now,
            until: now + 600_000,
            attended: false,
            why: "The printer is stuck".to_owned(),
            ticket: None,
            name: by.name.clone(),
            seen: self.state.head(),
        }
    }
}

/// A warrant signed by these keys.
pub fn sign_warrant(warrant: &Warrant, by: &[&SigningKey]) -> Envelope {
    Envelope::sign(PayloadType::Warrant, warrant, by).unwrap()
}

/// The admission of a device.
pub fn device(agent: &Agent, groups: &[&str]) -> Say {
    let subject = Subject {
        noise: Some(agent.noise),
        ..bare(agent.key.clone())
    };
    Say::Admit(admission(Role::Device, subject, groups))
}

/// The admission of a technician.
pub fn technician(person: &Person, groups: &[&str]) -> Say {
    Say::Admit(admission(
        Role::Technician,
        subject_of(person, person.key.public().clone()),
        groups,
    ))
}

/// The admission of a technician whose key is a passkey, or bound to a console's origin.
pub fn technician_with_key(person: &Person, key: &PublicKey, groups: &[&str]) -> Say {
    Say::Admit(admission(
        Role::Technician,
        subject_of(person, key.clone()),
        groups,
    ))
}

fn subject_of(person: &Person, key: PublicKey) -> Subject {
    let opaque = person.name.name.to_lowercase().replace(' ', "-");
    Subject {
        person: Some(opaque),
        name: Some(person.name.commitment()),
        ..bare(key)
    }
}

/// An admission of one key for a week.
pub fn admission(role: Role, subject: Subject, groups: &[&str]) -> Admit {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Admit {
        role,
        subjects: vec![subject],
        groups,
        until: now_ms() + 7 * DAY_MS,
    }
}

/// A key and nothing else.
pub fn bare(key: PublicKey) -> Subject {
    Subject {
        key,
        noise: None,
        person: None,
        name: None,
        label: None,
        directory: None,
    }
}

/// An unattended policy of an hour from technicians to devices.
pub fn policy(name: &str, technicians: &str, devices: &str, scopes: &[Scope]) -> Policy {
    Policy {
        name: name.to_owned(),
        technicians: technicians.to_owned(),
        devices: devices.to_owned(),
        approvers: None,
        scopes: scopes.to_vec(),
        max_seconds: 3600,
        unattended: true,
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

fn genesis(roster: Roster, by: &SigningKey) -> Envelope {
    let genesis = Statement {
        org: OrgId([0; 32]),
        id: StatementId(random()),
        at: now_ms(),
        seen: Seen {
            size: 0,
            root: sha256(&[]),
        },
        say: Say::Roster(Box::new(roster)),
    };
    Envelope::sign(PayloadType::Statement, &genesis, &[by]).unwrap()
}

fn own_origin(origin: &str) -> ConsoleOrigin {
    ConsoleOrigin {
        origin: origin.to_owned(),
        owner: Owner::Customer,
    }
}

fn admin(key: &SigningKey, person: &str) -> Admin {
    Admin {
        key: key.public().clone(),
        person: person.to_owned(),
        name: None,
        label: None,
        directory: None,
    }
}

/// A passkey that signs with Ed25519.
pub struct Passkey {
    pair: SigningKey,
    /// Its public half, as it is admitted.
    pub key: PublicKey,
}

impl Default for Passkey {
    fn default() -> Self {
        let pair = SigningKey::from_seed(random());
        let public = pair.public().public_bytes().to_vec();
        let origins = vec![CONSOLE.to_owned(), ELSEWHERE.to_owned()];
        let rp = Some("hafen.example".to_owned());
        let key = PublicKey::parse(KeyKind::PasskeyEd25519, public, rp, origins).unwrap();
        Self { pair, key }
    }
}

impl Passkey {
    /// Signs a warrant on an origin; `flags` says what the authenticator checked (5: presence and verification).
    pub fn sign(&self, warrant: &Warrant, origin: &str, flags: u8) -> Envelope {
        let payload = serde_json::to_vec(warrant).unwrap();
        let challenge: Hash = Envelope::challenge(PayloadType::Warrant, &payload);
        let ad = [&sha256(&[b"hafen.example"]).0[..], &[flags, 0, 0, 0, 7]].concat();
        let cd = format!(
            r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
        );
        let message = [&ad[..], &sha256(&[cd.as_bytes()]).0].concat();
        let signature = Signature {
            keyid: self.key.id(),
            sig: Blob(self.pair.sign(&message).to_vec()),
            webauthn: Some(WebauthnParts {
                ad: Blob(ad),
                cd: Blob(cd.into_bytes()),
            }),
        };
        Envelope::assemble(PayloadType::Warrant, &payload, vec![signature]).unwrap()
    }
}
