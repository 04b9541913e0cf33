//! Asking a witness over HTTP. Its address comes from a customer's roster, so it is not trusted to be outside.

use std::time::Duration;

use api::witness::{CosignAnswer, CosignRequest};
use trust::Note;
use trust::bytes::OrgId;
use trust::statement::WitnessEntry;

use crate::net::outside;
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
        let http = outside::client(TIMEOUT, private_too);
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
        if !self.private_too && !outside::is_outside(&url) {
            return Err(refused());
        }
        Ok(url)
    }
}
