//! The witness, on a machine that the service does not hold.

use std::path::{Path, PathBuf};

use api::error::ErrorBody;
use api::witness::CountAnswer;
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
    dir: PathBuf,
}

impl Witness {
    /// Makes its key and starts it on any free port.
    pub async fn start(dir: &Path) -> Self {
        Self::named("watch", dir).await
    }

    /// The same, by another name.
    pub async fn named(name: &str, dir: &Path) -> Self {
        let mut init = Command::new(program("wayleave"));
        init.args(["witness", "init", "--name", name, "--dir"])
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
        let (process, url) = run(dir, "127.0.0.1:0").await;
        let entry = WitnessEntry {
            name: name.to_owned(),
            key,
            holds_revocations: true,
            url: Some(url),
        };
        Self {
            entry,
            process,
            dir: dir.to_owned(),
        }
    }

    /// Again, on the same files and port, after it was killed.
    pub async fn restart(&mut self) {
        let address = self.url().strip_prefix("http://").unwrap().to_owned();
        self.process = run(&self.dir, &address).await.0;
    }

    fn url(&self) -> &str {
        self.entry.url.as_deref().unwrap()
    }

    /// Asks it to count a warrant: the count, or the name of its refusal.
    pub async fn count(&self, org: trust::OrgId, warrant: &Envelope) -> Result<String, String> {
        let answer = reqwest::Client::new()
            .post(format!("{}/v1/orgs/{org}/counts", self.url()))
            .body(warrant.to_text())
            .send()
            .await
            .unwrap();
        if answer.status().is_success() {
            return Ok(answer.json::<CountAnswer>().await.unwrap().count);
        }
        Err(answer.json::<ErrorBody>().await.unwrap().error.code)
    }

    /// Hands it a revocation, as every client that revokes does.
    pub async fn hand(&self, org: trust::OrgId, revocation: &Envelope) {
        let url = format!("{}/v1/orgs/{org}/revocations", self.url());
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

async fn run(dir: &Path, address: &str) -> (Process, String) {
    let mut command = Command::new(program("wayleave"));
    command
        .args(["witness", "--allow-any-org", "--listen", address, "--dir"])
        .arg(dir);
    let mut process = Process::start("wayleave witness", command);
    let line = process.line(|line| line.contains("listens on")).await;
    let url = line.rsplit(' ').next().unwrap().to_owned();
    (process, url)
}
