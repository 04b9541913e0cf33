//! The three WebSockets; what is said on them is in [`api::signal`].

use std::sync::Arc;

use api::error::ErrorBody;
use axum::extract::{Extension, State};
use axum::response::Response;

use super::id;
use crate::app::{Address, App};
use crate::error::Answer;
use crate::extract::{Path, Upgrade};
use crate::socket::{Door, open};

/// An agent's signalling.
#[utoipa::path(get, path = "/v1/agent", tag = "sockets",
    responses((status = 101, description = "WebSocket, docs/protocol.md 2.4"),
        (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn agent(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    upgrade: Upgrade,
) -> Answer<Response> {
    open(app, address, upgrade, Door::Agent)
}

/// A signed-in page's live view.
#[utoipa::path(get, path = "/v1/console", tag = "sockets",
    responses((status = 101, description = "WebSocket, docs/protocol.md 2.5"),
        (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn console(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    upgrade: Upgrade,
) -> Answer<Response> {
    open(app, address, upgrade, Door::Console)
}

/// One end of a session.
#[utoipa::path(get, path = "/v1/relay/{session}", tag = "sockets", params(("session" = String, Path)),
    responses((status = 101, description = "WebSocket, docs/protocol.md 2.6"),
        (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn relay(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    Path(session): Path<String>,
    upgrade: Upgrade,
) -> Answer<Response> {
    open(app, address, upgrade, Door::Relay(id(&session)?))
}
