//! What the demo and the tests need from Debian, and how it gets there.

use std::io::IsTerminal;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::steps;

/// Debian packages, the same names in Debian 12 and 13.
const PACKAGES: [&str; 30] = [
    // to build
    "build-essential",
    "pkg-config",
    "git",
    // a desktop without a screen
    "xvfb",
    "openbox",
    "xterm",
    "mousepad",
    "pcmanfm",
    "dbus-x11",
    "x11-utils",
    "x11-xserver-utils",
    "x11-xkb-utils",
    "xkb-data",
    "procps",
    // the browser of the end to end tests
    "chromium",
    // the mail server of the feed's tests
    "python3-aiosmtpd",
    // the ssh-agent of the tests of keys
    "openssh-client",
    // fonts: Latin, CJK, emoji
    "fonts-dejavu-core",
    "fonts-noto-cjk",
    "fonts-noto-color-emoji",
    // loaded at run time by the prompt and the banner
    "libx11-6",
    "libx11-xcb1",
    "libxcursor1",
    "libxi6",
    "libxrandr2",
    "libxkbcommon0",
    "libxkbcommon-x11-0",
    "libfontconfig1",
    // signal handling of supervised programs; part of every Debian
    "util-linux",
    "ca-certificates",
];

/// Installs what is missing, as root or by sudo. Says nothing can be done on another system, and goes on.
///
/// # Errors
/// The one line to run, when packages are missing and neither root nor sudo is at hand, or when apt-get fails.
pub fn run() -> Result<()> {
    if !succeeds(Command::new("dpkg-query").arg("--version")) {
        let list = PACKAGES.join(" ");
        println!(
            "install        skipped: this is no Debian; what Debian calls {list} has to be there"
        );
        return Ok(());
    }
    let missing = missing();
    if missing.is_empty() {
        steps::report("install", "ok", Duration::ZERO, "all packages are there");
        return Ok(());
    }
    let Some(prefix) = privilege() else {
        bail!(
            "packages are missing, run this and start again:\n  {}",
            by_hand(&missing)
        );
    };
    println!(
        "install        {} packages: {}",
        missing.len(),
        missing.join(" ")
    );
    steps::must("apt-update", apt(prefix).arg("update"))?;
    steps::must(
        "apt-install",
        apt(prefix)
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&missing),
    )
}

/// The packages of the list that dpkg does not have installed.
fn missing() -> Vec<&'static str> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${Package} ${db:Status-Status}\n"])
        .args(PACKAGES)
        .output();
    let listed = output.map(|output| output.stdout).unwrap_or_default();
    not_installed(&String::from_utf8_lossy(&listed))
}

fn not_installed(listed: &str) -> Vec<&'static str> {
    let is_there = |package: &&str| {
        listed
            .lines()
            .any(|line| line == format!("{package} installed"))
    };
    PACKAGES
        .iter()
        .filter(|package| !is_there(package))
        .copied()
        .collect()
}

/// The words before `apt-get`: none for root, sudo where it works; `None` where neither does.
fn privilege() -> Option<&'static [&'static str]> {
    if rustix::process::geteuid().is_root() {
        return Some(&[]);
    }
    if succeeds(Command::new("sudo").args(["--non-interactive", "true"])) {
        return Some(&["sudo", "--non-interactive"]);
    }
    let can_ask = std::io::stdin().is_terminal() && succeeds(Command::new("sudo").arg("--version"));
    // The question comes here, not in the middle of a step whose output is kept.
    (can_ask
        && Command::new("sudo")
            .arg("--validate")
            .status()
            .is_ok_and(|status| status.success()))
    .then_some(&["sudo", "--non-interactive"])
}

fn apt(prefix: &[&str]) -> Command {
    let mut words = prefix.iter().copied().chain([
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "--quiet",
    ]);
    let mut command = Command::new(words.next().unwrap_or("env"));
    command.args(words);
    command
}

fn by_hand(missing: &[&str]) -> String {
    format!(
        "sudo apt-get update && sudo apt-get install --yes --no-install-recommends {}",
        missing.join(" ")
    )
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_package_and_an_unknown_one_are_missing() {
        let listed = PACKAGES
            .iter()
            .filter(|package| **package != "xterm")
            .map(|package| {
                let status = if *package == "xvfb" {
                    "config-files"
                } else {
                    "installed"
                };
                format!("{package} {status}\n")
            })
            .collect::<String>();
        assert_eq!(not_installed(&listed), ["xvfb", "xterm"]);
    }

    #[test]
    fn the_line_to_run_by_hand_updates_first() {
        let line = by_hand(&["xvfb", "xterm"]);
        assert!(line.starts_with("sudo apt-get update && sudo apt-get install"));
        assert!(line.ends_with("xvfb xterm"));
    }

    #[test]
    fn apt_is_never_asked_a_question() {
        let command = apt(&["sudo", "--non-interactive"]);
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        assert_eq!(command.get_program(), "sudo");
        assert!(words.contains(&"DEBIAN_FRONTEND=noninteractive".to_owned()));
        assert_eq!(apt(&[]).get_program(), "env");
    }
}
