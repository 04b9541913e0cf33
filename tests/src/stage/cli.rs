//! The command line of one person.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use trust::OrgId;
use trust::envelope::Envelope;

use super::{Process, program};
use crate::soon;

/// One person's `wayleave`, with his own directory of keys.
pub struct Cli {
    dir: PathBuf,
    org: OrgId,
    env: Vec<(&'static str, OsString)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub out: Vec<u8>,
    /// What it complained.
    pub err: String,
}

impl Ended {
    /// The name of its failure, or the empty string.
    pub fn refusal(&self) -> String {
        let last = self
            .err
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        last.and_then(|body| body["error"]["code"].as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// What it printed, as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.out).unwrap()
    }

    /// Fails the test unless it went well.
    pub fn well(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.err);
        self
    }
}

impl Cli {
    /// In a directory of its own, below `dir`.
    pub fn at(dir: &Path, org: OrgId) -> Self {
        Self {
            dir: dir.to_owned(),
            org,
            env: Vec::new(),
        }
    }

    /// The same person with one more variable of the environment.
    pub fn with_env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Makes a technician's keys and gives the answer that an admin admits by.
    pub async fn technician_init(&self, server: &str, name: &str) -> Envelope {
        self.technician_init_with(server, name, &[]).await
    }

    /// The same with further options.
    pub async fn technician_init_with(&self, server: &str, name: &str, more: &[&str]) -> Envelope {
        let file = self.dir.with_extension("answer.json");
        let answer = file.display().to_string();
        let init = [
            "technician",
            "init",
            "--server",
            server,
            "--your-name",
            name,
        ];
        self.run(&[&init[..], &["--answer", &answer], more].concat())
            .await
            .well();
        Envelope::parse(&std::fs::read(file).unwrap()).unwrap()
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let what = format!("wayleave {}", arguments.join(" "));
        let output = soon(&what, child.wait_with_output()).await.unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: output.stdout,
            err,
        }
    }

    /// Starts a command that goes on.
    pub fn start(&self, arguments: &[&str]) -> Process {
        Process::start("wayleave", self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("wayleave"));
        let org = self.org.to_string();
        command
            .args(["--json", "--yes", "--org", &org, "--dir"])
            .arg(&self.dir)
            .args(arguments);
        command
            .env("WAYLEAVE_PASSPHRASE", "correct horse battery staple")
            .env_remove("SSH_AUTH_SOCK")
            .envs(self.env.iter().cloned())
            .kill_on_drop(true);
        command
    }
}
