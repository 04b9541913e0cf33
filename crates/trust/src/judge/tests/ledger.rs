//! What the device knows of the ledger.

use super::*;
use crate::checkpoint::{Checkpoint, cosign};
use crate::freshness::{Stale, clock_floor, needs_renewal, turning_points, witnessed_time};
use crate::limits::CLOCK_SKEW_MS;
use crate::state::State;
use crate::statement::{Roster, Seen};

#[test]
fn a_technician_who_saw_another_history_is_refused() {
    let mut world = World::ready();
    let mut warrant = world.warrant();
    warrant.seen.root = Hash([7; 32]);
    assert_eq!(code(world.ask(&warrant, &["tess"])), "ledger_forked");
    warrant.seen = Seen {
        size: world.state.head().size + 1,
        root: Hash([7; 32]),
    };
    assert_eq!(code(world.ask(&warrant, &["tess"])), "ledger_behind");
    warrant.seen = world.state.head();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn a_shorter_ledger_is_refused() {
    let mut world = World::ready();
    let warrant = world.warrant();
    let mut short = State::genesis(world.org, &world.leaves[0]).unwrap();
    for leaf in &world.leaves[1..world.leaves.len() - 1] {
        short.append(leaf);
    }
    let full = std::mem::replace(&mut world.state, short);
    world.refresh();
    assert_eq!(code(world.ask(&warrant, &["tess"])), "ledger_behind");
    world.state = full;
    // The right ledger with the checkpoint of the shorter one.
    assert_eq!(code(world.ask(&warrant, &["tess"])), "stale");
    world.refresh();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn a_left_out_leaf_is_seen() {
    let mut world = World::ready();
    assert_eq!(
        world.say(revoke(Target::Key(key("abe").id())), &["cyd"]),
        Counts
    );
    let warrant = world.warrant();
    let mut without = State::genesis(world.org, &world.leaves[0]).unwrap();
    for leaf in &world.leaves[1..world.leaves.len() - 1] {
        without.append(leaf);
    }
    without.append(b"something else in its place");
    let full = std::mem::replace(&mut world.state, without);
    world.refresh();
    assert_eq!(code(world.ask(&warrant, &["tess"])), "ledger_forked");
    world.state = full;
    world.refresh();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn a_junk_leaf_opens_and_closes_nothing() {
    let mut world = World::ready();
    world.put_bytes(b"junk");
    let warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
    let mut stranger = world.warrant();
    stranger.by = key("stranger").id();
    assert_eq!(code(world.ask(&stranger, &["stranger"])), "not_signed");
}

#[test]
fn a_revoked_or_expired_technician_is_refused() {
    let mut world = World::ready();
    let warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
    let revocation = world.signed(revoke(Target::Key(key("tess").id())), &["cyd"]);
    assert!(world.state.hold(&revocation).unwrap());
    assert_eq!(
        code(world.ask(&warrant, &["tess"])),
        "technician_not_in_force"
    );
    assert_eq!(world.put(&revocation), Counts);
    assert_eq!(
        code(world.ask(&warrant, &["tess"])),
        "technician_not_in_force"
    );

    let mut late = World::ready();
    late.now += 20 * DAY;
    late.refresh();
    let warrant = late.warrant();
    assert_eq!(
        code(late.ask(&warrant, &["tess"])),
        "device_not_in_force",
        "the desk expired with her"
    );
}

#[test]
fn a_device_that_is_not_admitted_opens_to_nobody() {
    let mut world = World::ready();
    let warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
    let mut facts = world.facts();
    facts.device_noise = noise("desk-2");
    let envelope = sign_warrant(&warrant, &["tess"]);
    assert_eq!(code(judge(&facts, envelope.as_bytes())), "device_noise");
    // A device key in another role.
    let mut elsewhere = warrant.clone();
    elsewhere.device = key("abe").id();
    let mut facts = world.facts();
    facts.device = key("abe").id();
    let envelope = sign_warrant(&elsewhere, &["tess"]);
    assert_eq!(
        code(judge(&facts, envelope.as_bytes())),
        "device_not_in_force"
    );
    let admit = world.state.entry(&key("desk-1").id()).unwrap().admit;
    assert_eq!(world.say(revoke(Target::Admit(admit)), &["cyd"]), Counts);
    assert_eq!(code(world.ask(&warrant, &["tess"])), "device_not_in_force");
}

#[test]
fn suspension_closes_and_a_roster_opens_again() {
    let mut world = World::ready();
    let everything = world.signed(revoke(Target::All), &["cyd"]);
    assert!(world.state.hold(&everything).unwrap());
    let warrant = world.warrant();
    assert_eq!(code(world.ask(&warrant, &["tess"])), "suspended");
    assert_eq!(world.put(&everything), Counts);
    assert_eq!(code(world.ask(&warrant, &["tess"])), "suspended");
    let roster = Say::Roster(Box::new(world.next_roster()));
    world.give(roster);
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn a_ledger_that_is_too_new_closes() {
    let mut world = World::ready();
    let warrant = world.warrant();
    let newer = Roster {
        format: 2,
        ..world.next_roster()
    };
    assert_eq!(
        world.say(Say::Roster(Box::new(newer)), &["ada", "bob"]),
        Counts
    );
    assert_eq!(code(world.ask(&warrant, &["tess"])), "ledger_too_new");
}

#[test]
fn a_tainted_roster_closes() {
    let mut world = World::ready();
    let revocation = world.signed(revoke(Target::Key(key("ada").id())), &["bob", "cyd"]);
    let roster = Say::Roster(Box::new(world.next_roster()));
    world.give(roster);
    let warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
    assert!(world.state.hold(&revocation).unwrap());
    assert_eq!(code(world.ask(&warrant, &["tess"])), "roster_tainted");
}

/// The checkpoint of the ledger as it is, cosigned by these witnesses at these times in milliseconds.
fn cosigned(world: &World, lines: &[(&str, u64)]) -> Checkpoint {
    let mut note = world.note();
    for (name, at) in lines {
        note.add_line(&cosign(&note, name, &key(name), at / 1000))
            .unwrap();
    }
    note.verify(&world.org, world.state.roster()).unwrap()
}

#[test]
fn a_checkpoint_is_fresh_for_max_age() {
    let mut world = World::ready();
    let warrant = world.warrant();
    let max_age = world.state.roster().max_age;
    let at = |world: &mut World, time: u64| {
        world.checkpoint = cosigned(world, &[("watch", time)]);
        world.ask(&warrant, &["tess"])
    };
    assert!(at(&mut world, NOW - max_age).is_ok());
    assert_eq!(code(at(&mut world, NOW - max_age - 1000)), "stale");
    assert!(at(&mut world, NOW + 30_000).is_ok());
    assert_eq!(code(at(&mut world, NOW + 31_000)), "stale");
    world.checkpoint = cosigned(&world, &[]);
    assert_eq!(code(world.ask(&warrant, &["tess"])), "stale");
    world.checkpoint = cosigned(&world, &[("stranger", NOW)]);
    assert_eq!(code(world.ask(&warrant, &["tess"])), "stale");
}

#[test]
fn the_quorum_holds_one_that_holds_revocations() {
    let mut world = World::with(|roster| {
        roster.quorum = 2;
        let history_only = |name| crate::statement::WitnessEntry {
            holds_revocations: false,
            ..witness(name)
        };
        roster
            .witnesses
            .extend([history_only("far"), history_only("near")]);
    });
    world.furnish();
    let warrant = world.warrant();
    let with = |world: &mut World, names: &[(&str, u64)]| {
        world.checkpoint = cosigned(world, names);
        world.ask(&warrant, &["tess"])
    };
    let stale = |judged: Result<Verdict, Refusal>| match judged {
        Err(Refusal::Stale(why)) => why,
        other => panic!("{other:?}"),
    };
    let two_of_history = [("far", NOW), ("near", NOW)];
    assert_eq!(
        stale(with(&mut world, &two_of_history)),
        Stale::NoRevocationHolder
    );
    let one = stale(with(&mut world, &[("watch", NOW)]));
    assert!(matches!(
        one,
        Stale::TooFewWitnesses {
            have: 1,
            need: 2,
            max_age_s: 300
        }
    ));
    let late_holder = [("watch", NOW - DAY), ("far", NOW), ("near", NOW)];
    assert_eq!(
        stale(with(&mut world, &late_holder)),
        Stale::NoRevocationHolder
    );
    assert!(with(&mut world, &[("watch", NOW), ("near", NOW)]).is_ok());
}

#[test]
fn with_quorum_0_the_log_keys_word_is_enough() {
    let mut world = World::with(|roster| {
        roster.quorum = 0;
        roster.witnesses.clear();
    });
    world.furnish();
    world.checkpoint = cosigned(&world, &[]);
    let warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
    assert_eq!(witnessed_time(&world.state, &world.checkpoint), None);
}

#[test]
fn the_clock_floor_is_the_time_that_a_quorum_reached() {
    let mut world = World::with(|roster| {
        roster.quorum = 2;
        roster.witnesses.extend([witness("far"), witness("near")]);
    });
    world.furnish();
    let lines = [("watch", NOW), ("far", NOW + 9_000), ("near", NOW - 5_000)];
    let checkpoint = cosigned(&world, &lines);
    assert_eq!(witnessed_time(&world.state, &checkpoint), Some(NOW));
    assert_eq!(
        witnessed_time(&world.state, &cosigned(&world, &lines[..1])),
        None
    );
    let floor = clock_floor(&world.state, &checkpoint);
    assert_eq!(floor, Some(NOW - CLOCK_SKEW_MS / 2));
}

#[test]
fn a_witness_that_is_ahead_makes_nobody_elses_word_too_old() {
    let mut world = World::with(|roster| {
        roster.witnesses.push(witness("far"));
        roster.max_age = 10_000;
    });
    world.furnish();
    // By the true time NOW its clock is as far ahead as clocks may be.
    let ahead = cosigned(&world, &[("watch", NOW + CLOCK_SKEW_MS / 2)]);
    let floor = clock_floor(&world.state, &ahead).unwrap();
    assert_eq!(floor, NOW);
    // Five seconds on, the other one vouches; the first is gone, or its clock was put right.
    let warrant = world.warrant();
    world.checkpoint = cosigned(&world, &[("far", NOW + 4_000)]);
    world.now = floor + 5_000;
    assert!(world.ask(&warrant, &["tess"]).is_ok());
    // With all of it, its word would stand 16 s in the past.
    world.now += CLOCK_SKEW_MS / 2;
    assert_eq!(code(world.ask(&warrant, &["tess"])), "stale");
}

#[test]
fn a_device_that_has_its_floor_alone_takes_all_witnesses() {
    let mut world = World::with(|roster| {
        roster.quorum = 2;
        roster.witnesses.push(witness("far"));
        roster.max_age = 30_000;
    });
    world.furnish();
    let half = CLOCK_SKEW_MS / 2;
    let warrant = world.warrant();
    for ahead in [half, half + 1_000] {
        world.checkpoint = cosigned(&world, &[("watch", NOW + ahead), ("far", NOW)]);
        world.now = clock_floor(&world.state, &world.checkpoint).unwrap();
        assert_eq!(world.ask(&warrant, &["tess"]).is_ok(), ahead == half);
    }
}

#[test]
fn a_stale_ledger_opens_attended_sessions_only_where_a_policy_says_so() {
    let mut world = World::ready();
    world.give(Say::Policy(Policy {
        attended_when_stale: true,
        unattended: true,
        scopes: vec![Scope::View],
        ..policy("outage")
    }));
    world.checkpoint = cosigned(&world, &[]);
    let mut warrant = world.warrant();
    let verdict = world.ask(&warrant, &["tess"]).unwrap();
    assert!(verdict.stale);
    assert_eq!(verdict.policy, "outage");
    warrant.attended = false;
    assert_eq!(code(world.ask(&warrant, &["tess"])), "stale");
    warrant.attended = true;
    warrant.until = warrant.from + 3_600_001;
    assert_eq!(
        code(world.ask(&warrant, &["tess"])),
        "uncovered",
        "fresh or not"
    );
    warrant.until = warrant.from + 1000;
    warrant.scopes.push(Scope::Shell);
    assert_eq!(code(world.ask(&warrant, &["tess"])), "stale");
    world.refresh();
    assert!(!world.ask(&warrant, &["tess"]).unwrap().stale);
}

#[test]
fn a_witness_that_the_roster_does_not_list_holds_nothing() {
    let mut world = World::ready();
    let warrant = world.warrant();
    world.checkpoint.witnessed = vec![(1, NOW)];
    assert_eq!(code(world.ask(&warrant, &["tess"])), "stale");
    world.checkpoint.witnessed = vec![(0, NOW)];
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn a_newer_checkpoint_is_due_at_half_of_max_age() {
    let mut world = World::ready();
    let (state, checkpoint) = (world.state.clone(), world.checkpoint.clone());
    let witnessed = witnessed_time(&state, &checkpoint).unwrap();
    let half = witnessed + 150_000;
    assert!(!needs_renewal(&state, &checkpoint, half));
    assert!(needs_renewal(&state, &checkpoint, half + 1));
    let turns = |now| turning_points(&state, &checkpoint, now).collect::<Vec<_>>();
    assert_eq!(turns(witnessed), [half + 1, witnessed + 300_001]);
    assert_eq!(turns(half + 1), [witnessed + 300_001]);
    assert_eq!(turns(witnessed + 300_001), [0; 0]);

    // The twin: one cosignature later it is not.
    world.now = half + 1;
    world.refresh();
    assert!(!needs_renewal(&world.state, &world.checkpoint, half + 1));
}

#[test]
fn with_quorum_0_no_checkpoint_is_ever_due() {
    let world = World::with(|r| r.quorum = 0);
    let far = world.now + 86_400_000;
    assert!(!needs_renewal(&world.state, &world.checkpoint, far));
    assert_eq!(
        turning_points(&world.state, &world.checkpoint, 0).count(),
        0
    );
}

/// G -> .. -> P -> [V] -> E: the veto reached the device and neither ledger nor witness.
#[test]
fn a_roster_of_a_vetoed_recovery_opens_nothing() {
    use crate::statement::{Recover, Say, Target};
    let mut world = World::with(|roster| roster.recovery = recovery(&["safe"]));
    world.furnish();
    let mut roster = world.next_roster();
    roster.admins = vec![admin("new")];
    roster.threshold = 1;
    let proposal = world.statement(Say::Roster(Box::new(roster)));
    assert_eq!(world.put(&sign(&proposal, &["safe", "new"])), Counts);
    let veto = world.signed(revoke(Target::Recovery(proposal.id)), &["ada", "bob"]);
    let told = {
        let mut state = world.state.clone();
        state.hold(&veto).unwrap();
        state
    };
    let untold = std::mem::replace(&mut world.state, told);
    let warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok(), "it waits still");
    let proof = |ms| world.cosigned(&[("watch", ms)]);
    let recover = Recover {
        recovery: proposal.id,
        begun: proof(NOW),
        waited: proof(NOW + 3 * DAY),
    };
    let effect = world.signed(Say::Recover(recover), &["new"]);
    assert_eq!(world.put(&effect), Counts);
    assert_eq!(code(world.ask(&warrant, &["tess"])), "roster_tainted");
    world.state = untold;
    assert_eq!(world.put(&effect), Counts);
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}
