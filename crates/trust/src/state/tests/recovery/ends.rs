//! What ends a recovery: a veto, another roster, a revoked key. And what a veto does that the ledger never carried.

use super::*;
use crate::state::HoldError;

/// G -> P1 -> V2 -> E3, and P1 again under another hand.
#[test]
fn k_admins_veto_a_recovery_for_good() {
    let mut world = lost();
    let statement = world.statement(roster(anew(&world)));
    let first = sign(&statement, &PROPOSERS);
    let again = sign(&statement, &["vault", "bank", "new"]);
    assert_eq!(world.put(&first), Counts);
    let recovery = statement.id;
    for alone in [
        &["ada"][..],
        &["safe", "vault", "bank"],
        &["new"],
        &["watch", "log"],
    ] {
        let refused = inert(world.say(veto(recovery), alone));
        assert_eq!(refused, Inert::NoAuthority, "{alone:?}");
    }
    let evidence = waited(&world, recovery);
    assert_eq!(world.say(veto(recovery), &["ada", "bob"]), Counts);
    assert_eq!(world.state.recoveries().count(), 0);
    assert_eq!(inert(world.say(evidence, &["new"])), Inert::NoRecovery);
    assert_eq!(inert(world.put(&again)), Inert::Repeated);
    let mut renamed = world.statement(roster(anew(&world)));
    renamed.id = recovery;
    let renamed = sign(&renamed, &PROPOSERS);
    assert_eq!(inert(world.put(&renamed)), Inert::Repeated);
    let by_others = world.say(veto(recovery), &["bob", "cyd"]);
    assert_eq!(inert(by_others), Inert::AlreadyRevoked);
    // Another proposal is another recovery.
    let other = proposed(&mut world);
    let say = waited(&world, other);
    assert_eq!(world.say(say, &["new"]), Counts);
}

/// A veto on a page of the vendor's takes power, and so counts; its signers may know any history.
#[test]
fn a_veto_is_a_taking_act() {
    let mut world = World::with(|roster| {
        roster.threshold = 1;
        roster.recovery = recovery(&["safe"]);
        roster.admins[0].key = page_key("ada", VENDOR).public().clone();
    });
    let mut early = world.statement(veto(StatementId([0; 16])));
    let envelope = world.signed(roster(anew(&world)), &["safe", "new"]);
    assert_eq!(world.put(&envelope), Counts);
    early.say = veto(id_of(&envelope));
    let ada = page_key("ada", VENDOR);
    let signed = Envelope::sign(crate::PayloadType::Statement, &early, &[&ada]);
    assert_eq!(world.put(&signed.unwrap()), Counts);
    assert_eq!(world.state.recoveries().count(), 0);
}

/// G -> V1 -> P2@V1
#[test]
fn a_veto_may_come_before_its_recovery() {
    let mut world = lost();
    let mut statement = world.statement(roster(anew(&world)));
    assert_eq!(world.say(veto(statement.id), &["ada", "bob"]), Counts);
    statement.seen = world.state.head();
    let proposal = sign(&statement, &PROPOSERS);
    assert_eq!(inert(world.put(&proposal)), Inert::AlreadyRevoked);
    proposed(&mut world);
}

#[test]
fn a_revoked_admin_vetoes_nothing() {
    let mut world = lost();
    assert_eq!(world.say(revoke_key("ada"), &["bob", "cyd"]), Counts);
    let recovery = proposed(&mut world);
    let by_revoked = world.say(veto(recovery), &["ada", "bob"]);
    assert_eq!(inert(by_revoked), Inert::NoAuthority);
    assert_eq!(world.say(veto(recovery), &["bob", "cyd"]), Counts);
}

/// G -> P1 -> C2 -> E3: the admins were not lost.
#[test]
fn an_ordinary_roster_ends_every_recovery() {
    let mut world = lost();
    let recovery = proposed(&mut world);
    let evidence = waited(&world, recovery);
    let next = roster(world.next_roster());
    world.give(next);
    assert_eq!(world.state.recoveries().count(), 0);
    assert_eq!(inert(world.say(evidence, &["new"])), Inert::NoRecovery);
    assert!(!is_anew(&world));
}

#[test]
fn a_revoked_key_recovers_nothing() {
    // Two admins, and each key itself, revoke what one admin cannot.
    for (target, signers) in [
        ("safe", &["ada", "bob"][..]),
        ("safe", &["safe"]),
        ("new", &["ada", "bob"]),
        ("new", &["new"]),
    ] {
        let mut world = lost();
        let recovery = proposed(&mut world);
        assert_eq!(world.say(revoke_key(target), signers), Counts);
        let say = waited(&world, recovery);
        let refused = inert(world.say(say, &["bank"]));
        match target {
            "new" => assert_eq!(refused, Inert::Shape("it lists a revoked key")),
            _ => assert_eq!(refused, Inert::TooFewRecoveryKeys { have: 1, need: 2 }),
        }
        let say = waited(&world, recovery);
        let by_itself = world.say(say, &[target]);
        assert_eq!(inert(by_itself), Inert::NoAuthority);
    }
}

