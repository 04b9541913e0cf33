//! Asking a witness over HTTP. Its address comes from a customer's roster, so it is not trusted to be outside.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use api::witness::{CosignAnswer, CosignRequest};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use trust::Note;
use trust::bytes::OrgId;
use trust::statement::WitnessEntry;

use crate::store::StoreError;

const TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Leaves in one request to a witness.
pub(super) const LEAVES_MAX: usize = 1_000;
/// Bytes of the leaves of one request, after which it ends.
pub(super) const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Requests to one witness in one round.
pub(super) const ROUNDS_MAX: usize = 200;

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub(super) enum WitnessError {
    #[error(
        "the address {0:?} is not https, or is internal and witnesses_on_private_addresses is not set"
    )]
    Address(String),
    #[error("it did not answer: {0}")]
    Unreachable(String),
    #[error("it refused with status {status}: {text}")]
    Refused { status: u16, text: String },
    #[error("its answer cannot be read")]
    Unreadable,
    #[error("it says it holds {have} leaves, which does not fit this ledger")]
    Disagrees { have: u64 },
    #[error("its cosignature does not verify")]
    Forged,
    #[error("it did not reach the end of the ledger in time")]
    NoEnd,
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// A witness's answer.
pub(super) enum Answer {
    Line(String),
    Have(u64),
}

/// HTTP client for witnesses.
pub(super) struct WitnessClient {
    http: reqwest::Client,
    private_too: bool,
}

impl WitnessClient {
    pub(super) fn new(private_too: bool) -> Self {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(PublicOnly { private_too }))
            .build()
            .expect("the crypto provider is installed at the start and the options are constant");
        Self { http, private_too }
    }

    pub(super) async fn ask(
        &self,
        witness: &WitnessEntry,
        org: &OrgId,
        from: u64,
        leaves: Vec<String>,
        note: &Note,
    ) -> Result<Answer, WitnessError> {
        let base = witness
            .url
            .as_deref()
            .unwrap_or_default()
            .trim_end_matches('/');
        let url = self.check_address(&format!("{base}/v1/orgs/{org}/checkpoint"))?;
        let body = CosignRequest {
            from,
            leaves,
            checkpoint: note.to_string(),
        };
        let sent = self.http.post(url).json(&body).send().await;
        let mut answer =
            sent.map_err(|error| WitnessError::Unreachable(error.without_url().to_string()))?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| WitnessError::Unreachable(error.without_url().to_string()))?
        {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(WitnessError::Unreadable);
            }
        }
        match serde_json::from_slice(&bytes) {
            Ok(CosignAnswer::Cosignature(line)) => Ok(Answer::Line(line)),
            Ok(CosignAnswer::Have(have)) => Ok(Answer::Have(have)),
            Err(_) if status.is_success() => Err(WitnessError::Unreadable),
            Err(_) => {
                let text = trust::text::show_foreign(&String::from_utf8_lossy(&bytes), 200);
                Err(WitnessError::Refused {
                    status: status.as_u16(),
                    text,
                })
            }
        }
    }

    fn check_address(&self, url: &str) -> Result<reqwest::Url, WitnessError> {
        let refused = || WitnessError::Address(trust::text::show_foreign(url, 100));
        let url = reqwest::Url::parse(url).map_err(|_| refused())?;
        let host = url.host_str().unwrap_or_default();
        // Names are checked when they are resolved; literals never are.
        let literal = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        let internal = literal.is_ok_and(|address| !is_public(address));
        if !self.private_too && (url.scheme() != "https" || internal) {
            return Err(refused());
        }
        Ok(url)
    }
}

/// Resolves names to public addresses only.
struct PublicOnly {
    private_too: bool,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let private_too = self.private_too;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let usable: Vec<SocketAddr> =
                found.filter(|a| private_too || is_public(a.ip())).collect();
            if usable.is_empty() {
                return Err("the name has no public address".into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

/// Not loopback, private, link-local, shared, documentation, multicast or reserved.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (18..20).contains(&b))
                || (a == 192 && b == 0 && c == 0))
        }
        // Global unicast without the documentation, translation and tunnel prefixes.
        IpAddr::V6(v6) => {
            let s = v6.segments();
            (s[0] & 0xe000) == 0x2000
                && !(s[0] == 0x2001 && (s[1] == 0xdb8 || s[1] < 0x200))
                && s[0] != 0x2002
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_are_not_public() {
        for internal in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "2001:db8::1",
            "2002:a00:1::",
            "64:ff9b::a00:1",
        ] {
            assert!(!is_public(internal.parse().unwrap()), "{internal}");
        }
        for public in ["9.9.9.9", "193.0.0.1", "2620:fe::fe", "2a00:1450::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
