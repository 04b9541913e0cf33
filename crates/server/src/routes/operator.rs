//! For whoever runs the service.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, FORWARDED};
use axum::response::{IntoResponse, Response};

use crate::app::{Address, App};
use crate::error::{Answer, Refusal};

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "operator", responses((status = 200, description = "Alive", body = String)))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Requests may come: ledgers are loaded, the database answers, and no stop was asked for.
#[utoipa::path(get, path = "/readyz", tag = "operator", responses(
    (status = 200, description = "Ready", body = String),
    (status = 503, description = "Not ready", body = api::error::ErrorBody)))]
pub async fn readyz(State(app): State<Arc<App>>) -> Answer<&'static str> {
    if !app.ready.load(Ordering::Acquire) {
        return Err(Refusal::stopping());
    }
    app.store.ping().await?;
    Ok("ready\n")
}

/// OpenMetrics text. Answers loopback only, unless `metrics_listen` names an address of its own.
#[utoipa::path(get, path = "/metrics", tag = "operator", responses(
    (status = 200, description = "OpenMetrics text", body = String),
    (status = "default", description = "Refused", body = api::error::ErrorBody)))]
pub async fn metrics(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    headers: HeaderMap,
) -> Answer<Response> {
    // Through a proxy on this machine that nobody listed, strangers look like loopback.
    let forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key(FORWARDED);
    if app.config.metrics_listen.is_some() || forwarded || !address.0.is_loopback() {
        return Err(Refusal::missing(
            "unknown_route",
            "there is nothing at this address",
        ));
    }
    Ok(metrics_text(&app))
}

/// The metrics as an answer.
pub fn metrics_text(app: &App) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}
