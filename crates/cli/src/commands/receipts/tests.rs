//! Files of receipts, whole and damaged.

use std::path::{Path, PathBuf};

use trust::bytes::{Blob, KeyId, Salt, StatementId, X25519Public, sha256};
use trust::envelope::{Envelope, PayloadType};
use trust::receipt::{Beat, Body, ChainHead, Event, Fault, Receipt, seal_body};
use trust::seal::OpeningKey;
use trust::statement::{Admin, Admit, Role, Roster, Say, Seen, Statement, Subject};
use trust::{OrgId, Scope, SigningKey, State};

use super::audit::{Audit, Found};
use super::file::{Line, Writer, each_line};

struct World {
    dir: tempfile::TempDir,
    state: State,
    device: SigningKey,
    audit: OpeningKey,
}

impl World {
    fn new() -> Self {
        let (admin, device) = (
            SigningKey::from_seed([1; 32]),
            SigningKey::from_seed([2; 32]),
        );
        let audit = OpeningKey::from_secret([3; 32]).unwrap();
        let statement = |org, byte, seen, say| {
            let statement = Statement {
                org,
                id: StatementId([byte; 16]),
                at: 1,
                seen,
                say,
            };
            Envelope::sign(PayloadType::Statement, &statement, &[&admin]).unwrap()
        };
        let nothing = Seen {
            size: 0,
            root: sha256(&[]),
        };
        let say = Say::Roster(Box::new(roster(&admin, &audit)));
        let genesis = statement(OrgId([0; 32]), 0, nothing, say);
        let org = OrgId(genesis.digest().0);
        let mut state = State::genesis(org, genesis.as_bytes()).unwrap();
        let subject = Subject {
            key: device.public().clone(),
            noise: Some(X25519Public([5; 32])),
            person: None,
            name: None,
            label: None,
            directory: None,
        };
        let admit = Say::Admit(Admit {
            role: Role::Device,
            subjects: vec![subject],
            groups: vec!["desks".to_owned()],
            until: 1 << 50,
        });
        let leaf = statement(org, 1, state.head(), admit);
        state.append(leaf.as_bytes());
        assert_eq!(state.inert(), []);
        Self {
            dir: tempfile::tempdir().unwrap(),
            state,
            device,
            audit,
        }
    }

    /// Receipts of the device from `head` on.
    fn chain(&self, mut head: ChainHead, count: usize) -> Vec<Envelope> {
        let org = self.state.org();
        let next = |_| {
            let (ev, device) = (Event::Open, self.device.id());
            let body = seal_body(
                &self.audit.public(),
                &org,
                &device,
                &head,
                ev,
                &body(),
                [7; 32],
            );
            let receipt = Receipt {
                org,
                device,
                n: head.n + 1,
                prev: head.hash,
                at: 5,
                session: Salt([6; 16]),
                ev,
                attended: Some(false),
                warrant: None,
                channel: None,
                ledger: self.state.head(),
                count: None,
                body: body.unwrap(),
            };
            let envelope = self.signed(PayloadType::Receipt, &receipt);
            head = ChainHead {
                n: head.n + 1,
                hash: envelope.digest(),
            };
            envelope
        };
        (0..count).map(next).collect()
    }

    fn signed(&self, kind: PayloadType, payload: &impl serde::Serialize) -> Envelope {
        Envelope::sign(kind, payload, &[&self.device]).unwrap()
    }

    fn file(&self, lines: &[Line]) -> PathBuf {
        let path = self.dir.path().join("export");
        let _ = std::fs::remove_file(&path);
        let mut writer = Writer::create(&path).unwrap();
        for line in lines {
            writer.line(line).unwrap();
        }
        writer.finish().unwrap();
        path
    }

    /// What a check finds, and the places of what was altered.
    fn check(&self, path: &Path, key: &OpeningKey) -> (Found, Vec<(String, String)>) {
        let mut audit = Audit::new(&self.state, vec![key.clone()]);
        each_line(path, |number, line| {
            audit.take(&number.to_string(), line);
            Ok(())
        })
        .unwrap();
        let found = audit.finish(&self.device.id(), &[], 0).unwrap();
        let altered = audit.altered().iter();
        let altered = altered.map(|a| (a.place.clone(), a.text.clone())).collect();
        (found, altered)
    }
}

fn roster(admin: &SigningKey, audit: &OpeningKey) -> Roster {
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
        log_key: SigningKey::from_seed([4; 32]).public().clone(),
        witnesses: Vec::new(),
        quorum: 0,
        max_age: 300_000,
        console_origins: Vec::new(),
        audit_key: audit.public(),
        directory_key: audit.public(),
    }
}

fn body() -> Body {
    Body {
        by: KeyId([8; 32]),
        name: "Grace".into(),
        scopes: vec![Scope::View],
        bounds: trust::Bounds::default(),
        why: "printer".into(),
        ticket: None,
        attended: false,
        policy: None,
        approvers: Vec::new(),
        outcome: None,
    }
}

