//! The stage: real programs on loopback, each in a folder of its own, ready when they say so, ended with their owner.

mod agent;
mod browser;
mod cli;
mod console;
mod desktop;
mod middle;
mod process;
mod programs;
mod service;
mod witness;

pub use agent::Agent;
pub use browser::{Browser, Saw};
pub use cli::{Cli, Ended};
pub use console::Console;
pub use desktop::{BANNER, Desktop, PROMPT, Picture, Spot};
pub use middle::{Middle, Swap};
pub use process::Process;
pub use programs::program;
pub use service::Service;
pub use witness::Witness;

use tempfile::TempDir;

use trust::SigningKey;
use trust::bytes::to_b64u;

use crate::org::{CONSOLE, Org};
use crate::random;

/// A service, a witness, and an organisation that both know.
pub struct World {
    /// Every program keeps its files below it.
    pub dir: TempDir,
    /// The service.
    pub service: Service,
    /// The witness.
    pub witness: Witness,
    /// The organisation, with all its keys.
    pub org: Org,
}

impl World {
    /// An organisation whose ledger is fresh for five minutes.
    pub async fn start() -> Self {
        Self::fresh_for(300_000).await
    }

    /// An organisation whose ledger is fresh for `max_age` milliseconds.
    pub async fn fresh_for(max_age: u64) -> Self {
        let (dir, witness, service) = programs().await;
        let org = Org::found(&service.url, witness.entry.clone(), max_age, &[CONSOLE]).await;
        Self {
            dir,
            service,
            witness,
            org,
        }
    }

    /// An organisation whose service is reached through somebody in the middle.
    pub async fn behind_a_middle() -> (Self, Middle) {
        crate::install_crypto();
        let dir = tempfile::tempdir().unwrap();
        let middle = Middle::start().await;
        let witness = Witness::start(&dir.path().join("witness")).await;
        let service = Service::start_behind(&dir.path().join("server"), &middle.url).await;
        middle.pass_on_to(&service.address);
        let org = Org::found(&service.url, witness.entry.clone(), 300_000, &[CONSOLE]).await;
        let world = Self {
            dir,
            service,
            witness,
            org,
        };
        (world, middle)
    }

    /// An organisation with three witnesses of which two make its ledger fresh; the other two besides.
    pub async fn watched(max_age: u64) -> (Self, [Witness; 2]) {
        let (dir, witness, service) = programs().await;
        let others = [
            Witness::named("far", &dir.path().join("far")).await,
            Witness::named("third", &dir.path().join("third")).await,
        ];
        let all = [&witness, &others[0], &others[1]].map(|w| w.entry.clone());
        let org = Org::found_with(&service.url, all.to_vec(), 2, max_age, &[CONSOLE]).await;
        let world = Self {
            dir,
            service,
            witness,
            org,
        };
        (world, others)
    }

    /// An organisation that has its pages from `wayleave console`.
    pub async fn with_console() -> (Self, Console) {
        let (dir, witness, service) = programs().await;
        let console = Console::start(&service.url).await;
        let origins = [CONSOLE, &console.url];
        let org = Org::found(&service.url, witness.entry.clone(), 300_000, &origins).await;
        let world = Self {
            dir,
            service,
            witness,
            org,
        };
        (world, console)
    }

    /// An agent without a display, which is admitted into these groups and holds the ledger that says so.
    pub async fn device(&mut self, name: &str, groups: &[&str]) -> Agent {
        self.admitted(
            Agent::start(
                &self.dir.path().join(name),
                self.org.id,
                &self.service.url,
                None,
            )
            .await,
            groups,
        )
        .await
    }

    /// An agent on a desktop, admitted.
    pub async fn device_on(&mut self, desktop: &Desktop, name: &str, groups: &[&str]) -> Agent {
        let dir = self.dir.path().join(name);
        let agent = Agent::start(&dir, self.org.id, &self.service.url, Some(desktop)).await;
        self.admitted(agent, groups).await
    }

    /// An admin's command line, with a key from a backup of the console.
    pub async fn admin(&self, name: &str, key: &SigningKey) -> Cli {
        let org = &self.org;
        let backup = serde_json::json!({
            "what": "Wayleave backup keys", "version": 1, "org": org.id, "server": self.service.url,
            "admin_seed": to_b64u(key.seed()), "recovery_seed": to_b64u(&random::<32>()),
            "audit_secret": to_b64u(org.audit.secret()), "directory_secret": to_b64u(org.directory.secret()),
        });
        let file = self.dir.path().join(format!("{name}.json"));
        std::fs::write(&file, backup.to_string()).unwrap();
        let cli = Cli::at(&self.dir.path().join(name), org.id);
        let file = file.display().to_string();
        cli.run(&["org", "import", &file]).await.well();
        cli
    }

    async fn admitted(&mut self, mut agent: Agent, groups: &[&str]) -> Agent {
        self.org.admit_device(&agent, groups).await;
        agent.wait_for_ledger(self.org.state.head().size).await;
        agent
    }
}

async fn programs() -> (TempDir, Witness, Service) {
    crate::install_crypto();
    let dir = tempfile::tempdir().unwrap();
    let witness = Witness::start(&dir.path().join("witness")).await;
    let service = Service::start(&dir.path().join("server")).await;
    (dir, witness, service)
}
