//! Whom an organisation wants to be told of openings.

use std::sync::Arc;

use api::error::ErrorBody;
use api::feed::{Feed, Feeds, MakeFeed};
use api::ids::FeedId;
use api::limits::FEEDS_PER_ORG_MAX;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::id;
use crate::app::App;
use crate::auth::Signed;
use crate::clock::{now_ms, random};
use crate::error::{Answer, Refusal};
use crate::extract::Path;
use crate::feed::check_target;
use crate::store::FeedRow;

/// Makes a feed. It is told of receipts that come from now on.
#[utoipa::path(post, path = "/v1/orgs/{org}/feeds", tag = "feeds", params(("org" = String, Path)),
    request_body = MakeFeed, security(("request_signature" = [])),
    responses((status = 201, body = Feed), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn make(State(app): State<Arc<App>>, signed: Signed) -> Answer<(StatusCode, Json<Feed>)> {
    signed.caller.admin()?;
    let MakeFeed { kind, target, what } = signed.json()?;
    check_target(kind, &target, &app.config).map_err(|why| Refusal::bad("bad_target", why))?;
    let org = signed.caller.org.id();
    if app.store.feeds(&org).await?.len() >= FEEDS_PER_ORG_MAX {
        return Err(Refusal::conflict(
            "too_many_feeds",
            "There are 16 feeds. Remove one that nobody needs.",
        ));
    }
    let row = FeedRow {
        feed: FeedId::from_random(random()),
        org,
        kind,
        target,
        what,
        created: now_ms(),
        dropped: 0,
        delivered: None,
        failing: None,
    };
    app.store.put_feed(&row, &signed.caller.keyid).await?;
    tracing::info!(%org, feed = %row.feed, by = %signed.caller.keyid, "a feed was made");
    Ok((StatusCode::CREATED, Json(shown(row, 0))))
}

/// All feeds, with how they go.
#[utoipa::path(get, path = "/v1/orgs/{org}/feeds", tag = "feeds", params(("org" = String, Path)),
    security(("request_signature" = [])),
    responses((status = 200, body = Feeds), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn list(State(app): State<Arc<App>>, signed: Signed) -> Answer<Json<Feeds>> {
    signed.caller.admin()?;
    let rows = app.store.feeds(&signed.caller.org.id()).await?;
    Ok(Json(Feeds {
        feeds: rows
            .into_iter()
            .map(|(row, waiting)| shown(row, waiting))
            .collect(),
        webhook_key: app.feeds.webhook_key(),
    }))
}

/// Removes a feed, and the messages that wait for it.
#[utoipa::path(delete, path = "/v1/orgs/{org}/feeds/{feed}", tag = "feeds",
    params(("org" = String, Path), ("feed" = String, Path)), security(("request_signature" = [])),
    responses((status = 204, description = "Removed"), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn drop_feed(
    State(app): State<Arc<App>>,
    Path(ids): Path<(String, String)>,
    signed: Signed,
) -> Answer<StatusCode> {
    signed.caller.admin()?;
    let (org, feed) = (signed.caller.org.id(), id(&ids.1)?);
    if !app.store.drop_feed(&org, &feed).await? {
        return Err(Refusal::missing("unknown_feed", "There is no such feed."));
    }
    tracing::info!(%org, %feed, by = %signed.caller.keyid, "a feed was removed");
    Ok(StatusCode::NO_CONTENT)
}

fn shown(row: FeedRow, waiting: u64) -> Feed {
    Feed {
        feed: row.feed,
        kind: row.kind,
        target: row.target,
        what: row.what,
        created: row.created,
        waiting,
        dropped: row.dropped,
        delivered: row.delivered,
        failing: row.failing,
    }
}
