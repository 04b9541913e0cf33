//! Short runs; `cargo run --release -p wayleave-sim` plays as many as one likes.

use wayleave_sim::run::run;
use wayleave_sim::{kept, org};

/// Seeds of one test: each kind of organisation once.
const SEEDS: u64 = org::KINDS;

fn play(seeds: impl Iterator<Item = u64>) -> u64 {
    let mut opened = 0;
    for seed in seeds {
        let report = run(seed);
        opened += report.opened;
        if let Some(violation) = report.violation {
            panic!("{}", kept::keep(seed, &violation));
        }
    }
    opened
}

fn round(number: u64) {
    let opened = play(number * SEEDS..(number + 1) * SEEDS);
    // A house that nobody enters keeps every rule.
    assert!(opened > SEEDS, "only {opened} sessions opened");
}

#[test]
fn no_device_opens_what_the_model_forbids_in_any_kind_of_organisation() {
    round(0);
}

#[test]
fn no_device_opens_what_the_model_forbids_in_a_second_round() {
    round(1);
}

#[test]
fn no_device_opens_what_the_model_forbids_in_a_third_round() {
    round(2);
}

#[test]
fn no_device_opens_what_the_model_forbids_in_a_fourth_round() {
    round(3);
}

#[test]
fn what_was_found_once_is_not_found_again() {
    play(kept::seeds().unwrap().into_iter());
}

#[test]
fn a_seed_tells_the_same_story_twice() {
    let once = wayleave_sim::run::told(7);
    assert!(!once.story.is_empty());
    assert_eq!(once, wayleave_sim::run::told(7));
}
