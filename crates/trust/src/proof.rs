//! Payloads that prove who somebody is: enrolment, an invitation's answer, sign-in, one end of a socket.

use serde::{Deserialize, Serialize};

use crate::bytes::{Blob, Hash, KeyId, Nonce, OrgId, X25519Public, sha256};
use crate::envelope::{Envelope, EnvelopeError, PayloadType};
use crate::key::PublicKey;
use crate::statement::Role;
use crate::words;

/// A device asks to be admitted. Signed by `key` itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// To which organisation.
    pub org: OrgId,
    /// The device's signature key.
    pub key: PublicKey,
    /// The device's channel key.
    pub noise: X25519Public,
    /// What the machine calls itself: its own words, not trusted.
    pub hostname: String,
    /// Random.
    pub nonce: Nonce,
}

impl Enrol {
    /// Parses an enrolment and checks that the key it names signed it.
    pub fn verify(envelope: &Envelope) -> Result<Self, EnvelopeError> {
        let enrol: Self = envelope.read(PayloadType::Enrol)?;
        self_signed(envelope, PayloadType::Enrol, &enrol.key)?;
        Ok(enrol)
    }

    /// The words to compare with those at the machine.
    pub fn words(&self) -> String {
        device_words(&self.key.id(), &self.noise)
    }
}

/// An invited person leaves his public keys. Signed by `key` itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteAnswer {
    /// In which organisation.
    pub org: OrgId,
    /// Which invitation.
    pub invite: String,
    /// As what.
    pub role: Role,
    /// The person's signature key.
    pub key: PublicKey,
    /// The directory key will be sealed to it.
    pub directory_to: X25519Public,
    /// Commitment to the name.
    pub name: Hash,
    /// The name, sealed to the directory key, if the inviting page handed that key over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Blob>,
}

impl InviteAnswer {
    /// Parses an answer and checks that the key it names signed it.
    pub fn verify(envelope: &Envelope) -> Result<Self, EnvelopeError> {
        let answer: Self = envelope.read(PayloadType::InviteAnswer)?;
        self_signed(envelope, PayloadType::InviteAnswer, &answer.key)?;
        Ok(answer)
    }

    /// The words that both sides compare.
    pub fn words(&self) -> String {
        words::encode(&sha256(&[
            b"wayleave/words/person/1\0",
            &self.key.id().0,
            &self.directory_to.0,
            &self.name.0,
        ]))
    }
}

/// A person signs in to the service. Signed by an admin's or technician's ledger key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The service's public URL, without a trailing slash.
    pub server: String,
    /// In which organisation.
    pub org: OrgId,
    /// The service's nonce.
    pub nonce: Nonce,
    /// Ed25519 key that signs the requests from now on.
    pub request_key: PublicKey,
    /// When signed, in milliseconds.
    pub at: u64,
    /// Until when the request key counts; 12 hours after `at` at most.
    pub until: u64,
}

/// One end of a WebSocket. Signed by a device key or a request key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Socket {
    /// The service's public URL, without a trailing slash.
    pub server: String,
    /// In which organisation.
    pub org: OrgId,
    /// What for.
    pub purpose: Purpose,
    /// The relay's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The service's nonce.
    pub nonce: Nonce,
    /// When signed, in milliseconds.
    pub at: u64,
    /// The signing key, for one that the service does not know yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PublicKey>,
}

/// What a socket is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// An agent's signalling.
    Agent,
    /// A console's live view.
    Console,
    /// One end of a relayed channel.
    Relay,
}

/// The words of a device: 66 bits over both its keys, shown where it waits and by `wayleave-agent fingerprint`.
pub fn device_words(key: &KeyId, noise: &X25519Public) -> String {
    words::encode(&sha256(&[b"wayleave/words/device/1\0", &key.0, &noise.0]))
}

fn self_signed(
    envelope: &Envelope,
    expected: PayloadType,
    key: &PublicKey,
) -> Result<(), EnvelopeError> {
    let keyid = key.id();
    let signers = envelope.verify(expected, |id| (*id == keyid).then_some(key))?;
    if signers.is_empty() {
        Err(EnvelopeError::BadSignature(keyid))
    } else {
        Ok(())
    }
}
