//! How long a newcomer waits: everything from an empty build folder.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::table::Row;
use crate::{layout, steps};

/// The steps of `cargo xtask test` that the table names.
const TOLD: [&str; 5] = ["build", "rust", "doc", "web", "browser"];

/// Builds the release programs, then runs `cargo xtask test`, each in a fresh folder that is removed again.
///
/// # Errors
/// When the build fails. A failing test is told, and its time counts.
pub fn run() -> Result<Vec<Row>> {
    let folder = layout::target().join("xtask").join("clean");
    let rows = measure(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    rows
}

fn measure(folder: &Path) -> Result<Vec<Row>> {
    let mut release = fresh(folder)?;
    release.args(["build", "--release", "--workspace", "--bins"]);
    let started = Instant::now();
    steps::must("clean-release", &mut release)?;
    let seconds = started.elapsed().as_secs_f64();
    let mut rows = vec![Row::one(
        "clean build of the programs, release",
        "s",
        seconds,
    )];

    let mut test = fresh(folder)?;
    test.args(["xtask", "test", "--skip-install"]);
    let finished = steps::watch("clean-test", &mut test)?;
    let verdict = finished.output.lines().last().unwrap_or_default();
    steps::report("clean-test", "ran", finished.took, verdict);
    let seconds = finished.took.as_secs_f64();
    rows.push(Row::one(
        format!("clean `cargo xtask test` ({verdict})"),
        "s",
        seconds,
    ));
    for (name, seconds) in finished.output.lines().filter_map(step) {
        rows.push(Row::one(
            format!("clean `cargo xtask test`, of that {name}"),
            "s",
            seconds,
        ));
    }
    Ok(rows)
}

/// Cargo with an empty build folder.
fn fresh(folder: &Path) -> Result<Command> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("clearing {}", folder.display()))?;
    }
    let mut command = layout::cargo();
    command.env("CARGO_TARGET_DIR", folder);
    Ok(command)
}

/// Name and seconds of a step that is done; see [`steps::report`].
fn step(line: &str) -> Option<(&str, f64)> {
    let mut words = line.split_whitespace();
    let (name, verdict, seconds) = (words.next()?, words.next()?, words.next()?);
    let is_told = TOLD.contains(&name) && ["ok", "FAILED"].contains(&verdict);
    is_told.then_some((name, seconds.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_that_are_done_count() {
        assert_eq!(
            step("rust           ok         93.1 s  690 passed"),
            Some(("rust", 93.1))
        );
        assert_eq!(step("build          ...         61 s  Compiling"), None);
        assert_eq!(step("toolchain      ok          0.0 s  Rust"), None);
        assert_eq!(step(""), None);
    }
}
