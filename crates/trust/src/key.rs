//! Signature keys: native Ed25519, page-held Ed25519, and passkeys.

use aws_lc_rs::signature::{self, Ed25519KeyPair, KeyPair as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::bytes::{Blob, KeyId, sha256};
use crate::limits::ORIGINS_MAX;
use crate::text::{is_host, is_origin};

/// How a key signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum KeyKind {
    /// Ed25519 over the envelope's pre-authentication encoding (RFC 8032).
    #[serde(rename = "ed25519")]
    Ed25519,
    /// A passkey with ECDSA on P-256 and SHA-256 (WebAuthn level 3, COSE algorithm -7).
    #[serde(rename = "webauthn-es256")]
    PasskeyEs256,
    /// A passkey with Ed25519 (COSE algorithm -8).
    #[serde(rename = "webauthn-ed25519")]
    PasskeyEd25519,
}

impl KeyKind {
    fn name(self) -> &'static str {
        match self {
            KeyKind::Ed25519 => "ed25519",
            KeyKind::PasskeyEs256 => "webauthn-es256",
            KeyKind::PasskeyEd25519 => "webauthn-ed25519",
        }
    }
}

/// A public signature key as the ledger holds it. Made by [`PublicKey::parse`] or deserialising: always well-formed.
///
/// `origins`: for a passkey the origins it may sign on; for a key held by a page, the one origin where it was made;
/// empty for a native key. `rp`: a passkey's relying-party id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawKey", into = "RawKey")]
pub struct PublicKey {
    kind: KeyKind,
    public: Vec<u8>,
    rp: Option<String>,
    origins: Vec<String>,
    id: KeyId,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    kind: KeyKind,
    public: Blob,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rp: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    origins: Vec<String>,
}

/// Why a public key is not usable.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// Wrong length, not on the curve, not canonical, or of small order.
    #[error("the public key is not a valid {0} key")]
    Invalid(&'static str),
    /// Origins or relying party do not fit the kind.
    #[error("{0}")]
    Origins(&'static str),
}

impl PublicKey {
    /// Checks and takes a public key. `public`: 32 bytes of Ed25519, or the 65-byte uncompressed P-256 point.
    pub fn parse(
        kind: KeyKind,
        public: Vec<u8>,
        rp: Option<String>,
        origins: Vec<String>,
    ) -> Result<Self, KeyError> {
        let well_formed = match kind {
            KeyKind::Ed25519 | KeyKind::PasskeyEd25519 => is_safe_ed25519(&public),
            KeyKind::PasskeyEs256 => {
                public.len() == 65
                    && signature::ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, &public)
                        .is_ok()
            }
        };
        if !well_formed {
            return Err(KeyError::Invalid(kind.name()));
        }
        check_origins(kind, rp.as_deref(), &origins)?;
        let id = key_id(kind, &public);
        Ok(Self {
            kind,
            public,
            rp,
            origins,
            id,
        })
    }

    /// A native Ed25519 key, held by no page.
    pub fn native(public: &[u8; 32]) -> Result<Self, KeyError> {
        Self::parse(KeyKind::Ed25519, public.to_vec(), None, Vec::new())
    }

    /// This key's id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// How it signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The raw public bytes.
    pub fn public_bytes(&self) -> &[u8] {
        &self.public
    }

    /// The relying-party id of a passkey.
    pub fn rp(&self) -> Option<&str> {
        self.rp.as_deref()
    }

    /// The origins of a passkey or page-held key.
    pub fn origins(&self) -> &[String] {
        &self.origins
    }

    /// Whether this is an Ed25519 key that no page holds.
    pub fn is_native(&self) -> bool {
        self.kind == KeyKind::Ed25519 && self.origins.is_empty()
    }

    /// Checks a plain Ed25519 signature over `message`.
    pub fn verify_ed25519(&self, message: &[u8], sig: &[u8]) -> bool {
        self.kind != KeyKind::PasskeyEs256 && verify_ed25519(&self.public, message, sig)
    }

    pub(crate) fn verify_es256(&self, message: &[u8], sig: &[u8]) -> bool {
        self.kind == KeyKind::PasskeyEs256
            && signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, &self.public)
                .verify(message, sig)
                .is_ok()
    }
}

