//! Power cuts at every step, full and failing disks: what was acknowledged is there, or the store says what is wrong.
#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::PermissionsExt;

use support::Org;
use trust::bytes::{Hash, Salt, WarrantId, X25519Public};
use trust::receipt::{Beat, Body, Event};
use trust::statement::Target;
use wayleave_agent::trust_store::{Disk, Draft, Memory, Spend, StoreError, Survives, TrustStore};

/// What the store acknowledged, and so must never lose.
#[derive(Default, Debug, PartialEq, Eq)]
struct Acknowledged {
    device: Option<String>,
    leaves: u64,
    held: usize,
    spent: bool,
    ended: bool,
    receipts: u64,
}

const WARRANT: WarrantId = WarrantId([5; 16]);
const SESSION: Salt = Salt([6; 16]);

fn open(memory: &Memory, org: &Org) -> Result<TrustStore, StoreError> {
    TrustStore::open(Disk::Memory(memory.clone()), org.id)
}

fn body(org: &Org) -> Body {
    Body {
        by: org.technician.id(),
        name: "Tim Roe".into(),
        scopes: support::ALL.to_vec(),
        bounds: trust::Bounds::default(),
        why: "the printer".into(),
        ticket: None,
        attended: false,
        policy: Some("all".into()),
        approvers: vec![],
        outcome: None,
    }
}

fn draft(org: &Org, ev: Event) -> Draft {
    Draft {
        session: SESSION,
        ev,
        warrant: None,
        channel: None,
        count: None,
        body: body(org),
    }
}

fn spend(org: &Org) -> Spend {
    Spend {
        id: WARRANT,
        noise: X25519Public([9; 32]),
        session: SESSION,
        by: org.technician.id(),
        at: 1000,
        until: u64::MAX >> 12,
        warrant: Hash([8; 32]),
        body: body(org),
    }
}

/// One session's life, noting each acknowledgement, as far as the disk goes along.
fn live(memory: &Memory, org: &Org, revocation: &str, done: &mut Acknowledged) -> Option<()> {
    let mut store = open(memory, org).ok()?;
    done.device = Some(store.keys().id().to_string());
    // the genesis first, then the rest: two batches
    let first = org.note_of(1);
    store.extend(0, &org.leaves[..1], &first).ok()?;
    done.leaves = 1;
    store.extend(1, &org.leaves[1..], &org.note()).ok()?;
    done.leaves = org.leaves.len() as u64;
    assert!(store.hold(revocation).ok()?);
    done.held = 1;
    store.spend(spend(org)).ok()?;
    done.spent = true;
    store.write_receipt(&draft(org, Event::Open)).ok()?;
    done.receipts = 1;
    store.end(WARRANT).ok()?;
    done.ended = true;
    store.write_receipt(&draft(org, Event::Close)).ok()?;
    done.receipts = 2;
    store.set_uploaded(1).ok()?;
    Some(())
}

fn check(memory: &Memory, org: &Org, done: &Acknowledged, what: &str) {
    let store = open(memory, org).unwrap_or_else(|error| panic!("{what}: {error}"));
    if let Some(device) = &done.device {
        assert_eq!(store.keys().id().to_string(), *device, "{what}");
    }
    assert!(store.ledger_size() >= done.leaves, "{what}");
    assert!(store.held().len() >= done.held, "{what}");
    assert!(
        store.receipt_head().map_or(0, |head| head.n) >= done.receipts,
        "{what}"
    );
    let spent = store.spent(&WARRANT);
    assert!(!done.spent || spent.is_some(), "{what}");
    assert!(
        !done.ended || spent.is_some_and(|spent| spent.ended),
        "{what}"
    );
}

fn fixture() -> (Org, String) {
    let mut org = Org::new();
    org.policy(true);
    let revocation = org.revocation(Target::Warrant(WarrantId([1; 16])));
    (org, revocation)
}

#[test]
fn nothing_acknowledged_is_lost_by_a_power_cut_at_any_step() {
    let (org, revocation) = fixture();
    let whole = Memory::new();
    let mut done = Acknowledged::default();
    live(&whole, &org, &revocation, &mut done).unwrap();
    assert_eq!((done.leaves, done.held, done.receipts), (3, 1, 2));
    check(&whole, &org, &done, "without a cut");
    let steps = whole.steps();
    assert!(steps > 20, "{steps}");
    for step in 0..steps {
        let memory = Memory::new();
        memory.fail_after(step);
        let mut done = Acknowledged::default();
        assert_eq!(
            live(&memory, &org, &revocation, &mut done),
            None,
            "step {step}"
        );
        for survives in Survives::ALL {
            let after = memory.after_power_cut(survives);
            check(
                &after,
                &org,
                &done,
                &format!("step {step}, survives {survives:?}"),
            );
            // ... and life goes on from there.
            let mut store = open(&after, &org).unwrap();
            if store.ledger_size() > 0 {
                store.write_receipt(&draft(&org, Event::Close)).unwrap();
            }
        }
    }
}

