//! `cargo xtask bench`: measures the product on this machine and prints one Markdown table.
//!
//! Nothing here is asserted: `bench/README.md` says what each number means and how to read it.

mod agent;
mod build;
mod examples;
mod flip;
mod machine;
mod process;
mod session;
mod sizes;
mod stand;
mod table;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{install, layout, steps, toolchain, web};
use machine::Machine;
use table::Row;

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// Measure this alone
    #[arg(long, value_name = "STEP")]
    only: Option<Step>,
    /// How many sessions are opened
    #[arg(long, default_value_t = 15)]
    runs: u32,
    /// How many keys are pressed
    #[arg(long, default_value_t = 300)]
    presses: u32,
    /// How many seconds the agent is watched while nothing happens
    #[arg(long, default_value_t = 60)]
    idle: u32,
    /// Install no Debian packages
    #[arg(long)]
    skip_install: bool,
    /// Install and build nothing, take the programs as they are
    #[arg(long)]
    skip_build: bool,
    /// Measure nothing: bring up the release programs on the desktop of DISPLAY, say where on one line and stay; for
    /// another harness (bench/screen)
    #[arg(long, conflicts_with = "only")]
    stand: bool,
}

/// The steps in the order in which they run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// judge(), the fold of a ledger, the check of a checkpoint
    Trust,
    /// The handshake, sealing of frames
    Wire,
    /// Runs of the simulation
    Sim,
    /// Click to picture, key to pixel: release programs, a real desktop, a real browser
    Session,
    /// What the agent costs while nothing happens
    Agent,
    /// Programs and web pages on the disk
    Sizes,
    /// Clean builds and the whole of the tests; only by `--only build`, it takes its time
    Build,
}

/// Measures and prints the table.
///
/// # Errors
/// When a step fails; what was measured before is printed all the same.
pub fn run(options: &Options) -> Result<ExitCode> {
    if !options.skip_build {
        prepare(options)?;
    }
    if options.stand {
        return stand::run();
    }
    let before = Machine::look();
    let mut rows = Vec::new();
    let measured = measure(options, &mut rows);
    let text = table::markdown(&rows, &before, &Machine::look());
    println!("\n{text}");
    let kept = layout::target().join("xtask").join("bench.md");
    if std::fs::write(&kept, &text).is_ok() {
        println!("kept in {}", kept.display());
    }
    measured.map(|()| ExitCode::SUCCESS)
}

fn prepare(options: &Options) -> Result<()> {
    steps::report("toolchain", "ok", Duration::ZERO, &toolchain::check()?);
    if !options.skip_install {
        install::run()?;
    }
    web::install()?;
    web::build()?;
    if options.only == Some(Step::Build) {
        return Ok(());
    }
    build_release()
}

fn measure(options: &Options, rows: &mut Vec<Row>) -> Result<()> {
    let chosen = |step: Step| {
        options
            .only
            .map_or(step != Step::Build, |only| only == step)
    };
    if chosen(Step::Trust) {
        rows.extend(examples::run("judge_bench")?);
    }
    if chosen(Step::Wire) {
        rows.extend(examples::run("handshake_bench")?);
    }
    if chosen(Step::Sim) {
        rows.extend(examples::run("sim_bench")?);
    }
    if chosen(Step::Session) || chosen(Step::Agent) {
        let wanted = session::Wanted {
            runs: if chosen(Step::Session) {
                options.runs
            } else {
                0
            },
            presses: options.presses,
            idle: chosen(Step::Agent).then(|| Duration::from_secs(options.idle.into())),
        };
        session::run(&wanted, rows)?;
    }
    if chosen(Step::Sizes) {
        rows.extend(sizes::run()?);
    }
    if chosen(Step::Build) {
        rows.extend(build::run()?);
    }
    Ok(())
}

/// The programs as they are shipped, then the examples that measure: apart, for what examples depend on must not reach
/// the programs.
fn build_release() -> Result<()> {
    let build = |name: &str, kind: &str, packages: &[&str]| {
        let mut command = layout::cargo();
        command.args(["build", "--release", kind]);
        command.args(packages.iter().flat_map(|package| ["--package", package]));
        steps::must(name, &mut command)
    };
    let programs = ["wayleave", "wayleave-agent", "wayleave-server"];
    build("build-release", "--bins", &programs)?;
    build(
        "build-examples",
        "--examples",
        &["wayleave-trust", "wayleave-wire", "wayleave-sim"],
    )
}
