//! Giving power needs k admins; taking it needs one signature.

use super::*;
use crate::bytes::WarrantId;
use crate::envelope::PayloadType;
use crate::limits::{ENTRIES_MAX, QUORUM_0_ADMIT_MS_MAX};
use crate::statement::{Admin, Owner};

fn too_few(have: u64) -> Inert {
    Inert::TooFewAdmins { have, need: 2 }
}

#[test]
fn one_admin_of_two_gives_nothing() {
    let mut world = World::new();
    assert_eq!(inert(world.say(tess(), &["ada"])), too_few(1));
    assert_eq!(
        inert(world.say(Say::Policy(policy("desk")), &["bob"])),
        too_few(1)
    );
    let roster = Box::new(world.next_roster());
    assert_eq!(inert(world.say(Say::Roster(roster), &["cyd"])), too_few(1));
    world.give(tess());
}

#[test]
fn service_secrets_admit_nobody() {
    let mut world = World::new();
    world.give(Say::Admit(helper(Role::Stopper, "stop", &[])));
    for stolen in [
        &["log"][..],
        &["stop"],
        &["watch"],
        &["log", "stop", "watch"],
    ] {
        assert_eq!(inert(world.say(tess(), stolen)), too_few(0), "{stolen:?}");
        let device = Say::Admit(device("desk-1", &["office"]));
        assert_eq!(inert(world.say(device, stolen)), too_few(0), "{stolen:?}");
    }
}

#[test]
fn two_keys_of_one_person_count_once() {
    let mut world = World::with(|roster| {
        roster.admins.push(Admin {
            person: "ada".to_owned(),
            ..admin("ada/phone")
        });
    });
    assert_eq!(inert(world.say(tess(), &["ada", "ada/phone"])), too_few(1));
    assert_eq!(world.say(tess(), &["ada/phone", "bob"]), Counts);
}

#[test]
fn a_revoked_admin_gives_nothing_any_more() {
    let mut world = World::new();
    assert_eq!(world.say(revoke_key("ada"), &["bob", "cyd"]), Counts);
    assert_eq!(inert(world.say(tess(), &["ada", "bob"])), too_few(1));
    assert_eq!(
        inert(world.say(revoke(Target::All), &["ada"])),
        Inert::NoAuthority
    );
    assert_eq!(world.say(tess(), &["bob", "cyd"]), Counts);
}

#[test]
fn an_added_signature_of_a_revoked_admin_takes_nothing_away() {
    let mut world = World::new();
    assert_eq!(world.say(revoke_key("ada"), &["bob", "cyd"]), Counts);
    assert_eq!(world.say(tess(), &["ada", "bob", "cyd"]), Counts);
    assert!(works(&world, "tess"));
}

#[test]
fn a_known_key_whose_signature_fails_refuses_the_leaf() {
    let mut world = World::new();
    let good = world.signed(tess(), &["ada", "bob"]);
    let mut bad = good.countersign(&key("cyd")).unwrap().to_text();
    let sig = bad.rfind("\"sig\":\"").unwrap() + 7;
    let flipped = if &bad[sig..=sig] == "A" { "B" } else { "A" };
    bad.replace_range(sig..=sig, flipped);
    assert!(matches!(
        inert(world.put_bytes(bad.as_bytes())),
        Inert::Unreadable(_)
    ));
    assert_eq!(world.put(&good), Counts);
}

#[test]
fn a_strangers_signature_does_not_count_and_does_not_harm() {
    let mut world = World::new();
    assert_eq!(inert(world.say(tess(), &["ada", "stranger"])), too_few(1));
    assert_eq!(world.say(tess(), &["ada", "bob", "stranger"]), Counts);
}

#[test]
fn a_vendors_origin_gives_no_power_and_takes_it() {
    let ada = |origin: &str| page_key("ada", origin);
    let mut world = World::with(|roster| {
        roster.threshold = 1;
        roster.admins[0].key = ada(VENDOR).public().clone();
        roster.admins[1].key = page_key("bob", OWN).public().clone();
    });
    let statement = world.statement(tess());
    let sign = |s: &crate::Statement, key: &crate::SigningKey| {
        Envelope::sign(PayloadType::Statement, s, &[key]).unwrap()
    };
    assert_eq!(
        inert(world.put(&sign(&statement, &ada(VENDOR)))),
        Inert::VendorOrigin
    );
    let revocation = world.statement(revoke_key("stranger"));
    assert_eq!(world.put(&sign(&revocation, &ada(VENDOR))), Counts);
    let statement = world.statement(tess());
    assert_eq!(world.put(&sign(&statement, &page_key("bob", OWN))), Counts);
}

