//! `inventory.json`: the keys of organisations, what breaks without each, and what beats and checkpoints say of them.

use serde_json::{Value, json};
use trust::freshness::{has_no_spare_witness, outage};
use trust::inventory::{Effect, Listed, Survey, expiry_warning, keys};
use trust::receipt::{Beat, ChainHead, Reach};
use trust::statement::*;
use trust::*;

use crate::settle;
use crate::support::*;
use crate::warrant::{Desk, staffed};

/// The name of a key, as these tests gave it.
fn called(listed: &Listed, names: &[(String, &'static str)]) -> &'static str {
    let found = names.iter().find(|(id, _)| *id == listed.id);
    found.map_or("", |(_, name)| *name)
}

fn ids(names: &[&'static str]) -> Vec<(String, &'static str)> {
    let id = |name: &&'static str| (key(name).id().to_string(), *name);
    names.iter().map(id).collect()
}

fn effects_json(effects: &[Effect]) -> Value {
    let one = |e: &Effect| json!({"code": e.code(), "text": e.text(), "breaks": e.is_breakage(), "devices": e.devices()});
    effects.iter().map(one).collect()
}

/// All keys at this moment, with what breaks; `expected` are the codes of those that are named.
fn list(desk: &mut Desk, name: &str, now: u64, expected: &[(&'static str, &[&str])]) {
    let names = ids(&expected.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let survey = Survey::new(&desk.world.state, now);
    let all = keys(&desk.world.state, now);
    let lines: Vec<Value> = all
        .iter()
        .map(|listed| {
            let effects = survey.without(listed);
            let who = called(listed, &names);
            if let Some((_, codes)) = expected.iter().find(|(name, _)| *name == who) {
                let found: Vec<_> = effects.iter().map(Effect::code).collect();
                assert_eq!(found, *codes, "{name}: {who}");
            }
            json!({"key": listed, "warning": expiry_warning(listed, now), "effects": effects_json(&effects)})
        })
        .collect();
    for (who, _) in expected {
        let is_it = |l: &Listed| called(l, &names) == *who;
        assert!(all.iter().any(is_it), "{name}: {who} is not listed");
    }
    desk.cases
        .push(json!({"name": name, "now": now, "keys": lines}));
}

fn busy() -> Value {
    let mut desk = Desk::of(staffed());
    let now = desk.world.now;
    let seven = |code| [code; 7];
    let tess = [
        &seven("policy_without_technician")[..],
        &["devices_unopenable"],
    ]
    .concat();
    let desk_1 = [&["device_closed"][..], &["policy_without_device"; 6]].concat();
    let all: &[(&str, &[&str])] = &[
        // Two of three admins give power: one may go.
        ("ada", &["last_key_of_person"]),
        // The only one of `support`; her other key is in another group.
        ("tess", &tess),
        // Two persons approve: he has a second key, she does not.
        ("abe", &[]),
        ("eve", &["policy_without_approvers", "last_key_of_person"]),
        ("desk-1", &desk_1),
        ("watch", &["quorum_unreachable", "only_by_roster"]),
        ("log", &["ledger_never_fresh", "only_by_roster"]),
    ];
    list(&mut desk, "staffed", now, all);
    desk.end("a staffed organisation")
}

fn broken() -> Value {
    let mut desk = Desk::of(staffed());
    let now = desk.world.now;
    desk.hold(revoke(Target::Key(key("tess").id())), &["cyd"]);
    // What is broken already breaks no more.
    let after: &[(&str, &[&str])] = &[("tess", &[]), ("eve", &["last_key_of_person"])];
    list(&mut desk, "after a revocation", now, after);
    desk.end("without its only technician")
}

/// Two admins of whom both are needed, two recovery keys, an enroller, a stopper, two witnesses of two.
fn lean() -> World {
    let mut world = World::with(|roster| {
        roster.admins.pop();
        roster.recovery = recovery(&["safe", "vault"]);
        roster.witnesses.push(WitnessEntry {
            holds_revocations: false,
            ..witness("other")
        });
        roster.quorum = 1;
    });
    world.give(Say::Admit(technician("tess", &["support"])));
    world.give(Say::Admit(technician("tim", &["support"])));
    world.give(Say::Admit(device("desk-1", &["office"])));
    world.give(Say::Admit(device("desk-2", &["office", "shop"])));
    world.give(Say::Admit(helper(Role::Stopper, "stop", &[])));
    world.give(Say::Admit(helper(Role::Enroller, "enrol", &["shop"])));
    let mut of_shop = device("till", &["shop"]);
    of_shop.until = NOW + DAY;
    assert_eq!(
        world.say(Say::Admit(of_shop), &["enrol"]),
        trust::state::Outcome::Counts
    );
    world.give(Say::Policy(policy("office")));
    world.give(Say::Policy(Policy {
        devices: "shop".to_owned(),
        approvers: Some("admins".to_owned()),
        approvals: 2,
        ..policy("shop")
    }));
    world
}

fn thin() -> Value {
    let mut desk = Desk::of(lean());
    let now = desk.world.now;
    let all: &[(&str, &[&str])] = &[
        (
            "ada",
            &[
                "threshold_unreachable",
                "policy_without_approvers",
                "devices_unopenable",
                "last_key_of_person",
            ],
        ),
        ("safe", &["recovery_unreachable"]),
        // The other one does all that he does.
        ("tim", &["last_key_of_person"]),
        ("enrol", &["enrolled_devices_stay"]),
        ("stop", &["last_stopper"]),
        ("watch", &["no_revocation_holder", "only_by_roster"]),
        ("other", &["only_by_roster"]),
        ("desk-1", &["device_closed"]),
    ];
    list(&mut desk, "lean", now, all);
    let later = NOW + 2 * DAY;
    list(
        &mut desk,
        "a day after one expired",
        later,
        &[("till", &[])],
    );
    list(&mut desk, "the last day", NOW + 19 * DAY, &[]);
    desk.end("a lean organisation")
}

fn thinner() -> Value {
    let mut desk = Desk::of(lean());
    let now = desk.world.now;
    desk.hold(revoke(Target::Key(key("vault").id())), &["ada", "bob"]);
    let alone: &[(&str, &[&str])] = &[
        ("safe", &[]),
        (
            "bob",
            &[
                "threshold_unreachable",
                "policy_without_approvers",
                "devices_unopenable",
                "last_key_of_person",
            ],
        ),
    ];
    list(&mut desk, "without a recovery that could work", now, alone);
    desk.end("a lean organisation whose recovery is lost")
}

fn pages() -> Value {
    let mut world = World::new();
    for (name, origin) in [("tess", OWN), ("eve", "https://elsewhere.example")] {
        let passkey = Passkey::of(name, &[origin]);
        let mut admit = technician(name, &["support"]);
        admit.subjects[0].key = passkey.key;
        world.give(Say::Admit(admit));
    }
    let mut held = technician("abe", &["leads"]);
    held.subjects[0].key = page_key("abe", VENDOR).public().clone();
    world.give(Say::Admit(held));
    world.give(Say::Admit(device("desk-1", &["office"])));
    world.give(Say::Policy(policy("office")));
    let mut desk = Desk::of(world);
    let now = desk.world.now;
    // Whoever signs where the roster lists nothing stands in for nobody.
    list(&mut desk, "keys of pages", now, &[]);
    let survey = Survey::new(&desk.world.state, now);
    let tess = Passkey::of("tess", &[OWN]).key.id().to_string();
    let all = keys(&desk.world.state, now);
    let codes: Vec<_> = all
        .iter()
        .filter(|l| l.id == tess)
        .flat_map(|l| survey.without(l))
        .map(|e| e.code())
        .collect();
    let expected = [
        "policy_without_technician",
        "devices_unopenable",
        "last_key_of_person",
    ];
    assert_eq!(codes, expected);
    desk.end("keys of pages")
}

/// What beats prove of a revocation.
fn beats() -> Value {
    let mut world = staffed();
    let index = world.state.head().size;
    let before = world.state.head();
    assert_eq!(
        world.say(revoke(Target::Key(key("tess").id())), &["cyd"]),
        trust::state::Outcome::Counts
    );
    let (held, root) = (world.state.head(), Hash([9; 32]));
    let cases = [
        ("over the revocation", held, Reach::Holds),
        ("before it", before, Reach::Lacks),
        (
            "another history",
            Seen {
                root,
                size: held.size,
            },
            Reach::OtherHistory,
        ),
        (
            "longer than ours",
            Seen {
                root,
                size: held.size + 1,
            },
            Reach::Ahead,
        ),
    ];
    let cases = (1..).zip(cases).map(|(k, (name, ledger, expected))| {
        let beat = Beat {
            org: world.org,
            device: key("desk-1").id(),
            k,
            at: NOW,
            head: ChainHead::default(),
            open: 0,
            ledger,
        };
        assert_eq!(beat.reach(&world.state, index), expected, "{name}");
        let signed = Envelope::sign(PayloadType::Beat, &beat, &[&key("desk-1")]).unwrap();
        json!({"name": name, "index": index, "envelope": signed.to_text(), "reach": expected})
    });
    let cases: Vec<Value> = cases.collect();
    let device = key("desk-1").public().clone();
    let mut desk = Desk::of(world);
    desk.cases = cases;
    let mut built = desk.end("beats");
    built["device"] = json!(device);
    built
}

/// When a ledger that witnesses vouched for needs them again.
fn outages() -> Value {
    let mut desk = Desk::of(staffed());
    assert!(has_no_spare_witness(&desk.world.state));
    let now = desk.world.now;
    for (name, names, at, expected) in [
        ("just now", &["watch"][..], now, None),
        ("half of max_age ago", &["watch"], now - 150_000, None),
        (
            "longer ago than half",
            &["watch"],
            now - 151_000,
            Some(Some(now - 151_000)),
        ),
        ("never", &[], now, Some(None)),
    ] {
        desk.witnessed(names, at);
        let found = outage(&desk.world.state, &desk.world.checkpoint, now);
        assert_eq!(found.map(|o| o.since), expected, "{name}");
        let from = expected.flatten().map(|at| at + 300_000);
        assert_eq!(found.and_then(|o| o.refused_from), from, "{name}");
        let found = found.map(|o| json!({"since": o.since, "refusedFrom": o.refused_from}));
        desk.cases
            .push(json!({"name": name, "note": desk.note, "now": now, "outage": found}));
    }
    desk.end("outages")
}

#[test]
fn inventory_json() {
    let built = json!({"listed": [busy(), broken(), thin(), thinner(), pages()], "beats": beats(), "outages": outages()});
    settle("inventory.json", &built);
}
