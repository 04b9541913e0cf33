//! Join codes: where a technician and a machine that is not enrolled find each other. The secret part of a code never comes
//! here; what the two say to each other passes the relay unread.

use std::sync::Arc;

use api::error::ErrorBody;
use api::ids::SessionId;
use api::join::{JoinOpened, JoinTaken, TakeJoin};
use api::limits::JOIN_MS;
use api::session::{Session, SessionState};
use api::sign_in::Role;
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use trust::Nameplate;
use trust::nameplate::NAMEPLATES;

use super::id;
use crate::app::{Address, App};
use crate::auth::Signed;
use crate::clock::{now_ms, random};
use crate::error::{Answer, Refusal};
use crate::extract::{Body, Path};
use crate::rates::Rate;
use crate::store::{JoinRow, Put, SessionRow};

/// How many nameplates are tried before the service calls itself full.
const ATTEMPTS: usize = 16;

/// Hangs up a nameplate for a technician, who then waits on the relay.
#[utoipa::path(post, path = "/v1/orgs/{org}/joins", tag = "joins", params(("org" = String, Path)),
    security(("request_signature" = [])),
    responses((status = 201, body = JoinOpened), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn open(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    signed: Signed,
) -> Answer<(StatusCode, Json<JoinOpened>)> {
    let caller = &signed.caller;
    if caller.role != Role::Technician {
        return Err(Refusal::forbidden(
            "technicians_only",
            "Only a technician's key opens sessions.",
        ));
    }
    app.take(Rate::OpenJoin, address)?;
    let (org, now) = (&caller.org, now_ms());
    if let Some(why) = org.keeps_from_joining(&caller.keyid, None, now) {
        return Err(Refusal::forbidden("kept_apart", why));
    }
    for _ in 0..ATTEMPTS {
        let number = u32::from_be_bytes(random()) % NAMEPLATES;
        let nameplate = Nameplate::new(number).expect("a remainder is below its divisor");
        let join = JoinRow {
            nameplate,
            session: SessionId::from_random(random()),
            org: org.id(),
            technician: caller.keyid,
            expires: now + JOIN_MS,
        };
        match app.store.put_join(&join, now).await? {
            Put::Done => return Ok((StatusCode::CREATED, Json(opened(&join)))),
            Put::Known => {}
            Put::Full | Put::Gone => break,
        }
    }
    Err(Refusal::conflict(
        "too_many_joins",
        "Too many join codes wait for a machine. Wait until one was used or has expired.",
    ))
}

fn opened(join: &JoinRow) -> JoinOpened {
    JoinOpened {
        nameplate: join.nameplate,
        session: join.session,
        relay: format!("/v1/relay/{}", join.session),
        expires: join.expires,
    }
}

/// Takes a nameplate for a machine, once: whoever comes later, or with another one, finds nothing.
#[utoipa::path(post, path = "/v1/joins/{nameplate}", tag = "joins", params(("nameplate" = String, Path)),
    request_body = TakeJoin,
    responses((status = 200, body = JoinTaken), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn take(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    Path(nameplate): Path<String>,
    Body(body): Body,
) -> Answer<Json<JoinTaken>> {
    app.take(Rate::TakeJoin, address)?;
    let nameplate: Nameplate = id(&nameplate)?;
    let TakeJoin { device } = crate::extract::json(&body)?;
    let now = now_ms();
    let join = app.store.take_join(nameplate, &device, now).await?;
    let join = join.ok_or_else(|| {
        Refusal::missing(
            "unknown_join_code",
            "No technician waits under this join code. It may have been used, or be too old; ask for a new one.",
        )
    })?;
    let org = app.org(&join.org)?;
    if let Some(why) = org.keeps_from_joining(&join.technician, Some(&device), now) {
        app.store.drop_join(&join.session).await?;
        return Err(Refusal::forbidden("kept_apart", why));
    }
    app.store.put_session(&called(&join, device, now)).await?;
    org.hint(api::signal::console::ToConsole::Session {
        session: join.session,
        state: SessionState::Calling,
        why: None,
    });
    Ok(Json(JoinTaken {
        org: join.org,
        session: join.session,
    }))
}

fn called(join: &JoinRow, device: api::ids::KeyId, now: u64) -> SessionRow {
    SessionRow {
        org: join.org,
        warrant: None,
        joined: true,
        view: Session {
            session: join.session,
            by: join.technician,
            device,
            state: SessionState::Calling,
            created: now,
            paired: None,
            ended: None,
            why: None,
        },
    }
}
