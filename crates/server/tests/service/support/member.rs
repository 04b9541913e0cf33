//! A signed-in admin or technician.

use api::error::ErrorBody;
use api::sign_in::{SignInNonce, SignedIn};
use api::signature::{SignatureHeaders, Target, sign};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use trust::envelope::{Envelope, PayloadType};
use trust::proof::SignIn;
use trust::{Nonce, SigningKey};

use super::{OrgFixture, now_ms, unique16, unique32};

pub const HOUR_MS: u64 = 3_600_000;

/// A request key that is signed in.
pub struct Member {
    pub request_key: SigningKey,
    pub signed_in: SignedIn,
    http: reqwest::Client,
    url: String,
    org_path: String,
}

/// The payload of an honest sign-in.
pub async fn sign_in_payload(org: &OrgFixture, request_key: &SigningKey) -> SignIn {
    let SignInNonce { nonce } = org
        .http
        .post(org.at("/nonce"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let at = now_ms();
    let request_key = request_key.public().clone();
    SignIn {
        server: org.url.clone(),
        org: org.id,
        nonce,
        request_key,
        at,
        until: at + HOUR_MS,
    }
}

/// Signs a payload and posts it.
pub async fn post_sign_in(org: &OrgFixture, payload: &SignIn, key: &SigningKey) -> Response {
    let envelope = Envelope::sign(PayloadType::SignIn, payload, &[key]).unwrap();
    org.http
        .post(org.at("/sign-in"))
        .body(envelope.to_text())
        .send()
        .await
        .unwrap()
}

impl Member {
    /// Signs in with a ledger key.
    pub async fn sign_in(org: &OrgFixture, key: &SigningKey) -> Self {
        let request_key = SigningKey::from_seed(unique32());
        let payload = sign_in_payload(org, &request_key).await;
        let answer = post_sign_in(org, &payload, key).await;
        assert_eq!(
            answer.status(),
            StatusCode::OK,
            "{}",
            answer.text().await.unwrap()
        );
        let signed_in: SignedIn = answer.json().await.unwrap();
        let org_path = format!("/v1/orgs/{}", org.id);
        Self {
            request_key,
            signed_in,
            http: org.http.clone(),
            url: org.url.clone(),
            org_path,
        }
    }

    /// The service's public URL.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The same key at a service that moved.
    pub fn moved_to(self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self
        }
    }

    /// The address of a path below the organisation.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.org_path)
    }

    /// Headers for a request, signed now.
    pub fn headers(&self, method: &Method, path: &str, body: &[u8]) -> SignatureHeaders {
        let target = Target {
            method: method.as_str(),
            public_url: &self.url,
            path_and_query: path,
        };
        sign(
            &self.request_key,
            &target,
            body,
            now_ms() / 1000,
            Nonce(unique16()),
        )
    }

    /// Sends with these headers.
    pub async fn send_with(
        &self,
        method: Method,
        path: &str,
        body: &[u8],
        headers: &SignatureHeaders,
    ) -> Response {
        self.http
            .request(method, format!("{}{path}", self.url))
            .header("content-digest", &headers.content_digest)
            .header("signature-input", &headers.signature_input)
            .header("signature", &headers.signature)
            .body(body.to_vec())
            .send()
            .await
            .unwrap()
    }

    /// Sends a signed request; `path` below the organisation.
    pub async fn send(&self, method: Method, path: &str, body: &[u8]) -> Response {
        let path = self.path(path);
        let headers = self.headers(&method, &path, body);
        self.send_with(method, &path, body, &headers).await
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, b"").await
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.send(Method::DELETE, path, b"").await
    }

    pub async fn post<T: Serialize>(&self, path: &str, body: &T) -> Response {
        self.send(Method::POST, path, &serde_json::to_vec(body).unwrap())
            .await
    }

    /// A GET that must succeed.
    pub async fn read<T: DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.get(path).await;
        assert_eq!(
            answer.status(),
            StatusCode::OK,
            "{}",
            answer.text().await.unwrap()
        );
        answer.json().await.unwrap()
    }
}

/// The code of a refusal, with its status.
pub async fn refused(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let body: ErrorBody =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not a refusal: {status} {text}"));
    let sentence = &body.error.text;
    assert!(
        sentence.ends_with(['.', '!', '?']) && sentence.contains(' '),
        "not a sentence: {sentence}"
    );
    (status, body.error.code)
}
