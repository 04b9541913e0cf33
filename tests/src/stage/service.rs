//! The service, in a folder that can be stolen.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Process, program};

/// A running `wayleave-server`.
pub struct Service {
    /// Its folder: `server.toml` and `data/`.
    pub dir: PathBuf,
    /// `http://localhost:PORT`.
    pub url: String,
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
    /// The program.
    pub process: Process,
}

impl Service {
    /// On any free port.
    pub async fn start(dir: &Path) -> Self {
        let data = dir.join("data");
        std::fs::create_dir_all(&data).unwrap();
        Self::start_on(dir, 0).await
    }

    /// Under a URL at which somebody else listens, who passes on what comes.
    pub async fn start_behind(dir: &Path, public_url: &str) -> Self {
        let data = dir.join("data");
        std::fs::create_dir_all(&data).unwrap();
        Self::start_as(dir, 0, &format!("public_url = \"{public_url}\"\n")).await
    }

    /// Again, on the same files and port.
    pub async fn restart(&mut self) {
        let port = self.port();
        *self = Self::start_on(&self.dir.clone(), port).await;
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    async fn start_on(dir: &Path, port: u16) -> Self {
        Self::start_as(dir, port, "").await
    }

    async fn start_as(dir: &Path, port: u16, more: &str) -> Self {
        let text = format!(
            "name = \"Stage\"\nlisten = \"127.0.0.1:{port}\"\ndata_dir = \"{}\"\ninsecure_loopback = true\n\
             witnesses_on_private_addresses = true\n{more}",
            dir.join("data").display()
        );
        let file = dir.join("server.toml");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(program("wayleave-server"));
        command
            .arg("run")
            .arg("--config")
            .arg(&file)
            .env("WAYLEAVE_LOG", "debug");
        let mut process = Process::start("wayleave-server", command);
        let line = process.line(|line| line.starts_with("listening on ")).await;
        let url = line.rsplit(' ').next().unwrap().to_owned();
        let address = line.split(' ').nth(2).unwrap().to_owned();
        Self {
            address,
            dir: dir.to_owned(),
            url,
            process,
        }
    }
}
