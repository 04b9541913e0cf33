//! Sessions: calling a device, looking, cutting.

use std::sync::Arc;

use api::error::ErrorBody;
use api::ids::SessionId;
use api::limits::SESSION_PAGE_MAX;
use api::session::{MakeSession, Session, SessionMade, SessionState, Sessions};
use api::sign_in::Role;
use api::signal::console::ToConsole;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::id;
use crate::app::App;
use crate::auth::Signed;
use crate::clock::{now_ms, random};
use crate::error::{Answer, Refusal};
use crate::extract::{Path, Query};
use crate::presence::Order;
use crate::store::SessionRow;

/// Calls a device to the relay.
#[utoipa::path(post, path = "/v1/orgs/{org}/sessions", tag = "sessions", params(("org" = String, Path)),
    request_body = MakeSession, security(("request_signature" = [])),
    responses((status = 201, body = SessionMade), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn make(
    State(app): State<Arc<App>>,
    signed: Signed,
) -> Answer<(StatusCode, Json<SessionMade>)> {
    let caller = &signed.caller;
    if caller.role != Role::Technician {
        return Err(Refusal::forbidden(
            "technicians_only",
            "Only a technician's key opens sessions.",
        ));
    }
    let MakeSession { device, warrant } = signed.json()?;
    let (org, now) = (&caller.org, now_ms());
    if let Some(why) = org.keeps_apart(&caller.keyid, &device, warrant.as_ref(), now) {
        return Err(Refusal::forbidden("kept_apart", why));
    }
    let session = SessionId::from_random(random());
    let view = Session {
        session,
        by: caller.keyid,
        device,
        state: SessionState::Calling,
        created: now,
        paired: None,
        ended: None,
        why: None,
    };
    if app.presence.seen(&org.id(), &device).is_none() {
        return Err(offline());
    }
    app.store
        .put_session(&SessionRow {
            org: org.id(),
            warrant,
            joined: false,
            view,
        })
        .await?;
    if !app.presence.tell(&org.id(), &device, Order::Call(session)) {
        app.relay.end(&app, org, &session, &offline().text).await?;
        return Err(offline());
    }
    org.hint(ToConsole::Session {
        session,
        state: SessionState::Calling,
        why: None,
    });
    Ok((
        StatusCode::CREATED,
        Json(SessionMade {
            session,
            relay: format!("/v1/relay/{session}"),
        }),
    ))
}

fn offline() -> Refusal {
    let text = "The workstation is not connected. It is switched off, asleep or without network.";
    Refusal::conflict("device_offline", text)
}

/// Query of [`list`].
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// Sessions made before this time, in milliseconds since the epoch.
    pub before: Option<u64>,
}

/// Live and past sessions, newest first.
#[utoipa::path(get, path = "/v1/orgs/{org}/sessions", tag = "sessions", params(("org" = String, Path), Before),
    security(("request_signature" = [])),
    responses((status = 200, body = Sessions), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<Before>,
    signed: Signed,
) -> Answer<Json<Sessions>> {
    let org = &signed.caller.org;
    let rows = app
        .store
        .sessions(
            &org.id(),
            query.before.unwrap_or(u64::MAX),
            SESSION_PAGE_MAX,
        )
        .await?;
    Ok(Json(Sessions {
        sessions: rows.into_iter().map(|row| row.view).collect(),
    }))
}

/// Ends a session for the relay and cuts it. An admin ends any, a technician his own.
#[utoipa::path(delete, path = "/v1/orgs/{org}/sessions/{session}", tag = "sessions",
    params(("org" = String, Path), ("session" = String, Path)), security(("request_signature" = [])),
    responses((status = 204, description = "Ended"), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn end(
    State(app): State<Arc<App>>,
    Path(ids): Path<(String, String)>,
    signed: Signed,
) -> Answer<StatusCode> {
    let caller = &signed.caller;
    let session = id(&ids.1)?;
    let row = app
        .store
        .session(&session)
        .await?
        .filter(|row| row.org == caller.org.id());
    let row =
        row.ok_or_else(|| Refusal::missing("unknown_session", "There is no such session."))?;
    let is_own = row.view.by == caller.keyid;
    if !is_own {
        caller.admin()?;
    }
    let why = if is_own {
        "The technician ended the session."
    } else {
        "An admin ended the session."
    };
    app.relay.end(&app, &caller.org, &session, why).await?;
    Ok(StatusCode::NO_CONTENT)
}
