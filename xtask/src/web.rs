//! The web side: `npm ci` when the lock file changed, and the build that the programs embed.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{layout, steps};

/// Installs the packages of `web/package-lock.json` unless exactly these are there.
///
/// # Errors
/// When npm fails or the lock file cannot be read.
pub fn install() -> Result<()> {
    let lock = std::fs::read(layout::web().join("package-lock.json"))
        .context("reading web/package-lock.json")?;
    if std::fs::read(stamp()).is_ok_and(|installed| installed == lock) {
        steps::report("web-install", "ok", Duration::ZERO, "unchanged");
        return Ok(());
    }
    steps::must(
        "web-install",
        npm().args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]),
    )?;
    std::fs::write(stamp(), lock).context("writing into web/node_modules")
}

/// Builds `web/dist`, which the service and `wayleave console` embed.
///
/// # Errors
/// When the build fails.
pub fn build() -> Result<()> {
    steps::must("web-build", npm().args(["run", "--silent", "build"]))
}

/// npm in the web folder.
pub fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(layout::web());
    command
}

/// A copy of the lock file that node_modules was made from.
fn stamp() -> PathBuf {
    layout::web().join("node_modules").join(".installed-lock")
}
