//! Files under folders, shells as users, tickets: what the policy says and the warrant may narrow further.

use super::*;

const FILES: [Scope; 2] = [Scope::FilesRead, Scope::FilesWrite];

fn list(items: &[&str]) -> Vec<String> {
    items.iter().map(|&item| item.to_owned()).collect()
}

fn miss(judged: Result<Verdict, Refusal>) -> Uncovered {
    match judged {
        Err(Refusal::Uncovered(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// An organisation with these policies from `support` to `office`.
fn with_policies(policies: impl IntoIterator<Item = Policy>) -> World {
    let mut world = World::new();
    world.give(Say::Admit(technician("tess", &["support"])));
    world.give(Say::Admit(device("desk-1", &["office"])));
    for policy in policies {
        world.give(Say::Policy(policy));
    }
    world
}

fn reading(name: &str, folders: &[&str]) -> Policy {
    Policy {
        read_under: list(folders),
        ..policy(name)
    }
}

fn files(world: &mut World, read_under: &[&str], write_under: &[&str]) -> Warrant {
    Warrant {
        scopes: FILES.to_vec(),
        bounds: Bounds {
            read_under: list(read_under),
            write_under: list(write_under),
            shell_as: None,
        },
        ..world.warrant()
    }
}

fn shell_as(world: &mut World, user: Option<&str>) -> Warrant {
    Warrant {
        scopes: vec![Scope::Shell],
        bounds: Bounds {
            shell_as: user.map(str::to_owned),
            ..Bounds::default()
        },
        ..world.warrant()
    }
}

#[test]
fn a_warrant_that_names_no_folder_gets_the_policys() {
    let mut world = with_policies([Policy {
        write_under: list(&["/srv/in"]),
        ..reading("x", &["/home/anna", "/srv"])
    }]);
    let asked = files(&mut world, &[], &[]);
    let granted = world.ask(&asked, &["tess"]).unwrap().bounds;
    assert_eq!(granted.read_under, list(&["/home/anna", "/srv"]));
    assert_eq!(granted.write_under, list(&["/srv/in"]));
    // Who does not ask for files is not told of folders.
    let view = world.warrant();
    assert!(world.ask(&view, &["tess"]).unwrap().bounds.is_empty());
}

#[test]
fn a_warrant_gets_no_more_than_it_names() {
    let mut world = with_policies([policy("open")]);
    let asked = files(&mut world, &["/home/anna/Documents"], &["/tmp"]);
    let granted = world.ask(&asked, &["tess"]).unwrap().bounds;
    assert_eq!(granted, asked.bounds);
}

#[test]
fn each_folder_that_a_warrant_names_lies_under_the_policys() {
    let mut world = with_policies([Policy {
        write_under: list(&["/srv/in"]),
        ..reading("x", &["/home/anna", "/srv"])
    }]);
    let read = || Uncovered::ReadUnder(list(&["/home/anna", "/srv"]));
    let write = Uncovered::WriteUnder(list(&["/srv/in"]));
    let inside = files(&mut world, &["/home/anna/Documents", "/srv"], &["/srv/in"]);
    assert_eq!(world.ask(&inside, &["tess"]).unwrap().bounds, inside.bounds);
    for outside in ["/", "/home", "/home/ann", "/home/annabel", "/etc"] {
        let asked = files(&mut world, &["/srv", outside], &[]);
        assert_eq!(miss(world.ask(&asked, &["tess"])), read(), "{outside}");
    }
    let asked = files(&mut world, &[], &["/srv"]);
    assert_eq!(miss(world.ask(&asked, &["tess"])), write);
}

#[test]
fn whoever_names_the_root_asks_for_a_policy_that_leaves_it_open() {
    let mut world = with_policies([reading("a-narrow", &["/srv"]), policy("b-open")]);
    let any = files(&mut world, &[], &[]);
    assert_eq!(world.ask(&any, &["tess"]).unwrap().policy, "a-narrow");
    let root = files(&mut world, &["/"], &[]);
    assert_eq!(world.ask(&root, &["tess"]).unwrap().policy, "b-open");
}

#[test]
fn folders_of_two_policies_are_not_mixed() {
    let mut world = with_policies([reading("a", &["/a"]), reading("b", &["/b"])]);
    let both = files(&mut world, &["/a", "/b"], &[]);
    assert_eq!(
        miss(world.ask(&both, &["tess"])),
        Uncovered::ReadUnder(list(&["/a"]))
    );
    let one = files(&mut world, &["/b"], &[]);
    assert_eq!(world.ask(&one, &["tess"]).unwrap().policy, "b");
}

#[test]
fn a_shell_runs_as_somebody_whom_both_policy_and_warrant_name() {
    let mut world = with_policies([Policy {
        shell_as: list(&["deploy", "root"]),
        ..policy("x")
    }]);
    for user in ["deploy", "root"] {
        let asked = shell_as(&mut world, Some(user));
        let granted = world.ask(&asked, &["tess"]).unwrap().bounds;
        assert_eq!(granted.shell_as.as_deref(), Some(user));
    }
    for user in [None, Some("anna")] {
        let asked = shell_as(&mut world, user);
        assert_eq!(
            miss(world.ask(&asked, &["tess"])),
            Uncovered::ShellAs(list(&["deploy", "root"])),
            "{user:?}"
        );
    }
    let view = world.warrant();
    assert!(world.ask(&view, &["tess"]).is_ok());
}

#[test]
fn a_policy_without_users_gives_no_shell_as_another_than_the_displays() {
    let mut world = with_policies([policy("x")]);
    let own = shell_as(&mut world, None);
    assert!(world.ask(&own, &["tess"]).is_ok());
    let root = shell_as(&mut world, Some("root"));
    assert_eq!(
        miss(world.ask(&root, &["tess"])),
        Uncovered::ShellAs(Vec::new())
    );
}

#[test]
fn a_policy_that_asks_for_a_ticket_gets_one() {
    let mut world = with_policies([Policy {
        ticket_required: true,
        ..policy("x")
    }]);
    let mut warrant = world.warrant();
    assert_eq!(miss(world.ask(&warrant, &["tess"])), Uncovered::Ticket);
    warrant.ticket = Some("T-1".to_owned());
    assert!(world.ask(&warrant, &["tess"]).is_ok());
}

#[test]
fn a_session_goes_on_with_the_bounds_it_was_granted_or_not_at_all() {
    let mut world = with_policies([reading("x", &["/srv/logs"])]);
    let warrant = files(&mut world, &[], &[]);
    let envelope = sign_warrant(&warrant, &["tess"]);
    let granted = world.judge(&envelope).unwrap().bounds;
    let resume = |world: &mut World, bounds: &Bounds| {
        world.spent = Some(Spent {
            noise: noise("tess"),
            ended: false,
            bounds: bounds.clone(),
        });
        world.judge(&envelope).map(|verdict| verdict.bounds)
    };
    assert_eq!(resume(&mut world, &granted), Ok(granted.clone()));
    // The policy becomes wider: not for this session.
    world.give(Say::Policy(policy("x")));
    assert_eq!(resume(&mut world, &granted), Ok(granted.clone()));
    // And narrower: it does not go on within less than the user was told.
    world.give(Say::Policy(reading("x", &["/srv/logs/web"])));
    let narrower = Refusal::Uncovered(Uncovered::ReadUnder(list(&["/srv/logs/web"])));
    assert_eq!(resume(&mut world, &granted), Err(narrower.clone()));
    assert_eq!(resume(&mut world, &Bounds::default()), Err(narrower));
}

#[test]
fn unsound_bounds_are_refused() {
    let mut world = with_policies([policy("x")]);
    for change in [
        (|w| w.bounds.read_under = list(&["home"])) as fn(&mut Warrant),
        |w| w.bounds.read_under = list(&["/home/../etc"]),
        |w| w.bounds.write_under = list(&["/tmp/"]),
        |w| w.bounds.write_under = list(&["/tmp", "/tmp"]),
        |w| w.bounds.shell_as = Some("0".to_owned()),
        |w| w.scopes = vec![Scope::FilesWrite, Scope::Shell],
    ] {
        let mut warrant = files(&mut world, &["/home"], &["/tmp"]);
        warrant.scopes.push(Scope::Shell);
        assert!(world.ask(&warrant, &["tess"]).is_ok());
        change(&mut warrant);
        assert_eq!(code(world.ask(&warrant, &["tess"])), "shape");
    }
}

#[test]
fn a_time_is_told_in_its_largest_whole_unit() {
    for (seconds, told) in [
        (45, "45 seconds"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (604_800, "168 hours"),
    ] {
        let sentence = Uncovered::TooLong(seconds).to_string();
        assert_eq!(sentence, format!("the policy allows {told} at most"));
    }
}
