//! The service's side: parse, then verify.

use trust::bytes::{Nonce, from_b64};
use trust::key::PublicKey;

use super::header::{COMPONENTS, content_digest, parameters};
use super::{LABEL, Target};
use crate::ids::KeyId;
use crate::limits::{CLOCK_SKEW_S_MAX, REQUEST_SIGNATURE_S_MAX, SIGNATURE_HEADER_BYTES_MAX};

/// A request's signature as it came: parsed, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// Seconds since the epoch.
    pub created_s: u64,
    /// Seconds since the epoch.
    pub expires_s: u64,
    /// Spent once per key.
    pub nonce: Nonce,
    /// The request key's id.
    pub keyid: KeyId,
    digest: String,
    signature: [u8; 64],
}

/// Why a request's signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header field is missing or not written as documented.
    #[error("the header field {0} is missing or is not written as docs/protocol.md 2.2 says")]
    Malformed(&'static str),
    /// The body is not the one that was signed.
    #[error("the body does not have the digest that content-digest states")]
    Digest,
    /// `expires` is before `created`, or too far after it.
    #[error(
        "the signature is valid for longer than {REQUEST_SIGNATURE_S_MAX} seconds, or for none"
    )]
    Window,
    /// `created` lies ahead.
    #[error("the signature was created in the future; check the clock of this computer")]
    Future,
    /// `expires` has passed.
    #[error("the signature has expired; check the clock of this computer")]
    Expired,
    /// Wrong key or altered request.
    #[error("the signature does not verify over this method, authority, address and body")]
    Invalid,
}

impl Parsed {
    /// Reads the three header fields strictly.
    pub fn parse(
        content_digest: &str,
        signature_input: &str,
        signature: &str,
    ) -> Result<Self, SignatureError> {
        let input = Cursor::of(signature_input).and_then(read_input);
        let (created_s, expires_s, nonce, keyid) =
            input.ok_or(SignatureError::Malformed("signature-input"))?;
        let signature = read_signature(signature).ok_or(SignatureError::Malformed("signature"))?;
        if content_digest.len() > SIGNATURE_HEADER_BYTES_MAX {
            return Err(SignatureError::Malformed("content-digest"));
        }
        Ok(Self {
            created_s,
            expires_s,
            nonce,
            keyid,
            digest: content_digest.to_owned(),
            signature,
        })
    }

    /// Checks body, times and signature at `now_s` (seconds since the epoch). The caller then spends the nonce.
    pub fn verify(
        &self,
        key: &PublicKey,
        target: &Target,
        body: &[u8],
        now_s: u64,
    ) -> Result<(), SignatureError> {
        if content_digest(body) != self.digest {
            return Err(SignatureError::Digest);
        }
        let seconds = self
            .expires_s
            .checked_sub(self.created_s)
            .ok_or(SignatureError::Window)?;
        if seconds == 0 || seconds > REQUEST_SIGNATURE_S_MAX {
            return Err(SignatureError::Window);
        }
        if self.created_s > now_s.saturating_add(CLOCK_SKEW_S_MAX) {
            return Err(SignatureError::Future);
        }
        if self.expires_s <= now_s {
            return Err(SignatureError::Expired);
        }
        let parameters = parameters(self.created_s, self.expires_s, &self.nonce, &self.keyid);
        let base = target.base(&self.digest, &parameters);
        let genuine = key.id() == self.keyid
            && key.is_native()
            && key.verify_ed25519(base.as_bytes(), &self.signature);
        if genuine {
            Ok(())
        } else {
            Err(SignatureError::Invalid)
        }
    }
}

struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn of(text: &'a str) -> Option<Self> {
        (text.len() <= SIGNATURE_HEADER_BYTES_MAX).then_some(Self(text))
    }

    fn literal(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (value, rest) = self.0.split_once(end)?;
        self.0 = rest;
        Some(value)
    }
}

fn read_input(mut input: Cursor) -> Option<(u64, u64, Nonce, KeyId)> {
    input.literal(LABEL)?;
    input.literal("=")?;
    input.literal(COMPONENTS)?;
    input.literal(";created=")?;
    let created = seconds(input.until(";expires=")?)?;
    let expires = seconds(input.until(";nonce=\"")?)?;
    let nonce = Nonce::parse(input.until("\";keyid=\"")?)?;
    let keyid = KeyId::parse(input.until("\";tag=\"")?)?;
    input.literal(LABEL)?;
    (input.0 == "\"").then_some((created, expires, nonce, keyid))
}

/// A decimal in its one spelling, within what a structured field can hold (RFC 8941: 15 digits).
fn seconds(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok().filter(|n| *n < 1_000_000_000_000_000)?;
    (number.to_string() == text).then_some(number)
}

