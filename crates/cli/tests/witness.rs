//! The witness as a program of its own, over HTTP: what it signs, and what it does not.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{Answer, Running, http, port_of, wayleave, witness};
use tempfile::TempDir;
use trust::bytes::{StatementId, X25519Public, sha256};
use trust::envelope::{Envelope, PayloadType};
use trust::scope::Scope;
use trust::statement::{Admin, Policy, Revoke, Roster, Say, Seen, Statement, Target, WitnessEntry};
use trust::{KeyId, Note, OrgId, PublicKey, SigningKey, State};

/// An organisation whose service, log key included, belongs to the test.
struct World {
    dir: TempDir,
    witness_key: PublicKey,
    admin: SigningKey,
    log: SigningKey,
    genesis: String,
    org: OrgId,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let made = wayleave()
            .args(["witness", "init", "--name", "w1", "--dir"])
            .arg(dir.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let line = String::from_utf8(made.stdout).unwrap();
        let (name, key) = line.trim().split_once(',').unwrap();
        assert_eq!(name, "w1");
        let bytes: [u8; 32] = trust::bytes::from_b64u(key).unwrap().try_into().unwrap();
        let witness_key = PublicKey::native(&bytes).unwrap();
        let (admin, log) = (
            SigningKey::from_seed([1; 32]),
            SigningKey::from_seed([2; 32]),
        );
        let say = Say::Roster(Box::new(roster(&admin, &log, &witness_key)));
        let empty = Seen {
            size: 0,
            root: sha256(&[]),
        };
        let genesis = signed(&admin, OrgId([0; 32]), 1, empty, say);
        let org = OrgId(sha256(&[genesis.as_bytes()]).0);
        Self {
            dir,
            witness_key,
            admin,
            log,
            genesis,
            org,
        }
    }

    fn start(&self) -> Running {
        witness(self.dir.path(), &["--org", &self.org.to_string()])
    }

    fn state(&self, leaves: &[String]) -> State {
        let mut state = State::genesis(self.org, leaves[0].as_bytes()).unwrap();
        leaves[1..]
            .iter()
            .for_each(|leaf| drop(state.append(leaf.as_bytes())));
        state
    }

    fn head(&self) -> Seen {
        self.state(std::slice::from_ref(&self.genesis)).head()
    }

    fn revocation(&self) -> String {
        let target = Target::Key(KeyId([7; 32]));
        signed(
            &self.admin,
            self.org,
            2,
            self.head(),
            Say::Revoke(Revoke {
                target,
                reason: "stolen".into(),
            }),
        )
    }

    fn policy(&self) -> String {
        let policy = Policy {
            name: "p".into(),
            technicians: "t".into(),
            devices: "d".into(),
            approvers: None,
            scopes: vec![Scope::View],
            max_seconds: 600,
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
        };
        signed(&self.admin, self.org, 3, self.head(), Say::Policy(policy))
    }

    fn note(&self, leaves: &[String]) -> Note {
        Note::sign(&self.org, self.state(leaves).head(), &self.log)
    }

    /// Asks for a cosignature over `leaves`, of which the witness lacks those from `from` on.
    fn ask(&self, witness: &Running, from: usize, leaves: &[String]) -> Answer {
        let body = json!({ "from": from, "leaves": leaves[from..], "checkpoint": self.note(leaves).to_string() });
        self.post(witness, "checkpoint", body.to_string().as_bytes())
    }

    fn post(&self, witness: &Running, what: &str, body: &[u8]) -> Answer {
        let path = format!("/v1/orgs/{}/{what}", self.org);
        http(
            port_of(&witness.first_line),
            "POST",
            &path,
            &["Host: localhost", "Content-Type: application/json"],
            body,
        )
    }

    fn size(&self, witness: &Running) -> u64 {
        let path = format!("/v1/orgs/{}", self.org);
        let answer = http(
            port_of(&witness.first_line),
            "GET",
            &path,
            &["Host: localhost"],
            b"",
        );
        json_of(&answer)["size"].as_u64().unwrap()
    }

    fn assert_cosigned(&self, leaves: &[String], answer: &Answer) {
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut note = self.note(leaves);
        note.add_line(json_of(answer)["cosignature"].as_str().unwrap())
            .unwrap();
        assert!(
            note.cosigned_at("w1", &self.witness_key).is_some(),
            "{note}"
        );
    }
}

