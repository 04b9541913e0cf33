//! A directory that somebody put back, a clock that somebody set back, a power cut while the user is being asked: nothing
//! opens that would not have opened without.
#![allow(clippy::unwrap_used)]

mod support;

use support::Org;
use trust::bytes::{Hash, Salt, WarrantId, X25519Public};
use trust::checkpoint::{Note, cosign};
use trust::key::SigningKey;
use trust::limits::CLOCK_SKEW_MS;
use trust::receipt::{Body, Event};
use trust::statement::{Roster, Say, Target, WitnessEntry};
use wayleave_agent::clock::{os_random, wall_ms};
use wayleave_agent::trust_store::{Disk, Draft, Memory, Spend, StoreError, Survives, TrustStore};

const MINUTE_MS: u64 = 60_000;

fn open(memory: &Memory, org: &Org) -> TrustStore {
    TrustStore::open(Disk::Memory(memory.clone()), org.id).unwrap()
}

fn with_ledger(memory: &Memory, org: &Org) -> TrustStore {
    let mut store = open(memory, org);
    store.extend(0, &org.leaves, &org.note()).unwrap();
    store
}

fn body(org: &Org) -> Body {
    Body {
        by: org.technician.id(),
        name: "Tim Roe".into(),
        scopes: support::ALL.to_vec(),
        bounds: trust::Bounds::default(),
        why: "the printer".into(),
        ticket: None,
        attended: true,
        policy: Some("all".into()),
        approvers: vec![],
        outcome: None,
    }
}

fn spend(org: &Org, byte: u8) -> Spend {
    Spend {
        id: WarrantId([byte; 16]),
        noise: X25519Public([9; 32]),
        session: Salt([byte; 16]),
        by: org.technician.id(),
        at: wall_ms(),
        until: wall_ms() + 10 * MINUTE_MS,
        warrant: Hash([8; 32]),
        body: body(org),
    }
}

fn draft(org: &Org, ev: Event, byte: u8) -> Draft {
    Draft {
        session: Salt([byte; 16]),
        ev,
        warrant: None,
        channel: None,
        count: None,
        body: body(org),
    }
}

#[test]
fn a_warrant_whose_user_was_still_asked_when_the_power_went_is_over_and_one_that_opened_resumes() {
    let org = Org::new();
    let memory = Memory::new();
    let mut store = with_ledger(&memory, &org);
    store.spend(spend(&org, 1)).unwrap();
    store.spend(spend(&org, 2)).unwrap();
    store.write_receipt(&draft(&org, Event::Open, 2)).unwrap();
    drop(store);
    let store = open(&memory.after_power_cut(Survives::Nothing), &org);
    let ended = |byte| store.spent(&WarrantId([byte; 16])).unwrap().ended;
    assert!(ended(1), "nobody allowed it, and nobody is asked again");
    assert!(!ended(2), "it was open, over this very key");
}

#[test]
fn a_directory_put_back_from_a_copy_is_noticed_by_what_the_service_holds() {
    let mut org = Org::new();
    org.policy(true);
    let memory = Memory::new();
    let mut store = with_ledger(&memory, &org);
    store.write_receipt(&draft(&org, Event::Open, 1)).unwrap();
    store.set_uploaded(1).unwrap();
    let copy = memory.after_power_cut(Survives::Everything);
    // What the copy lacks: a revocation, a used warrant, a session.
    assert!(
        store
            .hold(&org.revocation(Target::Key(org.technician.id())))
            .unwrap()
    );
    store.spend(spend(&org, 2)).unwrap();
    store.write_receipt(&draft(&org, Event::Open, 2)).unwrap();
    store.set_uploaded(2).unwrap();

    let mut old = open(&copy, &org);
    assert!(old.held().is_empty() && old.spent(&WarrantId([2; 16])).is_none());
    assert!(matches!(
        old.set_uploaded(2),
        Err(StoreError::RolledBack {
            uploaded: 2,
            stored: 1
        })
    ));
    // The directory that nobody put back goes on.
    drop(store);
    let mut store = open(&memory, &org);
    assert!(store.set_uploaded(2).is_ok());
    assert_eq!(store.held().len(), 1);
}

/// The next roster names a witness, whose word is needed.
fn take_on(org: &mut Org, witness: &SigningKey) {
    let roster = Roster {
        version: 2,
        witnesses: vec![WitnessEntry {
            name: "w1".into(),
            key: witness.public().clone(),
            holds_revocations: true,
            url: None,
        }],
        quorum: 1,
        ..org.state.roster().clone()
    };
    org.append(Say::Roster(Box::new(roster)));
}

#[test]
fn a_clock_that_is_set_back_takes_no_device_behind_the_time_that_its_witnesses_reached() {
    let mut org = Org::new();
    let [witness, stranger] = [1, 2].map(|_| SigningKey::from_seed(os_random()));
    take_on(&mut org, &witness);
    // For this device's clock the witness lives an hour ahead: the clock was set back by an hour.
    let reached = (wall_ms() / 1000 + 3600) * 1000;
    let floor = reached - CLOCK_SKEW_MS / 2;
    for (key, counts) in [(&stranger, false), (&witness, true)] {
        let mut note = Note::sign(&org.id, org.state.head(), &org.log);
        let line = cosign(&note, "w1", key, reached / 1000);
        note.add_line(&line).unwrap();
        let memory = Memory::new();
        let mut store = open(&memory, &org);
        store.extend(0, &org.leaves, &note.to_string()).unwrap();
        assert_eq!(store.now() >= floor, counts);
        drop(store);
        // Also after a restart, which forgets the boot clock.
        let store = open(&memory.after_power_cut(Survives::Nothing), &org);
        assert_eq!(store.now() >= floor, counts);
    }
}