fn lines(envelopes: &[&Envelope]) -> Vec<Line> {
    envelopes
        .iter()
        .map(|e| Line::Receipt(e.to_text()))
        .collect()
}

#[test]
fn every_flipped_byte_fails_with_its_line_named() {
    let world = World::new();
    let all = world.chain(ChainHead::default(), 2);
    let path = world.file(&lines(&all.iter().collect::<Vec<_>>()));
    let (whole, altered) = world.check(&path, &world.audit);
    assert_eq!(
        (whole.verdict.whole_to, whole.count, altered.len()),
        (2, 2, 0)
    );
    assert!(whole.verdict.faults.is_empty() && whole.sealed.is_empty());

    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        let line = 1 + good[..at].iter().filter(|b| **b == b'\n').count();
        let (_, altered) = world.check(&path, &world.audit);
        let place = altered.first().map(|(place, _)| place.clone());
        assert_eq!(place, Some(line.to_string()), "byte {at}: {altered:?}");
    }
}

#[test]
fn an_altered_payload_names_the_receipt_and_the_field() {
    let world = World::new();
    let all = world.chain(ChainHead::default(), 2);
    let mut receipt: Receipt = all[1].read(PayloadType::Receipt).unwrap();
    receipt.at += 1;
    let resigned = world.signed(PayloadType::Receipt, &receipt);
    let first: serde_json::Value = serde_json::from_slice(all[1].as_bytes()).unwrap();
    let mut altered: serde_json::Value = serde_json::from_slice(resigned.as_bytes()).unwrap();
    altered["signatures"] = first["signatures"].clone();
    let path = world.file(&[
        Line::Receipt(all[0].to_text()),
        Line::Receipt(altered.to_string()),
    ]);
    let (found, altered) = world.check(&path, &world.audit);
    let [(place, text)] = &altered[..] else {
        panic!("{altered:?}")
    };
    assert_eq!(place, "2");
    let expected = format!("receipt 2 of {}: payload or signature: ", world.device.id());
    assert!(text.starts_with(&expected), "{text}");
    assert_eq!(found.verdict.whole_to, 1);
}

#[test]
fn a_missing_a_doubled_and_a_foreign_receipt_are_told_apart() {
    let world = World::new();
    let all = world.chain(ChainHead::default(), 4);
    let gap = world.file(&lines(&[&all[0], &all[3]]));
    let (found, _) = world.check(&gap, &world.audit);
    assert_eq!(found.verdict.faults, [Fault::Gap { from: 2, to: 3 }]);

    let second_history = ChainHead {
        n: 1,
        hash: all[1].digest(),
    };
    let other = world.chain(second_history, 1);
    let fork = world.file(&lines(&[&all[0], &all[1], &other[0]]));
    let (found, _) = world.check(&fork, &world.audit);
    assert_eq!(found.verdict.faults, [Fault::Fork { at: 2 }]);

    let mut foreign: Receipt = all[0].read(PayloadType::Receipt).unwrap();
    foreign.device = KeyId([9; 32]);
    let foreign = world.signed(PayloadType::Receipt, &foreign);
    let (_, altered) = world.check(&world.file(&lines(&[&foreign])), &world.audit);
    assert!(altered[0].1.contains(": payload.device: "), "{altered:?}");
}

#[test]
fn a_beat_tells_of_what_is_not_there() {
    let world = World::new();
    let all = world.chain(ChainHead::default(), 3);
    let beat = |n: usize| {
        let beat = Beat {
            org: world.state.org(),
            device: world.device.id(),
            k: n as u64,
            at: 9,
            head: ChainHead {
                n: n as u64,
                hash: all[n - 1].digest(),
            },
            open: 0,
            ledger: world.state.head(),
        };
        Line::Beat(world.signed(PayloadType::Beat, &beat).to_text())
    };
    let mut told = lines(&[&all[0], &all[1]]);
    told.push(beat(2));
    let (found, _) = world.check(&world.file(&told), &world.audit);
    assert!(found.verdict.faults.is_empty());
    told.push(beat(3));
    let (found, altered) = world.check(&world.file(&told), &world.audit);
    let unknown = Fault::Unknown { after: 2, told: 3 };
    assert_eq!((found.verdict.faults, altered.len()), (vec![unknown], 0));
}

#[test]
fn a_body_for_another_audit_key_is_told() {
    let world = World::new();
    let all = world.chain(ChainHead::default(), 1);
    let path = world.file(&lines(&[&all[0]]));
    let other = OpeningKey::from_secret([4; 32]).unwrap();
    assert_eq!(world.check(&path, &other).0.sealed, [1]);
    assert!(world.check(&path, &world.audit).0.sealed.is_empty());
    let mut blank: Receipt = all[0].read(PayloadType::Receipt).unwrap();
    blank.body = Blob(vec![0; 60]);
    let path = world.file(&lines(&[&world.signed(PayloadType::Receipt, &blank)]));
    assert_eq!(world.check(&path, &world.audit).0.sealed, [1]);
}
