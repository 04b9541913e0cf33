//! A device while recovery keys replace its organisation's administrators, and one that is pinned to another organisation.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Command, Stdio};

use support::Org;
use trust::bytes::{Hash, StatementId};
use trust::checkpoint::{Note, cosign};
use trust::envelope::{Envelope, PayloadType};
use trust::key::SigningKey;
use trust::state::Outcome;
use trust::statement::*;
use wayleave_agent::clock::{os_random, wall_ms};
use wayleave_agent::recovery::sentence;
use wayleave_agent::trust_store::{Disk, Memory, StoreError, Survives, TrustStore, repin};

const DAY_MS: u64 = 86_400_000;
const DELAY_MS: u64 = 3 * DAY_MS;

/// An organisation with a recovery key and two witnesses.
struct Lost {
    org: Org,
    safe: SigningKey,
    witnesses: [(&'static str, SigningKey); 2],
}

impl Lost {
    fn new() -> Self {
        let mut org = Org::new();
        let [safe, watch, far] = [0; 3].map(|_| SigningKey::from_seed(os_random()));
        let witnesses = [("watch", watch), ("far", far)];
        let mut roster = next(&org);
        roster.recovery = Some(Recovery {
            keys: vec![safe.public().clone()],
            delay: DELAY_MS,
        });
        roster.witnesses = witnesses
            .iter()
            .map(|(name, key)| WitnessEntry {
                name: (*name).into(),
                key: key.public().clone(),
                holds_revocations: true,
                url: None,
            })
            .collect();
        roster.quorum = 1;
        org.append(Say::Roster(Box::new(roster)));
        Self {
            org,
            safe,
            witnesses,
        }
    }

    /// Proposes a roster by the recovery key; `at` is its author's word for now.
    fn propose(&mut self, at: u64) -> StatementId {
        let new = SigningKey::from_seed(os_random());
        let mut roster = next(&self.org);
        roster.admins[0].key = new.public().clone();
        let statement = Statement {
            org: self.org.id,
            id: StatementId(os_random()),
            at,
            seen: self.org.state.head(),
            say: Say::Roster(Box::new(roster)),
        };
        let signers = [&self.safe, &new];
        let leaf = Envelope::sign(PayloadType::Statement, &statement, &signers).unwrap();
        assert_eq!(self.org.state.append(leaf.as_bytes()), Outcome::Counts);
        self.org.leaves.push(leaf.to_text());
        statement.id
    }

    fn note(&self, witnesses: usize, at: u64) -> String {
        let mut note = Note::sign(&self.org.id, self.org.state.head(), &self.org.log);
        for (name, key) in &self.witnesses[..witnesses] {
            note.add_line(&cosign(&note, name, key, at / 1000)).unwrap();
        }
        note.to_string()
    }
}

fn next(org: &Org) -> Roster {
    let roster = org.state.roster().clone();
    Roster {
        version: roster.version + 1,
        ..roster
    }
}

fn open(memory: &Memory, org: &Org) -> TrustStore {
    TrustStore::open(Disk::Memory(memory.clone()), org.id).unwrap()
}

fn waiting(store: &TrustStore) -> Vec<(StatementId, u64)> {
    let told = store.recoveries().into_iter();
    told.map(|(pending, not_before)| (pending.id, not_before))
        .collect()
}

#[test]
fn a_device_says_from_when_on_a_recovery_may_take_effect_also_after_a_restart() {
    let mut lost = Lost::new();
    let memory = Memory::new();
    let mut store = open(&memory, &lost.org);
    let now = wall_ms() / 1000 * 1000;
    // Its author says that he signed it in a month, so that nobody looks earlier.
    let id = lost.propose(now + 30 * DAY_MS);
    let leaves = lost.org.leaves.clone();
    store.extend(0, &leaves, &lost.note(1, now)).unwrap();
    let from_his_word = now + 30 * DAY_MS + DELAY_MS;
    assert_eq!(waiting(&store), [(id, from_his_word)]);
    let size = store.ledger_size();
    store.extend(size, &[], &lost.note(2, now + 1000)).unwrap();
    assert_eq!(waiting(&store), [(id, now + 1000 + DELAY_MS)]);
    // A later checkpoint does not begin anew.
    store.extend(size, &[], &lost.note(2, now + 9000)).unwrap();
    drop(store);
    let mut store = open(&memory.after_power_cut(Survives::Nothing), &lost.org);
    assert_eq!(waiting(&store), [(id, now + 1000 + DELAY_MS)]);
    let said = sentence(store.state().unwrap(), store.recoveries()[0].0, now);
    assert!(
        said.contains("Acme") && said.contains("acme.example"),
        "{said}"
    );
    // The administrators object, ahead of the ledger.
    let veto = lost.org.revocation(Target::Recovery(id));
    assert!(store.hold(&veto).unwrap());
    assert_eq!(waiting(&store), []);
}

#[test]
fn a_recovery_that_waits_is_in_the_status() {
    let mut lost = Lost::new();
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let status = || {
        let program = env!("CARGO_BIN_EXE_wayleave-agent");
        let dir = state.to_str().unwrap();
        let output = Command::new(program)
            .args(["status", "--dir", dir])
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let grow = |lost: &Lost| {
        let mut store = TrustStore::open(Disk::hold(&state).unwrap(), lost.org.id).unwrap();
        let from = store.ledger_size();
        let leaves = &lost.org.leaves[usize::try_from(from).unwrap()..];
        store
            .extend(from, leaves, &lost.note(2, wall_ms()))
            .unwrap();
    };
    grow(&lost);
    assert!(!status().contains("RECOVERY"));
    let id = lost.propose(wall_ms());
    grow(&lost);
    let said = status();
    assert!(
        said.contains("The administrators' keys of Acme are being replaced by one new key"),
        "{said}"
    );
    lost.org.append(Say::Revoke(Revoke {
        target: Target::Recovery(id),
        reason: "we are here".into(),
    }));
    grow(&lost);
    assert!(!status().contains("RECOVERY"));
}

#[test]
fn a_device_that_is_pinned_anew_keeps_what_it_was() {
    let (old, new) = (Org::new(), Org::new());
    let memory = Memory::new();
    let mut store = open(&memory, &old);
    store.extend(0, &old.leaves, &old.note()).unwrap();
    let device = store.keys().id();
    drop(store);
    let before: Vec<String> = memory.names();
    let disk = Disk::Memory(memory.clone());
    assert!(matches!(
        repin(&disk, old.id, 5),
        Err(StoreError::SameOrganisation(_))
    ));
    let done = repin(&disk, new.id, 5).unwrap();
    assert_eq!(done.from, old.id);
    assert_ne!(done.keys.id(), device);
    let names = memory.names();
    for name in before {
        assert!(names.contains(&format!("{}/{name}", done.folder)), "{name}");
    }
    let record = disk.read(&format!("{}/repinned.json", done.folder));
    let record: serde_json::Value = serde_json::from_slice(&record.unwrap().unwrap()).unwrap();
    assert_eq!(record["device"], device.to_string());
    assert_eq!(record["to"], new.id.to_string());
    assert_eq!(record["ledger"]["size"], old.leaves.len());
    let mut store = open(&memory, &new);
    assert_eq!(store.keys().id(), done.keys.id());
    assert_eq!(store.ledger_size(), 0);
    store.extend(0, &new.leaves, &new.note()).unwrap();
    drop(store);
    assert!(TrustStore::open(disk, old.id).is_err());
}

/// The power goes at every step: what was there is there still, in one place or the other, and the device can be pinned.
#[test]
fn no_power_cut_while_pinning_loses_evidence() {
    let (old, new) = (Org::new(), Org::new());
    let mut cut = 0;
    loop {
        let memory = Memory::new();
        let mut store = open(&memory, &old);
        store.extend(0, &old.leaves, &old.note()).unwrap();
        drop(store);
        let ledger = Disk::Memory(memory.clone()).read("ledger.log").unwrap();
        memory.fail_after(cut);
        let done = repin(&Disk::Memory(memory.clone()), new.id, 5);
        let memory = memory.after_power_cut(Survives::Nothing);
        let disk = Disk::Memory(memory.clone());
        match repin(&disk, new.id, 6) {
            // Cut between the last rename and the pin: the directory is an empty one.
            Ok(_) | Err(StoreError::SameOrganisation(_) | StoreError::Empty(_)) => {}
            Err(error) => panic!("{error}"),
        }
        open(&memory, &new);
        let kept = memory
            .names()
            .into_iter()
            .filter(|n| n.ends_with("/ledger.log"));
        let kept: Vec<_> = kept.map(|name| disk.read(&name).unwrap()).collect();
        assert_eq!(kept, [ledger], "cut after {cut} steps");
        if done.is_ok() {
            break;
        }
        cut += 1;
    }
    assert!(cut > 5, "it was cut at every step");
}

#[test]
fn nobody_pins_a_device_anew_without_the_words_or_under_a_running_agent() {
    let (old, new) = (Org::new(), Org::new());
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let held = TrustStore::open(Disk::hold(&state).unwrap(), old.id).unwrap();
    let words = trust::words::encode(&Hash(new.id.0));
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_wayleave-agent"))
            .args(["repin", "--dir", state.to_str().unwrap()])
            .arg(format!("--org={}", new.id))
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [&output.stdout[..], &output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (done, said) = run(&["--words", &words]);
    assert!(!done && said.contains("another agent runs"), "{said}");
    drop(held);
    let (done, said) = run(&[]);
    assert!(!done && said.contains("--words"), "{said}");
    let (done, said) = run(&["--words", "abandon ability able about above absent"]);
    assert!(!done && said.contains("Nothing was changed"), "{said}");
    assert!(TrustStore::open(Disk::hold(&state).unwrap(), old.id).is_ok());
    let (done, said) = run(&["--words", &words]);
    assert!(done && said.contains("it is evidence"), "{said}");
    assert!(TrustStore::open(Disk::hold(&state).unwrap(), new.id).is_ok());
    let kept = std::fs::read_dir(&state)
        .unwrap()
        .map(|e| e.unwrap().path());
    let kept: Vec<_> = kept.filter(|path| path.is_dir()).collect();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].join("device.key").exists() && kept[0].join("repinned.json").exists());
}
