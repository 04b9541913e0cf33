//! When members last signed in.

use std::sync::Arc;

use api::error::ErrorBody;
use api::key_use::{KeyUse, KeyUses};
use axum::Json;
use axum::extract::State;

use crate::app::App;
use crate::auth::Signed;
use crate::error::Answer;

/// When each key last signed in, for admins.
#[utoipa::path(get, path = "/v1/orgs/{org}/key-uses", tag = "organisations", params(("org" = String, Path)),
    security(("request_signature" = [])),
    responses((status = 200, body = KeyUses), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn list(State(app): State<Arc<App>>, signed: Signed) -> Answer<Json<KeyUses>> {
    signed.caller.admin()?;
    let uses = app.store.key_uses(&signed.caller.org.id()).await?;
    let one = |(keyid, signed_in)| KeyUse { keyid, signed_in };
    Ok(Json(KeyUses {
        keys: uses.into_iter().map(one).collect(),
    }))
}
