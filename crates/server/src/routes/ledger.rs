//! Reading and growing an organisation's ledger.

use std::sync::Arc;

use api::error::ErrorBody;
use api::ledger::{Appended, LedgerPage};
use api::limits::{LEDGER_PAGE_BYTES_MAX, LEDGER_PAGE_LEAVES_MAX};
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{drafts, id};
use crate::app::{Address, App};
use crate::auth::Signed;
use crate::error::{Answer, Refusal};
use crate::extract::{Body, Path, Query};
use crate::ledger::{AppendError, is_revocation};
use crate::rates::Rate;

/// Query of [`read`].
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct From {
    /// Index of the first leaf wanted.
    #[serde(default)]
    pub from: u64,
}

/// Leaves from an index on, with the newest checkpoint.
#[utoipa::path(get, path = "/v1/orgs/{org}/ledger", tag = "ledger", params(("org" = String, Path), From),
    security(("request_signature" = [])),
    responses((status = 200, body = LedgerPage), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn read(
    State(app): State<Arc<App>>,
    Query(query): Query<From>,
    signed: Signed,
) -> Answer<Json<LedgerPage>> {
    let org = &signed.caller.org;
    let published = org.published().borrow().clone();
    let size = org.state(|state| state.head().size);
    let leaves = app
        .store
        .leaves(
            &org.id(),
            query.from,
            published.size,
            LEDGER_PAGE_LEAVES_MAX,
        )
        .await?;
    let pending = app
        .store
        .leaves(&org.id(), published.size, size, LEDGER_PAGE_LEAVES_MAX)
        .await?;
    Ok(Json(LedgerPage {
        size: published.size,
        leaves: crate::page::cut(leaves, LEDGER_PAGE_BYTES_MAX),
        checkpoint: published.note.to_string(),
        pending: crate::page::cut(pending, LEDGER_PAGE_BYTES_MAX),
    }))
}

/// Sequences a statement. Nobody signs in for it: the statement is its own authority.
#[utoipa::path(post, path = "/v1/orgs/{org}/ledger", tag = "ledger", params(("org" = String, Path)),
    request_body(content = String, content_type = "application/json", description = "Envelope of a statement"),
    responses((status = 200, body = Appended), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn append(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    Path(org): Path<String>,
    Body(body): Body,
) -> Answer<Json<Appended>> {
    app.check_refusals(address)?;
    let org = app.org(&id(&org)?)?;
    if !is_revocation(&body) {
        app.take(Rate::Statement, address)?;
    }
    match app.ledgers.append(&org, &body).await {
        Ok(appended) => {
            tracing::info!(org = %org.id(), index = appended.index, "a statement was sequenced");
            drafts::sequenced(&app, &org, &body).await?;
            Ok(Json(appended))
        }
        Err(AppendError::Store(error)) => Err(error.into()),
        Err(AppendError::Inert(why)) => {
            app.count_refusal(address, "statement_refused");
            let text = format!("The statement would not count: {why}");
            Err(Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "statement_refused",
                text,
            ))
        }
    }
}
