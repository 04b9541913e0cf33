//! Genesis, new rosters, and what a newer version would say.

use super::*;
use crate::bytes::OrgId;
use crate::envelope::PayloadType;
use crate::state::State;
use crate::statement::{Hours, Policy, Roster};

fn begin(statement: &crate::Statement, signers: &[&str]) -> Result<State, Inert> {
    let envelope = sign(statement, signers);
    State::genesis(OrgId(envelope.digest().0), envelope.as_bytes())
}

fn amended(world: &World, change: impl FnOnce(&mut Roster)) -> Say {
    let mut roster = world.next_roster();
    change(&mut roster);
    Say::Roster(Box::new(roster))
}

fn shape(outcome: Outcome) -> &'static str {
    match inert(outcome) {
        Inert::Shape(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_genesis_is_pinned_by_its_hash() {
    let genesis = genesis_envelope(&genesis_roster(), &["ada", "bob"]);
    let org = OrgId(genesis.digest().0);
    assert_eq!(State::genesis(org, genesis.as_bytes()).unwrap().org(), org);
    // The same roster, another signer: another organisation.
    let another = genesis_envelope(&genesis_roster(), &["ada", "cyd"]);
    assert_eq!(
        State::genesis(org, another.as_bytes()).err(),
        Some(Inert::OtherOrganisation)
    );
}

#[test]
fn a_genesis_is_signed_by_its_own_threshold() {
    let statement = genesis_statement(&genesis_roster());
    assert_eq!(
        begin(&statement, &["ada"]).err(),
        Some(Inert::TooFewAdmins { have: 1, need: 2 })
    );
    assert_eq!(
        begin(&statement, &["ada", "stranger"]).err(),
        Some(Inert::TooFewAdmins { have: 1, need: 2 })
    );
    begin(&statement, &["ada", "cyd"]).unwrap();
}

#[test]
fn a_genesis_names_nothing_before_it() {
    let good = genesis_statement(&genesis_roster());
    let refused = |change: fn(&mut crate::Statement)| {
        let mut statement = good.clone();
        change(&mut statement);
        assert!(matches!(
            begin(&statement, &["ada", "bob"]).err(),
            Some(Inert::Shape(_))
        ));
    };
    refused(|s| s.org = OrgId([1; 32]));
    refused(|s| s.seen.size = 1);
    refused(|s| s.seen.root.0[0] ^= 1);
    refused(|s| s.say = tess());
    refused(|s| {
        s.say = Say::Roster(Box::new(Roster {
            version: 2,
            ..genesis_roster()
        }))
    });
    begin(&good, &["ada", "bob"]).unwrap();
}

#[test]
fn unsound_rosters_are_refused_one_by_one() {
    let bad: [Change<Roster>; 21] = [
        ("format", |r| r.format = 0),
        ("name", |r| r.name = "a\nb".to_owned()),
        ("domain", |r| r.domain = "Hafen.example".to_owned()),
        ("no admin", |r| r.admins.clear()),
        ("person", |r| r.admins[0].person = "Ada L".to_owned()),
        ("admin twice", |r| r.admins.push(admin("ada"))),
        ("threshold 0", |r| r.threshold = 0),
        ("threshold 4 of 3", |r| r.threshold = 4),
        ("threshold above persons", |r| {
            r.admins[2].person = "ada".to_owned();
            r.threshold = 3;
        }),
        ("log key on a page", |r| {
            r.log_key = page_key("log", OWN).public().clone()
        }),
        ("label", |r| {
            r.admins[0].label = Some(crate::Blob(vec![0; 4097]))
        }),
        ("origin", |r| {
            r.console_origins[0].origin = "http://hafen.example".to_owned()
        }),
        ("origins", |r| {
            let own = r.console_origins[0].clone();
            r.console_origins = vec![own; 9];
        }),
        ("recovery", |r| {
            r.recovery = Some(crate::statement::Recovery {
                keys: vec![],
                delay: DAY,
            })
        }),
        ("witness name", |r| r.witnesses[0].name = "Watch".to_owned()),
        ("witness on a page", |r| {
            r.witnesses[0].key = page_key("watch", OWN).public().clone()
        }),
        ("witness twice", |r| r.witnesses.push(witness("watch"))),
        ("quorum", |r| r.quorum = 2),
        ("no holder", |r| r.witnesses[0].holds_revocations = false),
        ("max_age low", |r| r.max_age = 9_999),
        ("max_age high", |r| r.max_age = 86_400_001),
    ];
    for (what, change) in bad {
        let mut roster = genesis_roster();
        change(&mut roster);
        let names = ["ada", "bob"];
        let refused = begin(&genesis_statement(&roster), &names).err();
        assert!(
            matches!(refused, Some(Inert::Shape(_))),
            "{what}: {refused:?}"
        );
    }
    let good: [fn(&mut Roster); 4] = [
        |r| r.threshold = 3,
        |r| r.max_age = 10_000,
        |r| r.max_age = 86_400_000,
        |r| r.admins[0].label = Some(crate::Blob(vec![0; 4096])),
    ];
    for change in good {
        let mut roster = genesis_roster();
        change(&mut roster);
        begin(&genesis_statement(&roster), &["ada", "bob", "cyd"]).unwrap();
    }
}

#[test]
fn a_roster_is_signed_by_the_old_threshold_and_the_new() {
    let mut world = World::new();
    let replaced = amended(&world, |r| r.admins = ["dan", "eve"].map(admin).to_vec());
    assert_eq!(
        inert(world.say(replaced.clone(), &["dan", "eve"])),
        Inert::TooFewAdmins { have: 0, need: 2 }
    );
    assert_eq!(
        inert(world.say(replaced.clone(), &["ada", "bob"])),
        Inert::TooFewAdmins { have: 0, need: 2 }
    );
    assert_eq!(
        inert(world.say(replaced.clone(), &["ada", "bob", "dan"])),
        Inert::TooFewAdmins { have: 1, need: 2 }
    );
    assert_eq!(world.say(replaced, &["ada", "bob", "dan", "eve"]), Counts);
    assert_eq!(
        inert(world.say(tess(), &["ada", "bob"])),
        Inert::TooFewAdmins { have: 0, need: 2 }
    );
    assert_eq!(world.say(tess(), &["dan", "eve"]), Counts);
}

#[test]
fn a_roster_is_the_next_version() {
    let mut world = World::new();
    for version in [1, 3] {
        let say = amended(&world, |r| r.version = version);
        assert_eq!(
            shape(world.say(say, &["ada", "bob"])),
            "its version is not the next one"
        );
    }
    let say = amended(&world, |_| {});
    world.give(say);
    assert_eq!(world.state.roster().version, 2);
}

#[test]
fn a_roster_lists_no_revoked_key_and_no_key_of_another_role() {
    let mut world = World::new();
    world.give(tess());
    assert_eq!(world.say(revoke_key("dan"), &["ada"]), Counts);
    let say = amended(&world, |r| r.admins.push(admin("dan")));
    assert_eq!(
        shape(world.say(say, &["ada", "bob"])),
        "it lists a revoked key"
    );
    let say = amended(&world, |r| r.admins.push(admin("tess")));
    assert_eq!(inert(world.say(say, &["ada", "bob"])), Inert::RoleConflict);
    let say = amended(&world, |r| r.admins.push(admin("eve")));
    world.give(say);
}

#[test]
fn a_suspension_is_lifted_by_a_roster_alone() {
    let mut world = World::new();
    assert_eq!(world.say(revoke(Target::All), &["cyd"]), Counts);
    world.give(tess());
    assert!(world.state.is_suspended());
    let say = amended(&world, |_| {});
    world.give(say);
    assert!(!world.state.is_suspended());
}

#[test]
fn a_roster_of_a_newer_format_closes() {
    let mut world = World::new();
    let say = amended(&world, |r| r.format = 2);
    assert_eq!(
        inert(world.say(say.clone(), &["ada"])),
        Inert::TooFewAdmins { have: 1, need: 2 }
    );
    assert_eq!(world.state.closed_by(), None);
    assert_eq!(world.say(say, &["ada", "bob"]), Counts);
    assert_eq!(world.state.closed_by(), Some(2));
}

#[test]
fn an_unknown_kind_closes_if_k_admins_signed_it() {
    let unknown = |world: &mut World| {
        let mut said = serde_json::to_value(world.statement(tess())).unwrap();
        said["say"] = serde_json::json!({"quarantine": {"device": "x"}});
        serde_json::to_vec(&said).unwrap()
    };
    let mut world = World::new();
    for signers in [&["ada"][..], &["ada", "stranger"], &["log"]] {
        let leaf = raw_envelope(PayloadType::Statement, &unknown(&mut world), signers);
        assert!(
            matches!(inert(world.put(&leaf)), Inert::Unreadable(_)),
            "{signers:?}"
        );
    }
    let mut other = World::with(|roster| roster.name = "Hafen Nord".to_owned());
    let foreign = raw_envelope(
        PayloadType::Statement,
        &unknown(&mut other),
        &["ada", "bob"],
    );
    assert!(matches!(inert(world.put(&foreign)), Inert::Unreadable(_)));
    assert_eq!(world.state.closed_by(), None);
    let leaf = raw_envelope(
        PayloadType::Statement,
        &unknown(&mut world),
        &["ada", "bob"],
    );
    assert_eq!(world.put(&leaf), Counts);
    assert_eq!(world.state.closed_by(), Some(world.state.head().size - 1));
}

#[test]
fn a_warrant_is_no_leaf() {
    let mut world = World::ready();
    let warrant = world.warrant();
    let leaf = sign_warrant(&warrant, &["ada", "bob"]);
    assert!(matches!(inert(world.put(&leaf)), Inert::Unreadable(_)));
    assert_eq!(world.state.closed_by(), None);
}

#[test]
fn unsound_admissions_are_inert() {
    use crate::statement::Admit;
    let mut world = World::new();
    let admits: [Change<Admit>; 9] = [
        ("nobody", |a| a.subjects.clear()),
        ("two technicians", |a| {
            a.subjects.push(technician("eve", &[]).subjects.remove(0))
        }),
        ("reserved group", |a| a.groups.push("admins".to_owned())),
        ("reserved group", |a| a.groups.push("joined".to_owned())),
        ("group name", |a| a.groups.push("Süd".to_owned())),
        ("groups", |a| a.groups = vec!["x".to_owned(); 33]),
        ("no name", |a| a.subjects[0].name = None),
        ("no person", |a| a.subjects[0].person = None),
        ("noise", |a| a.subjects[0].noise = Some(noise("tess"))),
    ];
    for (what, change) in admits {
        let mut admit = technician("tess", &["support"]);
        change(&mut admit);
        assert!(
            matches!(
                inert(world.say(Say::Admit(admit), &["ada", "bob"])),
                Inert::Shape(_)
            ),
            "{what}"
        );
    }
    let devices: [Change<Admit>; 4] = [
        ("no noise", |a| a.subjects[0].noise = None),
        ("page key", |a| {
            a.subjects[0].key = page_key("desk-1", OWN).public().clone()
        }),
        ("twice", |a| a.subjects.push(a.subjects[0].clone())),
        ("person", |a| a.subjects[0].person = Some("ada".to_owned())),
    ];
    for (what, change) in devices {
        let mut admit = device("desk-1", &["office"]);
        change(&mut admit);
        assert!(
            matches!(
                inert(world.say(Say::Admit(admit), &["ada", "bob"])),
                Inert::Shape(_)
            ),
            "{what}"
        );
    }
}

const fn hours(from_minute: u16, to_minute: u16, offset_minutes: i16) -> Hours {
    Hours {
        days: Vec::new(),
        from_minute,
        to_minute,
        offset_minutes,
    }
}

fn on(days: &[u8], mut hours: Hours) -> Option<Hours> {
    hours.days = days.to_vec();
    Some(hours)
}

#[test]
fn unsound_policies_are_inert() {
    let mut world = World::new();
    let bad: [Change<Policy>; 23] = [
        ("name", |p| p.name = "A".to_owned()),
        ("technicians", |p| p.technicians = String::new()),
        ("devices", |p| p.devices = "a b".to_owned()),
        ("approvers", |p| p.approvers = Some("A".to_owned())),
        ("no scope", |p| p.scopes.clear()),
        ("scope twice", |p| p.scopes = vec![crate::Scope::View; 2]),
        ("short", |p| p.max_seconds = 9),
        ("long", |p| p.max_seconds = 604_801),
        ("approvals of nobody", |p| p.approvals = 1),
        ("approvals", |p| {
            p.approvals = 9;
            p.approvers = Some("leads".to_owned());
        }),
        ("rate", |p| p.openings_per_hour = Some(0)),
        ("fleet's rate", |p| p.devices_per_hour = Some(0)),
        ("no day", |p| p.hours = on(&[], hours(0, 1440, 0))),
        ("day 7", |p| p.hours = on(&[7], hours(0, 1440, 0))),
        ("day twice", |p| p.hours = on(&[1, 1], hours(0, 1440, 0))),
        ("no minute", |p| p.hours = on(&[1], hours(60, 60, 0))),
        ("minute", |p| p.hours = on(&[1], hours(0, 1441, 0))),
        ("east", |p| p.hours = on(&[1], hours(0, 1440, 841))),
        ("folder", |p| p.read_under = vec!["srv".to_owned()]),
        ("folder twice", |p| {
            p.write_under = vec!["/srv".to_owned(); 2]
        }),
        ("user", |p| p.shell_as = vec!["-c".to_owned()]),
        ("a folder of no scope", |p| {
            p.scopes = vec![crate::Scope::View];
            p.read_under = vec!["/srv".to_owned()];
        }),
        ("west", |p| p.hours = on(&[1], hours(0, 1440, -841))),
    ];
    for (what, change) in bad {
        let mut policy = policy("x");
        change(&mut policy);
        let outcome = world.say(Say::Policy(policy), &["ada", "bob"]);
        assert!(matches!(inert(outcome), Inert::Shape(_)), "{what}");
    }
    world.give(Say::Policy(Policy {
        hours: on(&[0, 6], hours(0, 1440, -840)),
        max_seconds: 604_800,
        approvals: 8,
        approvers: Some("leads".to_owned()),
        ..policy("x")
    }));
}

#[test]
fn one_admission_lists_500_devices_and_not_501() {
    let many = |count: usize| {
        let mut admit = device("desk-1", &["office"]);
        admit.subjects = (0..count)
            .map(|n| device(&format!("desk-{n}"), &[]).subjects.remove(0))
            .collect();
        Say::Admit(admit)
    };
    let shape = |say: Say| match say {
        Say::Admit(admit) => admit.check_shape(),
        _ => panic!("an admission"),
    };
    assert_eq!(shape(many(500)), Ok(()));
    assert!(shape(many(501)).is_err());
}

fn many_admins(count: usize) -> Vec<crate::statement::Admin> {
    (0..count).map(|n| admin(&format!("admin-{n}"))).collect()
}

fn many_witnesses(count: usize) -> Vec<crate::statement::WitnessEntry> {
    (0..count).map(|n| witness(&format!("w-{n}"))).collect()
}

fn recovery(keys: usize) -> Option<crate::statement::Recovery> {
    let key_of = |n| key(&format!("recovery-{n}")).public().clone();
    let keys = (0..keys).map(key_of).collect();
    Some(crate::statement::Recovery { keys, delay: DAY })
}

fn share(bytes: usize) -> Option<crate::statement::DirectoryShare> {
    Some(crate::statement::DirectoryShare {
        to: noise("member"),
        sealed: crate::Blob(vec![0; bytes]),
    })
}

#[test]
fn every_bound_of_a_roster_is_met_exactly() {
    let cases: [(Change<Roster>, bool); 11] = [
        (("32 admins", |r| r.admins = many_admins(32)), true),
        (("33 admins", |r| r.admins = many_admins(33)), false),
        (("16 witnesses", |r| r.witnesses = many_witnesses(16)), true),
        (
            ("17 witnesses", |r| r.witnesses = many_witnesses(17)),
            false,
        ),
        (("16 recovery keys", |r| r.recovery = recovery(16)), true),
        (("17 recovery keys", |r| r.recovery = recovery(17)), false),
        (
            ("a full share", |r| r.admins[0].directory = share(4096)),
            true,
        ),
        (
            ("a larger share", |r| r.admins[0].directory = share(4097)),
            false,
        ),
        (
            ("8 origins", |r| {
                r.console_origins = vec![r.console_origins[0].clone(); 8];
            }),
            true,
        ),
        (
            ("one key, two witnesses", |r| {
                r.witnesses.push(witness("far"));
                r.witnesses[1].key = r.witnesses[0].key.clone();
            }),
            false,
        ),
        (
            ("one name, two witnesses", |r| {
                r.witnesses.push(witness("far"));
                r.witnesses[1].name = "watch".to_owned();
            }),
            false,
        ),
    ];
    for ((what, change), is_sound) in cases {
        let mut roster = genesis_roster();
        change(&mut roster);
        assert_eq!(roster.check_shape().is_ok(), is_sound, "{what}");
    }
    let mut admit = technician("tess", &[]);
    admit.groups = vec!["x".to_owned(); 32];
    assert_eq!(admit.check_shape(), Ok(()));
}
