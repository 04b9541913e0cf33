//! The agent on a workstation, and what stands on that workstation's disk.

use std::path::{Path, PathBuf};

use agent::trust_store::{DeviceKeys, Glance};
use tokio::process::Command;
use trust::receipt::{Event, Receipt};
use trust::{Hash, KeyId, OrgId, PublicKey, X25519Public};

use super::{Desktop, Process, program};

/// A running `wayleave-agent`.
pub struct Agent {
    /// Its folder: `state/` and `home/`.
    pub dir: PathBuf,
    /// Its signature key.
    pub key: PublicKey,
    /// Its channel key.
    pub noise: X25519Public,
    /// The program.
    pub process: Process,
    org: OrgId,
    server: String,
    display: Option<String>,
}

impl Agent {
    /// Starts it and waits until it has made its keys.
    pub async fn start(dir: &Path, org: OrgId, server: &str, desktop: Option<&Desktop>) -> Self {
        std::fs::create_dir_all(dir.join("home")).unwrap();
        let display = desktop.map(|desktop| desktop.display.clone());
        let mut process = launch(dir, org, server, display.as_deref());
        process.line(|line| line.contains("the agent starts")).await;
        let keys = keys(dir);
        let (key, noise) = (keys.signing.public().clone(), keys.noise_public);
        Self {
            dir: dir.to_owned(),
            key,
            noise,
            process,
            org,
            server: server.to_owned(),
            display,
        }
    }

    /// Starts it again on the same state.
    pub async fn restart(&mut self) {
        self.process = launch(&self.dir, self.org, &self.server, self.display.as_deref());
        self.process
            .line(|line| line.contains("the agent starts"))
            .await;
    }

    /// Its key's id.
    pub fn id(&self) -> KeyId {
        self.key.id()
    }

    /// What its file transfers see.
    pub fn home(&self) -> PathBuf {
        self.dir.join("home")
    }

    /// Where it keeps its keys and receipts.
    pub fn state(&self) -> PathBuf {
        self.dir.join("state")
    }

    /// Waits until this much of the ledger is on its disk.
    pub async fn wait_for_ledger(&mut self, size: u64) {
        let from = self.process.lines();
        if self.ledger_size() >= size {
            return;
        }
        let grown = |line: &str| line.contains("the ledger grew") && size_in(line) >= size;
        // It may have grown between the look and the listening.
        if self.ledger_size() < size {
            self.process.line_from(from.saturating_sub(1), grown).await;
        }
    }

    /// How much of the ledger is on its disk.
    pub fn ledger_size(&self) -> u64 {
        let ledger = Glance::at(&self.state()).and_then(|glance| glance.ledger());
        ledger.map_or(0, |ledger| ledger.size())
    }

    /// The chain of receipts on its disk, verified, each with the hash of its envelope.
    pub fn chain(&self) -> Vec<(Hash, Receipt)> {
        let receipts = Glance::at(&self.state()).unwrap().receipts().unwrap();
        receipts
            .into_iter()
            .map(|(envelope, receipt)| (envelope.digest(), receipt))
            .collect()
    }

    /// The chain of receipts on its disk, verified.
    pub fn receipts(&self) -> Vec<Receipt> {
        let receipts = Glance::at(&self.state()).unwrap().receipts().unwrap();
        receipts.into_iter().map(|(_, receipt)| receipt).collect()
    }

    /// How often this was receipted.
    pub fn count(&self, ev: Event) -> usize {
        self.receipts()
            .iter()
            .filter(|receipt| receipt.ev == ev)
            .count()
    }
}

fn keys(dir: &Path) -> DeviceKeys {
    Glance::at(&dir.join("state")).unwrap().keys
}

fn launch(dir: &Path, org: OrgId, server: &str, display: Option<&str>) -> Process {
    let mut command = Command::new(program("wayleave-agent"));
    command
        .args([
            "run",
            "--org",
            &org.to_string(),
            "--server",
            server,
            "--dir",
        ])
        .arg(dir.join("state"));
    command
        .arg("--files-root")
        .arg(dir.join("home"))
        .env("HOME", dir.join("home"))
        .env("SHELL", "/bin/sh");
    command
        .env("WAYLEAVE_LOG", "debug")
        .env("NO_COLOR", "1")
        .current_dir(dir.join("home"));
    for foreign in ["DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "WAYLEAVE_DIR"] {
        command.env_remove(foreign);
    }
    if let Some(display) = display {
        command.args(["--display", display]).env("DISPLAY", display);
    }
    Process::start("wayleave-agent", command)
}

fn size_in(line: &str) -> u64 {
    let digits = line.rsplit("size=").next().unwrap_or_default();
    digits
        .chars()
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .unwrap_or(0)
}
