//! What approvals a warrant lacks, and what one more would do.

use super::*;
use crate::envelope::Signer;
use crate::judge::{foresee, lacking};

fn native(name: &str) -> Signer {
    Signer {
        keyid: key(name).id(),
        origin: None,
    }
}

/// `tess` asks for an unattended session, which the policy `unattended` gives with one approval of the group `leads`.
fn unattended(world: &mut World) -> Warrant {
    Warrant {
        attended: false,
        ..world.warrant()
    }
}

#[test]
fn a_warrant_tells_what_it_lacks_until_it_lacks_nothing() {
    let mut world = World::ready();
    let warrant = unattended(&mut world);
    let alone = sign_warrant(&warrant, &["tess"]);
    let lack = lacking(&world.facts(), alone.as_bytes()).unwrap().unwrap();
    assert_eq!(
        (lack.approvers.as_str(), lack.have, lack.need),
        ("leads", 0, 1)
    );
    assert!(!lack.independent);
    assert_eq!(code(world.judge(&alone)), "uncovered");
    let approved = alone.countersign(&key("abe")).unwrap();
    assert_eq!(lacking(&world.facts(), approved.as_bytes()), Ok(None));
    let verdict = world.judge(&approved).unwrap();
    assert_eq!(verdict.policy, lack.policy);
    assert_eq!(verdict.approvers, [key("abe").id()]);
}

#[test]
fn only_an_approver_of_another_person_is_foreseen_to_count() {
    let mut world = World::ready();
    let warrant = unattended(&mut world);
    let alone = sign_warrant(&warrant, &["tess"]);
    let ask = |who: &str| foresee(&world.facts(), alone.as_bytes(), &native(who)).unwrap();
    let foreseen = ask("abe").unwrap();
    assert!(foreseen.opens);
    assert_eq!((foreseen.approvals.have, foreseen.approvals.need), (1, 1));
    for nobody in ["tess", "ada", "desk-1", "stranger"] {
        assert_eq!(ask(nobody), None, "{nobody}");
    }
}

#[test]
fn nothing_is_foreseen_of_a_warrant_that_its_technician_did_not_sign_or_whose_time_is_over() {
    let mut world = World::ready();
    let mut warrant = unattended(&mut world);
    let code_of = |world: &World, envelope: &Envelope| {
        foresee(&world.facts(), envelope.as_bytes(), &native("abe")).map_err(|r| r.code())
    };
    let forged = sign_warrant(&warrant, &["stranger"]);
    assert_eq!(code_of(&world, &forged), Err("not_signed"));
    assert!(code_of(&world, &sign_warrant(&warrant, &["tess"])).is_ok());
    (warrant.from, warrant.until) = (NOW - 10_000, NOW);
    let late = sign_warrant(&warrant, &["tess"]);
    assert_eq!(code_of(&world, &late), Err("expired"));
}

#[test]
fn what_no_approval_mends_is_not_asked_for() {
    let mut world = World::ready();
    let mut warrant = unattended(&mut world);
    warrant.until = warrant.from + 604_800_000;
    let long = sign_warrant(&warrant, &["tess"]);
    assert_eq!(lacking(&world.facts(), long.as_bytes()), Ok(None));
    assert_eq!(code(world.judge(&long)), "uncovered");
}