#[test]
fn beats_count_on_over_restarts_and_add_nothing_to_the_chain() {
    let (org, revocation) = fixture();
    let memory = Memory::new();
    live(&memory, &org, &revocation, &mut Acknowledged::default()).unwrap();
    let beat = || {
        let mut store = open(&memory, &org).unwrap();
        let envelope = store.write_beat(3).unwrap();
        let beat = Beat::verify(&store.org(), store.keys().signing.public(), &envelope).unwrap();
        assert_eq!((beat.open, Some(beat.head)), (3, store.receipt_head()));
        beat
    };
    let (first, second) = (beat(), beat());
    assert_eq!((first.k, second.k), (1, 2));
    assert_eq!(first.head, second.head);
}

#[test]
fn a_full_disk_is_named_and_leaves_the_store_whole() {
    let (org, revocation) = fixture();
    let memory = Memory::new();
    let mut done = Acknowledged::default();
    live(&memory, &org, &revocation, &mut done).unwrap();
    let mut store = open(&memory, &org).unwrap();
    for room in [0, 1, 30, 200] {
        memory.set_size(Some(memory.used() + room));
        let error = store.write_receipt(&draft(&org, Event::Close)).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert_eq!(error.code(), "disk_full");
        let another = Spend {
            id: WarrantId([2; 16]),
            ..spend(&org)
        };
        assert!(store.spend(another).is_err());
        assert!(store.spent(&WarrantId([2; 16])).is_none());
        check(&memory, &org, &done, "full");
    }
    memory.set_size(None);
    assert_eq!(
        store.write_receipt(&draft(&org, Event::Close)).unwrap().n,
        3
    );
    assert_eq!(open(&memory, &org).unwrap().receipt_head().unwrap().n, 3);
}

#[test]
fn a_byte_that_changed_in_the_middle_is_damage_and_not_a_torn_tail() {
    let (org, revocation) = fixture();
    let memory = Memory::new();
    live(&memory, &org, &revocation, &mut Acknowledged::default()).unwrap();
    let whole = memory.after_power_cut(Survives::Everything);
    assert!(open(&whole, &org).is_ok());
    memory.damage("receipts.log", 40);
    assert!(matches!(
        open(&memory, &org),
        Err(StoreError::Damaged { at: 0, .. })
    ));
}

#[test]
fn receipts_that_the_service_holds_and_the_disk_does_not_are_a_rollback() {
    let (org, revocation) = fixture();
    let memory = Memory::new();
    live(&memory, &org, &revocation, &mut Acknowledged::default()).unwrap();
    let mut store = open(&memory, &org).unwrap();
    store.set_uploaded(2).unwrap();
    let error = store.set_uploaded(3).unwrap_err();
    assert!(matches!(
        error,
        StoreError::RolledBack {
            uploaded: 3,
            stored: 2
        }
    ));
}

#[test]
fn a_held_revocation_taints_after_a_restart_what_it_tainted_before() {
    let mut org = Org::new();
    org.policy(true);
    let memory = Memory::new();
    let mut store = open(&memory, &org).unwrap();
    store.extend(0, &org.leaves, &org.note()).unwrap();
    // The technician's key is revoked, and the service goes on without that.
    store
        .hold(&org.revocation(Target::Key(org.technician.id())))
        .unwrap();
    let (from, before) = (org.leaves.len() as u64, org.leaves.len());
    org.policy(false);
    store
        .extend(from, &org.leaves[before..], &org.note())
        .unwrap();
    let held = |store: &TrustStore| {
        store
            .state()
            .unwrap()
            .held()
            .map(|(id, held)| (*id, held.since))
            .collect::<Vec<_>>()
    };
    assert_eq!(held(&store).first().map(|(_, since)| *since), Some(from));
    assert_eq!(held(&open(&memory, &org).unwrap()), held(&store));
}

#[test]
fn another_genesis_and_another_history_are_refused() {
    let (org, other) = (Org::new(), Org::new());
    let mut store = open(&Memory::new(), &org).unwrap();
    assert!(store.extend(0, &other.leaves, &other.note()).is_err());
    // Our genesis, but a checkpoint over something else.
    assert!(store.extend(0, &org.leaves[..1], &org.note()).is_err());
    assert_eq!(store.ledger_size(), 0);
    assert!(store.extend(0, &org.leaves, &org.note()).unwrap());
}

#[test]
fn a_directory_serves_one_agent_one_organisation_and_nobody_else() {
    let org = Org::new();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    let first = TrustStore::open(Disk::hold(&path).unwrap(), org.id).unwrap();
    assert!(matches!(Disk::hold(&path), Err(StoreError::Locked(_))));
    let device = first.keys().id();
    drop(first);
    let again = TrustStore::open(Disk::hold(&path).unwrap(), org.id).unwrap();
    assert_eq!(again.keys().id(), device);
    drop(again);
    let other = TrustStore::open(Disk::hold(&path).unwrap(), Org::new().id);
    assert!(matches!(other, Err(StoreError::OtherOrganisation { .. })));
    let mode = std::fs::metadata(path.join("device.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(
        Disk::hold(&path),
        Err(StoreError::Exposed { mode: 0o750, .. })
    ));
}
