//! Sealed receipts.

use std::sync::Arc;

use api::error::ErrorBody;
use api::limits::{RECEIPT_PAGE_BYTES_MAX, RECEIPT_PAGE_MAX};
use api::receipt::Receipts;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::id;
use crate::app::App;
use crate::auth::Signed;
use crate::error::Answer;
use crate::extract::Query;

/// Query of [`list`].
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The device's key.
    pub device: String,
    /// Number of the first receipt wanted.
    #[serde(default = "one")]
    pub from: u64,
}

fn one() -> u64 {
    1
}

/// A device's receipts, in order, as it handed them in.
#[utoipa::path(get, path = "/v1/orgs/{org}/receipts", tag = "receipts", params(("org" = String, Path), Which),
    security(("request_signature" = [])),
    responses((status = 200, body = Receipts), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<Which>,
    signed: Signed,
) -> Answer<Json<Receipts>> {
    let (org, device) = (signed.caller.org.id(), id(&query.device)?);
    let have = app
        .store
        .receipt_head(&org, &device)
        .await?
        .map_or(0, |head| head.n);
    let receipts = app
        .store
        .receipts(&org, &device, query.from, RECEIPT_PAGE_MAX)
        .await?;
    Ok(Json(Receipts {
        have,
        beat: app.store.beat(&org, &device).await?,
        receipts: crate::page::cut(receipts, RECEIPT_PAGE_BYTES_MAX),
    }))
}
