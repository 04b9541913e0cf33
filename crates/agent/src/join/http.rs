//! The two requests of a join: the nameplate at the service, and the organisation's own domain. No redirects, no proxy of
//! the environment for this machine, bounded answers.

use std::path::Path;

use anyhow::{Context, bail};
use api::error::ErrorBody;
use api::ids::KeyId;
use api::join::{JoinTaken, TakeJoin};
use reqwest::{Response, StatusCode};
use trust::nameplate::Nameplate;

use crate::limits::{JOIN_ANSWER_BYTES_MAX, JOIN_REQUEST_MAX};
use crate::socket::tls;

/// A client for both.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    service: String,
}

/// What a domain answered.
pub(super) enum Answer {
    /// Nothing, or that it cannot now.
    None(String),
    /// Another status than 200, a redirect among them, or too much.
    Other(u16),
    /// A document.
    Document(Vec<u8>),
}

impl Http {
    /// A client that trusts the system's certificates and those of `ca` (PEM).
    ///
    /// # Errors
    /// Where the certificates cannot be read.
    pub fn new(service: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls(ca)?).clone())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(JOIN_REQUEST_MAX)
            .user_agent(concat!("wayleave-agent/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .build()
            .context("the HTTP client cannot be set up")?;
        Ok(Self {
            client,
            service: service.trim_end_matches('/').to_owned(),
        })
    }

    /// Takes the nameplate for this machine's key.
    ///
    /// # Errors
    /// A sentence for the person who typed the code.
    pub async fn take(&self, nameplate: Nameplate, device: KeyId) -> anyhow::Result<JoinTaken> {
        let url = format!("{}/v1/joins/{nameplate}", self.service);
        let body = serde_json::to_vec(&TakeJoin { device })?;
        let sent = self.client.post(url).body(body).send().await;
        let mut answer = sent.map_err(|error| {
            anyhow::anyhow!("the service cannot be reached: {}", innermost(&error))
        })?;
        let status = answer.status();
        let Some(bytes) = read(&mut answer).await else {
            bail!("the service's answer cannot be read");
        };
        if status == StatusCode::OK {
            return trust::json::read(&bytes)
                .map_err(|error| anyhow::anyhow!("the service's answer cannot be read: {error}"));
        }
        let told: Option<ErrorBody> = trust::json::read(&bytes).ok();
        let text = told.map_or_else(|| status.to_string(), |told| told.error.text);
        bail!(
            "the service refuses: {}",
            trust::text::show_foreign(&text, 300)
        )
    }

    pub(super) async fn well_known(&self, address: &str) -> Answer {
        let mut answer = match self.client.get(address).send().await {
            Ok(answer) => answer,
            Err(error) => return Answer::None(innermost(&error)),
        };
        let status = answer.status();
        if status.is_server_error() {
            return Answer::None(status.to_string());
        }
        match read(&mut answer).await {
            Some(bytes) if status == StatusCode::OK => Answer::Document(bytes),
            _ => Answer::Other(status.as_u16()),
        }
    }
}

/// The body; none if it breaks off or is too long.
async fn read(answer: &mut Response) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > JOIN_ANSWER_BYTES_MAX {
            return None;
        }
    }
    Some(bytes)
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
