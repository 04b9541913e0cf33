//! Machines that joined by a code: the same judge, the policies of the reserved group, and always a person who agrees.

use super::*;
use crate::judge::Standing;
use crate::state::NotInForce;

/// `guest` brought a code to `tess`, whose organisation helps machines that join.
fn ready() -> World {
    let mut world = World::ready();
    for unattended in [false, true] {
        world.give(Say::Policy(Policy {
            devices: "joined".to_owned(),
            scopes: vec![Scope::View, Scope::Control],
            unattended,
            ..policy(if unattended { "joined-alone" } else { "joined" })
        }));
    }
    world.device = "guest";
    world.standing = joined_with("tess");
    world
}

fn joined_with(technician: &str) -> Standing {
    Standing::Joined {
        technician: noise(technician),
    }
}

#[test]
fn a_joined_machine_opens_under_the_policies_of_its_group() {
    let mut world = ready();
    let warrant = world.warrant();
    assert_eq!(world.ask(&warrant, &["tess"]).unwrap().policy, "joined");
    // The same key without a code is nobody's.
    world.standing = Standing::Enrolled;
    assert_eq!(
        world.ask(&warrant, &["tess"]).unwrap_err(),
        Refusal::DeviceNotInForce(NotInForce::NotAdmitted)
    );
}

#[test]
fn without_a_policy_for_joined_machines_none_opens() {
    let mut world = World::ready();
    world.device = "guest";
    world.standing = joined_with("tess");
    let warrant = world.warrant();
    assert_eq!(
        world.ask(&warrant, &["tess"]).unwrap_err(),
        Refusal::Uncovered(Uncovered::Groups)
    );
    assert!(ready().ask(&ready().warrant(), &["tess"]).is_ok());
}

#[test]
fn policies_for_joined_machines_reach_no_enrolled_one_and_no_admission_names_their_group() {
    let mut world = ready();
    world.give(Say::Admit(device("desk-2", &["vault"])));
    (world.device, world.standing) = ("desk-2", Standing::Enrolled);
    let warrant = world.warrant();
    assert_eq!(
        world.ask(&warrant, &["tess"]).unwrap_err(),
        Refusal::Uncovered(Uncovered::Groups)
    );
    world.device = "desk-1";
    let warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
    let reserved = Say::Admit(device("desk-2", &["joined"]));
    assert_ne!(world.say(reserved, &["ada", "bob"]), Counts);
}

#[test]
fn a_joined_machine_never_opens_unattended() {
    let mut world = ready();
    let mut warrant = world.warrant();
    warrant.attended = false;
    for signers in [&["tess"][..], &["tess", "abe", "ada", "bob"]] {
        assert_eq!(
            world.ask(&warrant, signers).unwrap_err(),
            Refusal::JoinedUnattended
        );
    }
    warrant.attended = true;
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn only_the_channel_of_the_technician_who_gave_the_code_opens() {
    let mut world = ready();
    let warrant = world.warrant();
    world.standing = joined_with("mallory");
    assert_eq!(code(world.ask(&warrant, &["tess"])), "other_channel");
    world.standing = joined_with("tess");
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn a_code_goes_round_no_admission_and_no_revocation() {
    for name in ["desk-1", "tess", "ada"] {
        let mut world = ready();
        world.device = name;
        let warrant = world.warrant();
        assert_eq!(
            world.ask(&warrant, &["tess"]).unwrap_err(),
            Refusal::DeviceKnown,
            "{name}"
        );
    }
    for held in [true, false] {
        let mut world = ready();
        let warrant = world.warrant();
        assert!(world.ask(&warrant, &["tess"]).is_ok());
        let revocation = world.signed(revoke(Target::Key(key("guest").id())), &["cyd"]);
        if held {
            assert!(world.state.hold(&revocation).unwrap());
        } else {
            assert_eq!(world.put(&revocation), Counts);
        }
        assert_eq!(
            world.ask(&warrant, &["tess"]).unwrap_err(),
            Refusal::DeviceNotInForce(NotInForce::Revoked)
        );
    }
}

#[test]
fn everything_else_is_judged_as_of_an_enrolled_machine() {
    let mut world = ready();
    let changes: [(Change<Warrant>, &str); 7] = [
        (
            ("device", |w| w.device = key("desk-1").id()),
            "other_device",
        ),
        (
            ("organisation", |w| w.org = OrgId([7; 32])),
            "other_organisation",
        ),
        (("channel", |w| w.noise = noise("mallory")), "other_channel"),
        (("name", |w| w.name = opened("abe")), "other_name"),
        (("scope", |w| w.scopes = vec![Scope::Shell]), "uncovered"),
        (("length", |w| w.until = w.from + 3_600_001), "uncovered"),
        (
            ("history", |w| w.seen.root = Hash([7; 32])),
            "ledger_forked",
        ),
    ];
    for ((what, change), expected) in changes {
        assert_eq!(refused(&mut world, change), expected, "{what}");
    }
    let warrant = world.warrant();
    assert_eq!(code(world.ask(&warrant, &["abe"])), "not_signed");
    let suspended = world.say(revoke(Target::All), &["cyd"]);
    assert_eq!(suspended, Counts);
    assert_eq!(code(world.ask(&warrant, &["tess"])), "suspended");
}
