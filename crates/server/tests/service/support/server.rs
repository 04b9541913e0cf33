//! A service of one test.

use std::path::Path;

use tempfile::TempDir;
use wayleave_server::Running;
use wayleave_server::config::Config;

/// A running service with its own database.
pub struct TestServer {
    running: Option<Running>,
    /// `http://localhost:PORT`.
    pub url: String,
    /// Where its files are.
    pub dir: TempDir,
    extra: String,
}

impl TestServer {
    /// On loopback, plain, open to every organisation.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// With further lines of configuration.
    pub async fn start_with(extra: &str) -> Self {
        Self::start_as(&format!("witnesses_on_private_addresses = true\n{extra}")).await
    }

    /// Where a roster's witnesses are asked on public addresses only.
    pub async fn start_public() -> Self {
        Self::start_as("").await
    }

    async fn start_as(extra: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let running = Running::start(config(dir.path(), extra)).await.unwrap();
        let url = running.public_url.clone();
        Self {
            running: Some(running),
            url,
            dir,
            extra: extra.to_owned(),
        }
    }

    /// Stops and starts on the same files, on another port.
    pub async fn restart(mut self) -> Self {
        self.running.take().unwrap().stop().await;
        let running = Running::start(config(self.dir.path(), &self.extra))
            .await
            .unwrap();
        self.url = running.public_url.clone();
        self.running = Some(running);
        self
    }

    /// Stops in order.
    pub async fn stop(mut self) {
        self.running.take().unwrap().stop().await;
    }

    /// `ws://localhost:PORT/path`.
    pub fn ws(&self, path: &str) -> String {
        format!("{}{path}", self.url.replacen("http", "ws", 1))
    }
}

fn config(dir: &Path, extra: &str) -> Config {
    let dir = dir.display();
    Config::parse(&format!(
        "listen = \"127.0.0.1:0\"\ninsecure_loopback = true\ndata_dir = \"{dir}\"\n{extra}\n"
    ))
    .unwrap()
}
