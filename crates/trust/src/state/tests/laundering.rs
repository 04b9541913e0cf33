//! A roster that does not count, and what the thief who made it, or the admins whom it kept, put after it.
//!
//! Here one admin gives power. `R(ada)@G` was signed by bob, and withheld: the thief of ada's key makes `C2`.

use super::*;
use crate::state::NotInForce;
use crate::statement::{Owner, Roster};

fn roster(roster: Roster) -> Say {
    Say::Roster(Box::new(roster))
}

fn one_of(admins: &[&str]) -> World {
    World::with(|roster| {
        roster.threshold = 1;
        roster.admins = admins.iter().map(|name| admin(name)).collect();
    })
}

/// The next roster with these admins, of whom `threshold` give power.
fn governed_by(world: &World, admins: &[&str], threshold: u64) -> Roster {
    Roster {
        admins: admins.iter().map(|name| admin(name)).collect(),
        threshold,
        ..world.next_roster()
    }
}

/// A device that was told `R(ada)@G`, and after that got ada's `C2` with these admins.
fn robbed(admins: &[&str]) -> World {
    let mut world = one_of(&["ada", "bob"]);
    let revocation = world.signed(revoke_key("ada"), &["bob"]);
    assert!(world.state.hold(&revocation).unwrap());
    say(&mut world, admins, 1, &["ada", "mal"]);
    world
}

fn say(world: &mut World, admins: &[&str], threshold: u64, signers: &[&str]) {
    let next = governed_by(world, admins, threshold);
    assert_eq!(world.say(roster(next), signers), Counts);
}

fn tess_now(world: &World) -> Option<NotInForce> {
    world
        .state
        .in_force(&keyid("tess"), Role::Technician, world.now)
        .err()
}

/// G -> C2(ada) -> A3(mal) -> C4(mal) -> A5(mal)
#[test]
fn a_second_roster_does_not_launder_a_stolen_key() {
    for is_told in [true, false] {
        let mut world = if is_told {
            robbed(&["mal"])
        } else {
            let mut world = one_of(&["ada", "bob"]);
            say(&mut world, &["mal"], 1, &["ada", "mal"]);
            world
        };
        assert_eq!(world.say(tess(), &["mal"]), Counts);
        say(&mut world, &["mal", "moe"], 1, &["mal", "moe"]);
        let abe = Say::Admit(technician("abe", &["leads"]));
        assert_eq!(world.say(abe, &["moe"]), Counts);
        assert_eq!(world.state.is_roster_tainted(), is_told);
        assert_eq!(works(&world, "tess"), !is_told);
        assert_eq!(
            works(&world, "abe"),
            !is_told,
            "whoever nobody told believes it"
        );
    }
}

/// G -> C2(ada) -> A3(mal) -> C4(bob) -> A5(bob): what the thief gave in between stays nothing.
#[test]
fn admins_whom_the_tainted_roster_kept_mend_it() {
    let mut world = robbed(&["mal", "bob"]);
    assert_eq!(world.say(tess(), &["mal"]), Counts);
    assert!(world.state.is_roster_tainted());
    say(&mut world, &["bob"], 1, &["bob"]);
    assert!(!world.state.is_roster_tainted());
    assert_eq!(tess_now(&world), Some(NotInForce::Tainted));
    let abe = Say::Admit(technician("abe", &["leads"]));
    assert_eq!(world.say(abe, &["bob"]), Counts);
    assert!(works(&world, "abe"));
}

/// G -> C2(ada) -> A3(bob): bob governs before and after, so what he gives counts also while the roster does not.
#[test]
fn what_an_untainted_admin_gives_under_a_tainted_roster_counts() {
    let mut world = robbed(&["mal", "bob"]);
    assert_eq!(world.say(tess(), &["bob"]), Counts);
    assert_eq!(tess_now(&world), None);
    assert!(world.state.is_roster_tainted());
}

/// G(x, y, z; 2) -> C2(ada, bob; 1) of x, y -> R(x)@G of ada's thief -> C3(y, z, bob; 1) of the thief -> C4 of y, z. Since the
/// thief revoked x "from G on", C2 does not count either; y and z are nobody's admins since C2, and stay so without bob.
#[test]
fn keys_that_an_older_roster_left_out_stay_out() {
    for signers in [&["y", "z"][..], &["y", "z", "bob"]] {
        let mut world = World::with(|roster| roster.admins = ["x", "y", "z"].map(admin).to_vec());
        let mut early = world.statement(revoke_key("x"));
        say(&mut world, &["ada", "bob"], 1, &["x", "y", "ada"]);
        let withheld = world.signed(revoke_key("ada"), &["bob"]);
        assert!(world.state.hold(&withheld).unwrap());
        early.id = StatementId(world.id());
        assert_eq!(world.put(&sign(&early, &["ada"])), Counts);
        say(&mut world, &["y", "z", "bob"], 1, &["ada", "y"]);
        say(&mut world, &["y", "z", "bob"], 2, signers);
        assert_eq!(world.state.is_roster_tainted(), !signers.contains(&"bob"));
    }
}

/// G(x, y; 1) -> C2(x, y, z; 2) of x -> C3 of y and z's thief. Revoking x "from G on" brings back no threshold of 1.
#[test]
fn no_older_threshold_comes_back() {
    for is_told in [true, false] {
        let mut world = one_of(&["x", "y"]);
        let mut early = world.statement(revoke_key("x"));
        say(&mut world, &["x", "y", "z"], 2, &["x", "y"]);
        let withheld = world.signed(revoke_key("z"), &["x", "y"]);
        if is_told {
            assert!(world.state.hold(&withheld).unwrap());
        }
        early.id = StatementId(world.id());
        assert_eq!(world.put(&sign(&early, &["y", "z"])), Counts);
        say(&mut world, &["y", "z"], 2, &["y", "z"]);
        assert_eq!(world.state.is_roster_tainted(), is_told);
    }
}

/// G -> C2(ada), whose console is the thief's -> C3(bob, blind, on that page)
#[test]
fn a_page_of_the_tainted_roster_mends_nothing() {
    const THIEFS: &str = "https://console.thief.example";
    for origin in [THIEFS, OWN] {
        let bob = || page_key("bob", origin);
        let entry = || crate::statement::Admin {
            key: bob().public().clone(),
            ..admin("bob")
        };
        let mut world = World::with(|roster| {
            roster.threshold = 1;
            roster.admins = vec![admin("ada")];
        });
        let mut with_bob = world.next_roster();
        with_bob.admins.push(entry());
        assert_eq!(world.say(roster(with_bob), &["ada"]), Counts);
        let statement = world.statement(revoke_key("ada"));
        let revocation = Envelope::sign(crate::PayloadType::Statement, &statement, &[&bob()]);
        // One of two admins revokes the other where it takes one.
        assert!(world.state.hold(&revocation.unwrap()).unwrap());
        let mut stolen = world.next_roster();
        stolen
            .console_origins
            .push(crate::statement::ConsoleOrigin {
                origin: THIEFS.to_owned(),
                owner: Owner::Customer,
            });
        assert_eq!(world.say(roster(stolen), &["ada"]), Counts);
        assert!(world.state.is_roster_tainted());
        let mut mended = world.next_roster();
        mended.admins.remove(0);
        let statement = world.statement(roster(mended));
        let blind = Envelope::sign(crate::PayloadType::Statement, &statement, &[&bob()]);
        assert_eq!(world.put(&blind.unwrap()), Counts);
        assert_eq!(world.state.is_roster_tainted(), origin == THIEFS);
    }
}
