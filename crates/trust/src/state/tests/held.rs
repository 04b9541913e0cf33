//! Revocations ahead of the ledger: withheld by the service, known to devices and witnesses.

use super::*;
use crate::limits::HELD_REVOCATIONS_MAX;
use crate::state::{HoldError, NotInForce};

fn tess_now(world: &World) -> Option<NotInForce> {
    world
        .state
        .in_force(&keyid("tess"), Role::Technician, world.now)
        .err()
}

#[test]
fn a_held_revocation_works_at_once_and_ends_in_the_ledger() {
    let mut world = World::ready();
    let revocation = world.signed(revoke_key("tess"), &["cyd"]);
    assert!(world.state.hold(&revocation).unwrap());
    assert!(!world.state.hold(&revocation).unwrap(), "known");
    assert_eq!(tess_now(&world), Some(NotInForce::Revoked));
    assert_eq!(world.state.held().count(), 1);
    assert_eq!(world.put(&revocation), Counts);
    assert_eq!(world.state.held().count(), 0);
    assert_eq!(tess_now(&world), Some(NotInForce::Revoked));
    assert!(!world.state.hold(&revocation).unwrap(), "sequenced");
}

#[test]
fn every_kind_of_target_is_held() {
    let mut world = World::ready();
    let policy_id = world.state.policies().next().unwrap().id;
    let admit_id = world.state.entry(&keyid("abe")).unwrap().admit;
    for target in [
        Target::Admit(admit_id),
        Target::Policy(policy_id),
        Target::Warrant(crate::WarrantId([3; 16])),
        Target::All,
    ] {
        let revocation = world.signed(revoke(target), &["cyd"]);
        assert!(world.state.hold(&revocation).unwrap());
    }
    assert!(!works(&world, "abe") && works(&world, "tess"));
    assert!(world.state.policies().all(|p| p.id != policy_id));
    assert!(world.state.is_warrant_revoked(&crate::WarrantId([3; 16])));
    assert!(!world.state.is_warrant_revoked(&crate::WarrantId([4; 16])));
    assert!(world.state.is_suspended());
}

#[test]
fn only_what_would_count_is_held() {
    let mut world = World::ready();
    let mut other = World::with(|roster| roster.name = "Hafen Nord".to_owned());
    let hold = |world: &mut World, envelope: &Envelope| world.state.hold(envelope).unwrap_err();
    let unsigned = world.signed(revoke_key("tess"), &["stranger"]);
    assert_eq!(
        hold(&mut world, &unsigned),
        HoldError::Inert(Inert::NoAuthority)
    );
    let gift = world.signed(tess(), &["ada", "bob"]);
    assert_eq!(hold(&mut world, &gift), HoldError::NotARevocation);
    let foreign = other.signed(revoke_key("ada"), &["ada"]);
    assert_eq!(
        hold(&mut world, &foreign),
        HoldError::Inert(Inert::OtherOrganisation)
    );
    let warrant = world.warrant();
    assert!(matches!(
        hold(&mut world, &sign_warrant(&warrant, &["tess"])),
        HoldError::Inert(Inert::Unreadable(_))
    ));
    assert_eq!(world.state.held().count(), 0);
}

#[test]
fn held_revocations_are_bounded() {
    let mut world = World::ready();
    for _ in 0..HELD_REVOCATIONS_MAX {
        let warrant = crate::WarrantId(world.id());
        let held = super::super::Held {
            target: Target::Warrant(warrant),
            envelope: Envelope::parse(&world.leaves[0]).unwrap(),
            since: 0,
            seen: world.state.head(),
            by_itself: false,
        };
        world
            .state
            .held
            .insert(crate::bytes::sha256(&[&warrant.0]), held);
    }
    let one_more = world.signed(revoke_key("tess"), &["cyd"]);
    assert_eq!(world.state.hold(&one_more), Err(HoldError::Full));
    assert_eq!(world.put(&one_more), Counts, "the ledger takes it");
}

/// G(1 of 2) -> A1@G -> R(ada)@G: the thief of ada's key and the service put A1 before the withheld R.
#[test]
fn what_a_revoked_key_gives_unseen_by_its_revoker_never_counts() {
    let one_of_two = || {
        World::with(|roster| {
            roster.threshold = 1;
            roster.admins.truncate(2);
        })
    };
    let mut device = one_of_two();
    let revocation = device.signed(revoke_key("ada"), &["ada", "bob"]);
    let stolen = device.signed(tess(), &["ada"]);
    let mut replica = one_of_two();
    assert!(device.state.hold(&revocation).unwrap());
    // The device was handed the revocation, the replica was not; both get the same leaves.
    for world in [&mut device, &mut replica] {
        assert_eq!(world.put(&stolen), Counts);
    }
    assert_eq!(tess_now(&device), Some(NotInForce::Tainted));
    assert_eq!(tess_now(&replica), None, "nobody told it");
    for world in [&mut device, &mut replica] {
        assert_eq!(world.put(&revocation), Counts);
        assert_eq!(tess_now(world), Some(NotInForce::Tainted));
    }
}