#[test]
fn an_admin_on_an_unlisted_origin_gives_no_power() {
    let phone = Passkey::of("ada", &[OWN, "https://elsewhere.example"]);
    let mut world = World::with(|roster| {
        roster.threshold = 1;
        roster.admins[0].key = phone.key.clone();
        assert_eq!(roster.origin_owner(OWN), Some(Owner::Customer));
    });
    let signed_on = |world: &mut World, origin: &str| {
        let payload = serde_json::to_vec(&world.statement(tess())).unwrap();
        let ceremony = Ceremony {
            origin: origin.to_owned(),
            ..Ceremony::default()
        };
        let signature = phone.sign(PayloadType::Statement, &payload, &ceremony);
        Envelope::assemble(PayloadType::Statement, &payload, vec![signature]).unwrap()
    };
    let elsewhere = signed_on(&mut world, "https://elsewhere.example");
    assert_eq!(inert(world.put(&elsewhere)), Inert::VendorOrigin);
    let at_home = signed_on(&mut world, OWN);
    assert_eq!(world.put(&at_home), Counts);
}

#[test]
fn a_key_has_one_role() {
    let mut world = World::new();
    world.give(tess());
    assert_eq!(
        inert(world.say(Say::Admit(device("tess", &["office"])), &["ada", "bob"])),
        Inert::RoleConflict
    );
    assert_eq!(
        inert(world.say(Say::Admit(technician("cyd", &["support"])), &["ada", "bob"])),
        Inert::RoleConflict
    );
    world.give(Say::Admit(device("desk-1", &["office"])));
}

#[test]
fn an_enroller_admits_devices_into_its_own_groups_only() {
    let mut world = World::new();
    world.give(Say::Admit(helper(
        Role::Enroller,
        "gate",
        &["office", "lab"],
    )));
    let mut refused =
        |admit: crate::statement::Admit| inert(world.say(Say::Admit(admit), &["gate"]));
    assert_eq!(refused(device("desk-1", &["office", "vault"])), too_few(0));
    assert_eq!(refused(device("desk-1", &[])), too_few(0));
    assert_eq!(refused(technician("tess", &["office"])), too_few(0));
    let mut late = device("desk-1", &["office"]);
    late.until += 1;
    assert_eq!(refused(late), too_few(0));
    assert_eq!(
        world.say(Say::Admit(device("desk-1", &["office"])), &["gate"]),
        Counts
    );
    assert_eq!(
        world.say(Say::Admit(device("desk-1", &["lab"])), &["gate"]),
        Counts,
        "renewed"
    );
}

#[test]
fn an_enroller_moves_no_device_out_of_a_foreign_group() {
    let mut world = World::new();
    world.give(Say::Admit(helper(Role::Enroller, "gate", &["office"])));
    world.give(Say::Admit(device("safe-1", &["vault"])));
    world.give(Say::Admit(device("safe-2", &["office", "vault"])));
    let narrowed = Say::Admit(device("safe-2", &["office"]));
    assert_eq!(inert(world.say(narrowed, &["gate"])), too_few(0));
    let moved = Say::Admit(device("safe-1", &["office"]));
    assert_eq!(inert(world.say(moved.clone(), &["gate"])), too_few(0));
    assert_eq!(
        world.state.entry(&keyid("safe-1")).unwrap().groups,
        ["vault"]
    );
    assert_eq!(world.say(moved, &["ada", "bob"]), Counts);
}

#[test]
fn an_enroller_stops_with_its_time_its_key_and_its_admission() {
    let desk = || Say::Admit(device("desk-1", &["office"]));
    let mut late = World::new();
    late.give(Say::Admit(helper(Role::Enroller, "gate", &["office"])));
    late.now = NOW + 20 * DAY;
    assert_eq!(inert(late.say(desk(), &["gate"])), too_few(0));
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
        assert_eq!(world.say(revoke(target), &["cyd"]), Counts);
        assert_eq!(inert(world.say(desk(), &["gate"])), too_few(0));
    }
}

