//! The measuring examples of the crates: each prints one row in JSON a line.

use std::process::Command;

use anyhow::{Context, Result};

use super::table::Row;
use crate::{layout, steps};

/// Runs the release build of an example and reads its rows.
///
/// # Errors
/// When it fails or prints something else.
pub fn run(name: &'static str) -> Result<Vec<Row>> {
    let program = layout::target().join("release/examples").join(name);
    let finished = steps::watch(name, &mut Command::new(program))?;
    anyhow::ensure!(
        finished.status.success(),
        "{name} failed ({}):\n{}",
        finished.status,
        steps::tail(&finished.output)
    );
    let rows = finished.output.lines().map(|line| {
        let value = serde_json::from_str(line).with_context(|| format!("{name} said: {line}"))?;
        Row::read(&value)
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    steps::report(name, "ok", finished.took, "");
    Ok(rows)
}
