//! `cargo run --release -p wayleave-sim -- --seeds 10000`: plays many seeds; `--replay SEED` tells the story of one.

use std::process::ExitCode;
use std::time::Instant;

use wayleave_sim::{kept, run, search};

const USAGE: &str = "\
wayleave-sim [--from SEED] [--seeds N]   play N seeds (1000) from SEED (0) on; those that find something are kept
wayleave-sim --first [..]                the same until one finds something; it is not kept
wayleave-sim --replay SEED               tell what happens in one
";

struct Options {
    from: u64,
    seeds: u64,
    first: bool,
    replay: Option<u64>,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprint!("{USAGE}");
        return ExitCode::FAILURE;
    };
    // What a run panics with is its finding, and is told as one.
    std::panic::set_hook(Box::new(|_| {}));
    match options.replay {
        Some(seed) => replay(seed),
        None => play(&options),
    }
}

fn options(mut args: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options {
        from: 0,
        seeds: 1000,
        first: false,
        replay: None,
    };
    while let Some(arg) = args.next() {
        let mut number = || args.next()?.parse().ok();
        match arg.as_str() {
            "--from" => options.from = number()?,
            "--seeds" => options.seeds = number()?,
            "--replay" => options.replay = Some(number()?),
            "--first" => options.first = true,
            _ => return None,
        }
    }
    Some(options)
}

fn replay(seed: u64) -> ExitCode {
    let report = run::told(seed);
    for line in &report.story {
        println!("{line}");
    }
    match report.violation {
        None => {
            println!("seed {seed}: nothing found in {} steps", report.steps);
            ExitCode::SUCCESS
        }
        Some(violation) => {
            println!("seed {seed}: {violation}");
            ExitCode::FAILURE
        }
    }
}

fn play(options: &Options) -> ExitCode {
    let started = Instant::now();
    let seeds = options.from..options.from.saturating_add(options.seeds);
    let totals = search::search(seeds, options.first);
    let seconds = started.elapsed().as_secs_f64().max(0.001);
    for (seed, violation) in &totals.found {
        if options.first {
            println!("seed {seed}: {violation}");
        } else {
            println!("{}", kept::keep(*seed, violation));
        }
    }
    println!(
        "{} seeds, {} steps, {} sessions opened, {} seeds found something; {:.1} s, {:.0} seeds/min, {:.0} steps/s",
        totals.seeds,
        totals.steps,
        totals.opened,
        totals.found.len(),
        seconds,
        totals.seeds as f64 * 60.0 / seconds,
        totals.steps as f64 / seconds,
    );
    if totals.found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
