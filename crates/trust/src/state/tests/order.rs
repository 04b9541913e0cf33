//! Order is not the service's to choose.

use super::*;

/// G -> A1
#[test]
fn an_admission_counts_where_its_author_looked() {
    let mut world = World::new();
    assert_eq!(world.say(tess(), &["ada", "bob"]), Counts);
    assert!(works(&world, "tess"));
    assert_eq!(world.state.head().size, 2);
    assert!(world.state.inert().is_empty());
}

/// G -> R1 -> A1@G
#[test]
fn a_withheld_admission_is_inert_after_a_revocation() {
    let mut world = World::new();
    let withheld = world.signed(tess(), &["ada", "bob"]);
    assert_eq!(world.say(revoke_key("stranger"), &["ada"]), Counts);
    assert_eq!(inert(world.put(&withheld)), Inert::Superseded);
    assert!(!works(&world, "tess"));
    // Signed anew it counts.
    assert_eq!(world.say(tess(), &["ada", "bob"]), Counts);
    assert!(works(&world, "tess"));
}

/// G -> A1 -> R(A1) -> A2@A1
#[test]
fn a_withheld_renewal_does_not_undo_a_revocation() {
    let mut world = World::new();
    let first = world.signed(tess(), &["ada", "bob"]);
    assert_eq!(world.put(&first), Counts);
    let renewal = world.signed(tess(), &["ada", "bob"]);
    let revocation = revoke(Target::Admit(id_of(&first)));
    assert_eq!(world.say(revocation, &["cyd"]), Counts);
    assert_eq!(inert(world.put(&renewal)), Inert::Superseded);
    assert!(!works(&world, "tess"));
}

/// G -> A1 -> A2: the twin, nothing between.
#[test]
fn a_renewal_counts_when_nothing_stands_between() {
    let mut world = World::new();
    world.give(tess());
    let mut renewal = technician("tess", &["support"]);
    renewal.until += 5 * DAY;
    world.give(Say::Admit(renewal));
    let entry = world.state.entry(&keyid("tess")).unwrap();
    assert_eq!((entry.until, entry.index), (NOW + 25 * DAY, 2));
}

/// G -> C2 -> A1@G
#[test]
fn an_admission_is_inert_after_a_roster_that_its_author_did_not_know() {
    let mut world = World::new();
    let withheld = world.signed(tess(), &["ada", "bob"]);
    let roster = world.next_roster();
    world.give(Say::Roster(Box::new(roster)));
    assert_eq!(inert(world.put(&withheld)), Inert::Superseded);
    world.give(tess());
}

/// G -> A1(tess) -> A2(tess)@G, and G -> A1(tess) -> A2(abe)@G
#[test]
fn two_statements_about_one_key_do_not_cross_but_about_two_keys_they_do() {
    let mut world = World::new();
    let crossing = world.signed(Say::Admit(technician("tess", &["leads"])), &["ada", "bob"]);
    let other = world.signed(Say::Admit(technician("abe", &["leads"])), &["ada", "bob"]);
    world.give(tess());
    assert_eq!(inert(world.put(&crossing)), Inert::Superseded);
    assert_eq!(world.put(&other), Counts);
    assert_eq!(
        world.state.entry(&keyid("tess")).unwrap().groups,
        ["support"]
    );
}

/// G -> P1(desk) -> P2(desk)@G, and G -> P1(desk) -> P2(lab)@G
#[test]
fn two_policies_of_one_name_do_not_cross_but_of_two_names_they_do() {
    let mut world = World::new();
    let crossing = world.signed(Say::Policy(policy("desk")), &["ada", "bob"]);
    let other = world.signed(Say::Policy(policy("lab")), &["ada", "bob"]);
    world.give(Say::Policy(policy("desk")));
    assert_eq!(inert(world.put(&crossing)), Inert::Superseded);
    assert_eq!(world.put(&other), Counts);
    world.give(Say::Policy(policy("desk")));
}

/// G -> A1 and G -> A2: what was signed on one branch means nothing on the other.
#[test]
fn a_statement_of_another_history_is_inert() {
    let (mut here, mut there) = (World::new(), World::new());
    here.give(tess());
    there.give(Say::Admit(technician("abe", &["leads"])));
    let signed_there = there.signed(Say::Policy(policy("desk")), &["ada", "bob"]);
    assert_eq!(inert(here.put(&signed_there)), Inert::Forked);
    assert_eq!(there.put(&signed_there), Counts);
}

#[test]
fn a_statement_from_the_future_of_the_ledger_is_inert() {
    let mut world = World::new();
    let mut ahead = world.statement(tess());
    ahead.seen.size += 1;
    assert_eq!(
        inert(world.put(&sign(&ahead, &["ada", "bob"]))),
        Inert::Forked
    );
}

/// G -> A1 -> A1
#[test]
fn a_leaf_counts_once() {
    let mut world = World::new();
    let admission = world.signed(tess(), &["ada", "bob"]);
    assert_eq!(world.put(&admission), Counts);
    assert_eq!(inert(world.put(&admission)), Inert::Repeated);
    assert_eq!(world.state.inert(), [(2, Inert::Repeated)]);
    assert!(works(&world, "tess"), "the first still counts");
}

