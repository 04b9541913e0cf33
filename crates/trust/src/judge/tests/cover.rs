//! One single policy covers the whole warrant.

use super::*;
use crate::statement::Hours;

fn miss(judged: Result<Verdict, Refusal>) -> Uncovered {
    match judged {
        Err(Refusal::Uncovered(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// An organisation whose only policy is this one.
fn with_policy(policy: Policy) -> World {
    let mut world = World::new();
    for admission in [
        technician("tess", &["support"]),
        technician("abe", &["leads"]),
        technician("eve", &["leads"]),
        device("desk-1", &["office"]),
    ] {
        world.give(Say::Admit(admission));
    }
    world.give(Say::Policy(policy));
    world
}

#[test]
fn two_policies_are_not_mixed() {
    let mut world = with_policy(Policy {
        scopes: vec![Scope::View, Scope::Shell],
        max_seconds: 60,
        ..policy("short")
    });
    world.give(Say::Policy(Policy {
        scopes: vec![Scope::View],
        max_seconds: 3600,
        ..policy("long")
    }));
    let mut warrant = world.warrant();
    assert_eq!(world.ask(&warrant, &["tess"]).unwrap().policy, "long");
    warrant.scopes.push(Scope::Shell);
    assert_eq!(miss(world.ask(&warrant, &["tess"])), Uncovered::TooLong(60));
    warrant.until = warrant.from + 60_000;
    assert_eq!(world.ask(&warrant, &["tess"]).unwrap().policy, "short");
}

#[test]
fn the_groups_of_technician_and_device_are_joined() {
    for policy in [
        Policy {
            technicians: "leads".to_owned(),
            ..policy("x")
        },
        Policy {
            devices: "vault".to_owned(),
            ..policy("x")
        },
    ] {
        let mut world = with_policy(policy);
        let warrant = world.warrant();
        assert_eq!(miss(world.ask(&warrant, &["tess"])), Uncovered::Groups);
    }
    let mut world = with_policy(policy("x"));
    let warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn the_groups_of_an_approver_do_not_count_for_the_technician() {
    let mut world = with_policy(Policy {
        technicians: "leads".to_owned(),
        ..policy("x")
    });
    let warrant = world.warrant();
    assert_eq!(
        miss(world.ask(&warrant, &["tess", "abe"])),
        Uncovered::Groups
    );
    let mut own = world.warrant();
    own.by = key("abe").id();
    own.name = opened("abe");
    assert!(world.ask(&own, &["abe"]).is_ok());
}

#[test]
fn the_roles_of_technician_and_approver_cannot_be_swapped() {
    let mut world = World::ready();
    let mut warrant = world.warrant();
    warrant.attended = false;
    assert!(world.ask(&warrant, &["tess", "abe"]).is_ok());
    warrant.by = key("abe").id();
    assert_eq!(code(world.ask(&warrant, &["tess", "abe"])), "other_name");
    warrant.name = opened("abe");
    assert_eq!(
        miss(world.ask(&warrant, &["tess", "abe"])),
        Uncovered::Groups
    );
}

#[test]
fn a_scope_outside_the_policy_is_refused() {
    let mut world = with_policy(Policy {
        scopes: vec![Scope::View, Scope::FilesRead],
        ..policy("x")
    });
    let mut warrant = world.warrant();
    for scope in Scope::ALL {
        warrant.scopes = vec![scope];
        let judged = world.ask(&warrant, &["tess"]);
        if matches!(scope, Scope::View | Scope::FilesRead) {
            assert!(judged.is_ok());
        } else {
            assert_eq!(miss(judged), Uncovered::Scope(scope));
        }
    }
}

#[test]
fn an_attended_policy_opens_no_unattended_session() {
    let mut world = with_policy(policy("x"));
    let mut warrant = world.warrant();
    warrant.attended = false;
    assert_eq!(
        miss(world.ask(&warrant, &["tess"])),
        Uncovered::AttendedOnly
    );
    world.give(Say::Policy(Policy {
        unattended: true,
        ..policy("y")
    }));
    assert_eq!(world.ask(&warrant, &["tess"]).unwrap().policy, "y");
}

#[test]
fn a_session_lasts_no_longer_than_the_policy_allows() {
    let mut world = with_policy(Policy {
        max_seconds: 600,
        ..policy("x")
    });
    let mut warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
    warrant.until += 1;
    assert_eq!(
        miss(world.ask(&warrant, &["tess"])),
        Uncovered::TooLong(600)
    );
}

#[test]
fn hours_are_those_of_the_policys_clock() {
    let hours = |days: &[u8], from_minute, to_minute, offset_minutes| Hours {
        days: days.to_vec(),
        from_minute,
        to_minute,
        offset_minutes,
    };
    // NOW is Thursday (3), 08:53:20 UTC: minute 533.
    let cases = [
        (hours(&[3], 533, 534, 0), true),
        (hours(&[3], 534, 600, 0), false),
        (hours(&[3], 500, 533, 0), false),
        (hours(&[0, 1, 2, 4, 5, 6], 0, 1440, 0), false),
        (hours(&[3], 653, 654, 120), true),
        (hours(&[3], 533, 534, 120), false),
        (hours(&[2], 1433, 1434, -540), true),
        (hours(&[4], 0, 1440, 840), false),
    ];
    for (hours, is_inside) in cases {
        let what = format!("{hours:?}");
        let mut world = with_policy(Policy {
            hours: Some(hours),
            ..policy("x")
        });
        let warrant = world.warrant();
        let judged = world.ask(&warrant, &["tess"]);
        if is_inside {
            assert!(judged.is_ok(), "{what}");
        } else {
            assert_eq!(miss(judged), Uncovered::Hours, "{what}");
        }
    }
}

#[test]
fn the_rate_counts_openings_but_not_resumptions() {
    let mut world = with_policy(Policy {
        openings_per_hour: Some(2),
        ..policy("x")
    });
    let warrant = world.warrant();
    world.openings = vec![NOW - 1];
    assert!(world.ask(&warrant, &["tess"]).is_ok());
    world.openings.push(NOW);
    assert_eq!(miss(world.ask(&warrant, &["tess"])), Uncovered::Rate(2));
    world.spent = Some(Spent {
        noise: noise("tess"),
        ended: false,
        bounds: Bounds::default(),
    });
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

fn approved(approvers: &str, approvals: u8) -> World {
    with_policy(Policy {
        approvers: Some(approvers.to_owned()),
        approvals,
        ..policy("x")
    })
}

#[test]
fn a_dropped_approval_is_missed() {
    let mut world = approved("leads", 2);
    let warrant = world.warrant();
    let few = |have| Uncovered::Approvals { have, need: 2 };
    assert_eq!(miss(world.ask(&warrant, &["tess"])), few(0));
    assert_eq!(miss(world.ask(&warrant, &["tess", "abe"])), few(1));
    let verdict = world.ask(&warrant, &["tess", "abe", "eve"]).unwrap();
    assert_eq!(verdict.approvers, [key("abe").id(), key("eve").id()]);
    assert_eq!(
        miss(world.ask(&warrant, &["tess", "abe", "stranger"])),
        few(1)
    );
}

#[test]
fn approvers_are_of_the_group_in_force_and_not_the_technician() {
    let mut world = approved("leads", 1);
    world.give(Say::Admit(technician("tess/lead", &["leads"])));
    world.give(Say::Admit(technician("ron", &["support"])));
    let warrant = world.warrant();
    let few = Uncovered::Approvals { have: 0, need: 1 };
    assert_eq!(
        miss(world.ask(&warrant, &["tess", "tess/lead"])),
        few,
        "her other key"
    );
    assert_eq!(
        miss(world.ask(&warrant, &["tess", "ron"])),
        few,
        "another group"
    );
    assert_eq!(miss(world.ask(&warrant, &["tess", "ada"])), few, "an admin");
    assert!(world.ask(&warrant, &["tess", "abe"]).is_ok());
    let revocation = world.signed(revoke(Target::Key(key("abe").id())), &["cyd"]);
    assert!(world.state.hold(&revocation).unwrap());
    assert_eq!(miss(world.ask(&warrant, &["tess", "abe"])), few, "revoked");
}

#[test]
fn two_keys_of_one_approver_approve_once() {
    let mut world = approved("leads", 2);
    world.give(Say::Admit(technician("abe/phone", &["leads"])));
    let warrant = world.warrant();
    let few = Uncovered::Approvals { have: 1, need: 2 };
    assert_eq!(
        miss(world.ask(&warrant, &["tess", "abe", "abe/phone"])),
        few
    );
    assert!(world.ask(&warrant, &["tess", "abe/phone", "eve"]).is_ok());
}

#[test]
fn admins_approve_where_the_policy_says_admins() {
    let mut world = approved("admins", 1);
    let warrant = world.warrant();
    let few = Uncovered::Approvals { have: 0, need: 1 };
    assert_eq!(miss(world.ask(&warrant, &["tess", "abe"])), few);
    assert!(world.ask(&warrant, &["tess", "ada"]).is_ok());
    assert_eq!(
        world.say(revoke(Target::Key(key("ada").id())), &["bob", "cyd"]),
        Counts
    );
    assert_eq!(miss(world.ask(&warrant, &["tess", "ada"])), few);
}

#[test]
fn the_nearest_miss_is_told() {
    let mut world = with_policy(Policy {
        scopes: vec![Scope::View],
        ..policy("a-near")
    });
    world.give(Say::Policy(Policy {
        scopes: vec![Scope::Shell],
        ..policy("b-far")
    }));
    let mut warrant = world.warrant();
    warrant.until = warrant.from + 4_000_000;
    assert_eq!(
        miss(world.ask(&warrant, &["tess"])),
        Uncovered::TooLong(3600)
    );
}

#[test]
fn a_revoked_policy_covers_nothing() {
    let mut world = with_policy(policy("x"));
    let warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess"]).is_ok());
    let id = world.state.policies().next().unwrap().id;
    let revocation = world.signed(revoke(Target::Policy(id)), &["cyd"]);
    assert!(world.state.hold(&revocation).unwrap());
    assert_eq!(miss(world.ask(&warrant, &["tess"])), Uncovered::Groups);
}

#[test]
fn an_approver_of_several_groups_approves() {
    let mut world = approved("leads", 1);
    world.give(Say::Admit(technician("ron", &["night", "leads"])));
    let warrant = world.warrant();
    assert!(world.ask(&warrant, &["tess", "ron"]).is_ok());
}