#[test]
fn any_admin_takes_power_from_all_but_another_admin() {
    let mut world = World::ready();
    let policy_id = world.state.policies().next().unwrap().id;
    let admit_id = world.state.entry(&keyid("abe")).unwrap().admit;
    for target in [
        Target::Key(keyid("tess")),
        Target::Key(keyid("desk-1")),
        Target::Admit(admit_id),
        Target::Policy(policy_id),
        Target::Warrant(WarrantId([3; 16])),
        Target::All,
    ] {
        assert_eq!(world.say(revoke(target), &["cyd"]), Counts, "{target:?}");
        assert_eq!(
            inert(world.say(revoke(target), &["cyd"])),
            Inert::AlreadyRevoked
        );
    }
    assert!(world.state.is_suspended() && !works(&world, "tess") && !works(&world, "abe"));
    assert!(world.state.policies().all(|p| p.id != policy_id));
    assert!(world.state.is_warrant_revoked(&WarrantId([3; 16])));
    assert_eq!(
        inert(world.say(revoke_key("ada"), &["cyd"])),
        Inert::NoAuthority
    );
    assert_eq!(world.say(revoke_key("ada"), &["bob", "cyd"]), Counts);
}

#[test]
fn an_admin_takes_back_his_own_other_key() {
    let mut world = World::with(|roster| roster.admins.push(admin("ada/phone")));
    assert_eq!(world.say(revoke_key("ada/phone"), &["ada"]), Counts);
    assert!(world.state.admin(&keyid("ada/phone")).is_none());
}

#[test]
fn any_key_revokes_itself() {
    let mut world = World::ready();
    for name in ["ada", "tess", "desk-1"] {
        assert_eq!(
            inert(world.say(revoke_key(name), &["abe"])),
            Inert::NoAuthority,
            "{name}"
        );
        assert_eq!(world.say(revoke_key(name), &[name]), Counts, "{name}");
        assert!(world.state.is_key_revoked(&keyid(name)));
    }
}

#[test]
fn a_stopper_stops_technicians_warrants_and_everything_but_nothing_else() {
    let mut world = World::ready();
    world.give(Say::Admit(helper(Role::Stopper, "stop", &[])));
    let policy_id = world.state.policies().next().unwrap().id;
    for target in [
        Target::Key(keyid("ada")),
        Target::Key(keyid("desk-1")),
        Target::Key(keyid("stranger")),
        Target::Admit(world.state.entry(&keyid("tess")).unwrap().admit),
        Target::Policy(policy_id),
    ] {
        assert_eq!(
            inert(world.say(revoke(target), &["stop"])),
            Inert::NoAuthority,
            "{target:?}"
        );
    }
    for target in [
        Target::Key(keyid("tess")),
        Target::Warrant(WarrantId([3; 16])),
        Target::All,
        Target::Key(keyid("stop")),
    ] {
        assert_eq!(world.say(revoke(target), &["stop"]), Counts, "{target:?}");
    }
    assert_eq!(
        inert(world.say(revoke_key("abe"), &["stop"])),
        Inert::NoAuthority,
        "revoked itself"
    );
}

#[test]
fn a_stopper_stops_nothing_after_its_time_or_its_admission() {
    let mut late = World::ready();
    late.give(Say::Admit(helper(Role::Stopper, "stop", &[])));
    late.now = NOW + 20 * DAY;
    assert_eq!(
        inert(late.say(revoke(Target::All), &["stop"])),
        Inert::NoAuthority
    );
    late.now -= 1;
    assert_eq!(late.say(revoke(Target::All), &["stop"]), Counts);

    let mut world = World::ready();
    let own = world.signed(
        Say::Admit(helper(Role::Stopper, "stop", &[])),
        &["ada", "bob"],
    );
    assert_eq!(world.put(&own), Counts);
    assert_eq!(
        world.say(revoke(Target::Admit(id_of(&own))), &["cyd"]),
        Counts
    );
    assert_eq!(
        inert(world.say(revoke(Target::All), &["stop"])),
        Inert::NoAuthority
    );
}

