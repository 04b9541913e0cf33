//! Who signs: a key that this computer keeps sealed, or one that an ssh-agent holds.

use anyhow::Result;
use serde::Serialize;
use trust::bytes::Blob;
use trust::envelope::{Envelope, PayloadType, Signature, pae};
use trust::{KeyId, PublicKey, SigningKey};

use crate::say;
use crate::ssh_agent::Agent;

/// A signature key of this person.
pub enum SignatureKey {
    /// Kept on this computer.
    Here(SigningKey),
    /// Held by an ssh-agent.
    Agent(PublicKey),
}

impl SignatureKey {
    /// The public half.
    pub fn public(&self) -> &PublicKey {
        match self {
            SignatureKey::Here(key) => key.public(),
            SignatureKey::Agent(key) => key,
        }
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.public().id()
    }

    /// The same payload with one more signature, after the caller parsed and showed it.
    pub fn countersign(&self, envelope: &Envelope) -> Result<Envelope> {
        let signature = self.signature(envelope.payload_type(), envelope.payload())?;
        Ok(envelope.with_signature(signature)?)
    }

    fn signature(&self, kind: PayloadType, payload: &[u8]) -> Result<Signature> {
        let message = pae(kind, payload);
        let sig = match self {
            SignatureKey::Here(key) => key.sign(&message).to_vec(),
            SignatureKey::Agent(key) => {
                // What the agent asks its owner names the key, and not what is signed.
                if say::can_ask() {
                    eprintln!("The ssh-agent is asked to sign {}.", what(kind));
                }
                Agent::of_environment()?.sign(key, &message)?
            }
        };
        Ok(Signature {
            keyid: self.id(),
            sig: Blob(sig),
            webauthn: None,
        })
    }
}

/// Signs a payload that the caller composed.
pub fn sign<T: Serialize>(
    kind: PayloadType,
    payload: &T,
    keys: &[&SignatureKey],
) -> Result<Envelope> {
    let payload = serde_json::to_vec(payload)?;
    let signatures = keys.iter().map(|key| key.signature(kind, &payload));
    let signatures = signatures.collect::<Result<Vec<_>>>()?;
    Ok(Envelope::assemble(kind, &payload, signatures)?)
}

fn what(kind: PayloadType) -> &'static str {
    match kind {
        PayloadType::Statement => "the statement shown above",
        PayloadType::Warrant => "the warrant shown above",
        PayloadType::SignIn => "that you sign in to the service",
        PayloadType::InviteAnswer => "that this key asks to be admitted",
        PayloadType::Receipt | PayloadType::Enrol | PayloadType::Socket | PayloadType::Beat => {
            "what a device signs"
        }
        PayloadType::Count => "what a witness signs",
    }
}
