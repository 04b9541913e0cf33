//! Every route on one page. Paths and methods stand at the handlers, and in `openapi.json`, which a test compares.

use std::sync::Arc;
use std::time::Duration;

use api::limits::BODY_BYTES_MAX;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tower_http::timeout::TimeoutLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::routes::{
    approvals, devices, drafts, feeds, invites, joins, key_uses, ledger, operator, orgs, receipts,
    sessions, sockets,
};
use crate::{layers, openapi, web};

/// An answer takes no longer than this.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The routes with their description.
pub fn documented() -> (Router<Arc<App>>, OpenApi) {
    OpenApiRouter::with_openapi(openapi::head())
        // operator
        .routes(routes!(operator::healthz))
        .routes(routes!(operator::readyz))
        .routes(routes!(operator::metrics))
        // anybody
        .routes(routes!(orgs::server))
        .routes(routes!(orgs::make))
        .routes(routes!(orgs::nonce))
        .routes(routes!(orgs::sign_in))
        .routes(routes!(invites::show, invites::answer))
        .routes(routes!(joins::take))
        // the statement is its own authority; reading is for members
        .routes(routes!(ledger::append, ledger::read))
        // members, by signed request
        .routes(routes!(devices::list))
        .routes(routes!(devices::drop_waiting))
        .routes(routes!(invites::make, invites::list))
        .routes(routes!(invites::drop_invite))
        .routes(routes!(sessions::make, sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(joins::open))
        .routes(routes!(receipts::list))
        .routes(routes!(approvals::ask, approvals::list))
        .routes(routes!(approvals::answer))
        .routes(routes!(approvals::withdraw))
        .routes(routes!(drafts::leave, drafts::list))
        .routes(routes!(drafts::discard))
        .routes(routes!(feeds::make, feeds::list))
        .routes(routes!(feeds::drop_feed))
        .routes(routes!(key_uses::list))
        // sockets, by a signed nonce
        .routes(routes!(sockets::agent))
        .routes(routes!(sockets::console))
        .routes(routes!(sockets::relay))
        .split_for_parts()
}

/// The whole service.
pub fn router(app: Arc<App>) -> Router {
    let (routes, document) = documented();
    let document = openapi::text(&document);
    routes
        .route("/v1/openapi.json", get(move || openapi::answer(document)))
        .fallback(web::asset)
        .method_not_allowed_fallback(layers::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            ANSWER_TIMEOUT,
        ))
        .layer(axum::middleware::from_fn(layers::headers))
        .layer(from_fn_with_state(app.clone(), layers::observe))
        .with_state(app)
}
