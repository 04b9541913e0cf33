//! What is shipped: programs without symbols, and the web pages that two of them carry.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::table::Row;
use crate::layout;

const PROGRAMS: [&str; 3] = ["wayleave-agent", "wayleave", "wayleave-server"];

/// Looks at the release programs and at `web/dist`.
///
/// # Errors
/// When something is not there, or `gzip` is not.
pub fn run() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for name in PROGRAMS {
        let path = layout::target().join("release").join(name);
        let size = path
            .metadata()
            .with_context(|| format!("looking at {}", path.display()))?
            .len();
        rows.push(Row::one(
            format!("program `{name}`"),
            "MB",
            size as f64 / 1e6,
        ));
    }
    let (plain, packed) = folder(&layout::web().join("dist"))?;
    rows.push(Row::one("web pages", "KB", plain as f64 / 1e3));
    rows.push(Row::one(
        "web pages, each file by `gzip`",
        "KB",
        packed as f64 / 1e3,
    ));
    Ok(rows)
}

/// Bytes of all files below `folder`, as they are and packed.
fn folder(folder: &Path) -> Result<(u64, u64)> {
    let mut sums = (0, 0);
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let (plain, packed) = if path.is_dir() {
            self::folder(&path)?
        } else {
            (path.metadata()?.len(), packed(&path)?)
        };
        sums = (sums.0 + plain, sums.1 + packed);
    }
    Ok(sums)
}

fn packed(path: &Path) -> Result<u64> {
    let mut command = Command::new("gzip");
    command.arg("--stdout").arg(path).stderr(Stdio::null());
    let output = command.output().context("running gzip")?;
    Ok(output.stdout.len() as u64)
}
