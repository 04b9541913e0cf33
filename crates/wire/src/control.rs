//! The control stream: opening, judging, closing, credit. One enum per direction.
//!
//! ```text
//! technician                         device
//!            <- head, revocations ..        after the handshake
//! revocations .., open ->
//!            <- asking                      only while a person is asked
//!            <- opened | refused
//! window, ping ->
//!            <- window, pong
//! bye ->     <- closed                      either ends the session
//! ```

use serde::{Deserialize, Serialize};
use trust::{bounds::Bounds, bytes::Hash, scope::Scope};

use crate::frame::Stream;
use crate::json::{self, ensure};
use crate::limits::{
    CODE_BYTES_MAX, COUNTS_MAX, HOSTNAME_BYTES_MAX, REVOCATIONS_PER_MESSAGE_MAX, SCOPES_MAX,
    SENTENCE_BYTES_MAX,
};

/// The newest receipt of a device that a side knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptHead {
    /// Its number, counted from 1 without gaps.
    #[serde(deserialize_with = "json::integer")]
    pub n: u64,
    /// SHA-256 of its envelope bytes.
    pub hash: Hash,
}

/// Technician to device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToDevice {
    /// Asks for a session.
    Open {
        /// The warrant: an envelope's bytes, verbatim.
        warrant: String,
        /// Witnesses' counts of it, where a policy asks for them: envelopes, verbatim.
        #[serde(
            default,
            deserialize_with = "json::present",
            skip_serializing_if = "Option::is_none"
        )]
        counts: Option<Vec<String>>,
        /// The newest receipt of this device that the technician's client remembers.
        #[serde(
            default,
            deserialize_with = "json::present",
            skip_serializing_if = "Option::is_none"
        )]
        seen_receipt: Option<ReceiptHead>,
    },
    /// Revocations that the device's ledger lacks.
    Revocations {
        /// Envelopes, verbatim.
        envelopes: Vec<String>,
    },
    /// Credit for an id of files or shell.
    Window {
        /// The stream.
        stream: Stream,
        /// The id.
        id: u16,
        /// How many more bytes of frames may come.
        bytes: u32,
    },
    /// Asks for a `pong` at once.
    Ping {
        /// Comes back as it is.
        nonce: u32,
    },
    /// The technician ends the session.
    Bye {},
}

/// Whether there is a picture to look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisplayState {
    /// Pictures can be sent.
    Ready,
    /// There are none; `why` says the reason.
    None,
}

/// The device's display at opening.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// Whether there is a picture.
    pub state: DisplayState,
    /// Why there is none, as a sentence.
    #[serde(
        default,
        deserialize_with = "json::present",
        skip_serializing_if = "Option::is_none"
    )]
    pub why: Option<String>,
}

/// What the device judged: the session's frame.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The session's id.
    pub session: String,
    /// What may be done: the warrant's scopes.
    pub scopes: Vec<Scope>,
    /// Within which bounds: the warrant's, and the policy's where the warrant has none.
    #[serde(default, skip_serializing_if = "Bounds::is_empty")]
    pub bounds: Bounds,
    /// When it ends, in milliseconds since the Unix epoch.
    #[serde(deserialize_with = "json::integer")]
    pub until: u64,
    /// Whether a person allowed it at the machine.
    pub attended: bool,
    /// The display.
    pub display: Display,
}

/// The device's first message: how far it has read the ledger, and its newest receipt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// How many leaves of the ledger it holds.
    #[serde(deserialize_with = "json::integer")]
    pub size: u64,
    /// The Merkle root over them.
    pub root: Hash,
    /// The newest receipt, if there is one.
    #[serde(
        default,
        deserialize_with = "json::present",
        skip_serializing_if = "Option::is_none"
    )]
    pub receipt: Option<ReceiptHead>,
    /// The machine's own word for itself; decides nothing.
    pub hostname: String,
}

/// Device to technician.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToTechnician {
    /// First after the handshake.
    Head(Head),
    /// Revocations that the ledger of that size lacks.
    Revocations {
        /// Envelopes, verbatim.
        envelopes: Vec<String>,
    },
    /// Credit for an id of files or shell.
    Window {
        /// The stream.
        stream: Stream,
        /// The id.
        id: u16,
        /// How many more bytes of frames may come.
        bytes: u32,
    },
    /// Answers `ping`.
    Pong {
        /// As it came.
        nonce: u32,
    },
    /// The person at the machine is being asked.
    Asking {
        /// When no answer becomes a refusal, in milliseconds since the Unix epoch.
        #[serde(deserialize_with = "json::integer")]
        until: u64,
    },
    /// Judged: yes. Streams may start.
    Opened(Opened),
    /// Judged: no.
    Refused {
        /// For programs: `snake_case`.
        code: String,
        /// For people: a sentence.
        text: String,
    },
    /// The session stands still: nothing is shown, nothing is done, until `resumed` or `closed`.
    Paused {
        /// For programs: `snake_case`.
        code: String,
        /// For people: a sentence.
        text: String,
    },
    /// The session goes on after `paused`.
    Resumed {},
    /// The session is over.
    Closed {
        /// For programs: `snake_case`.
        code: String,
        /// For people: a sentence.
        text: String,
    },
}