fn read_signature(text: &str) -> Option<[u8; 64]> {
    if text.len() > SIGNATURE_HEADER_BYTES_MAX {
        return None;
    }
    let value = text
        .strip_prefix(LABEL)?
        .strip_prefix("=:")?
        .strip_suffix(':')?;
    from_b64(value)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::sign;
    use super::*;
    use proptest::prelude::*;
    use trust::key::SigningKey;

    const NOW: u64 = 1_800_000_000;
    const TARGET: Target = Target {
        method: "POST",
        public_url: "https://support.example",
        path_and_query: "/v1/orgs/x/sessions?a=b",
    };

    fn key() -> SigningKey {
        SigningKey::from_seed([3; 32])
    }

    fn parsed(body: &[u8]) -> Parsed {
        let h = sign(&key(), &TARGET, body, NOW, Nonce([9; 16]));
        Parsed::parse(&h.content_digest, &h.signature_input, &h.signature).unwrap()
    }

    #[test]
    fn a_signed_request_verifies() {
        assert_eq!(
            parsed(b"{}").verify(key().public(), &TARGET, b"{}", NOW),
            Ok(())
        );
    }

    #[test]
    fn an_altered_method_authority_address_or_body_is_refused() {
        let signature = parsed(b"{}");
        let (public, invalid) = (key().public().clone(), Err(SignatureError::Invalid));
        let others = [
            Target {
                method: "PUT",
                ..TARGET
            },
            Target {
                public_url: "https://other.example",
                ..TARGET
            },
            Target {
                public_url: "http://support.example",
                ..TARGET
            },
            Target {
                path_and_query: "/v1/orgs/x/sessions?a=c",
                ..TARGET
            },
        ];
        for target in others {
            assert_eq!(
                signature.verify(&public, &target, b"{}", NOW),
                invalid,
                "{target:?}"
            );
        }
        assert_eq!(
            signature.verify(&public, &TARGET, b"{ }", NOW),
            Err(SignatureError::Digest)
        );
        assert_eq!(
            signature.verify(SigningKey::from_seed([4; 32]).public(), &TARGET, b"{}", NOW),
            invalid
        );
    }

    #[test]
    fn a_signature_counts_only_within_its_sixty_seconds() {
        let (signature, public) = (parsed(b""), key().public().clone());
        assert_eq!(
            signature.verify(&public, &TARGET, b"", NOW - CLOCK_SKEW_S_MAX),
            Ok(())
        );
        assert_eq!(
            signature.verify(&public, &TARGET, b"", NOW - CLOCK_SKEW_S_MAX - 1),
            Err(SignatureError::Future)
        );
        assert_eq!(signature.verify(&public, &TARGET, b"", NOW + 59), Ok(()));
        assert_eq!(
            signature.verify(&public, &TARGET, b"", NOW + 60),
            Err(SignatureError::Expired)
        );
    }

    #[test]
    fn a_longer_window_is_refused_even_when_it_is_signed() {
        let mut long = parsed(b"");
        long.expires_s = NOW + 61;
        let parameters = parameters(long.created_s, long.expires_s, &long.nonce, &long.keyid);
        long.signature = key().sign(TARGET.base(&long.digest, &parameters).as_bytes());
        assert_eq!(
            long.verify(key().public(), &TARGET, b"", NOW),
            Err(SignatureError::Window)
        );
        long.expires_s = NOW;
        assert_eq!(
            long.verify(key().public(), &TARGET, b"", NOW),
            Err(SignatureError::Window)
        );
    }

    #[test]
    fn any_other_spelling_is_refused() {
        let good = sign(&key(), &TARGET, b"", NOW, Nonce([9; 16]));
        let input = &good.signature_input;
        let bad_inputs = [
            input.replace("wayleave=(", "other=("),
            input.replace("\"@method\" ", ""),
            input.replace("(\"@method\" \"@authority\"", "(\"@authority\" \"@method\""),
            input.replace(";tag=\"wayleave\"", ""),
            input.replace(";created=", "; created="),
            input.replace(";created=1", ";created=01"),
            input.replace(";created=", ";created=+"),
            format!("{input};alg=\"ed25519\""),
            format!("{input}, {input}"),
            format!("{input} "),
            String::new(),
        ];
        for bad in &bad_inputs {
            let outcome = Parsed::parse(&good.content_digest, bad, &good.signature);
            assert_eq!(
                outcome,
                Err(SignatureError::Malformed("signature-input")),
                "{bad}"
            );
        }
        for bad in [
            "",
            "wayleave=::",
            "wayleave=:AAAA:",
            &format!("{}, a=:AAAA:", good.signature),
        ] {
            let outcome = Parsed::parse(&good.content_digest, input, bad);
            assert_eq!(
                outcome,
                Err(SignatureError::Malformed("signature")),
                "{bad}"
            );
        }
        let other = good.content_digest.replace("sha-256", "sha-512");
        let outcome = Parsed::parse(&other, input, &good.signature).unwrap();
        assert_eq!(
            outcome.verify(key().public(), &TARGET, b"", NOW),
            Err(SignatureError::Digest)
        );
    }

    proptest! {
        #[test]
        fn no_header_panics(digest in ".{0,80}", input in ".{0,300}", signature in ".{0,200}") {
            let _ = Parsed::parse(&digest, &input, &signature);
        }

        #[test]
        fn no_change_of_one_character_verifies(at in 0usize..200, to in "[ -~]") {
            let good = sign(&key(), &TARGET, b"", NOW, Nonce([9; 16]));
            let mut input = good.signature_input.clone();
            let at = at % input.len();
            prop_assume!(input[at..=at] != to);
            input.replace_range(at..=at, &to);
            let outcome = Parsed::parse(&good.content_digest, &input, &good.signature)
                .and_then(|p| p.verify(key().public(), &TARGET, b"", NOW));
            prop_assert!(outcome.is_err());
        }
    }
}
