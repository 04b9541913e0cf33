//! Measures `judge()`, the fold of a ledger and the check of a checkpoint, one row in JSON a line:
//! `cargo run --release -p wayleave-trust --example judge_bench [statements]`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods
)]

extern crate wayleave_trust as trust;

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::*;
use trust::checkpoint::cosign;
use trust::envelope::Envelope;
use trust::statement::Say;
use trust::{Note, State};

const ROUNDS: usize = 5_000;
const FOLDS: usize = 5;

fn main() {
    let statements = std::env::args()
        .nth(1)
        .map_or(10_000, |n| n.parse().expect("a number of statements"));
    let mut world = World::ready();
    while world.leaves.len() < statements {
        let name = format!("desk-{}", world.leaves.len());
        world.give(Say::Admit(device(&name, &["office"])));
    }
    let mut warrant = world.warrant();
    judge(
        "judge(), 1 signature",
        &world,
        &sign_warrant(&warrant, &["tess"]),
    );
    warrant.attended = false;
    let approved = sign_warrant(&warrant, &["tess", "abe"]);
    judge("judge(), 2 signatures", &world, &approved);
    checkpoint(&world);
    fold(&world);
}

fn judge(what: &str, world: &World, envelope: &Envelope) {
    let times = measure(ROUNDS, || drop(world.judge(envelope).unwrap()));
    print(what, "us", 1e6, times);
}

/// As an agent does for each that comes: parse, the log's signature, the witness's.
fn checkpoint(world: &World) {
    let mut note = world.note();
    let line = cosign(&note, "watch", &key("watch"), world.now / 1000);
    note.add_line(&line).unwrap();
    let text = note.to_string();
    let times = measure(ROUNDS, || {
        let note = Note::parse(&world.org, &text).unwrap();
        let checked = note.verify(&world.org, world.state.roster()).unwrap();
        assert_eq!(checked.witnessed.len(), 1);
    });
    print("checkpoint, 1 witness", "us", 1e6, times);
}

fn fold(world: &World) {
    let times = measure(FOLDS, || {
        let mut state = State::genesis(world.org, &world.leaves[0]).unwrap();
        for leaf in &world.leaves[1..] {
            state.append(leaf);
        }
        assert_eq!(state.head(), world.state.head());
        assert!(state.inert().is_empty());
    });
    let bytes: usize = world.leaves.iter().map(Vec::len).sum();
    let what = format!(
        "fold of {} statements, 2 signatures each, {:.1} MB",
        world.leaves.len(),
        bytes as f64 / 1e6
    );
    print(&what, "ms", 1e3, times);
}

fn measure(rounds: usize, mut act: impl FnMut()) -> Vec<Duration> {
    let one = || {
        let began = Instant::now();
        act();
        began.elapsed()
    };
    std::iter::repeat_with(one).take(rounds).collect()
}

fn print(what: &str, unit: &str, per_second: f64, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * per_second;
    let row = serde_json::json!({
        "what": what, "unit": unit, "n": times.len(),
        "p50": at(50), "p95": at(95), "min": at(0), "max": at(100),
    });
    println!("{row}");
}
