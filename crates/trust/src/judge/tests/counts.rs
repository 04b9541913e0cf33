//! A policy may ask witnesses to count: then what they say about the whole fleet stands beside the warrant.

use super::*;
use crate::count::{Count, counted_digest, counts_needed};
use crate::judge::granted_if_counted;
use crate::limits::{CLOCK_SKEW_MS, COUNT_AGE_MS_MAX};

const WITNESSES: [&str; 3] = ["watch", "far", "third"];

/// Three witnesses, two of which make a checkpoint fresh; `tess` may open two devices an hour.
fn counting() -> World {
    let mut world = World::with(|roster| {
        roster.witnesses = WITNESSES.map(witness).to_vec();
        roster.quorum = 2;
    });
    world.give(Say::Admit(technician("tess", &["support"])));
    world.give(Say::Admit(device("desk-1", &["office"])));
    world.give(Say::Policy(Policy {
        devices_per_hour: Some(2),
        ..policy("counted")
    }));
    settle(&mut world);
    world
}

/// Everybody cosigned the ledger as it is.
fn settle(world: &mut World) {
    let now = world.now;
    let note = world.cosigned(&WITNESSES.map(|name| (name, now)));
    let note = crate::Note::parse(&world.org, &note).unwrap();
    world.checkpoint = note.verify(&world.org, world.state.roster()).unwrap();
}

fn count(world: &World, warrant: &Envelope, devices: u32) -> Count {
    Count {
        org: world.org,
        warrant: counted_digest(warrant),
        devices,
        at: world.now,
    }
}

fn by(witness: &str, count: &Count) -> String {
    count.sign(&key(witness)).unwrap().to_text()
}

/// What `desk-1` says to a warrant of `tess` with these counts beside it.
fn with_counts(
    world: &mut World,
    counts: impl FnOnce(&World, &Envelope) -> Vec<String>,
) -> Result<Verdict, Refusal> {
    let warrant = sign_warrant(&world.warrant(), &["tess"]);
    world.counts = counts(world, &warrant);
    world.judge(&warrant)
}

/// Whether a change of one of two counts keeps them from opening, whose unchanged twins open.
fn refused_when(world: &mut World, change: impl Fn(&mut Count)) -> &'static str {
    let asked = |world: &mut World, change: &dyn Fn(&mut Count)| {
        with_counts(world, |world, warrant| {
            let mut changed = count(world, warrant, 1);
            change(&mut changed);
            vec![by("watch", &count(world, warrant, 1)), by("far", &changed)]
        })
    };
    assert!(asked(world, &|_| {}).is_ok(), "the twin opens");
    code(asked(world, &change))
}

#[test]
fn a_policy_that_asks_for_counts_opens_with_a_quorum_of_them() {
    let mut world = counting();
    for (names, opens) in [
        (&[][..], false),
        (&["watch"], false),
        (&["watch", "far"], true),
        (&["far", "third"], true),
        (&WITNESSES, true),
    ] {
        let judged = with_counts(&mut world, |world, warrant| {
            names
                .iter()
                .map(|n| by(n, &count(world, warrant, 2)))
                .collect()
        });
        if opens {
            assert_eq!(judged.unwrap().policy, "counted");
        } else {
            let (have, need) = (names.len(), 2);
            let why = Refusal::Uncounted(Uncounted::TooFew { have, need });
            assert_eq!(judged, Err(why));
        }
    }
}

#[test]
fn one_witness_that_counts_twice_is_one() {
    let mut world = counting();
    let judged = with_counts(&mut world, |world, warrant| {
        [1, 2]
            .map(|n| by("watch", &count(world, warrant, n)))
            .to_vec()
    });
    assert_eq!(code(judged), "uncounted");
}

#[test]
fn more_devices_than_the_policy_allows_are_refused() {
    let mut world = counting();
    let asked = |world: &mut World, numbers: [u32; 3]| {
        with_counts(world, |world, warrant| {
            let pairs = WITNESSES.iter().zip(numbers);
            pairs
                .map(|(name, n)| by(name, &count(world, warrant, n)))
                .collect()
        })
    };
    assert!(asked(&mut world, [2, 2, 2]).is_ok());
    assert!(asked(&mut world, [2, 2, 9]).is_ok(), "a quorum is enough");
    assert_eq!(code(asked(&mut world, [2, 3, 3])), "too_many_devices");
}

#[test]
fn a_count_is_for_one_warrant_in_one_organisation() {
    let mut world = counting();
    let other = refused_when(&mut world, |count| count.warrant = Hash([7; 32]));
    assert_eq!(other, "uncounted");
    let other = refused_when(&mut world, |count| count.org = OrgId([7; 32]));
    assert_eq!(other, "uncounted");
}

#[test]
fn a_count_is_fresh_when_the_warrant_opens() {
    let mut world = counting();
    let now = world.now;
    assert_eq!(
        refused_when(&mut world, |c| c.at = now - COUNT_AGE_MS_MAX - 1),
        "uncounted"
    );
    assert_eq!(
        refused_when(&mut world, |c| c.at = now + CLOCK_SKEW_MS + 1),
        "uncounted"
    );
    let at_the_edges = with_counts(&mut world, |world, warrant| {
        let at = |at| Count {
            at,
            ..count(world, warrant, 1)
        };
        vec![
            by("watch", &at(now - COUNT_AGE_MS_MAX)),
            by("far", &at(now + CLOCK_SKEW_MS)),
        ]
    });
    assert!(at_the_edges.is_ok());
}