/// G -> A1@G -> R(ada)@A1: the revoker saw the gift and let it stand.
#[test]
fn what_a_revoked_key_gave_before_its_revoker_looked_counts() {
    let mut world = World::with(|roster| roster.threshold = 1);
    assert_eq!(world.say(tess(), &["ada"]), Counts);
    assert_eq!(world.say(revoke_key("ada"), &["bob"]), Counts);
    assert_eq!(tess_now(&world), None);
}

/// G -> A1@G -> R(ada)@G, A1 signed by ada, bob and cyd where two are needed.
#[test]
fn a_gift_stands_on_the_signatures_that_remain() {
    let mut world = World::new();
    let revocation = world.signed(revoke_key("ada"), &["bob", "cyd"]);
    let by_three = world.signed(tess(), &["ada", "bob", "cyd"]);
    let by_two = world.signed(Say::Admit(technician("abe", &["leads"])), &["ada", "bob"]);
    assert_eq!(world.put(&by_three), Counts);
    assert_eq!(world.put(&by_two), Counts);
    assert_eq!(world.put(&revocation), Counts);
    assert!(works(&world, "tess"));
    assert!(!works(&world, "abe"));
}

/// G -> P1@G -> C2@G -> R(ada)@G
#[test]
fn policies_and_rosters_are_tainted_too() {
    let mut world = World::with(|roster| roster.threshold = 1);
    let revocation = world.signed(revoke_key("ada"), &["bob"]);
    assert_eq!(world.say(Say::Policy(policy("desk")), &["ada"]), Counts);
    let roster = world.next_roster();
    assert_eq!(world.say(Say::Roster(Box::new(roster)), &["ada"]), Counts);
    assert_eq!(world.state.policies().count(), 1);
    assert!(!world.state.is_roster_tainted());
    assert_eq!(world.put(&revocation), Counts);
    assert_eq!(world.state.policies().count(), 0);
    assert!(world.state.is_roster_tainted());
    // The others sign a new one.
    let mut roster = world.next_roster();
    roster.admins.remove(0);
    assert_eq!(world.say(Say::Roster(Box::new(roster)), &["bob"]), Counts);
    assert!(!world.state.is_roster_tainted());
}

/// G -> A1@G -> R'(ada, by herself)@A1 -> R(ada, by bob)@G: the thief revokes the key himself, having "seen" his gift.
#[test]
fn a_thief_cannot_shield_his_gifts_by_revoking_the_key_himself() {
    let mut world = World::with(|roster| roster.threshold = 1);
    let real = world.signed(revoke_key("ada"), &["bob"]);
    assert!(world.state.hold(&real).unwrap());
    assert_eq!(world.say(tess(), &["ada"]), Counts);
    assert_eq!(world.say(revoke_key("ada"), &["ada"]), Counts);
    assert_eq!(
        world.state.held().count(),
        1,
        "the ledger still lacks what bob said"
    );
    assert_eq!(tess_now(&world), Some(NotInForce::Tainted));
    assert_eq!(world.put(&real), Counts);
    assert_eq!(world.state.held().count(), 0);
    assert_eq!(tess_now(&world), Some(NotInForce::Tainted));
    assert_eq!(
        inert(world.say(revoke_key("ada"), &["bob"])),
        Inert::AlreadyRevoked
    );
}

/// G -> A1@G -> R(ada, by herself)@G
#[test]
fn a_thief_cannot_undo_his_victims_gifts_by_revoking_the_key() {
    let mut world = World::with(|roster| roster.threshold = 1);
    let early = world.signed(revoke_key("ada"), &["ada"]);
    assert_eq!(world.say(tess(), &["ada"]), Counts);
    assert_eq!(world.put(&early), Counts);
    assert_eq!(tess_now(&world), None);
    assert_eq!(
        inert(world.say(Say::Policy(policy("desk")), &["ada"])),
        Inert::TooFewAdmins { have: 0, need: 1 }
    );
}

/// G -> E1 -> D1@E1 -> R(gate)@E1, and the same with the admission of the enroller.
#[test]
fn devices_of_a_withheld_enroller_do_not_count() {
    let desk = || Say::Admit(device("desk-1", &["office"]));
    let counts = |world: &World| {
        world
            .state
            .in_force(&keyid("desk-1"), Role::Device, world.now)
            .is_ok()
    };
    for by_key in [true, false] {
        let mut world = World::new();
        let own = world.signed(
            Say::Admit(helper(Role::Enroller, "gate", &["office"])),
            &["ada", "bob"],
        );
        assert_eq!(world.put(&own), Counts);
        let target = if by_key {
            Target::Key(keyid("gate"))
        } else {
            Target::Admit(id_of(&own))
        };
        let revocation = world.signed(revoke(target), &["cyd"]);
        assert_eq!(world.say(desk(), &["gate"]), Counts);
        assert!(counts(&world));
        assert!(world.state.hold(&revocation).unwrap());
        assert!(!counts(&world));
        assert_eq!(world.put(&revocation), Counts);
        assert!(!counts(&world));
    }
}

