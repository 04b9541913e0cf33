//! Typed ids: a session is not an invite.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::ToSchema;

pub use trust::bytes::{Hash, KeyId, Nonce, OrgId, WarrantId};
use trust::bytes::{clip, from_b64u, to_b64u};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
        #[schema(value_type = String, example = "AAAAAAAAAAAAAAAAAAAAAA")]
        pub struct $name([u8; 16]);

        impl $name {
            /// From 16 random bytes.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub fn as_bytes(&self) -> &[u8; 16] {
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
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                from_b64u(text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(|| {
                    format!(concat!($what, " is 16 bytes of base64url without padding, not {:?}"), clip(text))
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(D::Error::custom)
            }
        }
    };
}

id!(
    /// One meeting of a technician and a device on the relay.
    SessionId,
    "a session's id"
);
id!(
    /// One invitation of a person who is to become a technician or admin.
    InviteId,
    "an invite's id"
);
id!(
    /// One feed of an organisation.
    FeedId,
    "a feed's id"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = SessionId::from_random([7; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            serde_json::from_str::<SessionId>(&serde_json::to_string(&id).unwrap()).unwrap(),
            id
        );
    }

    #[test]
    fn a_text_of_another_length_or_alphabet_is_refused() {
        for bad in [
            "",
            "AAAA",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "AAAAAAAAAAAAAAAAAAAA+/",
        ] {
            assert!(bad.parse::<InviteId>().is_err(), "{bad:?}");
        }
    }
}