/// G -> A1 -> R(tess) -> A2(tess)
#[test]
fn a_key_once_revoked_is_never_in_force_again() {
    let mut world = World::ready();
    assert_eq!(world.say(revoke_key("tess"), &["ada"]), Counts);
    world.say(tess(), &["ada", "bob"]);
    assert!(!works(&world, "tess"));
    assert!(works(&world, "abe"));
}

/// G -> R(id of A1) -> A1
#[test]
fn an_id_is_revoked_before_it_is_sequenced() {
    let mut world = World::new();
    let dead = crate::StatementId([5; 16]);
    assert_eq!(world.say(revoke(Target::Admit(dead)), &["cyd"]), Counts);
    let mut admission = world.statement(tess());
    admission.id = dead;
    world.put(&sign(&admission, &["ada", "bob"]));
    assert!(!works(&world, "tess"));
    world.give(tess());
    assert!(works(&world, "tess"));
}

#[test]
fn a_revocation_of_a_revocation_says_nothing() {
    let mut world = World::ready();
    let first = world.signed(revoke_key("tess"), &["ada"]);
    assert_eq!(world.put(&first), Counts);
    for target in [Target::Admit(id_of(&first)), Target::Policy(id_of(&first))] {
        world.say(revoke(target), &["ada", "bob", "cyd"]);
        assert!(!works(&world, "tess"), "{target:?}");
    }
}

#[test]
fn a_reason_is_one_line() {
    let mut world = World::new();
    let say = |reason: &str| {
        Say::Revoke(crate::statement::Revoke {
            target: Target::All,
            reason: reason.to_owned(),
        })
    };
    for bad in ["", "a\nb", "\u{202E}x"] {
        assert!(
            matches!(inert(world.say(say(bad), &["ada"])), Inert::Shape(_)),
            "{bad:?}"
        );
    }
    assert_eq!(world.say(say("stolen laptop"), &["ada"]), Counts);
}

#[test]
fn without_witnesses_a_technician_is_admitted_for_30_days_at_most() {
    let mut alone = World::with(|roster| {
        roster.quorum = 0;
    });
    let lasting = |more: u64| {
        let mut admit = technician("tess", &["support"]);
        admit.until = NOW + QUORUM_0_ADMIT_MS_MAX + more;
        Say::Admit(admit)
    };
    assert!(matches!(
        inert(alone.say(lasting(1), &["ada", "bob"])),
        Inert::Shape(_)
    ));
    assert_eq!(alone.say(lasting(0), &["ada", "bob"]), Counts);
    let mut desk = device("desk-1", &["office"]);
    desk.until = NOW + 365 * DAY;
    alone.give(Say::Admit(desk));
    let mut watched = World::new();
    assert_eq!(watched.say(lasting(1), &["ada", "bob"]), Counts);
}

#[test]
fn an_admission_ends_at_its_time_to_the_millisecond() {
    let mut world = World::ready();
    world.now = NOW + 20 * DAY - 1;
    assert!(works(&world, "tess"));
    world.now += 1;
    assert_eq!(
        world
            .state
            .in_force(&keyid("tess"), Role::Technician, world.now)
            .err(),
        Some(crate::state::NotInForce::Expired)
    );
}

#[test]
fn removals_stay_legal_above_every_limit() {
    let mut world = World::ready();
    let room = ENTRIES_MAX - world.state.entries().count() - world.state.policies().count();
    let full = filled(&world.state, room);
    let nearly = filled(&world.state, room - 1);
    let admission = world.signed(tess_of("extra"), &["ada", "bob"]);
    assert_eq!(full.check(admission.as_bytes()), Err(Inert::Full));
    assert_eq!(nearly.check(admission.as_bytes()), Ok(()));
    assert_eq!(world.state.check(admission.as_bytes()), Ok(()));
    let removal = world.signed(revoke_key("tess"), &["ada"]);
    assert_eq!(full.check(removal.as_bytes()), Ok(()));
    let another_policy = world.signed(Say::Policy(policy("more")), &["ada", "bob"]);
    assert_eq!(full.check(another_policy.as_bytes()), Err(Inert::Full));
}

fn tess_of(name: &str) -> Say {
    Say::Admit(technician(name, &["support"]))
}
