//! A witness cosigns what it folded, and nothing that lacks a revocation it was handed.
#![allow(clippy::unwrap_used)]

extern crate wayleave_trust as trust;

mod support;

use support::*;
use trust::checkpoint::CheckpointError;
use trust::state::{HoldError, Inert, NotInForce, Outcome::Counts};
use trust::statement::{Recover, Role, Say, Target};
use trust::witness::{Witness, WitnessRefusal};
use trust::{Envelope, Note, OrgId, PayloadType, Statement, StatementId};

/// Shows the witness the leaves it lacks, with a checkpoint over all.
fn extend(witness: &mut Witness, world: &World) -> Result<Note, WitnessRefusal> {
    let from = witness.size();
    let leaves = &world.leaves[usize::try_from(from).unwrap()..];
    witness.extend(from, leaves, &world.note().to_string())
}

fn watching(world: &World) -> Witness {
    let mut witness = Witness::new(world.org);
    extend(&mut witness, world).unwrap();
    witness
}

fn revoke_tess() -> Say {
    revoke(Target::Key(key("tess").id()))
}

#[test]
fn a_witness_cosigns_a_ledger_that_grows() {
    let mut world = World::new();
    let mut witness = watching(&world);
    assert_eq!(witness.size(), 1);
    world.furnish();
    let note = extend(&mut witness, &world).unwrap();
    assert_eq!(witness.size(), 6);
    assert_eq!(witness.state().unwrap().head(), world.state.head());
    let line = witness.cosign(&note, "watch", &key("watch"), 1234);
    let mut cosigned = note.clone();
    cosigned.add_line(&line).unwrap();
    assert_eq!(
        cosigned.cosigned_at("watch", key("watch").public()),
        Some(1_234_000)
    );
    // The same head again: a fresher time.
    assert!(extend(&mut witness, &world).is_ok());
}

#[test]
fn a_witness_begins_with_the_genesis_of_its_organisation() {
    let world = World::new();
    let mut another = Witness::new(OrgId([7; 32]));
    let leaves = &world.leaves;
    let note = Note::sign(&OrgId([7; 32]), world.state.head(), &key("log")).to_string();
    assert_eq!(
        another.extend(0, leaves, &note).unwrap_err(),
        WitnessRefusal::Genesis(Inert::OtherOrganisation)
    );
    let mut own = Witness::new(world.org);
    assert_eq!(
        own.extend(0, &[], &world.note().to_string()).unwrap_err(),
        WitnessRefusal::Empty
    );
    assert!(own.extend(0, leaves, &world.note().to_string()).is_ok());
}

#[test]
fn leaves_begin_where_the_witness_ends() {
    let mut world = World::new();
    let mut witness = watching(&world);
    world.furnish();
    for from in [0, 2] {
        let refused = witness.extend(from, &world.leaves[1..], &world.note().to_string());
        assert_eq!(
            refused.unwrap_err(),
            WitnessRefusal::Position { have: 1, from }
        );
    }
    assert!(extend(&mut witness, &world).is_ok());
}

#[test]
fn a_witness_refuses_a_shorter_a_longer_and_another_ledger() {
    let mut world = World::new();
    let mut witness = watching(&world);
    let short = world.note().to_string();
    world.furnish();
    let long = world.note().to_string();
    let other_head = WitnessRefusal::OtherHead;
    assert_eq!(
        witness.extend(1, &world.leaves[1..3], &long).unwrap_err(),
        other_head
    );
    assert_eq!(
        witness.extend(1, &world.leaves[1..], &short).unwrap_err(),
        other_head
    );
    let mut altered = world.leaves[1..].to_vec();
    altered[2].push(b' ');
    assert_eq!(witness.extend(1, &altered, &long).unwrap_err(), other_head);
    assert_eq!(witness.size(), 1, "nothing changed");
    assert!(extend(&mut witness, &world).is_ok());
    // Once it has seen the longer one, never the shorter one again.
    assert_eq!(witness.extend(6, &[], &short).unwrap_err(), other_head);
}

#[test]
fn a_witness_asks_for_the_log_keys_signature() {
    let world = World::new();
    let mut witness = Witness::new(world.org);
    let forged = Note::sign(&world.org, world.state.head(), &key("stranger")).to_string();
    assert_eq!(
        witness.extend(0, &world.leaves, &forged).unwrap_err(),
        WitnessRefusal::Checkpoint(CheckpointError::NotSigned)
    );
    assert!(extend(&mut witness, &world).is_ok());
}

#[test]
fn a_service_that_withholds_a_revocation_gets_no_cosignature() {
    let mut world = World::ready();
    let mut witness = watching(&world);
    let revocation = world.signed(revoke_tess(), &["cyd"]);
    assert!(witness.hold(&revocation).unwrap());
    assert!(!witness.hold(&revocation).unwrap());
    assert_eq!(
        extend(&mut witness, &world).unwrap_err(),
        WitnessRefusal::Withheld(1)
    );
    // Growing the ledger otherwise does not help.
    world.give(Say::Policy(policy("more")));
    assert_eq!(
        extend(&mut witness, &world).unwrap_err(),
        WitnessRefusal::Withheld(1)
    );
    assert_eq!(world.put(&revocation), Counts);
    assert!(extend(&mut witness, &world).is_ok());
}

