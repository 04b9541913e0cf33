//! The service over HTTP: unsigned requests, and those signed by a request key that a ledger key vouched for.

use std::time::Duration;

use anyhow::{Context, Result};
use api::error::ErrorBody;
use api::ids::Nonce;
use api::sign_in::{SignInNonce, SignedIn};
use api::signature::{self, Target};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use trust::envelope::PayloadType;
use trust::proof::SignIn;
use trust::{OrgId, SigningKey};

use crate::ambient::{now_ms, random};
use crate::failure::{Kind, named};
use crate::server_url::ServerUrl;
use crate::signer::{self, SignatureKey};

const CONNECT_S: u64 = 10;
const REQUEST_S: u64 = 60;
/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A service or witness.
#[derive(Clone)]
pub struct Service {
    http: reqwest::Client,
    url: ServerUrl,
}

impl Service {
    /// A client for `url`. Redirects are never followed: another host's word counts for nothing.
    pub fn new(url: &ServerUrl) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(CONNECT_S))
            .timeout(Duration::from_secs(REQUEST_S))
            .user_agent(concat!("wayleave/", env!("CARGO_PKG_VERSION")));
        if url.is_loopback() {
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .context("the HTTP client cannot be set up")?;
        Ok(Self {
            http,
            url: url.clone(),
        })
    }

    /// Its address.
    pub fn url(&self) -> &ServerUrl {
        &self.url
    }

    /// `GET path`, strict JSON.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        parse(&self.send(self.request(Method::GET, path)).await?, path)
    }

    /// `POST path` or `PUT path` with a body; strict JSON back.
    pub async fn send_body<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T> {
        parse(
            &self.send(self.request(method, path).body(body)).await?,
            path,
        )
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .header("content-type", "application/json")
    }

    async fn send(&self, request: RequestBuilder) -> Result<Vec<u8>> {
        let unreachable = |e: reqwest::Error| {
            named(
                Kind::Unreachable,
                "unreachable",
                format!("{} does not answer: {}.", self.url, innermost(&e)),
            )
        };
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(named(
                    Kind::Service,
                    "answer_too_large",
                    format!("{} answers without end.", self.url),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return Ok(body);
        }
        Err(refusal(&self.url, status, &body))
    }

    /// Signs in with a ledger key: a fresh request key then signs for `valid_ms`.
    pub async fn sign_in(
        &self,
        org: OrgId,
        key: &SignatureKey,
        valid_ms: u64,
    ) -> Result<SignedService> {
        let path = format!("/v1/orgs/{org}/nonce");
        let SignInNonce { nonce } = self.send_body(Method::POST, &path, Vec::new()).await?;
        let request_key = SigningKey::from_seed(random());
        let at = now_ms();
        let until = at + valid_ms.min(api::limits::REQUEST_KEY_MS_MAX);
        let claim = SignIn {
            server: self.url.to_string(),
            org,
            nonce,
            request_key: request_key.public().clone(),
            at,
            until,
        };
        let envelope = signer::sign(PayloadType::SignIn, &claim, &[key])?;
        let path = format!("/v1/orgs/{org}/sign-in");
        let _: SignedIn = self
            .send_body(Method::POST, &path, envelope.as_bytes().to_vec())
            .await?;
        Ok(SignedService {
            service: self.clone(),
            org,
            request_key,
        })
    }
}

/// A service that knows this program's request key.
pub struct SignedService {
    service: Service,
    org: OrgId,
    request_key: SigningKey,
}

impl SignedService {
    /// The key that signs requests and relay proofs.
    pub fn request_key(&self) -> &SigningKey {
        &self.request_key
    }

    /// Signed `GET` below `/v1/orgs/{org}`.
    pub async fn get<T: DeserializeOwned>(&self, tail: &str) -> Result<T> {
        self.call(Method::GET, tail, Vec::new()).await
    }

    /// Signed `POST` of a JSON body below `/v1/orgs/{org}`.
    pub async fn post<B: serde::Serialize, T: DeserializeOwned>(
        &self,
        tail: &str,
        body: &B,
    ) -> Result<T> {
        self.call(Method::POST, tail, serde_json::to_vec(body)?)
            .await
    }

    /// A signed request below `/v1/orgs/{org}` whose answer says nothing.
    pub async fn tell(&self, method: Method, tail: &str, body: Vec<u8>) -> Result<()> {
        self.send(method, tail, body).await.map(|_| ())
    }

    /// Signed `POST` of exact bytes below `/v1/orgs/{org}`.
    pub async fn post_bytes<T: DeserializeOwned>(&self, tail: &str, body: Vec<u8>) -> Result<T> {
        self.call(Method::POST, tail, body).await
    }

    /// Signed `DELETE` below `/v1/orgs/{org}`.
    pub async fn delete(&self, tail: &str) -> Result<()> {
        self.send(Method::DELETE, tail, Vec::new())
            .await
            .map(|_| ())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        tail: &str,
        body: Vec<u8>,
    ) -> Result<T> {
        parse(&self.send(method, tail, body).await?, tail)
    }

    async fn send(&self, method: Method, tail: &str, body: Vec<u8>) -> Result<Vec<u8>> {
        let path = format!("/v1/orgs/{}{tail}", self.org);
        let target = Target {
            method: method.as_str(),
            public_url: self.service.url.as_str(),
            path_and_query: &path,
        };
        let headers = signature::sign(
            &self.request_key,
            &target,
            &body,
            now_ms() / 1000,
            Nonce(random()),
        );
        let request = self
            .service
            .request(method, &path)
            .header("content-digest", headers.content_digest)
            .header("signature-input", headers.signature_input)
            .header("signature", headers.signature)
            .body(body);
        self.service.send(request).await
    }
}

fn parse<T: DeserializeOwned>(body: &[u8], path: &str) -> Result<T> {
    serde_json::from_slice(body).map_err(|e| {
        named(
            Kind::Service,
            "unreadable_answer",
            format!("The service's answer to {path} cannot be read: {e}."),
        )
    })
}

fn refusal(url: &ServerUrl, status: StatusCode, body: &[u8]) -> anyhow::Error {
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(ErrorBody { error }) => {
            let text = trust::text::show_foreign(&error.text, 500);
            let code = trust::text::show_foreign(&error.code, 64);
            named(Kind::Service, &code, format!("The service refuses: {text}"))
        }
        Err(_) => named(
            Kind::Service,
            "http",
            format!("{url} answers {status}: is it a Wayleave service?"),
        ),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
