//! The two things that must be there before we start: Rust and Node. They are never downloaded, only asked for.

use std::process::Command;

use anyhow::{Result, bail};

/// The oldest Rust that the workspace builds with (`rust-version` in Cargo.toml).
const RUST_MIN: Version = Version(1, 95);
/// The oldest Node that the web build runs on (`engines` in web/package.json).
const NODE_MIN: Version = Version(20, 0);

const RUST_HINT: &str = "get Rust with rustup: https://rustup.rs, then `rustup update stable`";
const NODE_HINT: &str = "get Node 20 or newer: https://nodejs.org/en/download, or on Debian 13 `sudo apt-get install nodejs npm`";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Version(u32, u32);

/// Checks both versions and describes them in one line.
///
/// # Errors
/// One sentence per missing or old tool: what was found, what is needed, how to get it.
pub fn check() -> Result<String> {
    let rust = judge("Rust", version_of("rustc"), RUST_MIN, RUST_HINT);
    let node = judge("Node", version_of("node"), NODE_MIN, NODE_HINT);
    let npm = judge("npm", version_of("npm"), Version(9, 0), NODE_HINT);
    let missing: Vec<String> = [&rust, &node, &npm]
        .into_iter()
        .filter_map(|found| found.as_ref().err().cloned())
        .collect();
    if !missing.is_empty() {
        bail!("{}", missing.join("\n"));
    }
    Ok([rust, node, npm]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", "))
}

fn judge(name: &str, found: Option<Version>, min: Version, hint: &str) -> Result<String, String> {
    match found {
        Some(version) if version >= min => Ok(format!("{name} {}.{}", version.0, version.1)),
        Some(version) => Err(format!(
            "{name} {}.{} is too old, {}.{} or newer is needed: {hint}",
            version.0, version.1, min.0, min.1
        )),
        None => Err(format!(
            "{name} was not found, {}.{} or newer is needed: {hint}",
            min.0, min.1
        )),
    }
}

fn version_of(program: &str) -> Option<Version> {
    let output = Command::new(program).arg("--version").output().ok()?;
    parse(&String::from_utf8_lossy(&output.stdout))
}

/// The first `1.2` in a line such as `rustc 1.95.0 (59807616e 2026-04-14)` or `v20.20.2`.
fn parse(line: &str) -> Option<Version> {
    let start = line.find(|character: char| character.is_ascii_digit())?;
    let mut numbers = line[start..].split(|character: char| !character.is_ascii_digit());
    Some(Version(
        numbers.next()?.parse().ok()?,
        numbers.next()?.parse().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_tools_print() {
        assert_eq!(
            parse("rustc 1.95.0 (59807616e 2026-04-14)\n"),
            Some(Version(1, 95))
        );
        assert_eq!(parse("v20.20.2\n"), Some(Version(20, 20)));
        assert_eq!(parse("11.0.0"), Some(Version(11, 0)));
        assert_eq!(parse("command not found"), None);
    }

    #[test]
    fn an_old_or_missing_tool_is_named_with_the_way_to_get_it() {
        let old = judge("Rust", Some(Version(1, 63)), RUST_MIN, RUST_HINT);
        assert!(old.is_err_and(|text| text.contains("1.63 is too old") && text.contains("rustup")));
        let missing = judge("Node", None, NODE_MIN, NODE_HINT);
        assert!(missing.is_err_and(|text| text.contains("was not found")));
        assert!(judge("Node", Some(Version(22, 1)), NODE_MIN, NODE_HINT).is_ok());
    }

    #[test]
    fn the_versions_are_those_that_the_manifests_name() {
        let manifest = std::fs::read_to_string(crate::layout::root().join("Cargo.toml"));
        let manifest = manifest.unwrap_or_default();
        assert!(manifest.contains(&format!("rust-version = \"{}.{}\"", RUST_MIN.0, RUST_MIN.1)));
        let package = std::fs::read_to_string(crate::layout::web().join("package.json"));
        assert!(
            package
                .unwrap_or_default()
                .contains(&format!("\"node\": \">={}\"", NODE_MIN.0))
        );
    }
}
