//! A witness counts the devices that one person opens over the fleet.
#![allow(clippy::unwrap_used)]

extern crate wayleave_trust as trust;

mod support;

use support::*;
use trust::limits::COUNT_WINDOW_MS;
use trust::statement::{Policy, Say, Target};
use trust::witness::{CountRefusal, Counted, Tally};
use trust::{Envelope, PayloadType, Refusal, Warrant};

/// `tess`, with a second key, may open three devices of the office an hour; the vault is joined by no such policy.
fn fleet() -> World {
    let mut world = World::new();
    world.give(Say::Admit(technician("tess", &["support"])));
    world.give(Say::Admit(technician("tess/phone", &["support"])));
    world.give(Say::Admit(technician("eve", &["support"])));
    for n in 1..=5 {
        world.give(Say::Admit(device(&format!("desk-{n}"), &["office"])));
    }
    world.give(Say::Admit(device("safe", &["vault"])));
    world.give(Say::Policy(Policy {
        devices_per_hour: Some(3),
        ..policy("counted")
    }));
    world.give(Say::Policy(Policy {
        devices: "vault".to_owned(),
        ..policy("uncounted")
    }));
    world
}

fn warrant(
    world: &mut World,
    who: &str,
    device: &str,
    change: impl FnOnce(&mut Warrant),
) -> Envelope {
    let mut warrant = world.warrant();
    warrant.by = key(who).id();
    warrant.name = opened(who.split('/').next().unwrap());
    warrant.device = key(device).id();
    change(&mut warrant);
    sign_warrant(&warrant, &[who])
}

/// The number that the witness gives, as its program does it: weigh, note, count.
fn counted(
    tally: &mut Tally,
    world: &mut World,
    who: &str,
    device: &str,
) -> Result<u32, CountRefusal> {
    let warrant = warrant(world, who, device, |_| {});
    let counted = tally.weigh(&world.state, &warrant, world.now)?;
    tally.add(&counted);
    Ok(tally.count(&world.state, &warrant, &counted).devices)
}

#[test]
fn distinct_devices_of_a_person_are_counted_and_no_more_than_the_policy_allows() {
    let (mut world, mut tally) = (fleet(), Tally::default());
    assert_eq!(counted(&mut tally, &mut world, "tess", "desk-1"), Ok(1));
    assert_eq!(counted(&mut tally, &mut world, "tess", "desk-2"), Ok(2));
    assert_eq!(
        counted(&mut tally, &mut world, "tess", "desk-1"),
        Ok(2),
        "no other device"
    );
    assert_eq!(
        counted(&mut tally, &mut world, "tess/phone", "desk-3"),
        Ok(3),
        "no other person"
    );
    let again = NOW + COUNT_WINDOW_MS;
    let refused = Err(CountRefusal::TooMany { rate: 3, again });
    assert_eq!(counted(&mut tally, &mut world, "tess", "desk-4"), refused);
    assert_eq!(
        counted(&mut tally, &mut world, "tess/phone", "desk-4"),
        refused
    );
    assert_eq!(
        counted(&mut tally, &mut world, "tess", "desk-3"),
        Ok(3),
        "counted before"
    );
    assert_eq!(
        counted(&mut tally, &mut world, "eve", "desk-4"),
        Ok(1),
        "another person"
    );
}

#[test]
fn the_hour_slides() {
    let (mut world, mut tally) = (fleet(), Tally::default());
    for (n, minutes) in [(1, 0), (2, 10), (3, 20)] {
        world.now = NOW + minutes * 60_000;
        counted(&mut tally, &mut world, "tess", &format!("desk-{n}")).unwrap();
    }
    world.now = NOW + 59 * 60_000;
    let refused = counted(&mut tally, &mut world, "tess", "desk-4").unwrap_err();
    let again = NOW + COUNT_WINDOW_MS;
    assert_eq!(refused, CountRefusal::TooMany { rate: 3, again });
    world.now = again;
    assert_eq!(counted(&mut tally, &mut world, "tess", "desk-4"), Ok(3));
    assert!(counted(&mut tally, &mut world, "tess", "desk-5").is_err());
    assert_eq!(tally.entries(world.now).count(), 3);
}

#[test]
fn a_lower_rate_waits_for_all_that_are_too_many() {
    let (mut world, mut tally) = (fleet(), Tally::default());
    for n in 1..=3 {
        world.now += 60_000;
        counted(&mut tally, &mut world, "tess", &format!("desk-{n}")).unwrap();
    }
    world.give(Say::Policy(Policy {
        devices_per_hour: Some(1),
        ..policy("counted")
    }));
    let again = world.now + COUNT_WINDOW_MS;
    let refused = counted(&mut tally, &mut world, "tess", "desk-4");
    assert_eq!(refused, Err(CountRefusal::TooMany { rate: 1, again }));
}

