//! `explain.json`: wishes with everything that stands in their way.

use serde_json::{Value, json};
use trust::judge::{Wish, explain};
use trust::statement::*;
use trust::*;

use crate::bounds::narrow;
use crate::settle;
use crate::support::*;
use crate::warrant::{Desk, counting, on_pages, staffed};

/// One wish of `tess` on `desk-1`.
struct Asking<'a> {
    technician: KeyId,
    scopes: &'a [Scope],
    bounds: Bounds,
    has_ticket: bool,
    lasts_ms: u64,
    attended: bool,
    approvers: &'a [&'a str],
    openings: usize,
}

impl Default for Asking<'_> {
    fn default() -> Self {
        Self {
            technician: key("tess").id(),
            scopes: &[Scope::View],
            bounds: Bounds::default(),
            has_ticket: false,
            lasts_ms: 60_000,
            attended: true,
            approvers: &[],
            openings: 0,
        }
    }
}

fn says(refusal: &Refusal) -> Value {
    json!({"code": refusal.code(), "text": refusal.to_string(), "remedy": refusal.remedy()})
}

fn ask(desk: &mut Desk, name: &str, asking: &Asking<'_>, expected: Result<&str, &[&str]>) {
    let approvers: Vec<KeyId> = asking.approvers.iter().map(|n| key(n).id()).collect();
    let explained = explain(&Wish {
        state: &desk.world.state,
        checkpoint: &desk.world.checkpoint,
        now: desk.world.now,
        technician: asking.technician,
        device: key("desk-1").id(),
        scopes: asking.scopes,
        bounds: &asking.bounds,
        has_ticket: asking.has_ticket,
        lasts_ms: asking.lasts_ms,
        attended: asking.attended,
        approvers: &approvers,
        openings: asking.openings,
    });
    let codes: Vec<_> = explained.obstacles.iter().map(Refusal::code).collect();
    match expected {
        Ok(policy) => assert_eq!(explained.allowed_by(), Some(policy), "{name}"),
        Err(expected) => {
            assert_eq!(explained.allowed_by(), None, "{name}");
            assert_eq!(codes, expected, "{name}");
        }
    }
    let policies = explained.policies.iter().map(|p| {
        json!({"policy": p.policy, "misses": p.misses.iter().map(says).collect::<Vec<_>>(), "approvers": p.approvers,
            "counts": p.counts.map(|c| json!({"need": c.need, "devicesPerHour": c.devices_per_hour}))})
    });
    desk.cases.push(json!({
        "name": name, "note": desk.note, "now": desk.world.now,
        "wish": {
            "technician": asking.technician, "device": key("desk-1").id(), "scopes": asking.scopes,
            "bounds": asking.bounds, "hasTicket": asking.has_ticket, "lastsMs": asking.lasts_ms,
            "attended": asking.attended, "approvers": approvers, "openings": asking.openings,
        },
        "explained": {
            "allowedBy": explained.allowed_by(), "obstacles": explained.obstacles.iter().map(says).collect::<Vec<_>>(),
            "policies": policies.collect::<Vec<_>>(),
        },
    }));
}

fn policies() -> Value {
    let mut desk = Desk::of(staffed());
    let usual = Asking::default();
    ask(&mut desk, "inside hours", &usual, Ok("a-short"));
    let all = Asking {
        scopes: &Scope::ALL,
        lasts_ms: 7_200_000,
        attended: false,
        openings: 1,
        ..Asking::default()
    };
    ask(&mut desk, "too much of everything", &all, Err(&[]));
    let write = |approvers| Asking {
        scopes: &[Scope::FilesWrite],
        approvers,
        ..Asking::default()
    };
    let one_twice = write(&["abe", "abe/phone"]);
    ask(&mut desk, "one approver twice", &one_twice, Err(&[]));
    ask(
        &mut desk,
        "two approvers",
        &write(&["abe", "eve"]),
        Ok("e-two"),
    );
    let lead = Asking {
        technician: key("eve").id(),
        ..Asking::default()
    };
    ask(
        &mut desk,
        "of groups that nothing joins",
        &lead,
        Err(&["uncovered"]),
    );
    desk.witnessed(&["watch"], NOW - 301_000);
    ask(&mut desk, "stale, attended", &usual, Err(&[]));
    let unattended = Asking {
        attended: false,
        ..Asking::default()
    };
    ask(&mut desk, "stale, unattended", &unattended, Err(&["stale"]));
    desk.end("policies")
}

