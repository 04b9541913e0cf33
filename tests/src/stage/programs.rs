//! Where the built programs are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The packages whose programs a stage runs.
const PACKAGES: [&str; 4] = [
    "wayleave",
    "wayleave-server",
    "wayleave-agent",
    "wayleave-tests",
];

/// A program of this repository, built by the cargo that runs the tests: `wayleave`, `wayleave-server`,
/// `wayleave-agent`, `attacker`. What is not there yet is built once.
pub fn program(name: &str) -> PathBuf {
    let path = folder().join(name);
    if !path.exists() {
        build();
    }
    assert!(
        path.exists(),
        "{} is missing: run `cargo build --workspace --bins` with the profile and target folder of the tests",
        path.display()
    );
    path
}

/// The folder above `deps/`, where the test's own executable lies.
fn folder() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().unwrap();
    if folder.ends_with("deps") {
        folder.parent().unwrap().to_owned()
    } else {
        folder.to_owned()
    }
}

fn build() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .arg("build")
            .arg("--bins")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
        command.args(PACKAGES.iter().flat_map(|package| ["-p", package]));
        // What cargo says of this package would make build scripts of others run again.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        let status = command.status().unwrap();
        assert!(
            status.success(),
            "the programs of the stage could not be built"
        );
    });
}