#[test]
fn only_the_rosters_witnesses_that_fold_the_ledger_count() {
    let mut world = counting();
    for stranger in ["stranger", "tess", "ada", "log"] {
        let judged = with_counts(&mut world, |world, warrant| {
            ["watch", stranger]
                .map(|n| by(n, &count(world, warrant, 1)))
                .to_vec()
        });
        assert_eq!(code(judged), "uncounted");
    }
    let mut roster = world.next_roster();
    roster.witnesses[2].holds_revocations = false;
    world.give(Say::Roster(Box::new(roster)));
    settle(&mut world);
    let asked = |world: &mut World, names: [&str; 2]| {
        with_counts(world, |world, warrant| {
            names.map(|n| by(n, &count(world, warrant, 1))).to_vec()
        })
    };
    assert_eq!(code(asked(&mut world, ["watch", "third"])), "uncounted");
    assert!(asked(&mut world, ["watch", "far"]).is_ok());
}

#[test]
fn a_forged_count_says_nothing() {
    let mut world = counting();
    let judged = with_counts(&mut world, |world, warrant| {
        let honest = by("watch", &count(world, warrant, 1));
        let forged = by("far", &count(world, warrant, 9));
        let (from, to) = (r#""payload":""#, r#"","signatures""#);
        let payload = |text: &str| {
            text.split(from)
                .nth(1)
                .unwrap()
                .split(to)
                .next()
                .unwrap()
                .to_owned()
        };
        let spliced = forged.replace(&payload(&forged), &payload(&honest));
        vec![honest, spliced, "junk".to_owned(), warrant.to_text()]
    });
    assert_eq!(code(judged), "uncounted");
}

#[test]
fn a_session_resumes_without_a_new_count() {
    let mut world = counting();
    let warrant = sign_warrant(&world.warrant(), &["tess"]);
    assert_eq!(code(world.judge(&warrant)), "uncounted");
    world.spent = Some(Spent {
        noise: noise("tess"),
        ended: false,
        bounds: Bounds::default(),
    });
    assert!(world.judge(&warrant).unwrap().resumes);
}

#[test]
fn a_policy_that_asks_for_no_count_opens_without() {
    let mut world = counting();
    world.give(Say::Policy(policy("free")));
    settle(&mut world);
    let judged = with_counts(&mut world, |_, _| Vec::new());
    assert_eq!(judged.unwrap().policy, "free");
}

#[test]
fn counts_are_asked_for_after_approvals_and_an_own_page() {
    let mut world = counting();
    world.give(Say::Admit(technician("abe", &["leads"])));
    world.give(Say::Policy(Policy {
        devices_per_hour: Some(2),
        approvals: 1,
        approvers: Some("leads".to_owned()),
        ..policy("counted")
    }));
    settle(&mut world);
    let warrant = sign_warrant(&world.warrant(), &["tess"]);
    let lacks = crate::judge::lacking(&world.facts(), warrant.as_bytes()).unwrap();
    assert_eq!(lacks.unwrap().need, 1);
    assert_eq!(code(world.judge(&warrant)), "uncovered");
    let approved = warrant.countersign(&key("abe")).unwrap();
    let lacks = crate::judge::lacking(&world.facts(), approved.as_bytes()).unwrap();
    assert_eq!(lacks, None);
    assert_eq!(code(world.judge(&approved)), "uncounted");
    // Counted before it was approved: the payload is what was counted.
    world.counts = vec![
        by("watch", &count(&world, &warrant, 1)),
        by("far", &count(&world, &warrant, 1)),
    ];
    assert!(world.judge(&approved).is_ok());
}

#[test]
fn as_many_count_as_make_a_ledger_fresh_and_can() {
    let roster = |quorum, holding: [bool; 3]| {
        let mut roster = genesis_roster();
        roster.witnesses = WITNESSES.map(witness).to_vec();
        for (witness, holds) in roster.witnesses.iter_mut().zip(holding) {
            witness.holds_revocations = holds;
        }
        roster.quorum = quorum;
        roster
    };
    assert_eq!(counts_needed(&roster(2, [true; 3])), 2);
    assert_eq!(counts_needed(&roster(3, [true, true, false])), 2);
    assert_eq!(counts_needed(&roster(0, [true; 3])), 1);
    assert_eq!(counts_needed(&roster(0, [false; 3])), 1, "and nobody can");
}

#[test]
fn before_it_is_counted_a_warrant_says_what_it_will_be_granted() {
    let mut world = counting();
    let folders = || vec!["/srv/shared".to_owned()];
    world.give(Say::Policy(Policy {
        devices_per_hour: Some(2),
        read_under: folders(),
        ..policy("counted")
    }));
    settle(&mut world);
    let warrant = Warrant {
        scopes: vec![Scope::View, Scope::FilesRead],
        ..world.warrant()
    };
    let warrant = sign_warrant(&warrant, &["tess"]);
    let foreseen = granted_if_counted(&world.facts(), warrant.as_bytes()).unwrap();
    world.counts = ["watch", "far"]
        .map(|name| by(name, &count(&world, &warrant, 1)))
        .to_vec();
    let granted = world.judge(&warrant).unwrap().bounds;
    assert_eq!(granted.read_under, folders());
    assert_eq!(foreseen, Some(granted));
    // Counted already: that is not what it lacks.
    let facts = world.facts();
    assert_eq!(granted_if_counted(&facts, warrant.as_bytes()), Ok(None));
}
