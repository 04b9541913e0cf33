//! Fixed-size byte strings that travel as unpadded base64url, each its own type.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Encodes as base64url without padding (RFC 4648, section 5).
pub fn to_b64u(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes strict base64url: no padding, no white space, no stray trailing bits.
pub fn from_b64u(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Encodes as standard base64 with padding, as notes use it.
pub fn to_b64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes strict standard base64 with padding.
pub fn from_b64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

macro_rules! byte_type {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Parses unpadded base64url of exactly this length.
            pub fn parse(text: &str) -> Option<Self> {
                from_b64u(text)?.try_into().ok().map(Self)
            }

            /// The bytes.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&to_b64u(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), to_b64u(&self.0))
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::parse(text).ok_or_else(|| {
                    format!(concat!("expected ", $len, " bytes of base64url without padding, found {:?}"), clip(text))
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&to_b64u(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

byte_type!(
    /// SHA-256 of something.
    Hash, 32
);
byte_type!(
    /// An organisation: SHA-256 of its genesis statement's envelope bytes.
    OrgId, 32
);
byte_type!(
    /// A signature key: SHA-256 over its kind and public bytes.
    KeyId, 32
);
byte_type!(
    /// A statement's id, chosen at random by its author.
    StatementId, 16
);
byte_type!(
    /// A warrant's id, chosen at random by the technician's client; spent once on a device.
    WarrantId, 16
);
byte_type!(
    /// The public half of an X25519 key: a channel's static key, or the key a blob is sealed to.
    X25519Public, 32
);
byte_type!(
    /// 16 random bytes used once.
    Nonce, 16
);
byte_type!(
    /// The 16 random bytes that hide a committed name.
    Salt, 16
);

/// Bytes of any length that travel as base64url.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blob(pub Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&to_b64u(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        from_b64u(&text).map(Blob).ok_or_else(|| {
            D::Error::custom(format!(
                "expected base64url without padding, found {:?}",
                clip(&text)
            ))
        })
    }
}

/// The first 40 characters, for error texts that quote what a peer sent.
pub fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// SHA-256 over the concatenation of `parts`.
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    Hash(out)
}