/// Checks an Ed25519 signature (RFC 8032; canonical `S`, cofactorless equation).
pub fn verify_ed25519(public: &[u8], message: &[u8], sig: &[u8]) -> bool {
    signature::UnparsedPublicKey::new(&signature::ED25519, public)
        .verify(message, sig)
        .is_ok()
}

fn key_id(kind: KeyKind, public: &[u8]) -> KeyId {
    KeyId(sha256(&[b"wayleave/key/1\0", kind.name().as_bytes(), b"\0", public]).0)
}

fn check_origins(kind: KeyKind, rp: Option<&str>, origins: &[String]) -> Result<(), KeyError> {
    if origins.len() > ORIGINS_MAX || !origins.iter().all(|o| is_origin(o)) {
        return Err(KeyError::Origins(
            "a key lists at most 8 origins, each https or http://localhost, in lower case",
        ));
    }
    match kind {
        KeyKind::Ed25519 if rp.is_some() || origins.len() > 1 => Err(KeyError::Origins(
            "an ed25519 key has no relying party and at most the one origin where it was made",
        )),
        KeyKind::Ed25519 => Ok(()),
        _ if origins.is_empty() => Err(KeyError::Origins(
            "a passkey lists the origins it may sign on",
        )),
        _ if !rp.is_some_and(is_host) => Err(KeyError::Origins(
            "a passkey names its relying party's host",
        )),
        _ => Ok(()),
    }
}

/// Refuses non-canonical encodings and points of small order, for which a signature says nothing.
fn is_safe_ed25519(public: &[u8]) -> bool {
    const P: [u8; 32] = {
        let mut p = [0xff; 32];
        p[0] = 0xed;
        p[31] = 0x7f;
        p
    };
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let Ok(mut y) = <[u8; 32]>::try_from(public) else {
        return false;
    };
    y[31] &= 0x7f;
    let canonical = y.iter().rev().lt(P.iter().rev());
    let zero_or_one = y[1..].iter().all(|&b| b == 0) && y[0] <= 1;
    let minus_one = y[0] == 0xec && y[1..] == P[1..];
    canonical && !zero_or_one && !minus_one && !ORDER_8.contains(&y)
}

impl TryFrom<RawKey> for PublicKey {
    type Error = KeyError;
    fn try_from(raw: RawKey) -> Result<Self, KeyError> {
        Self::parse(raw.kind, raw.public.0, raw.rp, raw.origins)
    }
}

impl From<PublicKey> for RawKey {
    fn from(key: PublicKey) -> Self {
        Self {
            kind: key.kind,
            public: Blob(key.public),
            rp: key.rp,
            origins: key.origins,
        }
    }
}

/// The private half of a native Ed25519 key. Signs nothing but envelopes, notes and requests.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    seed: Zeroizing<[u8; 32]>,
    public: PublicKey,
}

impl SigningKey {
    /// From 32 random bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self::held_by(seed, Vec::new()).expect("a native key lists no origins to refuse")
    }

    /// From 32 random bytes, for a key that a page on `origin` holds.
    pub fn from_seed_on_origin(seed: [u8; 32], origin: &str) -> Result<Self, KeyError> {
        Self::held_by(seed, vec![origin.to_owned()])
    }

    fn held_by(seed: [u8; 32], origins: Vec<String>) -> Result<Self, KeyError> {
        let pair =
            Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Invalid("ed25519"))?;
        let public = pair.public_key().as_ref().to_vec();
        let public = PublicKey::parse(KeyKind::Ed25519, public, None, origins)?;
        Ok(Self {
            pair,
            seed: Zeroizing::new(seed),
            public,
        })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.public.id
    }

    /// The secret seed, for storing it encrypted.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Ed25519 over `message`. Callers pass only what they composed themselves.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(self.pair.sign(message).as_ref());
        out
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.public.id)
    }
}