#[test]
fn the_most_generous_policy_between_the_two_is_the_witnesss_limit() {
    let (mut world, mut tally) = (fleet(), Tally::default());
    world.give(Say::Policy(Policy {
        devices_per_hour: Some(4),
        ..policy("generous")
    }));
    for n in 1..=4 {
        let number = counted(&mut tally, &mut world, "tess", &format!("desk-{n}"));
        assert_eq!(
            number,
            Ok(n),
            "the device holds it against the policy that covers"
        );
    }
    assert!(counted(&mut tally, &mut world, "tess", "desk-5").is_err());
}

#[test]
fn what_no_device_would_open_is_not_counted() {
    let mut world = fleet();
    let tally = Tally::default();
    let mut weigh = |change: fn(&mut Warrant)| {
        let warrant = warrant(&mut world, "tess", "desk-1", change);
        tally.weigh(&world.state, &warrant, world.now)
    };
    assert!(weigh(|_| {}).is_ok(), "the twin");
    let code = |weighed: Result<Counted, CountRefusal>| match weighed.unwrap_err() {
        CountRefusal::Warrant(refusal) => refusal.code(),
        other => panic!("{other}"),
    };
    assert_eq!(code(weigh(|w| w.org.0[0] ^= 1)), "other_organisation");
    assert_eq!(
        code(weigh(|w| w.device = key("safe/2").id())),
        "device_not_in_force"
    );
    assert_eq!(code(weigh(|w| w.by = key("eve").id())), "not_signed");
    assert_eq!(code(weigh(|w| w.name = opened("eve"))), "other_name");
    assert_eq!(code(weigh(|w| w.seen.size += 1)), "ledger_behind");
    assert_eq!(code(weigh(|w| w.seen.root.0[0] ^= 1)), "ledger_forked");
    assert_eq!(code(weigh(|w| w.from += 100_000)), "too_early");
    assert_eq!(
        code(weigh(|w| (w.from, w.until) = (NOW - 9, NOW))),
        "expired"
    );
    assert_eq!(code(weigh(|w| w.scopes.clear())), "shape");
    let elsewhere = warrant(&mut world, "tess", "safe", |_| {});
    let refused = tally.weigh(&world.state, &elsewhere, NOW).unwrap_err();
    assert_eq!(refused, CountRefusal::NotAsked);
    let socket = Envelope::sign(PayloadType::Socket, &world.warrant(), &[&key("tess")]).unwrap();
    let refused = tally.weigh(&world.state, &socket, NOW).unwrap_err();
    assert!(matches!(
        refused,
        CountRefusal::Warrant(Refusal::Unreadable(_))
    ));
}

#[test]
fn a_stopped_technician_is_not_counted() {
    let mut world = fleet();
    let good = warrant(&mut world, "tess", "desk-1", |_| {});
    let tally = Tally::default();
    assert!(tally.weigh(&world.state, &good, NOW).is_ok());
    for target in [Target::Key(key("tess").id()), Target::All] {
        let mut state = world.state.clone();
        let revocation = world.signed(revoke(target), &["cyd"]);
        state.hold(&revocation).unwrap();
        assert!(tally.weigh(&state, &good, NOW).is_err());
    }
}

#[test]
fn a_tally_that_is_read_again_counts_on() {
    let (mut world, mut tally) = (fleet(), Tally::default());
    for n in 1..=3 {
        counted(&mut tally, &mut world, "tess", &format!("desk-{n}")).unwrap();
    }
    let mut again = Tally::default();
    // In any order, with what was replaced since.
    let lines: Vec<Counted> = tally.entries(NOW).collect();
    for line in lines.iter().rev().chain(&lines) {
        again.add(line);
    }
    assert!(counted(&mut again, &mut world, "tess", "desk-4").is_err());
    again.forget(NOW + COUNT_WINDOW_MS - 1);
    assert_eq!(again.entries(NOW).count(), 3);
    again.forget(NOW + COUNT_WINDOW_MS);
    assert_eq!(again.entries(NOW).count(), 0);
}

#[test]
fn a_clock_that_went_back_forgets_nothing() {
    let (mut world, mut tally) = (fleet(), Tally::default());
    for n in 1..=3 {
        counted(&mut tally, &mut world, "tess", &format!("desk-{n}")).unwrap();
    }
    world.now = NOW - 10 * 60_000;
    counted(&mut tally, &mut world, "tess", "desk-1").unwrap();
    world.now = NOW + COUNT_WINDOW_MS - 1;
    assert!(counted(&mut tally, &mut world, "tess", "desk-4").is_err());
}
