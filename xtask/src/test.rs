//! `cargo xtask test`: prepares the machine, runs every test and ends with one line, `N passed, M failed`.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::outcome::{self, Outcome};
use crate::{demo, install, layout, steps, toolchain, web};

/// What to run.
#[derive(Args)]
pub struct Options {
    /// Run this step alone, on what is already installed and built
    #[arg(long, value_name = "STEP")]
    only: Option<Step>,
    /// Install no Debian packages
    #[arg(long)]
    skip_install: bool,
}

/// The steps in the order in which they run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Debian packages
    Install,
    /// npm packages
    WebInstall,
    /// web/dist, embedded by the programs
    WebBuild,
    /// The programs
    Build,
    /// Unit tests, vectors, simulation, transcripts, end to end tests with real programs
    Rust,
    /// Examples in the documentation
    Doc,
    /// Tests of the web code
    Web,
    /// Tests in a real browser
    Browser,
    /// The demo, with a script on both sides
    Prove,
}

const STEPS: [Step; 9] = [
    Step::Install,
    Step::WebInstall,
    Step::WebBuild,
    Step::Build,
    Step::Rust,
    Step::Doc,
    Step::Web,
    Step::Browser,
    Step::Prove,
];

/// Runs the steps. A step that fails lets the others run; all failures are named at the end.
///
/// # Errors
/// When the toolchain is too old or missing.
pub fn run(options: &Options) -> Result<ExitCode> {
    let started = Instant::now();
    steps::report("toolchain", "ok", Duration::ZERO, &toolchain::check()?);
    let mut total = Outcome::default();
    for step in STEPS {
        let chosen = options.only.is_none_or(|only| only == step);
        let skipped = step == Step::Install && options.skip_install;
        if chosen && !skipped {
            let outcome = step
                .run()
                .unwrap_or_else(|error| Outcome::broken(format!("{error:#}")));
            let ends_here = step == Step::Install && outcome.failed > 0;
            total.add(outcome);
            if ends_here {
                break;
            }
        }
    }
    if !total.failures.is_empty() {
        println!("\nfailed:");
        for failure in &total.failures {
            println!("  {}", failure.replace('\n', "\n  "));
        }
    }
    println!("\ntook {:.0} s", started.elapsed().as_secs_f64());
    println!("{}", total.verdict());
    Ok(if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Step {
    fn run(self) -> Result<Outcome> {
        match self {
            Self::Install => install::run().map(|()| Outcome::default()),
            Self::WebInstall => web::install().map(|()| Outcome::default()),
            Self::WebBuild => web::build().map(|()| Outcome::default()),
            Self::Build => build().map(|()| Outcome::default()),
            Self::Rust => rust(),
            Self::Doc => doc(),
            Self::Web => vitest(),
            Self::Browser => browser(),
            Self::Prove => prove(),
        }
    }
}

/// Programs and tests in one go: apart, cargo would unite other features and build much twice.
fn build() -> Result<()> {
    let targets = [
        "build",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
        "--examples",
    ];
    steps::must("build", layout::cargo().args(targets))
}

fn rust() -> Result<Outcome> {
    if has_nextest() {
        let mut command = layout::cargo();
        command.args([
            "nextest",
            "run",
            "--workspace",
            "--no-fail-fast",
            "--color",
            "never",
        ]);
        return runner("rust", &mut command, outcome::from_nextest);
    }
    let mut command = layout::cargo();
    command.args([
        "test",
        "--workspace",
        "--no-fail-fast",
        "--lib",
        "--bins",
        "--tests",
    ]);
    runner("rust", &mut command, outcome::from_libtest)
}

fn doc() -> Result<Outcome> {
    let mut command = layout::cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--doc"]);
    runner("doc", &mut command, outcome::from_libtest)
}

fn vitest() -> Result<Outcome> {
    let report = layout::target().join("xtask").join("vitest.json");
    let _ = std::fs::remove_file(&report);
    let mut command = Command::new(layout::web().join("node_modules/.bin/vitest"));
    command
        .current_dir(layout::web())
        .args(["run", "--reporter=default", "--reporter=json"]);
    command.arg(format!("--outputFile.json={}", report.display()));
    runner("web", &mut command, |_| match std::fs::read(&report) {
        Ok(text) => outcome::from_vitest(&serde_json::from_slice(&text).unwrap_or_default()),
        Err(error) => Outcome::broken(format!("web: no report at {}: {error}", report.display())),
    })
}

fn browser() -> Result<Outcome> {
    let files = browser_tests()?;
    let mut command = Command::new("node");
    command
        .args(["--test", "--test-concurrency=1", "--test-reporter=tap"])
        .args(files);
    command
        .current_dir(layout::root())
        .env("WAYLEAVE_PROGRAMS", layout::target().join("debug"));
    runner("browser", &mut command, outcome::from_tap)
}

/// One test: what `cargo xtask demo --prove` proves, in a folder of its own.
fn prove() -> Result<Outcome> {
    let started = Instant::now();
    let proof = demo::prove_in(&layout::target().join("xtask").join("prove"));
    let outcome = match &proof {
        Ok(()) => Outcome {
            passed: 1,
            ..Outcome::default()
        },
        Err(error) => Outcome::broken(format!("prove: {error:#}")),
    };
    let verdict = if proof.is_ok() { "ok" } else { "FAILED" };
    steps::report("prove", verdict, started.elapsed(), &outcome.verdict());
    Ok(outcome)
}

/// The files `tests/e2e/*.test.mjs`, in a fixed order.
fn browser_tests() -> Result<Vec<PathBuf>> {
    let folder = layout::root().join("tests/e2e");
    let entries = std::fs::read_dir(&folder)
        .with_context(|| format!("browser: reading {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    anyhow::ensure!(
        !files.is_empty(),
        "browser: no test in {}",
        folder.display()
    );
    Ok(files)
}

/// Runs one test runner and reads what it says; the end of its output is shown when it fails.
fn runner(name: &str, command: &mut Command, read: impl Fn(&str) -> Outcome) -> Result<Outcome> {
    let finished = steps::watch(name, command)?;
    let outcome = read(&finished.output).with_status(name, finished.status.success());
    let verdict = if outcome.failed == 0 { "ok" } else { "FAILED" };
    steps::report(name, verdict, finished.took, &outcome.verdict());
    if outcome.failed > 0 {
        println!(
            "{}\n  whole output: {}",
            steps::tail(&finished.output),
            steps::log_path(name).display()
        );
    }
    Ok(outcome)
}

fn has_nextest() -> bool {
    let mut command = layout::cargo();
    command
        .args(["nextest", "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
