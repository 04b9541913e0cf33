//! The one envelope for everything signed: DSSE (github.com/secure-systems-lab/dsse, protocol v1) in JSON.
//!
//! The payload travels verbatim and is signed verbatim under PAE, so nothing is ever canonicalised.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::bytes::{Blob, Hash, KeyId, clip, sha256, to_b64u};
use crate::json;
use crate::key::{KeyKind, PublicKey, SigningKey};
use crate::limits::{ENVELOPE_BYTES_MAX, PASSKEY_PART_BYTES_MAX, SIGNATURES_MAX};
use crate::passkey::{self, Assertion, PasskeyError};

/// What an envelope can hold: a closed set. A verifier always names the type it expects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PayloadType {
    /// A ledger statement.
    Statement,
    /// A warrant to open one session on one device.
    Warrant,
    /// A device's receipt.
    Receipt,
    /// A device that wants to be admitted.
    Enrol,
    /// An invited person's public keys, to be admitted by an admin.
    InviteAnswer,
    /// A person signing in to the service.
    SignIn,
    /// One end of a WebSocket proving who it is.
    Socket,
    /// A device's hourly word about itself.
    Beat,
    /// A witness's word on how many devices a technician opened within the hour.
    Count,
}

const TYPES: [(PayloadType, &str); 9] = [
    (
        PayloadType::Statement,
        "application/vnd.wayleave.statement.1+json",
    ),
    (
        PayloadType::Warrant,
        "application/vnd.wayleave.warrant.1+json",
    ),
    (
        PayloadType::Receipt,
        "application/vnd.wayleave.receipt.1+json",
    ),
    (PayloadType::Enrol, "application/vnd.wayleave.enrol.1+json"),
    (
        PayloadType::InviteAnswer,
        "application/vnd.wayleave.invite-answer.1+json",
    ),
    (
        PayloadType::SignIn,
        "application/vnd.wayleave.sign-in.1+json",
    ),
    (
        PayloadType::Socket,
        "application/vnd.wayleave.socket.1+json",
    ),
    (PayloadType::Beat, "application/vnd.wayleave.beat.1+json"),
    (PayloadType::Count, "application/vnd.wayleave.count.1+json"),
];

impl PayloadType {
    /// The DSSE payload type.
    pub fn as_str(self) -> &'static str {
        TYPES
            .iter()
            .find(|(t, _)| *t == self)
            .map(|(_, s)| *s)
            .unwrap_or_default()
    }

    fn parse(text: &str) -> Option<Self> {
        TYPES.iter().find(|(_, s)| *s == text).map(|(t, _)| *t)
    }
}

/// Why an envelope is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Over 64 KiB.
    #[error("the envelope has {0} bytes; at most {ENVELOPE_BYTES_MAX} are accepted")]
    TooLarge(usize),
    /// Not the JSON of an envelope.
    #[error("the envelope cannot be read: {0}")]
    Malformed(String),
    /// A payload type that does not exist.
    #[error("the envelope's payload type {0:?} is unknown")]
    UnknownType(String),
    /// Another type than expected.
    #[error("the envelope holds {found} where {expected} is expected")]
    WrongType {
        /// What the caller asked for.
        expected: &'static str,
        /// What came.
        found: &'static str,
    },
    /// No signature, or more than 16.
    #[error("the envelope carries {0} signatures; 1 to {SIGNATURES_MAX} are accepted")]
    SignatureCount(usize),
    /// The same key twice.
    #[error("the envelope carries two signatures of key {0}")]
    DuplicateKey(KeyId),
    /// A known key's signature fails.
    #[error("the signature of key {0} does not verify")]
    BadSignature(KeyId),
    /// A known passkey's signature fails.
    #[error("the signature of passkey {0} does not count: {1}")]
    BadPasskey(KeyId, PasskeyError),
    /// The payload is not what its type says.
    #[error("the payload cannot be read: {0}")]
    Payload(String),
}

/// A parsed, not yet verified envelope, with the exact bytes it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    bytes: Vec<u8>,
    payload_type: PayloadType,
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

/// One signature as it travels.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Who signed.
    pub keyid: KeyId,
    /// Signature bytes.
    pub sig: Blob,
    /// Present for passkeys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<WebauthnParts>,
}