fn roster(admin: &SigningKey, log: &SigningKey, witness: &PublicKey) -> Roster {
    Roster {
        version: 1,
        format: 1,
        name: "Example".into(),
        domain: "example.com".into(),
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
        witnesses: vec![WitnessEntry {
            name: "w1".into(),
            key: witness.clone(),
            holds_revocations: true,
            url: None,
        }],
        quorum: 1,
        max_age: 300_000,
        console_origins: Vec::new(),
        audit_key: X25519Public([9; 32]),
        directory_key: X25519Public([9; 32]),
    }
}

fn signed(key: &SigningKey, org: OrgId, id: u8, seen: Seen, say: Say) -> String {
    let statement = Statement {
        org,
        id: StatementId([id; 16]),
        at: 1_800_000_000_000,
        seen,
        say,
    };
    Envelope::sign(PayloadType::Statement, &statement, &[key])
        .unwrap()
        .to_text()
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
}

fn code_of(answer: &Answer) -> String {
    json_of(answer)["error"]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_ledger_that_lacks_a_handed_revocation_is_not_cosigned_and_one_that_has_it_is() {
    let world = World::new();
    let witness = world.start();
    let first = [world.genesis.clone()];
    world.assert_cosigned(&first, &world.ask(&witness, 0, &first));

    let held = world.post(&witness, "revocations", world.revocation().as_bytes());
    assert_eq!(
        (held.status, json_of(&held)["held"].as_bool()),
        (200, Some(true)),
        "{held:?}"
    );
    // A page that revokes hands it over itself, and reads the answer.
    assert!(
        held.head.contains("access-control-allow-origin: *"),
        "{held:?}"
    );
    // The same ledger is no longer cosigned, and neither is one that grew by something else.
    assert_eq!(code_of(&world.ask(&witness, 1, &first)), "withheld");
    let without = [world.genesis.clone(), world.policy()];
    assert_eq!(code_of(&world.ask(&witness, 1, &without)), "withheld");
    assert_eq!(world.size(&witness), 1);

    let with = [world.genesis.clone(), world.revocation()];
    world.assert_cosigned(&with, &world.ask(&witness, 1, &with));
    assert_eq!(world.size(&witness), 2);
}

#[test]
fn a_killed_witness_remembers_the_ledger_and_the_revocation() {
    let world = World::new();
    let witness = world.start();
    let first = [world.genesis.clone()];
    world.assert_cosigned(&first, &world.ask(&witness, 0, &first));
    assert_eq!(
        world
            .post(&witness, "revocations", world.revocation().as_bytes())
            .status,
        200
    );
    witness.kill();

    let witness = world.start();
    assert_eq!(world.size(&witness), 1);
    assert_eq!(code_of(&world.ask(&witness, 1, &first)), "withheld");
    let with = [world.genesis.clone(), world.revocation()];
    world.assert_cosigned(&with, &world.ask(&witness, 1, &with));
}

#[test]
fn a_witness_never_goes_back_or_sideways() {
    let world = World::new();
    let witness = world.start();
    let long = [world.genesis.clone(), world.policy()];
    world.assert_cosigned(&long, &world.ask(&witness, 0, &long));
    // Another history: from the start, and as an extension.
    let other = [world.genesis.clone(), world.revocation()];
    let again = world.ask(&witness, 0, &other);
    assert_eq!(
        (again.status, json_of(&again)["have"].as_u64()),
        (409, Some(2)),
        "{again:?}"
    );
    let body = json!({ "from": 2, "leaves": [], "checkpoint": world.note(&other).to_string() });
    assert_eq!(
        code_of(&world.post(&witness, "checkpoint", body.to_string().as_bytes())),
        "other_head"
    );
    // A shorter one.
    let body = json!({ "from": 2, "leaves": [], "checkpoint": world.note(&long[..1]).to_string() });
    assert_eq!(
        code_of(&world.post(&witness, "checkpoint", body.to_string().as_bytes())),
        "other_head"
    );
    world.assert_cosigned(&long, &world.ask(&witness, 2, &long));
}

#[test]
fn a_checkpoint_of_another_key_is_not_cosigned() {
    let world = World::new();
    let witness = world.start();
    let leaves = [world.genesis.clone()];
    let forged = Note::sign(&world.org, world.head(), &SigningKey::from_seed([66; 32]));
    let body = json!({ "from": 0, "leaves": leaves, "checkpoint": forged.to_string() });
    assert_eq!(
        code_of(&world.post(&witness, "checkpoint", body.to_string().as_bytes())),
        "bad_checkpoint"
    );
    assert_eq!(world.size(&witness), 0);
    world.assert_cosigned(&leaves, &world.ask(&witness, 0, &leaves));
}

#[test]
fn a_revocation_without_authority_is_not_held() {
    let world = World::new();
    let witness = world.start();
    let leaves = [world.genesis.clone()];
    world.assert_cosigned(&leaves, &world.ask(&witness, 0, &leaves));
    let say = Say::Revoke(Revoke {
        target: Target::Key(KeyId([7; 32])),
        reason: "spite".into(),
    });
    let forged = signed(
        &SigningKey::from_seed([66; 32]),
        world.org,
        2,
        world.head(),
        say,
    );
    assert_eq!(
        code_of(&world.post(&witness, "revocations", forged.as_bytes())),
        "not_held"
    );
    world.assert_cosigned(&leaves, &world.ask(&witness, 1, &leaves));
}

#[test]
fn leaves_that_were_never_acknowledged_are_taken_back() {
    let world = World::new();
    let witness = world.start();
    let leaves = [world.genesis.clone()];
    world.assert_cosigned(&leaves, &world.ask(&witness, 0, &leaves));
    witness.kill();
    // As a crash leaves it between the leaves and the checkpoint over them: a whole line, and a cut one.
    let file = world
        .dir
        .path()
        .join("orgs")
        .join(world.org.to_string())
        .join("ledger");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text += &serde_json::to_string(&world.policy()).unwrap();
    text += "\n\"cut of";
    std::fs::write(&file, text).unwrap();

    let witness = world.start();
    assert_eq!(world.size(&witness), 1);
    let with = [world.genesis.clone(), world.revocation()];
    world.assert_cosigned(&with, &world.ask(&witness, 1, &with));
}

#[test]
fn strangers_and_endless_bodies_are_refused() {
    let world = World::new();
    let witness = world.start();
    let port = port_of(&witness.first_line);
    let other = format!("/v1/orgs/{}/checkpoint", OrgId([5; 32]));
    assert_eq!(
        http(port, "POST", &other, &["Host: localhost"], b"{}").status,
        404
    );
    assert_eq!(
        http(port, "GET", "/v1/orgs/nonsense", &["Host: localhost"], b"").status,
        404
    );
    assert_eq!(
        world.post(&witness, "checkpoint", b"{\"from\":0}").status,
        400
    );
    assert_eq!(
        world
            .post(&witness, "revocations", &vec![b' '; 70_000])
            .status,
        413
    );
    let leaves = [world.genesis.clone()];
    world.assert_cosigned(&leaves, &world.ask(&witness, 0, &leaves));
}

#[test]
fn a_sealed_witness_starts_with_its_passphrase_only() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (good, bad) = (file("good", "correct horse"), file("bad", "battery staple"));
    let home: &Path = &dir.path().join("witness");
    let init = |passphrase: &Path| {
        let mut command = wayleave();
        command
            .args(["witness", "init", "--name", "w1", "--passphrase-file"])
            .arg(passphrase)
            .arg("--dir")
            .arg(home);
        command.status().unwrap().success()
    };
    assert!(init(&good));
    assert!(!init(&good), "an existing key is never replaced");
    let mut wrong = wayleave();
    wrong
        .args([
            "witness",
            "--allow-any-org",
            "--listen",
            "127.0.0.1:0",
            "--passphrase-file",
        ])
        .arg(&bad)
        .arg("--dir")
        .arg(home);
    assert_eq!(wrong.status().unwrap().code(), Some(3));
    let good = good.to_str().unwrap();
    let right = witness(home, &["--allow-any-org", "--passphrase-file", good]);
    assert!(right.first_line.starts_with("Witness w1 listens"));
}
