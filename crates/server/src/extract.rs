//! Parts of a request, whose refusals are ours.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::{Answer, Refusal};
use crate::net::Held;

/// Ids in the address.
pub struct Path<T>(pub T);

/// What stands behind the question mark.
pub struct Query<T>(pub T);

/// The exact bytes of the body.
pub struct Body(pub Bytes);

/// A wish to become a WebSocket.
pub struct Upgrade {
    /// Not yet one.
    pub upgrade: WebSocketUpgrade,
    /// Its place among all connections.
    pub held: Held,
}

/// A body as JSON, read strictly.
pub fn json<T: DeserializeOwned + Serialize>(body: &[u8]) -> Answer<T> {
    trust::json::read(body)
        .map_err(|error| Refusal::bad("bad_body", format!("the body cannot be read: {error}")))
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        match axum::extract::Path::from_request_parts(parts, app).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(Refusal::bad("bad_address", rejection.body_text())),
        }
    }
}

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        match axum::extract::Query::from_request_parts(parts, app).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Refusal::bad("bad_query", rejection.body_text())),
        }
    }
}

impl FromRequest<Arc<App>> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Answer<Self> {
        Bytes::from_request(request, app)
            .await
            .map(Self)
            .map_err(|rejection| {
                Refusal::new(rejection.status(), "bad_body", rejection.body_text())
            })
    }
}

impl FromRequestParts<Arc<App>> for Upgrade {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let upgrade = WebSocketUpgrade::from_request_parts(parts, app)
            .await
            .map_err(|rejection| {
                let text = format!("this address is a WebSocket: {}", rejection.body_text());
                Refusal::new(rejection.status(), "not_a_websocket", text)
            })?;
        let held = parts.extensions.get().cloned();
        let held =
            held.ok_or_else(|| Refusal::bad("no_address", "the request has no connection"))?;
        Ok(Self { upgrade, held })
    }
}