/// What a passkey signed besides the challenge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebauthnParts {
    /// Authenticator data.
    pub ad: Blob,
    /// `clientDataJSON`.
    pub cd: Blob,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEnvelope {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: Blob,
    signatures: Vec<Signature>,
}

/// A signature that was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signer {
    /// Whose key.
    pub keyid: KeyId,
    /// The origin it was made on: a passkey's as signed, a page-held key's as recorded, none for a native key.
    pub origin: Option<String>,
}

impl Envelope {
    /// Parses strictly. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(EnvelopeError::TooLarge(bytes.len()));
        }
        let raw: RawEnvelope = json::read(bytes).map_err(EnvelopeError::Malformed)?;
        let payload_type = PayloadType::parse(&raw.payload_type)
            .ok_or_else(|| EnvelopeError::UnknownType(clip(&raw.payload_type)))?;
        check_signatures(&raw.signatures)?;
        Ok(Self {
            bytes: bytes.to_vec(),
            payload_type,
            payload: raw.payload.0,
            signatures: raw.signatures,
        })
    }

    /// Puts `payload` and its signatures into an envelope.
    pub fn assemble(
        payload_type: PayloadType,
        payload: &[u8],
        signatures: Vec<Signature>,
    ) -> Result<Self, EnvelopeError> {
        let raw = RawEnvelope {
            payload_type: payload_type.as_str().to_owned(),
            payload: Blob(payload.to_vec()),
            signatures,
        };
        let bytes =
            serde_json::to_vec(&raw).map_err(|e| EnvelopeError::Malformed(e.to_string()))?;
        Self::parse(&bytes)
    }

    /// Signs a payload that the caller composed, with native or page-held keys.
    pub fn sign<T: Serialize>(
        payload_type: PayloadType,
        payload: &T,
        keys: &[&SigningKey],
    ) -> Result<Self, EnvelopeError> {
        let payload =
            serde_json::to_vec(payload).map_err(|e| EnvelopeError::Payload(e.to_string()))?;
        let message = pae(payload_type, &payload);
        let signatures = keys
            .iter()
            .map(|key| Signature {
                keyid: key.id(),
                sig: Blob(key.sign(&message).to_vec()),
                webauthn: None,
            })
            .collect();
        Self::assemble(payload_type, &payload, signatures)
    }

    /// The same payload with one more signature.
    pub fn with_signature(&self, signature: Signature) -> Result<Self, EnvelopeError> {
        let signatures = self.signatures.iter().cloned().chain([signature]).collect();
        Self::assemble(self.payload_type, &self.payload, signatures)
    }

    /// The same payload with one more signature by a native or page-held key, after the caller parsed and showed it.
    pub fn countersign(&self, key: &SigningKey) -> Result<Self, EnvelopeError> {
        let sig = key.sign(&pae(self.payload_type, &self.payload)).to_vec();
        self.with_signature(Signature {
            keyid: key.id(),
            sig: Blob(sig),
            webauthn: None,
        })
    }

    /// Checks the type, then every signature whose key `find` knows. A known key whose signature fails refuses the
    /// whole envelope; unknown keys do not count.
    pub fn verify<'k>(
        &self,
        expected: PayloadType,
        find: impl Fn(&KeyId) -> Option<&'k PublicKey>,
    ) -> Result<Vec<Signer>, EnvelopeError> {
        self.expect(expected)?;
        let message = pae(self.payload_type, &self.payload);
        let mut signers = Vec::new();
        for signature in &self.signatures {
            let Some(key) = find(&signature.keyid) else {
                continue;
            };
            let origin = verify_one(key, &message, signature)?;
            signers.push(Signer {
                keyid: signature.keyid,
                origin,
            });
        }
        Ok(signers)
    }

    /// The payload read as `T`, after the type was checked. Unknown, duplicate and empty optional members refuse.
    pub fn read<T: DeserializeOwned + Serialize>(
        &self,
        expected: PayloadType,
    ) -> Result<T, EnvelopeError> {
        self.expect(expected)?;
        json::read(&self.payload).map_err(EnvelopeError::Payload)
    }

    fn expect(&self, expected: PayloadType) -> Result<(), EnvelopeError> {
        if self.payload_type == expected {
            return Ok(());
        }
        Err(EnvelopeError::WrongType {
            expected: expected.as_str(),
            found: self.payload_type.as_str(),
        })
    }

    /// The envelope's exact bytes: a ledger leaf, a warrant's hash input.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The envelope as text; it is JSON and so always UTF-8.
    pub fn to_text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// SHA-256 of the exact bytes.
    pub fn digest(&self) -> Hash {
        sha256(&[&self.bytes])
    }

    /// The payload's exact bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What it says it holds.
    pub fn payload_type(&self) -> PayloadType {
        self.payload_type
    }

    /// The signatures as they travel. Verified only by [`Envelope::verify`].
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Who claims to have signed. Verified only by [`Envelope::verify`].
    pub fn claimed_signers(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.signatures.iter().map(|s| s.keyid)
    }

    /// The challenge a passkey signs for this payload: SHA-256 of its PAE.
    pub fn challenge(payload_type: PayloadType, payload: &[u8]) -> Hash {
        sha256(&[&pae(payload_type, payload)])
    }
}

