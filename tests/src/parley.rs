//! The words between a test and the attacker: JSON, one message a line.
//!
//! The attacker says what it would need an honest person for; the test gives it, or withholds it. That is the whole
//! difference between an attack and its twin.

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use trust::statement::Say;
use trust::warrant::Warrant;
use trust::{KeyId, OrgId, X25519Public};

use crate::stage::{Process, program};

/// From the test to the attacker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToAttacker {
    /// Do this.
    Run {
        /// Which attack.
        attack: String,
        /// On which device.
        target: Target,
        /// What has leaked to the attacker, or is public; each attack says what it takes.
        leaked: Vec<String>,
    },
    /// What the attacker asked for.
    Given(String),
    /// It gets nothing.
    Withheld {},
}

/// A device that is attacked: what everybody may know of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Target {
    /// In which organisation.
    pub org: OrgId,
    /// Its signature key.
    pub device: KeyId,
    /// Its channel key.
    pub noise: X25519Public,
}

/// From the attacker to the test.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromAttacker {
    /// It stands where the service stood.
    Ready {},
    /// It needs this.
    Wants(Want),
    /// It put this leaf into the ledger.
    Sequenced {
        /// The leaf.
        leaf: String,
    },
    /// How the attack ended.
    Outcome {
        /// `opened`, or the code of the refusal.
        code: String,
        /// The sentence that came with it.
        text: String,
    },
}

/// What only honest people can give.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// A technician's signature on a warrant; the test puts his key and name in and signs.
    Warrant {
        /// Whose.
        by: String,
        /// The payload.
        warrant: Box<Warrant>,
    },
    /// A technician's approval of a warrant that another signed.
    Approval {
        /// Whose.
        by: String,
        /// The envelope.
        envelope: String,
    },
    /// A technician's passkey on a warrant.
    Passkey {
        /// The payload.
        warrant: Box<Warrant>,
        /// The page where he signs.
        origin: String,
        /// What his authenticator checks: 1 that somebody is there, 5 that it is he.
        flags: u8,
    },
    /// A technician who signs in.
    SignIn {
        /// Whose.
        by: String,
        /// The nonce that the service chose.
        nonce: trust::Nonce,
    },
    /// An admin's statement.
    Statement {
        /// What it says.
        say: Box<Say>,
    },
    /// A reason to do what an honest service does.
    Honesty {},
    /// Somebody's hand at the seat: he answers the prompt as he likes.
    Seat {},
}

/// What is withheld in an attack, and given in its twin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ingredient {
    /// The technician's signature.
    Warrant,
    /// The approver's signature.
    Approval,
    /// The admin's signature.
    Statement,
    /// Everybody signs what he would; the service (or technician) does not do what is honest.
    Honesty,
    /// Nothing: what is different stands in what leaked.
    Nothing,
}

impl Want {
    /// What kind of thing it is.
    pub fn ingredient(&self) -> Ingredient {
        match self {
            Self::Warrant { .. } | Self::Passkey { .. } => Ingredient::Warrant,
            Self::Approval { .. } => Ingredient::Approval,
            Self::SignIn { .. } | Self::Seat {} => Ingredient::Nothing,
            Self::Statement { .. } => Ingredient::Statement,
            Self::Honesty {} => Ingredient::Honesty,
        }
    }
}

/// The attacker's program, as the test meets it.
pub struct Attacker {
    process: Process,
    heard: usize,
}

impl Attacker {
    /// Starts it on what was stolen, in the place of the service.
    pub async fn start(loot: &std::path::Path, port: u16) -> Self {
        let mut command = tokio::process::Command::new(program("attacker"));
        command.arg(loot).arg(port.to_string());
        let mut attacker = Self {
            process: Process::start("attacker", command),
            heard: 0,
        };
        let ready = attacker.next().await;
        assert!(matches!(ready, FromAttacker::Ready {}), "{ready:?}");
        attacker
    }

    /// Says something to it.
    pub async fn say(&mut self, message: &ToAttacker) {
        let line = format!("{}\n", serde_json::to_string(message).unwrap());
        self.process
            .stdin
            .as_mut()
            .unwrap()
            .write_all(line.as_bytes())
            .await
            .unwrap();
    }

    /// The next thing it says.
    pub async fn next(&mut self) -> FromAttacker {
        let line = self
            .process
            .line_from(self.heard, |line| line.starts_with('{'))
            .await;
        self.heard = self.process.position_of(self.heard, &line) + 1;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// What it complained, for a test that fails.
    pub fn text(&self) -> String {
        self.process.text()
    }
}
