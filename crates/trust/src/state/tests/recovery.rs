//! Recovery. `P` proposes a roster by recovery keys, `E` shows that it waited, `V` vetoes it.
//!
//! The organisation of these ledgers has three recovery keys, of which it takes two as it takes two admins, and two witnesses
//! with a quorum of one. `new` is the admin who begins anew.

mod ends;
mod waits;

use super::*;
use crate::statement::{Recover, Roster};

const WAIT: u64 = 3 * DAY;
const KEYS: [&str; 2] = ["safe", "vault"];
const PROPOSERS: [&str; 3] = ["safe", "vault", "new"];

fn lost() -> World {
    World::with(|roster| {
        roster.recovery = recovery(&["safe", "vault", "bank"]);
        roster.witnesses.push(witness("far"));
    })
}

fn anew(world: &World) -> Roster {
    let mut roster = world.next_roster();
    roster.admins = vec![admin("new")];
    roster.threshold = 1;
    roster
}

fn roster(roster: Roster) -> Say {
    Say::Roster(Box::new(roster))
}

/// Sequences a recovery; gives its id.
fn proposed(world: &mut World) -> StatementId {
    let envelope = world.signed(roster(anew(world)), &PROPOSERS);
    assert_eq!(world.put(&envelope), Counts);
    id_of(&envelope)
}

/// A checkpoint of the ledger as it is, by both witnesses.
fn both(world: &World, at: u64) -> String {
    world.cosigned(&[("watch", at), ("far", at)])
}

fn shown(recovery: StatementId, begun: &str, waited: &str) -> Say {
    Say::Recover(Recover {
        recovery,
        begun: begun.to_owned(),
        waited: waited.to_owned(),
    })
}

/// What shows that a recovery has waited, from the ledger as it is.
fn waited(world: &World, recovery: StatementId) -> Say {
    shown(recovery, &both(world, NOW), &both(world, NOW + WAIT))
}

fn veto(recovery: StatementId) -> Say {
    revoke(Target::Recovery(recovery))
}

fn is_anew(world: &World) -> bool {
    let roster = world.state.roster();
    roster.version == 2 && roster.admin(&keyid("new")).is_some()
}

fn too_few(have: u64) -> Inert {
    Inert::TooFewAdmins { have, need: 2 }
}

#[test]
fn a_recovery_takes_as_many_keys_as_admins_or_all_there_are() {
    let few = |have, need| Inert::TooFewRecoveryKeys { have, need };
    let mut world = lost();
    let say = |world: &mut World, signers: &[&str]| world.say(roster(anew(world)), signers);
    assert_eq!(inert(say(&mut world, &["safe", "new"])), few(1, 2));
    assert_eq!(inert(say(&mut world, &["new"])), too_few(0));
    assert_eq!(inert(say(&mut world, &["safe", "ada", "new"])), few(1, 2));
    assert_eq!(say(&mut world, &PROPOSERS), Counts);
    let mut world = World::with(|roster| roster.recovery = recovery(&["safe"]));
    assert_eq!(inert(say(&mut world, &["new"])), too_few(0));
    assert_eq!(say(&mut world, &["safe", "new"]), Counts);
    let mut world = World::new();
    assert_eq!(inert(say(&mut world, &PROPOSERS)), too_few(0));
}

#[test]
fn the_new_admins_sign_their_recovery() {
    let mut world = lost();
    let say = roster(anew(&world));
    assert_eq!(
        inert(world.say(say.clone(), &KEYS)),
        Inert::TooFewAdmins { have: 0, need: 1 }
    );
    assert_eq!(world.say(say, &PROPOSERS), Counts);
}

#[test]
fn a_roster_that_admins_sign_is_no_recovery() {
    let mut world = lost();
    let mut changed = world.next_roster();
    changed.max_age = 60_000;
    let signers = ["ada", "bob", "safe", "vault"];
    assert_eq!(world.say(roster(changed), &signers), Counts);
    assert_eq!(world.state.roster().max_age, 60_000);
    assert_eq!(world.state.recoveries().count(), 0);
}

#[test]
fn a_recovery_changes_nothing_that_protects() {
    let changes: [Change<Roster>; 9] = [
        ("name", |r| r.name = "Hafen Nord".to_owned()),
        ("domain", |r| r.domain = "nord.example".to_owned()),
        ("recovery keys", |r| r.recovery = recovery(&["thief"])),
        ("delay", |r| {
            if let Some(recovery) = &mut r.recovery {
                recovery.delay = DAY;
            }
        }),
        ("log key", |r| r.log_key = key("thief").public().clone()),
        ("witnesses", |r| r.witnesses[0] = witness("thief")),
        ("quorum", |r| r.quorum = 2),
        ("max_age", |r| r.max_age = 86_400_000),
        ("origins", |r| {
            r.console_origins[1].owner = crate::statement::Owner::Customer
        }),
    ];
    let mut world = lost();
    for (what, change) in changes {
        let mut changed = anew(&world);
        change(&mut changed);
        let refused = inert(world.say(roster(changed), &PROPOSERS));
        assert!(
            matches!(refused, Inert::Shape(why) if why.starts_with("a recovery")),
            "{what}"
        );
    }
    let mut free = anew(&world);
    free.audit_key = noise("audit");
    free.directory_key = noise("another directory");
    free.admins.push(admin("ada"));
    assert_eq!(world.say(roster(free), &PROPOSERS), Counts);
}

