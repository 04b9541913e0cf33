//! Checks one passkey assertion (WebAuthn level 3, section 7.2) made over an envelope.

use serde::Deserialize;

use crate::bytes::{Hash, from_b64u, sha256};
use crate::json;
use crate::key::{KeyKind, PublicKey};

/// The user was present (bit 0) and verified (bit 2).
const FLAGS_PRESENT_AND_VERIFIED: u8 = 0x05;

/// What the authenticator signed besides the challenge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assertion<'a> {
    /// Authenticator data.
    pub authenticator_data: &'a [u8],
    /// `clientDataJSON`, verbatim.
    pub client_data: &'a [u8],
    /// The signature, DER for ES256 and 64 bytes for Ed25519.
    pub signature: &'a [u8],
}

// Unknown members stay allowed: browsers add one at random to keep parsers honest.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    ceremony: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
}

/// Why an assertion does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PasskeyError {
    /// `clientDataJSON` is not what a browser writes for an assertion.
    #[error("the passkey's client data cannot be read")]
    ClientData,
    /// Another ceremony than `webauthn.get`.
    #[error("the passkey signed another ceremony")]
    Ceremony,
    /// The challenge is not the hash of this payload.
    #[error("the passkey signed something else")]
    Challenge,
    /// Signed on an origin that the key does not list, or inside a foreign frame.
    #[error("the passkey signed on an origin that its key does not list")]
    Origin,
    /// Authenticator data too short or for another relying party.
    #[error("the passkey belongs to another relying party")]
    RelyingParty,
    /// The user was not present and verified.
    #[error("the passkey's holder was not verified")]
    NotVerified,
    /// The signature itself fails.
    #[error("the passkey's signature does not verify")]
    Signature,
}

/// Checks that `key` signed `challenge` by `assertion`; returns the origin it was signed on.
pub fn verify(
    key: &PublicKey,
    challenge: &Hash,
    assertion: &Assertion<'_>,
) -> Result<String, PasskeyError> {
    let client: ClientData = json::value(assertion.client_data)
        .ok()
        .filter(serde_json::Value::is_object)
        .and_then(|value| serde_json::from_value(value).ok())
        .ok_or(PasskeyError::ClientData)?;
    if client.ceremony != "webauthn.get" {
        return Err(PasskeyError::Ceremony);
    }
    if from_b64u(&client.challenge).as_deref() != Some(&challenge.0[..]) {
        return Err(PasskeyError::Challenge);
    }
    if client.cross_origin || client.top_origin.is_some() || !key.origins().contains(&client.origin)
    {
        return Err(PasskeyError::Origin);
    }
    let data = assertion.authenticator_data;
    let rp = key.rp().ok_or(PasskeyError::RelyingParty)?;
    if data.len() < 37 || data[..32] != sha256(&[rp.as_bytes()]).0 {
        return Err(PasskeyError::RelyingParty);
    }
    if data[32] & FLAGS_PRESENT_AND_VERIFIED != FLAGS_PRESENT_AND_VERIFIED {
        return Err(PasskeyError::NotVerified);
    }
    let signed = [data, &sha256(&[assertion.client_data]).0].concat();
    let valid = match key.kind() {
        KeyKind::PasskeyEs256 => key.verify_es256(&signed, assertion.signature),
        KeyKind::PasskeyEd25519 => key.verify_ed25519(&signed, assertion.signature),
        KeyKind::Ed25519 => false,
    };
    if valid {
        Ok(client.origin)
    } else {
        Err(PasskeyError::Signature)
    }
}
