//! The witness, on a machine that the service does not hold.

use std::path::Path;

use tokio::process::Command;
use trust::PublicKey;
use trust::bytes::from_b64u;
use trust::envelope::Envelope;
use trust::statement::WitnessEntry;

use super::{Process, program};

/// A running `wayleave witness`.
pub struct Witness {
    /// As a roster lists it.
    pub entry: WitnessEntry,
    /// The program.
    pub process: Process,
}

impl Witness {
    /// Makes its key and starts it on any free port.
    pub async fn start(dir: &Path) -> Self {
        let mut init = Command::new(program("wayleave"));
        init.args(["witness", "init", "--name", "watch", "--dir"])
            .arg(dir);
        let output = init.output().await.unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let line = String::from_utf8(output.stdout).unwrap();
        let key = from_b64u(line.trim().split(',').nth(1).unwrap()).unwrap();
        let key = PublicKey::native(&key.try_into().unwrap()).unwrap();

        let mut command = Command::new(program("wayleave"));
        command
            .args([
                "witness",
                "--allow-any-org",
                "--listen",
                "127.0.0.1:0",
                "--dir",
            ])
            .arg(dir);
        let mut process = Process::start("wayleave witness", command);
        let line = process.line(|line| line.contains("listens on")).await;
        let url = line.rsplit(' ').next().unwrap().to_owned();
        let entry = WitnessEntry {
            name: "watch".to_owned(),
            key,
            holds_revocations: true,
            url: Some(url),
        };
        Self { entry, process }
    }

    /// Hands it a revocation, as every client that revokes does.
    pub async fn hand(&self, org: trust::OrgId, revocation: &Envelope) {
        let url = format!(
            "{}/v1/orgs/{org}/revocations",
            self.entry.url.as_ref().unwrap()
        );
        let answer = reqwest::Client::new()
            .post(url)
            .body(revocation.to_text())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{}", answer.text().await.unwrap());
    }
}
