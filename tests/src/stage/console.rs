//! `wayleave console`: the pages from a program that the service does not hold.

use std::net::TcpListener;

use tokio::process::Command;

use super::{Process, program};

/// A running `wayleave console`.
pub struct Console {
    /// Its origin, `http://localhost:PORT`.
    pub url: String,
    _process: Process,
}

impl Console {
    /// On a free port, for this service.
    pub async fn start(server: &str) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let mut command = Command::new(program("wayleave"));
        command.args(["console", "--server", server, "--port", &port.to_string()]);
        let mut process = Process::start("wayleave console", command);
        process
            .line(|line| line.contains("The console is at"))
            .await;
        Self {
            url: format!("http://localhost:{port}"),
            _process: process,
        }
    }
}
