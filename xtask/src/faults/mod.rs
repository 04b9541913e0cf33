//! `cargo xtask faults`: plants each fault of `tests/sim/faults` in a copy of the trust core and expects the simulation to
//! find it; without a fault it must find nothing.

mod list;
mod stand;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Args;

use crate::steps;
use list::Fault;
use stand::{Stand, Verdict};

/// Which faults, and for how long.
#[derive(Args)]
pub struct Options {
    /// Plant only faults whose names hold this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// How many seeds are played before a fault counts as missed
    #[arg(long, default_value_t = 3000)]
    seeds: u64,
    /// Name the faults and what they stand for, and plant none
    #[arg(long)]
    list: bool,
}

/// Plants them one after the other.
///
/// # Errors
/// When a fault cannot be planted or the copy does not build without one.
pub fn run(options: &Options) -> Result<ExitCode> {
    let wanted = |fault: &Fault| {
        options
            .only
            .as_ref()
            .is_none_or(|text| fault.name.contains(text))
    };
    let faults: Vec<Fault> = list::read()?.into_iter().filter(wanted).collect();
    if options.list {
        for fault in &faults {
            println!(
                "{:<60} {}\n{:>4}{}",
                fault.name,
                fault.file.display(),
                "",
                fault.story
            );
        }
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    let stand = Stand::make()?;
    let control = stand.play(options.seeds)?;
    let mut wrong = Vec::new();
    match &control {
        Verdict::Nothing => steps::report(
            "control",
            "ok",
            started.elapsed(),
            "nothing found without a fault",
        ),
        other => wrong.push(format!("without a fault: {other}")),
    }
    for fault in &faults {
        let began = Instant::now();
        let verdict = stand
            .plant(fault)
            .and_then(|_planted| stand.play(options.seeds))?;
        let word = if matches!(verdict, Verdict::Found { .. }) {
            "found"
        } else {
            "MISSED"
        };
        steps::report(
            word,
            "",
            began.elapsed(),
            &format!("{}: {verdict}", fault.name),
        );
        if word == "MISSED" {
            wrong.push(format!("{}: {verdict}", fault.name));
        }
    }
    for line in &wrong {
        println!("{line}");
    }
    let found = faults.len() - wrong.len().min(faults.len());
    println!(
        "{found} of {} faults found in {:.0} s",
        faults.len(),
        started.elapsed().as_secs_f64()
    );
    Ok(if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
