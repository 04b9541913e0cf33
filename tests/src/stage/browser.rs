//! A technician at a real browser: `tests/e2e/technician.mjs` finds its way by what a person reads, and tells what he read.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use trust::bytes::{sha256, to_b64u};
use trust::key::KeyKind;
use trust::warrant::OpenedName;
use trust::{OrgId, PublicKey, Salt, SigningKey};

use super::Process;
use crate::org::Person;
use crate::random;

/// What he is asked to do.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Wish<'a> {
    /// Opens a link, in a browser that holds nothing yet or in the one he used before.
    Open { link: &'a str, fresh: bool },
    /// Connects to a device by its name, and ends the session where one opens.
    Connect { device: &'a str },
}

/// What he saw.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saw {
    /// The list of devices, by name.
    Devices(Vec<String>),
    /// An open session.
    Opened,
    /// A refusal, in the page's words.
    Refused(String),
    /// No such device.
    Absent,
}

/// A technician with his browser.
pub struct Browser {
    process: Process,
    heard: usize,
    /// The link that makes his key in the browser, and nowhere else.
    link: String,
    /// Who he is.
    pub person: Person,
    /// His key with the origin it is bound to, as it is admitted.
    pub key: PublicKey,
}

impl Browser {
    /// Starts the browser of somebody new, whose key belongs to `console`'s origin.
    pub fn start(console: &str, org: OrgId, server: &str, name: &str) -> Self {
        let seed: [u8; 32] = random();
        let part = |what: &str| sha256(&[format!("wayleave/seed/{what}/1\0").as_bytes(), &seed]).0;
        let key = SigningKey::from_seed(part("sign"));
        let public = key.public().public_bytes().to_vec();
        let origins = vec![console.to_owned()];
        let public = PublicKey::parse(KeyKind::Ed25519, public, None, origins).unwrap();
        let mut salt = [0; 16];
        salt.copy_from_slice(&part("salt")[..16]);
        let person = Person {
            key,
            name: OpenedName {
                name: name.to_owned(),
                salt: Salt(salt),
            },
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/technician.mjs");
        let mut command = Command::new("node");
        command.arg(script);
        Self {
            process: Process::start("the browser", command),
            heard: 0,
            link: format!(
                "{console}/#seed={}&org={org}&name={name}&server={server}",
                to_b64u(&seed)
            ),
            person,
            key: public,
        }
    }

    /// Opens the console; with `fresh`, as if for the first time.
    pub async fn open(&mut self, fresh: bool) -> Saw {
        let link = self.link.clone();
        self.ask(&Wish::Open { link: &link, fresh }).await
    }

    /// Tries to connect to a device.
    pub async fn connect(&mut self, device: &str) -> Saw {
        self.ask(&Wish::Connect { device }).await
    }

    async fn ask(&mut self, wish: &Wish<'_>) -> Saw {
        let line = format!("{}\n", serde_json::to_string(wish).unwrap());
        let stdin = self.process.stdin.as_mut().unwrap();
        stdin.write_all(line.as_bytes()).await.unwrap();
        let line = self
            .process
            .line_from(self.heard, |line| line.starts_with(['{', '"']))
            .await;
        self.heard = self.process.position_of(self.heard, &line) + 1;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// What the script complained, for a test that fails.
    pub fn text(&self) -> String {
        self.process.text()
    }
}
