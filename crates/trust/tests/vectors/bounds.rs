//! Desks of `warrant.json` and `explain.json` whose policies narrow what they allow.

use serde_json::Value;
use trust::judge::Spent;
use trust::statement::*;
use trust::warrant::Warrant;
use trust::*;

use crate::support::*;
use crate::warrant::{Desk, TESS};

fn list(items: &[&str]) -> Vec<String> {
    items.iter().map(|&item| item.to_owned()).collect()
}

/// What `tess` may reach, and why: three policies that narrow, one that asks for a ticket.
pub fn narrow() -> World {
    let mut world = World::new();
    world.give(Say::Admit(technician("tess", &["support"])));
    world.give(Say::Admit(device("desk-1", &["office"])));
    for policy in [
        Policy {
            scopes: vec![Scope::FilesRead, Scope::FilesWrite],
            read_under: list(&["/home/anna/Documents", "/srv", "/opt/a", "/opt/b"]),
            write_under: list(&["/srv/in"]),
            ..policy("a-files")
        },
        Policy {
            scopes: vec![Scope::FilesRead],
            read_under: list(&["/var"]),
            ..policy("b-logs")
        },
        Policy {
            scopes: vec![Scope::Shell],
            shell_as: list(&["deploy", "root"]),
            ..policy("c-shell")
        },
        Policy {
            scopes: vec![Scope::View, Scope::Control],
            ticket_required: true,
            ..policy("d-ticket")
        },
    ] {
        world.give(Say::Policy(policy));
    }
    world
}

fn files(read: &[&str], write: &[&str]) -> impl FnOnce(&mut Warrant) + use<> {
    let (read_under, write_under) = (list(read), list(write));
    move |w| {
        w.scopes = vec![Scope::FilesRead, Scope::FilesWrite];
        w.bounds = Bounds {
            read_under,
            write_under,
            shell_as: None,
        };
    }
}

fn read(folders: &[&str]) -> impl FnOnce(&mut Warrant) + use<> {
    let read_under = list(folders);
    move |w| {
        w.scopes = vec![Scope::FilesRead];
        w.bounds.read_under = read_under;
    }
}

fn shell(user: Option<&'static str>) -> impl FnOnce(&mut Warrant) {
    move |w| {
        w.scopes = vec![Scope::Shell];
        w.bounds.shell_as = user.map(str::to_owned);
    }
}

type Change = Box<dyn FnOnce(&mut Warrant)>;

fn reaching() -> [(&'static str, Change, &'static str); 12] {
    let inside = files(&["/srv/x", "/opt/a"], &["/srv/in"]);
    let beside = files(&["/srv", "/home/anna"], &[]);
    let two = read(&["/var/log", "/srv"]);
    let ticket = |w: &mut Warrant| w.ticket = Some("T-1".to_owned());
    let no = "uncovered";
    [
        ("no folder named", Box::new(files(&[], &[])), "opens"),
        ("folders inside", Box::new(inside), "opens"),
        ("one outside", Box::new(beside), no),
        ("letters, not names", Box::new(read(&["/srv2"])), no),
        ("putting outside", Box::new(files(&[], &["/srv"])), no),
        ("of the next policy", Box::new(read(&["/var/log"])), "opens"),
        ("of two policies", Box::new(two), no),
        (
            "as one of the users",
            Box::new(shell(Some("root"))),
            "opens",
        ),
        ("as another user", Box::new(shell(Some("anna"))), no),
        ("as nobody in particular", Box::new(shell(None)), no),
        ("no ticket", Box::new(|_| {}), no),
        ("a ticket", Box::new(ticket), "opens"),
    ]
}

fn unsound() -> [(&'static str, Change); 6] {
    let idle = |w: &mut Warrant| w.bounds.read_under = list(&["/srv"]);
    [
        ("a path with dots", Box::new(read(&["/srv/../etc"]))),
        ("a path that ends in a slash", Box::new(read(&["/srv/"]))),
        ("a path that begins nowhere", Box::new(read(&["srv"]))),
        ("one folder twice", Box::new(read(&["/srv", "/srv"]))),
        ("a number for a user", Box::new(shell(Some("0")))),
        ("a folder without files", Box::new(idle)),
    ]
}

/// Warrants that stay inside, reach beyond, and are not sound.
pub fn bounds() -> Value {
    let mut desk = Desk::of(narrow());
    for (name, change, expected) in reaching() {
        desk.ask(name, &TESS, change, expected);
    }
    for (name, change) in unsound() {
        desk.ask(name, &TESS, change, "shape");
    }
    for (name, granted, expected) in [
        ("resumed as granted", list(&["/var/log"]), "opens"),
        ("resumed with more than is allowed", Vec::new(), "uncovered"),
    ] {
        desk.world.spent = Some(Spent {
            noise: noise("tess"),
            ended: false,
            bounds: Bounds {
                read_under: granted,
                ..Bounds::default()
            },
        });
        desk.ask(name, &TESS, read(&[]), expected);
    }
    desk.end("bounds of a policy and of a warrant")
}
