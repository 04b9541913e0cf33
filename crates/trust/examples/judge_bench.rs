//! Measures `judge()` and the fold of a ledger: `cargo run --release -p wayleave-trust --example judge_bench [statements]`.
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
use trust::State;
use trust::envelope::Envelope;
use trust::statement::Say;

const ROUNDS: usize = 5_000;

fn main() {
    let statements = std::env::args()
        .nth(1)
        .map_or(10_000, |n| n.parse().expect("a number of statements"));
    let mut world = World::ready();
    while world.leaves.len() < statements {
        let name = format!("desk-{}", world.leaves.len());
        world.give(Say::Admit(device(&name, &["office"])));
    }
    fold(&world);
    let mut warrant = world.warrant();
    ask(
        "judge, 1 signature",
        &world,
        &sign_warrant(&warrant, &["tess"]),
    );
    warrant.attended = false;
    let approved = sign_warrant(&warrant, &["tess", "abe"]);
    ask("judge, 2 signatures", &world, &approved);
}

fn fold(world: &World) {
    let began = Instant::now();
    let mut state = State::genesis(world.org, &world.leaves[0]).unwrap();
    for leaf in &world.leaves[1..] {
        state.append(leaf);
    }
    let took = began.elapsed();
    assert_eq!(state.head(), world.state.head());
    assert!(state.inert().is_empty());
    let bytes: usize = world.leaves.iter().map(Vec::len).sum();
    let each = took.as_secs_f64() * 1e6 / world.leaves.len() as f64;
    println!(
        "fold of {} statements, 2 signatures each, {:.1} MB: {:.2} s, {each:.0} us each",
        world.leaves.len(),
        bytes as f64 / 1e6,
        took.as_secs_f64()
    );
}

fn ask(what: &str, world: &World, envelope: &Envelope) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            world.judge(envelope).unwrap();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let us = |share: usize| times[ROUNDS * share / 100].as_secs_f64() * 1e6;
    println!("{what}: p50 {:.0} us, p99 {:.0} us", us(50), us(99));
}
