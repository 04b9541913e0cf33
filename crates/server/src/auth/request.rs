//! The signature on a request: the only way to get a [`Caller`] out of HTTP.

use std::sync::Arc;

use api::ids::OrgId;
use api::limits::CLOCK_SKEW_S_MAX;
use api::signature::{Parsed, Target};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Caller, Wish};
use crate::app::{Address, App};
use crate::clock::now_ms;
use crate::error::{Answer, Refusal};
use crate::extract::Body;

/// A request whose signature, nonce and signer were checked. As a handler's last argument it is the proof that nobody
/// unsigned gets in.
pub struct Signed {
    /// Who asks.
    pub caller: Caller,
    body: Bytes,
}

impl Signed {
    /// The exact bytes of the body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, read strictly.
    pub fn json<T: DeserializeOwned + Serialize>(&self) -> Answer<T> {
        crate::extract::json(&self.body)
    }
}

impl FromRequest<Arc<App>> for Signed {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Answer<Self> {
        let (mut parts, body) = request.into_parts();
        let address = address(&parts)?;
        app.check_refusals(address)?;
        let org = path_org(&mut parts, app).await?;
        let org = app.org(&org)?;
        let request = Request::from_parts(parts, body);
        let (head, body) = read_body(request, app).await?;
        let outcome = check(app, org, &head, &body).await;
        if let Err(refusal) = &outcome
            && refusal.status == StatusCode::UNAUTHORIZED
        {
            app.count_refusal(address, refusal.code);
        }
        Ok(Self {
            caller: outcome?,
            body,
        })
    }
}

/// The address that the listener put there.
pub(super) fn address(parts: &Parts) -> Answer<Address> {
    parts
        .extensions
        .get()
        .copied()
        .ok_or_else(|| Refusal::bad("no_address", "the request has no network address"))
}

async fn path_org(parts: &mut Parts, app: &Arc<App>) -> Answer<OrgId> {
    let missing = || Refusal::missing("unknown_route", "there is no organisation in this address");
    let params = RawPathParams::from_request_parts(parts, app)
        .await
        .map_err(|_| missing())?;
    let (_, org) = params
        .iter()
        .find(|(name, _)| *name == "org")
        .ok_or_else(missing)?;
    org.parse()
        .map_err(|error: String| Refusal::bad("bad_id", error))
}

struct Head {
    method: String,
    path_and_query: String,
    headers: HeaderMap,
}

impl Head {
    fn wish(&self) -> Wish {
        let path = self.path_and_query.split('?').next().unwrap_or_default();
        if self.method != "GET" {
            Wish::Other
        } else if path.ends_with("/ledger") {
            Wish::ReadLedger
        } else if path.ends_with("/devices") {
            Wish::ReadDevices
        } else {
            Wish::Other
        }
    }
}

async fn read_body(request: Request, app: &Arc<App>) -> Answer<(Head, Bytes)> {
    let head = Head {
        method: request.method().as_str().to_owned(),
        path_and_query: request
            .uri()
            .path_and_query()
            .map_or("/", |p| p.as_str())
            .to_owned(),
        headers: request.headers().clone(),
    };
    let Body(body) = Body::from_request(request, app).await?;
    Ok((head, body))
}

async fn check(
    app: &App,
    org: Arc<crate::ledger::Org>,
    head: &Head,
    body: &[u8],
) -> Answer<Caller> {
    let unproven = |error: api::signature::SignatureError| {
        Refusal::unproven("bad_signature", error.to_string())
    };
    let digest = one(&head.headers, "content-digest")?;
    let input = one(&head.headers, "signature-input")?;
    let signature = one(&head.headers, "signature")?;
    let parsed = Parsed::parse(digest, input, signature).map_err(unproven)?;
    let caller = Caller::find(app, org, &parsed.keyid).await?;
    let target = Target {
        method: &head.method,
        public_url: &app.public_url,
        path_and_query: &head.path_and_query,
    };
    parsed
        .verify(&caller.request_key, &target, body, now_ms() / 1000)
        .map_err(unproven)?;
    let expires = parsed
        .expires_s
        .saturating_add(CLOCK_SKEW_S_MAX)
        .saturating_mul(1000);
    if !app
        .store
        .spend_nonce(&parsed.keyid.to_string(), &parsed.nonce, expires)
        .await?
    {
        return Err(Refusal::unproven(
            "spent_nonce",
            "This request was sent already; sign each request with a new nonce.",
        ));
    }
    caller.may(head.wish())?;
    Ok(caller)
}

fn one<'h>(headers: &'h HeaderMap, name: &'static str) -> Answer<&'h str> {
    let mut values = headers.get_all(name).iter();
    let not_signed = || {
        let text = format!(
            "The header field {name} must stand in the request once. Sign in, and sign each request."
        );
        Refusal::unproven("not_signed", text)
    };
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| not_signed()),
        _ => Err(not_signed()),
    }
}