fn bounds() -> Value {
    let mut desk = Desk::of(narrow());
    let all = Asking {
        scopes: &Scope::ALL,
        bounds: Bounds {
            read_under: vec!["/etc".to_owned()],
            write_under: vec!["/srv".to_owned()],
            shell_as: Some("anna".to_owned()),
        },
        ..Asking::default()
    };
    ask(&mut desk, "beyond every bound", &all, Err(&[]));
    let ticket = Asking {
        has_ticket: true,
        ..Asking::default()
    };
    ask(&mut desk, "without a ticket", &Asking::default(), Err(&[]));
    ask(&mut desk, "with a ticket", &ticket, Ok("d-ticket"));
    desk.end("folders, users and tickets")
}

fn revoked() -> Value {
    let mut desk = Desk::of(staffed());
    desk.hold(revoke(Target::Key(key("tess").id())), &["cyd"]);
    let not = ["technician_not_in_force"];
    ask(&mut desk, "revoked", &Asking::default(), Err(&not));
    desk.end("a revoked technician")
}

fn stopped() -> Value {
    let mut desk = Desk::of(staffed());
    for target in [key("tess"), key("desk-1")] {
        desk.hold(revoke(Target::Key(target.id())), &["cyd"]);
    }
    desk.hold(revoke(Target::All), &["cyd"]);
    let all = [
        "suspended",
        "device_not_in_force",
        "technician_not_in_force",
    ];
    ask(&mut desk, "everything", &Asking::default(), Err(&all));
    desk.end("everything at once")
}

fn origins() -> Value {
    let on = |origins: &[&str]| Passkey::of("tess", origins);
    let vendor = on(&[VENDOR]);
    let mut desk = Desk::of(on_pages(&vendor));
    let alone = |approvers| Asking {
        technician: vendor.key.id(),
        attended: false,
        approvers,
        ..Asking::default()
    };
    ask(
        &mut desk,
        "alone on the vendor's page",
        &alone(&[]),
        Err(&[]),
    );
    ask(&mut desk, "approved elsewhere", &alone(&["abe"]), Ok("x"));
    desk.end("the vendor's page")
}

fn elsewhere() -> Value {
    let phone = Passkey::of("tess", &["https://elsewhere.example"]);
    let mut desk = Desk::of(on_pages(&phone));
    let asking = Asking {
        technician: phone.key.id(),
        ..Asking::default()
    };
    ask(
        &mut desk,
        "on a page that nobody lists",
        &asking,
        Err(&["origin_not_listed"]),
    );
    desk.end("another page")
}

fn counted() -> Value {
    let mut desk = Desk::of(counting());
    desk.witnessed(&["watch", "far"], NOW);
    let usual = Asking::default();
    ask(&mut desk, "counts come later", &usual, Ok("attended"));
    desk.end("witnesses count")
}

fn uncounted() -> Value {
    let mut desk = Desk::of(counting());
    let mut roster = desk.world.next_roster();
    for witness in &mut roster.witnesses {
        witness.holds_revocations = false;
    }
    roster.quorum = 0;
    desk.world.give(Say::Roster(Box::new(roster)));
    desk.witnessed(&[], NOW);
    ask(
        &mut desk,
        "no witness that could count",
        &Asking::default(),
        Err(&[]),
    );
    desk.end("no witness counts")
}

#[test]
fn explain_json() {
    let desks = [
        policies(),
        bounds(),
        revoked(),
        stopped(),
        origins(),
        elsewhere(),
        counted(),
        uncounted(),
    ];
    settle("explain.json", &json!(desks));
}
