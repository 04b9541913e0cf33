//! The three header fields of a signed request.

use trust::bytes::{Nonce, sha256, to_b64};
use trust::key::SigningKey;

use super::{LABEL, Target};
use crate::ids::KeyId;
use crate::limits::REQUEST_SIGNATURE_S_MAX;

/// Values of the header fields to add to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// `content-digest` (RFC 9530).
    pub content_digest: String,
    /// `signature-input`.
    pub signature_input: String,
    /// `signature`.
    pub signature: String,
}

/// Value of `content-digest` for this body.
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", to_b64(&sha256(&[body]).0))
}

/// Signs a request with `key`, valid for 60 s from `created_s` (seconds since the epoch). `nonce` must be fresh.
pub fn sign(
    key: &SigningKey,
    target: &Target,
    body: &[u8],
    created_s: u64,
    nonce: Nonce,
) -> SignatureHeaders {
    let digest = content_digest(body);
    let parameters = parameters(
        created_s,
        created_s + REQUEST_SIGNATURE_S_MAX,
        &nonce,
        &key.id(),
    );
    let signature = key.sign(target.base(&digest, &parameters).as_bytes());
    SignatureHeaders {
        content_digest: digest,
        signature_input: format!("{LABEL}={parameters}"),
        signature: format!("{LABEL}=:{}:", to_b64(&signature)),
    }
}

pub(super) const COMPONENTS: &str = r#"("@method" "@authority" "@target-uri" "content-digest")"#;

pub(super) fn parameters(created_s: u64, expires_s: u64, nonce: &Nonce, keyid: &KeyId) -> String {
    format!(
        "{COMPONENTS};created={created_s};expires={expires_s};nonce=\"{nonce}\";keyid=\"{keyid}\";tag=\"{LABEL}\""
    )
}