#[test]
fn an_id_is_given_once() {
    let mut world = World::new();
    let first = world.statement(tess());
    let mut second = world.statement(Say::Admit(technician("abe", &["leads"])));
    assert_eq!(world.put(&sign(&first, &["ada", "bob"])), Counts);
    second.id = first.id;
    assert_eq!(
        inert(world.put(&sign(&second, &["ada", "bob"]))),
        Inert::Repeated
    );
}

/// G -> S1 -> A1 -> R1 -> R2, R1 signed by the stopper under the id of R2.
#[test]
fn a_revocation_cannot_be_shadowed_by_another_of_its_id() {
    let mut world = World::new();
    world.give(Say::Admit(helper(Role::Stopper, "stop", &[])));
    world.give(tess());
    let real = world.statement(revoke_key("tess"));
    let mut shadow = world.statement(revoke(Target::Warrant(crate::WarrantId([9; 16]))));
    shadow.id = real.id;
    let real = sign(&real, &["ada"]);
    assert!(world.state.hold(&real).unwrap());
    assert_eq!(world.put(&sign(&shadow, &["stop"])), Counts);
    assert!(!works(&world, "tess"), "still held");
    assert_eq!(world.state.held().count(), 1, "and still missing");
    assert!(!world.state.carries(&real));
    assert_eq!(world.put(&real), Counts);
    assert!(world.state.carries(&real));
}

#[test]
fn a_revocation_takes_no_id_from_a_giving_statement() {
    let mut world = World::new();
    let admission = world.statement(tess());
    let mut burnt = world.statement(revoke_key("stranger"));
    burnt.id = admission.id;
    assert_eq!(world.put(&sign(&burnt, &["ada"])), Counts);
    let mut again = world.statement(tess());
    again.id = admission.id;
    assert_eq!(world.put(&sign(&again, &["ada", "bob"])), Counts);
}

#[test]
fn junk_is_counted_in_the_tree_and_skipped() {
    let mut world = World::new();
    assert!(matches!(
        inert(world.put_bytes(b"junk")),
        Inert::Unreadable(_)
    ));
    assert!(matches!(inert(world.put_bytes(b"")), Inert::Unreadable(_)));
    assert_eq!(world.state.head().size, 3);
    world.give(tess());
}

#[test]
fn another_organisations_statement_is_inert() {
    let mut other = World::with(|roster| roster.name = "Hafen Nord".to_owned());
    let mut world = World::new();
    let foreign = other.signed(tess(), &["ada", "bob"]);
    assert_eq!(inert(world.put(&foreign)), Inert::OtherOrganisation);
    let foreign = other.signed(revoke_key("ada"), &["ada"]);
    assert_eq!(inert(world.put(&foreign)), Inert::OtherOrganisation);
}

#[test]
fn a_number_that_not_every_reader_carries_is_inert() {
    use crate::limits::INTEGER_MAX;
    let mut world = World::new();
    let mut statement = world.statement(tess());
    statement.at = INTEGER_MAX + 1;
    assert!(matches!(
        inert(world.put(&sign(&statement, &["ada", "bob"]))),
        Inert::Shape(_)
    ));
    let mut admission = technician("tess", &["support"]);
    admission.until = INTEGER_MAX + 1;
    assert!(matches!(
        inert(world.say(Say::Admit(admission), &["ada", "bob"])),
        Inert::Shape(_)
    ));
    let mut admission = technician("tess", &["support"]);
    admission.until = INTEGER_MAX;
    world.give(Say::Admit(admission));
}

#[test]
fn replicas_of_the_same_leaves_agree_however_they_came() {
    let mut world = World::ready();
    world.put_bytes(b"junk");
    world.say(revoke_key("abe"), &["cyd"]);
    let mut replica = crate::State::genesis(world.org, &world.leaves[0]).unwrap();
    for leaf in &world.leaves[1..] {
        let foretold = replica.check(leaf);
        match replica.append(leaf) {
            Counts => assert_eq!(foretold, Ok(())),
            Outcome::Inert(why) => assert_eq!(foretold, Err(why)),
        }
    }
    assert_eq!(replica.head(), world.state.head());
    assert_eq!(replica.inert(), world.state.inert());
    assert_eq!(replica.revoke_indices(), [7]);
}

#[test]
fn statements_are_found_by_id_for_showing() {
    let mut world = World::new();
    let gift = world.signed(tess(), &["ada", "bob"]);
    let revocation = world.signed(revoke_key("stranger"), &["ada"]);
    for envelope in [&gift, &revocation] {
        assert!(!world.state.has_statement(&id_of(envelope)) && !world.state.carries(envelope));
        assert_eq!(world.put(envelope), Counts);
        assert!(world.state.has_statement(&id_of(envelope)) && world.state.carries(envelope));
    }
}

#[test]
fn the_largest_number_is_one_that_every_reader_carries() {
    use crate::limits::INTEGER_MAX;
    let mut world = World::new();
    let mut far = world.statement(tess());
    far.seen.size = INTEGER_MAX;
    assert_eq!(
        inert(world.put(&sign(&far, &["ada", "bob"]))),
        Inert::Forked
    );
    far.seen.size += 1;
    assert!(matches!(
        inert(world.put(&sign(&far, &["ada", "bob"]))),
        Inert::Shape(_)
    ));
    let mut late = world.statement(tess());
    late.at = INTEGER_MAX;
    assert_eq!(world.put(&sign(&late, &["ada", "bob"])), Counts);
}