fn check_signatures(signatures: &[Signature]) -> Result<(), EnvelopeError> {
    if signatures.is_empty() || signatures.len() > SIGNATURES_MAX {
        return Err(EnvelopeError::SignatureCount(signatures.len()));
    }
    for (at, signature) in signatures.iter().enumerate() {
        if signatures[..at].iter().any(|s| s.keyid == signature.keyid) {
            return Err(EnvelopeError::DuplicateKey(signature.keyid));
        }
        if let Some(parts) = &signature.webauthn
            && parts.ad.0.len().max(parts.cd.0.len()) > PASSKEY_PART_BYTES_MAX
        {
            return Err(EnvelopeError::Malformed(format!(
                "a passkey's part exceeds {PASSKEY_PART_BYTES_MAX} bytes ({})",
                to_b64u(&signature.keyid.0)
            )));
        }
    }
    Ok(())
}

fn verify_one(
    key: &PublicKey,
    message: &[u8],
    signature: &Signature,
) -> Result<Option<String>, EnvelopeError> {
    let bad = EnvelopeError::BadSignature(signature.keyid);
    match (key.kind(), &signature.webauthn) {
        (KeyKind::Ed25519, None) if key.verify_ed25519(message, &signature.sig.0) => {
            Ok(key.origins().first().cloned())
        }
        (KeyKind::PasskeyEs256 | KeyKind::PasskeyEd25519, Some(parts)) => {
            let assertion = Assertion {
                authenticator_data: &parts.ad.0,
                client_data: &parts.cd.0,
                signature: &signature.sig.0,
            };
            passkey::verify(key, &sha256(&[message]), &assertion)
                .map(Some)
                .map_err(|why| EnvelopeError::BadPasskey(signature.keyid, why))
        }
        _ => Err(bad),
    }
}

/// DSSE pre-authentication encoding.
pub fn pae(payload_type: PayloadType, payload: &[u8]) -> Vec<u8> {
    let name = payload_type.as_str();
    let mut out = format!("DSSEv1 {} {} {} ", name.len(), name, payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    #[test]
    fn claimed_signers_are_all_that_the_envelope_names() {
        let keys = [
            SigningKey::from_seed([1; 32]),
            SigningKey::from_seed([2; 32]),
        ];
        let by = [&keys[0], &keys[1]];
        let envelope = Envelope::sign(PayloadType::Socket, &serde_json::json!({}), &by).unwrap();
        let claimed: Vec<KeyId> = envelope.claimed_signers().collect();
        assert_eq!(claimed, by.map(SigningKey::id));
    }

    #[test]
    fn a_countersignature_stands_after_those_that_were_there() {
        let [first, second] = [1, 2].map(|seed| SigningKey::from_seed([seed; 32]));
        let payload = serde_json::json!({});
        let envelope = Envelope::sign(PayloadType::Socket, &payload, &[&first]).unwrap();
        let both = envelope.countersign(&second).unwrap();
        assert_eq!(both.signatures()[..1], *envelope.signatures());
        let keys: Vec<KeyId> = both.signatures().iter().map(|s| s.keyid).collect();
        assert_eq!(keys, [first.id(), second.id()]);
    }
}