#[test]
fn without_witnesses_no_recovery_waits() {
    let say = |world: &mut World| world.say(roster(anew(world)), &PROPOSERS);
    let mut world = World::with(|roster| {
        roster.recovery = recovery(&KEYS);
        roster.quorum = 0;
    });
    assert!(matches!(inert(say(&mut world)), Inert::Shape(why) if why.contains("witnesses")));
    let mut world = World::with(|roster| roster.recovery = recovery(&KEYS));
    assert_eq!(say(&mut world), Counts);
}

#[test]
fn a_recovery_passes_the_checks_of_a_roster() {
    let mut world = lost();
    for version in [1, 3] {
        let other = Roster {
            version,
            ..anew(&world)
        };
        assert_eq!(
            inert(world.say(roster(other), &PROPOSERS)),
            Inert::Shape("its version is not the next one")
        );
    }
    let unsound = Roster {
        threshold: 2,
        ..anew(&world)
    };
    assert!(matches!(
        inert(world.say(roster(unsound), &PROPOSERS)),
        Inert::Shape(_)
    ));
    world.give(tess());
    let mut of_tess = anew(&world);
    of_tess.admins.push(admin("tess"));
    assert_eq!(
        inert(world.say(roster(of_tess), &PROPOSERS)),
        Inert::RoleConflict
    );
    let seen_before = world.signed(roster(anew(&world)), &PROPOSERS);
    assert_eq!(world.say(revoke_key("dan"), &["ada"]), Counts);
    assert_eq!(inert(world.put(&seen_before)), Inert::Superseded);
    let mut of_dan = anew(&world);
    of_dan.admins.push(admin("dan"));
    assert_eq!(
        inert(world.say(roster(of_dan), &PROPOSERS)),
        Inert::Shape("it lists a revoked key")
    );
    let mut forked = world.statement(roster(anew(&world)));
    forked.seen.root.0[0] ^= 1;
    assert_eq!(inert(world.put(&sign(&forked, &PROPOSERS))), Inert::Forked);
    let again = world.signed(roster(anew(&world)), &PROPOSERS);
    assert_eq!(world.put(&again), Counts);
    assert_eq!(inert(world.put(&again)), Inert::Repeated);
}

/// Who stole the recovery keys cannot shut an organisation by what its devices cannot read.
#[test]
fn recovery_keys_close_nothing() {
    let mut world = lost();
    let newer = Roster {
        format: 2,
        ..anew(&world)
    };
    let refused = inert(world.say(roster(newer), &PROPOSERS));
    assert_eq!(
        refused,
        Inert::Shape("its format is unknown to this version")
    );
    let mut said = serde_json::to_value(world.statement(tess())).unwrap();
    said["say"] = serde_json::json!({"quarantine": {}});
    let payload = serde_json::to_vec(&said).unwrap();
    let unknown = raw_envelope(crate::PayloadType::Statement, &payload, &PROPOSERS);
    assert!(matches!(inert(world.put(&unknown)), Inert::Unreadable(_)));
    assert_eq!(world.state.closed_by(), None);
}

#[test]
fn a_roster_keeps_its_recovery_keys_apart_and_its_delay_in_bounds() {
    let sound = |change: fn(&mut Roster)| {
        let mut roster = genesis_roster();
        roster.recovery = recovery(&["safe", "vault"]);
        change(&mut roster);
        roster.check_shape().is_ok()
    };
    fn delay(roster: &mut Roster, delay: u64) {
        roster.recovery.as_mut().unwrap().delay = delay;
    }
    assert!(sound(|_| {}));
    assert!(!sound(|r| r.recovery = recovery(&["safe", "safe"])));
    assert!(!sound(|r| r.recovery = recovery(&["safe", "ada"])));
    assert!(!sound(|r| {
        r.recovery.as_mut().unwrap().keys[0] = page_key("safe", OWN).public().clone();
    }));
    assert!(!sound(|r| delay(r, DAY - 1)));
    assert!(sound(|r| delay(r, DAY)));
    assert!(sound(|r| delay(r, 30 * DAY)));
    assert!(!sound(|r| delay(r, 30 * DAY + 1)));
}

#[test]
fn a_recovery_key_is_no_admitted_key() {
    let mut world = World::new();
    world.give(tess());
    let listing = |world: &World, name: &str| {
        let mut next = world.next_roster();
        next.recovery = recovery(&[name]);
        roster(next)
    };
    let say = listing(&world, "tess");
    assert_eq!(inert(world.say(say, &["ada", "bob"])), Inert::RoleConflict);
    let say = listing(&world, "vault");
    world.give(say);
    let say = Say::Admit(technician("vault", &["support"]));
    assert_eq!(inert(world.say(say, &["ada", "bob"])), Inert::RoleConflict);
}