/// G -> E1@G -> D1 -> R(ada)@G: the enroller itself came from the revoked key.
#[test]
fn devices_of_a_tainted_enroller_do_not_count() {
    let mut world = World::with(|roster| roster.threshold = 1);
    let revocation = world.signed(revoke_key("ada"), &["bob"]);
    let enroller = || Say::Admit(helper(Role::Enroller, "gate", &["office"]));
    assert_eq!(world.say(enroller(), &["ada"]), Counts);
    assert_eq!(
        world.say(Say::Admit(device("desk-1", &["office"])), &["gate"]),
        Counts
    );
    assert_eq!(world.put(&revocation), Counts);
    let desk = world
        .state
        .in_force(&keyid("desk-1"), Role::Device, world.now);
    assert_eq!(desk.err(), Some(NotInForce::Tainted));
}

/// A revoker of another history: his gift's place cannot be told, so the ledger's own order stands.
#[test]
fn a_revoker_of_another_history_reaches_back_to_where_he_stands() {
    let mut world = World::with(|roster| roster.threshold = 1);
    let mut forked = world.statement(revoke_key("ada"));
    forked.seen.root.0[0] ^= 1;
    assert_eq!(world.say(tess(), &["ada"]), Counts);
    assert!(world.state.hold(&sign(&forked, &["bob"])).unwrap());
    assert_eq!(tess_now(&world), None);
    world.say(Say::Admit(technician("abe", &["leads"])), &["ada"]);
    assert!(!works(&world, "abe"), "given after the device knew");
}

/// G -> *1 -> *2, both held: when the roster lifts the first, the second is not left behind.
#[test]
fn two_suspensions_are_lifted_by_one_roster() {
    let mut world = World::new();
    let first = world.signed(revoke(Target::All), &["ada"]);
    let second = world.signed(revoke(Target::All), &["bob"]);
    assert!(world.state.hold(&first).unwrap() && world.state.hold(&second).unwrap());
    assert_eq!(world.put(&first), Counts);
    assert_eq!(inert(world.put(&second)), Inert::AlreadyRevoked);
    let roster = world.next_roster();
    world.give(Say::Roster(Box::new(roster)));
    assert!(!world.state.is_suspended());
    assert_eq!(
        inert(world.put(&first)),
        Inert::Repeated,
        "an old suspension cannot be replayed"
    );
}

/// G -> S1 (a stopper), * held -> R1(S1) -> C1: what its author may no longer say is never sequenced, so the roster lifts
/// it; one that its author may still say waits for the ledger.
#[test]
fn a_roster_lifts_a_held_suspension_whose_author_may_no_longer_say_it() {
    for is_revoked in [true, false] {
        let mut world = World::new();
        world.give(Say::Admit(helper(Role::Stopper, "stop", &[])));
        let suspension = world.signed(revoke(Target::All), &["stop"]);
        assert!(world.state.hold(&suspension).unwrap());
        if is_revoked {
            assert_eq!(world.say(revoke_key("stop"), &["cyd"]), Counts);
            assert_eq!(inert(world.put(&suspension)), Inert::NoAuthority);
            assert!(world.state.is_suspended(), "until a roster lifts it");
        }
        let roster = world.next_roster();
        world.give(Say::Roster(Box::new(roster)));
        assert_eq!(world.state.is_suspended(), !is_revoked);
        assert_eq!(world.state.held().count(), usize::from(!is_revoked));
        assert_eq!(world.state.hold(&suspension).is_err(), is_revoked);
    }
}

/// G -> E1 -> D1 -> E2(renewed)
#[test]
fn devices_outlive_the_renewal_of_their_enroller() {
    let mut world = World::new();
    let enroller = || Say::Admit(helper(Role::Enroller, "gate", &["office"]));
    world.give(enroller());
    assert_eq!(
        world.say(Say::Admit(device("desk-1", &["office"])), &["gate"]),
        Counts
    );
    world.give(enroller());
    let desk = world
        .state
        .in_force(&keyid("desk-1"), Role::Device, world.now);
    assert!(desk.is_ok());
}

/// G -> R1@G -> R2@G: both reach as far.
#[test]
fn a_revocation_that_reaches_no_further_says_nothing_new() {
    let mut world = World::with(|roster| roster.threshold = 1);
    let [first, second] = [["bob"], ["cyd"]].map(|by| world.signed(revoke_key("ada"), &by));
    assert_eq!(world.put(&first), Counts);
    assert!(!world.state.hold(&second).unwrap(), "nothing to hold");
    assert_eq!(inert(world.put(&second)), Inert::AlreadyRevoked);
}