#[test]
fn a_shadow_under_the_same_id_does_not_satisfy_the_witness() {
    let mut world = World::ready();
    world.give(Say::Admit(helper(Role::Stopper, "stop", &[])));
    let mut witness = watching(&world);
    let real = world.statement(revoke_tess());
    let mut shadow = world.statement(revoke(Target::Warrant(trust::WarrantId([9; 16]))));
    shadow.id = real.id;
    let real = sign(&real, &["cyd"]);
    assert!(witness.hold(&real).unwrap());
    assert_eq!(world.put(&sign(&shadow, &["stop"])), Counts);
    assert_eq!(
        extend(&mut witness, &world).unwrap_err(),
        WitnessRefusal::Withheld(1)
    );
    assert_eq!(world.put(&real), Counts);
    assert!(extend(&mut witness, &world).is_ok());
}

/// The thief of ada's key gives, then the service sequences the withheld revocation: the witness cosigns, and the gift is
/// void on every device that folds the same leaves.
#[test]
fn a_gift_put_before_a_withheld_revocation_is_void_everywhere() {
    let mut world = World::with(|roster| roster.threshold = 1);
    let mut witness = watching(&world);
    let revocation = world.signed(revoke(Target::Key(key("ada").id())), &["bob"]);
    assert!(witness.hold(&revocation).unwrap());
    assert_eq!(
        world.say(Say::Admit(technician("tess", &["support"])), &["ada"]),
        Counts
    );
    assert_eq!(
        world.say(revoke(Target::Key(key("ada").id())), &["ada"]),
        Counts
    );
    assert_eq!(
        extend(&mut witness, &world).unwrap_err(),
        WitnessRefusal::Withheld(1)
    );
    assert_eq!(world.put(&revocation), Counts);
    assert!(extend(&mut witness, &world).is_ok());
    let tess = world
        .state
        .in_force(&key("tess").id(), Role::Technician, NOW);
    assert_eq!(tess.err(), Some(NotInForce::Tainted));
}

#[test]
fn a_witness_holds_only_what_counts() {
    let mut world = World::ready();
    let revocation = world.signed(revoke_tess(), &["cyd"]);
    let mut blind = Witness::new(world.org);
    assert_eq!(
        blind.hold(&revocation),
        Err(HoldError::Inert(Inert::NoAuthority))
    );
    let mut witness = watching(&world);
    let forged = world.signed(revoke_tess(), &["stranger"]);
    assert_eq!(
        witness.hold(&forged),
        Err(HoldError::Inert(Inert::NoAuthority))
    );
    assert!(
        extend(&mut witness, &world).is_ok(),
        "a forged revocation starves nobody"
    );
}

#[test]
fn a_new_roster_is_witnessed_under_its_own_log_key() {
    let mut world = World::new();
    let mut witness = watching(&world);
    let mut roster = world.next_roster();
    roster.log_key = key("new log").public().clone();
    let envelope = world.signed(Say::Roster(Box::new(roster)), &["ada", "bob"]);
    assert_eq!(world.state.append(envelope.as_bytes()), Counts);
    let leaf = [envelope.as_bytes().to_vec()];
    let by = |name: &str| Note::sign(&world.org, world.state.head(), &key(name)).to_string();
    assert_eq!(
        witness.extend(1, &leaf, &by("log")).unwrap_err(),
        WitnessRefusal::Checkpoint(CheckpointError::NotSigned)
    );
    assert!(witness.extend(1, &leaf, &by("new log")).is_ok());
}

/// An organisation with a recovery key, and the recovery that waits in it.
fn recovering() -> (World, StatementId) {
    let mut world = World::with(|roster| roster.recovery = recovery(&["safe"]));
    let mut roster = world.next_roster();
    roster.admins = vec![admin("new")];
    roster.threshold = 1;
    let proposal = world.signed(Say::Roster(Box::new(roster)), &["safe", "new"]);
    assert_eq!(world.put(&proposal), Counts);
    (world, id_of(&proposal))
}

fn id_of(envelope: &Envelope) -> StatementId {
    let said: Statement = envelope.read(PayloadType::Statement).unwrap();
    said.id
}

fn waited(world: &World, recovery: StatementId) -> Say {
    let at = |ms| world.cosigned(&[("watch", ms)]);
    Say::Recover(Recover {
        recovery,
        begun: at(NOW),
        waited: at(NOW + 3 * DAY),
    })
}

/// The service sequences no veto: it gets no cosignature, and so never what shows that the recovery has waited.
#[test]
fn a_service_that_withholds_a_veto_gets_no_proof_that_the_recovery_waited() {
    let (mut world, recovery) = recovering();
    let mut witness = watching(&world);
    let veto = world.signed(revoke(Target::Recovery(recovery)), &["ada", "bob"]);
    assert!(witness.hold(&veto).unwrap());
    let refused = extend(&mut witness, &world).unwrap_err();
    assert_eq!(refused, WitnessRefusal::Withheld(1));
    assert_eq!(world.put(&veto), Counts);
    assert!(extend(&mut witness, &world).is_ok());
    let say = waited(&world, recovery);
    assert!(world.say(say, &["new"]) != Counts);
}

/// A veto that comes when the recovery has waited already starves nobody.
#[test]
fn a_veto_that_comes_too_late_is_not_missed() {
    let (mut world, recovery) = recovering();
    let mut witness = watching(&world);
    let say = waited(&world, recovery);
    let effect = world.signed(say, &["new"]);
    let veto = world.signed(revoke(Target::Recovery(recovery)), &["ada", "bob"]);
    assert!(witness.hold(&veto).unwrap());
    assert_eq!(world.put(&effect), Counts);
    assert!(extend(&mut witness, &world).is_ok());
    assert_eq!(witness.state().unwrap().roster().version, 2);
}
