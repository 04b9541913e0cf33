//! An organisation with its keys.

use api::ledger::Appended;
use api::org::{OrgMade, ServerInfo};
use reqwest::StatusCode;
use trust::envelope::{Envelope, PayloadType};
use trust::statement::{
    Admin, Admit, Revoke, Role, Roster, Say, Seen, Statement, Subject, Target, WitnessEntry,
};
use trust::{KeyId, OrgId, SigningKey, State, StatementId, X25519Public};

use super::{TestServer, now_ms, unique16, unique32};

const DAY_MS: u64 = 86_400_000;

/// An organisation with one admin, made on a service; holds its own fold, like every client.
pub struct OrgFixture {
    pub id: OrgId,
    pub admin: SigningKey,
    pub state: State,
    pub http: reqwest::Client,
    pub url: String,
}

impl OrgFixture {
    /// Makes one without witnesses.
    pub async fn make(server: &TestServer) -> Self {
        Self::make_with(server, vec![], 0).await
    }

    /// Makes one with these witnesses.
    pub async fn make_with(server: &TestServer, witnesses: Vec<WitnessEntry>, quorum: u64) -> Self {
        Self::make_on(&server.url, witnesses, quorum).await
    }

    /// Makes one at a service that runs elsewhere.
    pub async fn make_at(url: &str) -> Self {
        Self::make_on(url, vec![], 0).await
    }

    async fn make_on(url: &str, witnesses: Vec<WitnessEntry>, quorum: u64) -> Self {
        let http = reqwest::Client::new();
        let info: ServerInfo = http
            .get(format!("{url}/v1/server"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let admin = SigningKey::from_seed(unique32());
        let genesis = genesis(&admin, &info, witnesses, quorum);
        let answer = http
            .post(format!("{url}/v1/orgs"))
            .body(genesis.to_text())
            .send()
            .await
            .unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::CREATED,
            "{}",
            answer.text().await.unwrap()
        );
        let made: OrgMade = answer.json().await.unwrap();
        let state = State::genesis(made.org, genesis.as_bytes()).unwrap();
        Self {
            id: made.org,
            admin,
            state,
            http,
            url: url.to_owned(),
        }
    }

    /// An address below this organisation.
    pub fn at(&self, path: &str) -> String {
        format!("{}/v1/orgs/{}{path}", self.url, self.id)
    }

    /// A statement by the admin, over the ledger as this client knows it.
    pub fn statement(&self, say: Say) -> Envelope {
        self.statement_by(&self.admin, say)
    }

    /// A statement by somebody.
    pub fn statement_by(&self, key: &SigningKey, say: Say) -> Envelope {
        let id = StatementId(unique16());
        let statement = Statement {
            org: self.id,
            id,
            at: now_ms(),
            seen: self.state.head(),
            say,
        };
        Envelope::sign(PayloadType::Statement, &statement, &[key]).unwrap()
    }

    /// Posts a statement.
    pub async fn post(&self, statement: &Envelope) -> reqwest::Response {
        self.http
            .post(self.at("/ledger"))
            .body(statement.to_text())
            .send()
            .await
            .unwrap()
    }

    /// Posts a statement that must be taken, and folds it.
    pub async fn append(&mut self, say: Say) -> Appended {
        let statement = self.statement(say);
        let answer = self.post(&statement).await;
        assert_eq!(
            answer.status(),
            StatusCode::OK,
            "{}",
            answer.text().await.unwrap()
        );
        self.state.append(statement.as_bytes());
        answer.json().await.unwrap()
    }

    /// Admits a new technician.
    pub async fn technician(&mut self) -> SigningKey {
        let key = SigningKey::from_seed(unique32());
        self.append(admit(Role::Technician, &key)).await;
        key
    }

    /// Admits a new device.
    pub async fn device(&mut self) -> SigningKey {
        let key = SigningKey::from_seed(unique32());
        self.append(admit(Role::Device, &key)).await;
        key
    }

    /// Revokes.
    pub async fn revoke(&mut self, target: Target) {
        self.append(revoke(target)).await;
    }
}

/// A first roster.
pub fn genesis(
    admin: &SigningKey,
    info: &ServerInfo,
    witnesses: Vec<WitnessEntry>,
    quorum: u64,
) -> Envelope {
    let person = Admin {
        key: admin.public().clone(),
        person: "ada".into(),
        name: None,
        label: None,
        directory: None,
    };
    let roster = Roster {
        version: 1,
        format: 1,
        name: "Example".into(),
        domain: "example.org".into(),
        admins: vec![person],
        threshold: 1,
        recovery: None,
        log_key: info.log_key.clone(),
        witnesses,
        quorum,
        max_age: 300_000,
        console_origins: vec![],
        audit_key: X25519Public([9; 32]),
        directory_key: X25519Public([8; 32]),
    };
    let seen = Seen {
        size: 0,
        root: trust::bytes::sha256(&[]),
    };
    let say = Say::Roster(Box::new(roster));
    let statement = Statement {
        org: OrgId([0; 32]),
        id: StatementId(unique16()),
        at: now_ms(),
        seen,
        say,
    };
    Envelope::sign(PayloadType::Statement, &statement, &[admin]).unwrap()
}

/// An admission of one key for a week.
pub fn admit(role: Role, key: &SigningKey) -> Say {
    let is_device = role == Role::Device;
    let subject = Subject {
        key: key.public().clone(),
        noise: is_device.then_some(X25519Public(key.id().0)),
        person: (role == Role::Technician).then(|| "bob".to_owned()),
        name: (role == Role::Technician).then_some(trust::Hash([1; 32])),
        label: None,
        directory: None,
    };
    let groups = if matches!(role, Role::Stopper) {
        vec![]
    } else {
        vec!["all".to_owned()]
    };
    Say::Admit(Admit {
        role,
        subjects: vec![subject],
        groups,
        until: now_ms() + 7 * DAY_MS,
    })
}

/// A revocation.
pub fn revoke(target: Target) -> Say {
    Say::Revoke(Revoke {
        target,
        reason: "a test".into(),
    })
}

/// A key's revocation.
pub fn revoke_key(keyid: KeyId) -> Say {
    revoke(Target::Key(keyid))
}
