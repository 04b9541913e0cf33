//! The web side: `npm ci` when the lock file changed, and the build that the programs embed.

use std::fs::DirEntry;
use std::path::{Path, PathBuf};
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

/// Builds `web/dist`, which the service and `wayleave console` embed. Files that are the same stay untouched: the programs
/// are built again for every one that is newer than they.
///
/// # Errors
/// When the build fails.
pub fn build() -> Result<()> {
    let fresh = layout::target().join("xtask").join("web-dist");
    let mut command = npm();
    command.args([
        "run",
        "--silent",
        "build",
        "--",
        "--emptyOutDir",
        "--outDir",
    ]);
    steps::must("web-build", command.arg(&fresh))?;
    mirror(&fresh, &layout::web().join("dist"))
}

/// Makes folder `to` the same as folder `from`, and writes only what differs.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for entry in entries(from)? {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            mirror(&source, &target)?;
            continue;
        }
        let bytes =
            std::fs::read(&source).with_context(|| format!("reading {}", source.display()))?;
        if std::fs::read(&target).is_ok_and(|old| old == bytes) {
            continue;
        }
        std::fs::write(&target, bytes).with_context(|| format!("writing {}", target.display()))?;
    }
    for entry in entries(to)? {
        let stale = entry.path();
        if from.join(entry.file_name()).exists() {
            continue;
        }
        let removed = if stale.is_dir() {
            std::fs::remove_dir_all(&stale)
        } else {
            std::fs::remove_file(&stale)
        };
        removed.with_context(|| format!("removing {}", stale.display()))?;
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>> {
    let read = std::fs::read_dir(folder).and_then(Iterator::collect);
    read.with_context(|| format!("reading {}", folder.display()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrored_folder_is_the_same_and_keeps_what_did_not_change() {
        let folder = layout::target().join("xtask").join("mirror-test");
        let _ = std::fs::remove_dir_all(&folder);
        let (from, to) = (folder.join("from"), folder.join("to"));
        let write = |file: PathBuf, text: &str| {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write(from.join("index.html"), "page");
        write(from.join("assets/new.js"), "new");
        write(to.join("index.html"), "page");
        write(to.join("assets/old.js"), "old");
        write(to.join("gone/file"), "gone");
        let written = |name: &str| {
            std::fs::metadata(to.join(name))
                .unwrap()
                .modified()
                .unwrap()
        };
        let before = written("index.html");
        mirror(&from, &to).unwrap();
        assert_eq!(written("index.html"), before);
        assert_eq!(
            std::fs::read_to_string(to.join("assets/new.js")).unwrap(),
            "new"
        );
        assert!(!to.join("assets/old.js").exists() && !to.join("gone").exists());
    }
}