/// G -> R(safe) -> P2: the two that are left are enough, though the roster names three still.
#[test]
fn a_revoked_recovery_key_begins_nothing() {
    let mut world = lost();
    assert_eq!(world.say(revoke_key("safe"), &["ada", "bob"]), Counts);
    let say = roster(anew(&world));
    assert_eq!(
        inert(world.say(say.clone(), &PROPOSERS)),
        Inert::TooFewRecoveryKeys { have: 1, need: 2 }
    );
    assert_eq!(world.say(say, &["vault", "bank", "new"]), Counts);
}

/// G -> [V] -> P1 -> E2: the device holds the veto that service and witnesses kept from the ledger.
#[test]
fn a_held_veto_taints_what_it_could_not_stop() {
    let mut device = lost();
    let mut replica = lost();
    let proposal = device.signed(roster(anew(&device)), &PROPOSERS);
    let recovery = id_of(&proposal);
    let vetoed = device.signed(veto(recovery), &["ada", "bob"]);
    assert!(device.state.hold(&vetoed).unwrap());
    assert_eq!(replica.put(&proposal), Counts);
    let say = waited(&replica, recovery);
    // The first id is the proposal's.
    replica.id();
    let effect = replica.signed(say, &["new"]);
    assert_eq!(replica.put(&effect), Counts);
    for leaf in [&proposal, &effect] {
        assert_eq!(device.put(leaf), Counts);
    }
    assert_eq!(device.state.head(), replica.state.head());
    assert!(is_anew(&device) && is_anew(&replica));
    assert!(device.state.is_roster_tainted());
    assert!(!replica.state.is_roster_tainted(), "nobody told it");
    // No later roster washes it, and the new admins cannot sequence the veto to have it released.
    let next = roster(device.next_roster());
    assert_eq!(device.say(next, &["new"]), Counts);
    let by_new = vetoed.countersign(&key("new")).unwrap();
    assert_eq!(inert(device.put(&by_new)), Inert::TooLate);
    assert!(device.state.is_roster_tainted());
}

#[test]
fn a_held_veto_hides_the_recovery_at_once_and_ends_in_the_ledger() {
    let mut world = lost();
    let recovery = proposed(&mut world);
    let alone = world.signed(veto(recovery), &["ada"]);
    assert_eq!(
        world.state.hold(&alone),
        Err(HoldError::Inert(Inert::NoAuthority))
    );
    let vetoed = world.signed(veto(recovery), &["ada", "bob"]);
    assert!(world.state.hold(&vetoed).unwrap());
    assert_eq!(world.state.recoveries().count(), 0);
    assert_eq!(world.state.held().count(), 1);
    assert_eq!(world.put(&vetoed), Counts);
    assert_eq!(world.state.held().count(), 0);
    assert!(!world.state.is_roster_tainted());
}

/// G -> P1 -> [V] -> C2: the admins who vetoed are gone with the roster that ended the recovery.
#[test]
fn the_ledger_lacks_no_veto_of_what_waits_no_more() {
    let mut world = lost();
    let recovery = proposed(&mut world);
    let vetoed = world.signed(veto(recovery), &["ada", "bob"]);
    assert!(world.state.hold(&vetoed).unwrap());
    let mut next = world.next_roster();
    next.admins = ["cyd", "dan"].map(admin).to_vec();
    let signers = ["ada", "bob", "cyd", "dan"];
    assert_eq!(world.say(roster(next), &signers), Counts);
    assert_eq!(world.state.held().count(), 0);
    assert!(!world.state.is_roster_tainted());
}

/// G -> [R(safe)@G] -> P1 -> E2: the keys were known to be stolen, and the ledger was kept from saying so.
#[test]
fn a_recovery_by_a_withheld_revoked_key_is_tainted() {
    let mut world = lost();
    let revocation = world.signed(revoke_key("safe"), &["ada", "bob"]);
    assert!(world.state.hold(&revocation).unwrap());
    let recovery = proposed(&mut world);
    let say = waited(&world, recovery);
    assert_eq!(world.say(say, &["new"]), Counts);
    assert!(world.state.is_roster_tainted());
}

#[test]
fn who_recovered_may_retire_the_keys_that_did() {
    let mut world = lost();
    let recovery = proposed(&mut world);
    let say = waited(&world, recovery);
    assert_eq!(world.say(say, &["new"]), Counts);
    assert_eq!(world.say(revoke_key("safe"), &["new"]), Counts);
    assert!(!world.state.is_roster_tainted());
}

/// G -> C2 of ada's thief, which keeps the recovery keys or names his -> P3 -> E4
#[test]
fn a_recovery_mends_what_a_withheld_revocation_could_not_stop() {
    for keys in [&["safe"][..], &["theft"]] {
        let mut world = World::with(|roster| {
            roster.threshold = 1;
            roster.recovery = recovery(&["safe"]);
            roster.witnesses.push(witness("far"));
        });
        let withheld = world.signed(revoke_key("ada"), &["bob"]);
        assert!(world.state.hold(&withheld).unwrap());
        let mut stolen = anew(&world);
        stolen.admins = vec![admin("mal")];
        stolen.recovery = recovery(keys);
        assert_eq!(world.say(roster(stolen), &["ada", "mal"]), Counts);
        assert!(world.state.is_roster_tainted());
        let proposal = world.signed(roster(anew(&world)), &[keys[0], "new"]);
        assert_eq!(world.put(&proposal), Counts);
        let say = waited(&world, id_of(&proposal));
        assert_eq!(world.say(say, &["new"]), Counts);
        assert_eq!(world.state.is_roster_tainted(), keys != ["safe"]);
    }
}