impl ToDevice {
    /// Parses strictly.
    ///
    /// # Errors
    /// A sentence on what is wrong and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let message = json::parse(bytes)?;
        match &message {
            Self::Open {
                warrant, counts, ..
            } => check_open(warrant, counts.as_deref())?,
            Self::Revocations { envelopes } => check_revocations(envelopes)?,
            Self::Window { .. } | Self::Ping { .. } | Self::Bye {} => {}
        }
        Ok(message)
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        json::write(self)
    }

    /// The name, for errors.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Revocations { .. } => "revocations",
            Self::Window { .. } => "window",
            Self::Ping { .. } => "ping",
            Self::Bye {} => "bye",
        }
    }
}

impl ToTechnician {
    /// Parses strictly.
    ///
    /// # Errors
    /// A sentence on what is wrong and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let message = json::parse(bytes)?;
        match &message {
            Self::Head(head) => ensure(
                head.hostname.len() <= HOSTNAME_BYTES_MAX,
                "the host name is above 255 bytes",
            )?,
            Self::Revocations { envelopes } => check_revocations(envelopes)?,
            Self::Opened(opened) => check_opened(opened)?,
            Self::Refused { code, text }
            | Self::Paused { code, text }
            | Self::Closed { code, text } => check_verdict(code, text)?,
            Self::Window { .. } | Self::Pong { .. } | Self::Asking { .. } | Self::Resumed {} => {}
        }
        Ok(message)
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        json::write(self)
    }

    /// The name, for errors.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Head(_) => "head",
            Self::Revocations { .. } => "revocations",
            Self::Window { .. } => "window",
            Self::Pong { .. } => "pong",
            Self::Asking { .. } => "asking",
            Self::Opened(_) => "opened",
            Self::Refused { .. } => "refused",
            Self::Paused { .. } => "paused",
            Self::Resumed {} => "resumed",
            Self::Closed { .. } => "closed",
        }
    }
}

/// Splits revocations into lists that fit one message each.
pub(crate) fn batches(envelopes: Vec<String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    for envelope in envelopes {
        match batches.last_mut() {
            Some(batch) if batch.len() < REVOCATIONS_PER_MESSAGE_MAX => batch.push(envelope),
            _ => batches.push(vec![envelope]),
        }
    }
    batches
}

fn check_open(warrant: &str, counts: Option<&[String]>) -> Result<(), String> {
    ensure(
        warrant.len() <= trust::limits::ENVELOPE_BYTES_MAX,
        "the warrant is above 64 KiB",
    )?;
    let Some(counts) = counts else {
        return Ok(());
    };
    ensure(
        (1..=COUNTS_MAX).contains(&counts.len()),
        "counts are 1 to 16, or absent",
    )?;
    ensure(
        counts
            .iter()
            .all(|c| c.len() <= trust::limits::COUNT_BYTES_MAX),
        "a count is above 4 KiB",
    )
}

fn check_revocations(envelopes: &[String]) -> Result<(), String> {
    ensure(
        envelopes.len() <= REVOCATIONS_PER_MESSAGE_MAX,
        "more than 16 revocations in one message",
    )?;
    ensure(
        envelopes
            .iter()
            .all(|e| e.len() <= trust::limits::ENVELOPE_BYTES_MAX),
        "a revocation is above 64 KiB",
    )
}

fn check_opened(opened: &Opened) -> Result<(), String> {
    ensure(
        opened.session.len() <= CODE_BYTES_MAX,
        "the session id is above 64 bytes",
    )?;
    ensure(opened.scopes.len() <= SCOPES_MAX, "more than 16 scopes")?;
    opened
        .bounds
        .check_shape(&opened.scopes)
        .map_err(str::to_owned)?;
    let why = opened.display.why.as_ref();
    ensure(
        why.is_none_or(|text| text.len() <= SENTENCE_BYTES_MAX),
        "the reason is above 1024 bytes",
    )?;
    ensure(
        why.is_some() == (opened.display.state == DisplayState::None),
        "a display has a reason exactly when there is none",
    )
}

/// Codes are `snake_case`, sentences have a bound.
pub(crate) fn check_verdict(code: &str, text: &str) -> Result<(), String> {
    let is_code = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    ensure(
        (1..=CODE_BYTES_MAX).contains(&code.len()) && code.bytes().all(is_code),
        "a code is 1 to 64 of a-z, 0-9 and _",
    )?;
    ensure(
        text.len() <= SENTENCE_BYTES_MAX,
        "a sentence is above 1024 bytes",
    )
}
