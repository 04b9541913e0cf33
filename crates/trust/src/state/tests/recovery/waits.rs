//! What it takes until a recovery takes effect: time, as every witness saw it.

use super::*;
use crate::limits::RECOVERIES_MAX;

/// G -> A1 -> *2 -> P3 -> P4 -> E5 -> ..: until it has waited nothing changes, then everything.
#[test]
fn a_recovery_replaces_the_admins_when_it_has_waited() {
    let mut world = lost();
    world.give(tess());
    assert_eq!(world.say(revoke(Target::All), &["ada"]), Counts);
    let recovery = proposed(&mut world);
    let waiting: Vec<_> = world.state.recoveries().map(|p| (p.id, p.index)).collect();
    assert_eq!(waiting, [(recovery, 3)]);
    assert_eq!(world.state.roster().version, 1);
    let by_new = world.say(Say::Policy(policy("x")), &["new"]);
    assert_eq!(inert(by_new), too_few(0));
    world.give(Say::Policy(policy("desk")));
    let in_flight = world.signed(Say::Policy(policy("late")), &["ada", "bob"]);
    let say = waited(&world, recovery);
    assert_eq!(world.say(say, &["new"]), Counts);
    assert!(is_anew(&world));
    assert_eq!(world.state.recoveries().count(), 0);
    assert!(!world.state.is_suspended() && !world.state.is_roster_tainted());
    assert_eq!(inert(world.put(&in_flight)), Inert::Superseded);
    let by_old = world.say(Say::Policy(policy("x")), &["ada", "bob"]);
    assert_eq!(inert(by_old), Inert::TooFewAdmins { have: 0, need: 1 });
    assert_eq!(world.say(Say::Policy(policy("x")), &["new"]), Counts);
    assert!(works(&world, "tess"), "what the old admins gave stands");
}

#[test]
fn a_recovery_waits_the_whole_delay() {
    let mut world = lost();
    let recovery = proposed(&mut world);
    let begun = both(&world, NOW);
    for too_early in [NOW - WAIT, NOW, NOW + WAIT - 1_000] {
        let say = shown(recovery, &begun, &both(&world, too_early));
        let refused = inert(world.say(say, &["new"]));
        assert!(
            matches!(refused, Inert::NotWaited(why) if why.contains("delay")),
            "{too_early}"
        );
    }
    let say = shown(recovery, &begun, &both(&world, NOW + WAIT));
    assert_eq!(world.say(say, &["new"]), Counts);
}

/// All witnesses but one lie about the time: the honest clock bounds both ends.
#[test]
fn one_honest_witness_keeps_the_time() {
    let mut world = lost();
    let recovery = proposed(&mut world);
    let (early, late) = (NOW - 9 * DAY, NOW + 9 * DAY);
    let honest = both(&world, NOW);
    let back_dated = world.cosigned(&[("watch", early), ("far", NOW)]);
    let post_dated = world.cosigned(&[("watch", late), ("far", NOW + WAIT - 1_000)]);
    let later = both(&world, NOW + WAIT - 1_000);
    for (begun, waited) in [
        (&back_dated, &later),
        (&honest, &post_dated),
        (&back_dated, &post_dated),
    ] {
        let refused = inert(world.say(shown(recovery, begun, waited), &["new"]));
        assert!(matches!(refused, Inert::NotWaited(why) if why.contains("delay")));
    }
    let waited = world.cosigned(&[("watch", late), ("far", NOW + WAIT)]);
    let say = shown(recovery, &back_dated, &waited);
    assert_eq!(world.say(say, &["new"]), Counts);
}

/// A time that a reader in another language cannot count is no time.
#[test]
fn times_beyond_counting_are_refused() {
    let mut world = lost();
    let recovery = proposed(&mut world);
    let counts = 9_007_199_254_740_000;
    for at in [counts + 1_000, u64::MAX] {
        let never = shown(recovery, &both(&world, NOW), &both(&world, at));
        assert!(matches!(
            inert(world.say(never, &["new"])),
            Inert::NotWaited(_)
        ));
        let never = shown(recovery, &both(&world, at), &both(&world, at));
        assert!(matches!(
            inert(world.say(never, &["new"])),
            Inert::NotWaited(_)
        ));
    }
    let say = shown(recovery, &both(&world, NOW), &both(&world, counts));
    assert_eq!(world.say(say, &["new"]), Counts);
}

/// A service that hides the recovery from one witness, and from those who look at its ledger, waits in vain.
#[test]
fn every_witness_must_have_seen_it() {
    let mut world = lost();
    let before = both(&world, NOW);
    let recovery = proposed(&mut world);
    let (begun, waited) = (both(&world, NOW), both(&world, NOW + WAIT));
    let alone = |at| world.cosigned(&[("watch", at)]);
    let strange = [("watch", NOW + WAIT), ("stranger", NOW + WAIT)];
    let cases = [
        (alone(NOW), waited.clone(), "every witness"),
        (begun.clone(), alone(NOW + WAIT), "every witness"),
        (begun.clone(), world.cosigned(&strange), "every witness"),
        (before, waited.clone(), "with the recovery in it"),
    ];
    for (begun, waited, why) in cases {
        let refused = inert(world.say(shown(recovery, &begun, &waited), &["new"]));
        assert!(
            matches!(&refused, Inert::NotWaited(said) if said.contains(why)),
            "{refused:?}"
        );
    }
    let say = shown(recovery, &begun, &waited);
    assert_eq!(world.say(say, &["new"]), Counts);
}

