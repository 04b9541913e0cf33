//! The signature on every request: HTTP Message Signatures (RFC 9421) with Ed25519.
//!
//! ```text
//! Content-Digest: sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
//! Signature-Input: wayleave=("@method" "@authority" "@target-uri" "content-digest");created=1;expires=61;nonce="N";keyid="K";tag="wayleave"
//! Signature: wayleave=:SIG:
//! ```
//! One label, four components, five parameters, in this order and this spelling; everything else is refused, so there is
//! nothing to negotiate and nothing to leave out. `keyid` is the key id of the request key, `nonce` 16 random bytes, the
//! times are seconds. The algorithm is that of the stored key.
//!
//! A client calls [`sign`]; the service [`Parsed::parse`], looks the key up by `keyid`, calls [`Parsed::verify`], and spends
//! (`keyid`, `nonce`) in its database before it acts.

pub mod base;
mod header;
mod verify;

pub use header::{SignatureHeaders, content_digest, sign};
pub use verify::{Parsed, SignatureError};

/// Label, and value of the parameter `tag`.
pub const LABEL: &str = "wayleave";

/// What a signature covers besides the body. The service builds it from its own configuration, never from the `Host`
/// header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// Upper-case method.
    pub method: &'a str,
    /// The service's public URL: scheme and authority in lower case, no default port, no trailing slash.
    pub public_url: &'a str,
    /// Path and query as sent, beginning with a slash.
    pub path_and_query: &'a str,
}

impl Target<'_> {
    /// RFC 9421, section 2.2.3.
    fn authority(&self) -> &str {
        self.public_url
            .split_once("://")
            .map_or(self.public_url, |(_, authority)| authority)
    }

    /// RFC 9421, section 2.2.2.
    fn target_uri(&self) -> String {
        format!("{}{}", self.public_url, self.path_and_query)
    }

    fn base(&self, content_digest: &str, parameters: &str) -> String {
        base::signature_base(
            &[
                ("@method", self.method),
                ("@authority", self.authority()),
                ("@target-uri", &self.target_uri()),
                ("content-digest", content_digest),
            ],
            parameters,
        )
    }
}
