//! Receipts: what a workstation says happened, signed by itself, chained without a gap.

mod beat;
mod check;

pub use beat::{Beat, Reach};
pub use check::{ChainCheck, ChainVerdict, Fault};

use serde::{Deserialize, Serialize};

use crate::bounds::Bounds;
use crate::bytes::{Blob, Hash, KeyId, OrgId, Salt, X25519Public};
use crate::envelope::{Envelope, EnvelopeError, PayloadType};
use crate::json;
use crate::key::PublicKey;
use crate::scope::Scope;
use crate::seal::{OpeningKey, SealError, Use, seal};
use crate::statement::Seen;

/// A receipt's payload. Times in milliseconds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Whose device.
    pub org: OrgId,
    /// Which device.
    pub device: KeyId,
    /// 1, then one more each time, without gaps.
    pub n: u64,
    /// SHA-256 of the previous receipt's envelope; zeros for the first.
    pub prev: Hash,
    /// When, by the device's judged clock.
    pub at: u64,
    /// Which session: 16 bytes, shared by all receipts of one session.
    pub session: Salt,
    /// What happened.
    pub ev: Event,
    /// Of `open` and `resume`, in the clear: whether somebody at the device was asked. The customer's feed goes by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attended: Option<bool>,
    /// SHA-256 of the warrant's envelope, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warrant: Option<Hash>,
    /// The channel's handshake hash, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Hash>,
    /// The ledger the device judged by.
    pub ledger: Seen,
    /// How many equal denials this stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// A [`Body`], sealed to the roster's audit key.
    pub body: Blob,
}

impl Receipt {
    /// Checks that `envelope` is a receipt of this organisation's device with this key; its place in the chain is not
    /// looked at.
    pub fn verify(
        org: &OrgId,
        device: &PublicKey,
        envelope: &Envelope,
    ) -> Result<Self, ChainError> {
        let keyid = device.id();
        let signers =
            envelope.verify(PayloadType::Receipt, |id| (*id == keyid).then_some(device))?;
        let receipt: Self = envelope.read(PayloadType::Receipt)?;
        if signers.is_empty() || receipt.device != keyid || receipt.org != *org {
            return Err(ChainError::OtherDevice);
        }
        Ok(receipt)
    }
}

/// What a receipt is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A session opened.
    Open,
    /// A session goes on: its technician came back over the same key, or its pause is over.
    Resume,
    /// A session stands still.
    Pause,
    /// A session ended.
    Close,
    /// A warrant was refused.
    Deny,
}

impl Event {
    /// Whether a technician is in after it.
    pub fn opens(self) -> bool {
        matches!(self, Event::Open | Event::Resume)
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Event::Open => "open",
            Event::Resume => "resume",
            Event::Pause => "pause",
            Event::Close => "close",
            Event::Deny => "deny",
        }
    }
}

/// What only the organisation reads.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The technician's key.
    pub by: KeyId,
    /// The technician's name as the warrant opened it.
    pub name: String,
    /// Scopes asked for.
    pub scopes: Vec<Scope>,
    /// Within which bounds: those granted, or, of a warrant that was refused, those asked for.
    #[serde(default, skip_serializing_if = "Bounds::is_empty")]
    pub bounds: Bounds,
    /// Why, in his words.
    pub why: String,
    /// His ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Whether somebody at the device was asked.
    pub attended: bool,
    /// The policy that covered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Approvers who counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<KeyId>,
    /// How it ended, or why it was refused: a code and a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// An end or a refusal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// A stable name.
    pub code: String,
    /// A sentence.
    pub text: String,
}

/// Why a receipt does not continue a chain.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChainError {
    /// Not a receipt, or not signed by the device.
    #[error("the receipt cannot be read or verified: {0}")]
    Unreadable(#[from] EnvelopeError),
    /// Another device's.
    #[error("the receipt is signed by another device")]
    OtherDevice,
    /// Numbers are missing or repeat.
    #[error("receipt {found} follows where {expected} is due")]
    Gap {
        /// The number due.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// Two histories.
    #[error(
        "receipt {0} does not follow the receipt before it: the device's chain was forked or altered"
    )]
    Fork(u64),
}

/// The head of a device's chain: the newest number and its envelope's hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainHead {
    /// The newest receipt's number; 0 before the first.
    pub n: u64,
    /// SHA-256 of its envelope; zeros before the first.
    pub hash: Hash,
}

impl Default for ChainHead {
    fn default() -> Self {
        Self {
            n: 0,
            hash: Hash([0; 32]),
        }
    }
}

impl ChainHead {
    /// Checks that `envelope` is the next receipt of the device with this key; returns it and moves the head.
    pub fn follow(
        &mut self,
        org: &OrgId,
        device: &PublicKey,
        envelope: &Envelope,
    ) -> Result<Receipt, ChainError> {
        let receipt = Receipt::verify(org, device, envelope)?;
        if receipt.n != self.n + 1 {
            return Err(ChainError::Gap {
                expected: self.n + 1,
                found: receipt.n,
            });
        }
        if receipt.prev != self.hash {
            return Err(ChainError::Fork(receipt.n));
        }
        *self = Self {
            n: receipt.n,
            hash: envelope.digest(),
        };
        Ok(receipt)
    }
}

/// Seals a body for the receipt it belongs to.
pub fn seal_body(
    audit: &X25519Public,
    org: &OrgId,
    device: &KeyId,
    head: &ChainHead,
    ev: Event,
    body: &Body,
    randomness: [u8; 32],
) -> Result<Blob, SealError> {
    let plain = serde_json::to_vec(body)
        .map_err(|_| SealError::TooLong(crate::limits::SEALED_RECEIPT_BYTES_MAX))?;
    seal(
        audit,
        Use::Receipt,
        &aad(org, device, head.n + 1, &head.hash, ev),
        &plain,
        randomness,
    )
}

/// Opens a receipt's body with the audit key.
pub fn open_body(audit: &OpeningKey, receipt: &Receipt) -> Result<Body, SealError> {
    let aad = aad(
        &receipt.org,
        &receipt.device,
        receipt.n,
        &receipt.prev,
        receipt.ev,
    );
    let plain = audit.open(Use::Receipt, &aad, &receipt.body)?;
    json::read(&plain).map_err(|_| SealError::NotOpened)
}

fn aad(org: &OrgId, device: &KeyId, n: u64, prev: &Hash, ev: Event) -> Vec<u8> {
    [
        &org.0[..],
        &device.0,
        &n.to_be_bytes(),
        &prev.0,
        ev.as_str().as_bytes(),
    ]
    .concat()
}