#[test]
fn the_proof_is_about_this_ledger_and_by_its_log_key() {
    let mut world = lost();
    let mut fork = lost();
    fork.give(tess());
    fork.give(Say::Policy(policy("desk")));
    let recovery = proposed(&mut world);
    let (begun, waited) = (both(&world, NOW), both(&world, NOW + WAIT));
    let elsewhere = both(&fork, NOW + WAIT);
    let unsigned = waited.replacen("\n— wayleave/", "\n— wayleave/x", 1);
    world.give(tess());
    let longer = crate::statement::Seen {
        size: 99,
        ..world.state.head()
    };
    let mut note = crate::Note::sign(&world.org, longer, &key("log"));
    for name in ["watch", "far"] {
        let line = crate::checkpoint::cosign(&note, name, &key(name), (NOW + WAIT) / 1000);
        note.add_line(&line).unwrap();
    }
    let (ahead, nothing) = (note.to_string(), String::new());
    for (begun, waited) in [
        (&both(&fork, NOW), &waited),
        (&begun, &elsewhere),
        (&begun, &unsigned),
        (&begun, &ahead),
        (&begun, &nothing),
        (&nothing, &waited),
    ] {
        let refused = inert(world.say(shown(recovery, begun, waited), &["new"]));
        assert!(matches!(refused, Inert::NotWaited(_)), "{refused:?}");
    }
    let mut forked = world.statement(shown(recovery, &begun, &waited));
    forked.seen.root.0[0] ^= 1;
    assert_eq!(inert(world.put(&sign(&forked, &["new"]))), Inert::Forked);
    let say = shown(recovery, &begun, &waited);
    assert_eq!(world.say(say, &["new"]), Counts);
}

#[test]
fn only_who_recovers_says_that_it_has_waited() {
    let mut world = lost();
    world.give(tess());
    let recovery = proposed(&mut world);
    for signer in ["ada", "tess", "stranger", "watch", "log"] {
        let say = waited(&world, recovery);
        let refused = inert(world.say(say, &[signer]));
        assert_eq!(refused, Inert::NoAuthority, "{signer}");
    }
    for signer in ["new", "bank"] {
        let mut copy = world.state.clone();
        let say = waited(&world, recovery);
        let envelope = world.signed(say, &[signer]);
        assert_eq!(copy.append(envelope.as_bytes()), Counts, "{signer}");
    }
}

#[test]
fn what_never_began_never_takes_effect() {
    let mut world = lost();
    let say = waited(&world, StatementId([7; 16]));
    assert_eq!(inert(world.say(say, &["safe"])), Inert::NoRecovery);
    let recovery = proposed(&mut world);
    let say = waited(&world, recovery);
    assert_eq!(world.say(say.clone(), &["new"]), Counts);
    assert_eq!(inert(world.say(say, &["new"])), Inert::NoRecovery);
}

/// G -> P2 -> A1@G: a thief of recovery keys spoils nobody's statement by proposing.
#[test]
fn a_recovery_that_waits_supersedes_nothing() {
    let mut world = lost();
    let in_flight = world.signed(tess(), &["ada", "bob"]);
    proposed(&mut world);
    assert_eq!(world.put(&in_flight), Counts);
}

/// G -> P1 -> P2 -> E(P2): the first does not hold the place of the second, and the one in force ends the other.
#[test]
fn recoveries_wait_side_by_side() {
    let mut world = lost();
    let first = proposed(&mut world);
    let second = proposed(&mut world);
    assert_eq!(world.state.recoveries().count(), 2);
    let (of_first, of_second) = (waited(&world, first), waited(&world, second));
    assert_eq!(world.say(of_second, &["new"]), Counts);
    assert_eq!(inert(world.say(of_first, &["new"])), Inert::NoRecovery);
}

#[test]
fn recoveries_that_wait_are_bounded() {
    let mut world = lost();
    let all: Vec<_> = (0..RECOVERIES_MAX).map(|_| proposed(&mut world)).collect();
    let one_more = roster(anew(&world));
    let refused = inert(world.say(one_more, &PROPOSERS));
    assert_eq!(refused, Inert::Shape("too many recoveries wait already"));
    assert_eq!(world.say(veto(all[3]), &["ada", "bob"]), Counts);
    proposed(&mut world);
}

/// One admin alone stops no recovery: not by its keys, and not by the keys of those who begin anew.
#[test]
fn one_admin_alone_stops_no_recovery() {
    use crate::statement::Role;
    let mut world = lost();
    world.give(Say::Admit(helper(Role::Stopper, "stop", &[])));
    world.give(Say::Admit(helper(Role::Enroller, "gate", &["office"])));
    let recovery = proposed(&mut world);
    for target in ["safe", "bank", "new"] {
        for alone in ["ada", "stop"] {
            let refused = inert(world.say(revoke_key(target), &[alone]));
            assert_eq!(refused, Inert::NoAuthority, "{target}");
        }
    }
    let taken = world.say(Say::Admit(device("new", &["office"])), &["gate"]);
    assert_eq!(inert(taken), Inert::RoleConflict);
    let by_stopper = world.say(veto(recovery), &["stop"]);
    assert_eq!(inert(by_stopper), Inert::NoAuthority);
    let say = waited(&world, recovery);
    assert_eq!(world.say(say, &["new"]), Counts);
}

/// A recovery may list an admin again: who holds two keys still takes back the other.
#[test]
fn a_recovery_shields_no_admin_key() {
    let mut world = World::with(|roster| {
        roster.recovery = recovery(&["safe"]);
        roster.admins.push(admin("ada/phone"));
    });
    let mut listing = anew(&world);
    listing.admins.push(admin("ada/phone"));
    assert_eq!(world.say(roster(listing), &["safe", "new"]), Counts);
    assert_eq!(world.say(revoke_key("ada/phone"), &["ada"]), Counts);
}
