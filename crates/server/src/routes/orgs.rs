//! The service's description, making organisations, signing in.

use std::sync::Arc;

use api::error::ErrorBody;
use api::org::{OrgMade, ServerInfo};
use api::sign_in::{SignInNonce, SignedIn};
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;

use super::id;
use crate::app::{Address, App};
use crate::auth;
use crate::clock::now_ms;
use crate::config::Organisations;
use crate::error::{Answer, Refusal};
use crate::extract::{Body, Path};
use crate::ledger::MakeError;
use crate::rates::Rate;

/// What this service is.
#[utoipa::path(get, path = "/v1/server", tag = "service", responses((status = 200, body = ServerInfo)))]
pub async fn server(State(app): State<Arc<App>>) -> Json<ServerInfo> {
    Json(ServerInfo {
        name: app.config.name.clone(),
        public_url: app.public_url.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        log_key: app.ledgers.log_key().clone(),
        open: app.config.organisations == Organisations::Open,
        witnesses: app.config.witnesses.clone(),
    })
}

/// Makes an organisation from its genesis statement.
#[utoipa::path(post, path = "/v1/orgs", tag = "organisations",
    request_body(content = String, content_type = "application/json", description = "Envelope of the genesis statement"),
    responses((status = 201, body = OrgMade), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn make(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    Body(body): Body,
) -> Answer<(StatusCode, Json<OrgMade>)> {
    app.take(Rate::MakeOrg, address)?;
    let made = app
        .ledgers
        .make(&body, |org| app.config.organisations.allow(org), now_ms())
        .await;
    let org = made.map_err(|error| match error {
        MakeError::Inert(_) | MakeError::OtherLogKey => {
            Refusal::bad("bad_genesis", error.to_string())
        }
        MakeError::NotListed(_) => Refusal::forbidden("not_listed", error.to_string()),
        MakeError::Exists(_) => Refusal::conflict("organisation_exists", error.to_string()),
        MakeError::Store(error) => error.into(),
        MakeError::Load(error) => Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "not_loaded",
            error.to_string(),
        ),
    })?;
    let checkpoint = org.published().borrow().note.to_string();
    tracing::info!(org = %org.id(), "an organisation was made");
    Ok((
        StatusCode::CREATED,
        Json(OrgMade {
            org: org.id(),
            checkpoint,
        }),
    ))
}

/// A nonce to sign in with, good for 60 seconds and one sign-in.
#[utoipa::path(post, path = "/v1/orgs/{org}/nonce", tag = "organisations", params(("org" = String, Path)),
    responses((status = 200, body = SignInNonce), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn nonce(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    Path(org): Path<String>,
) -> Answer<Json<SignInNonce>> {
    app.take(Rate::SignIn, address)?;
    let org = app.org(&id(&org)?)?;
    Ok(Json(SignInNonce {
        nonce: app.nonces.make(&org.id(), now_ms()),
    }))
}

/// Signs a request key in. The body is an envelope of type `sign_in` by an admin's or technician's ledger key.
#[utoipa::path(post, path = "/v1/orgs/{org}/sign-in", tag = "organisations", params(("org" = String, Path)),
    request_body(content = String, content_type = "application/json", description = "Envelope of type sign_in"),
    responses((status = 200, body = SignedIn), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    Path(org): Path<String>,
    Body(body): Body,
) -> Answer<Json<SignedIn>> {
    app.take(Rate::SignIn, address)?;
    app.check_refusals(address)?;
    let org = app.org(&id(&org)?)?;
    let outcome = auth::sign_in(&app, &org, &body).await;
    if let Err(refusal) = &outcome {
        app.count_refusal(address, refusal.code);
    }
    Ok(Json(outcome?))
}
