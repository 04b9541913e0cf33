//! `GET /v1/relay/{session}`: who may come in; the copying is in [`crate::relay`].

use std::sync::Arc;

use api::ids::SessionId;
use api::limits::RELAY_WAIT_MS;
use api::session::SessionState;

use super::Conn;
use crate::app::App;
use crate::auth::Prover;
use crate::clock::now_ms;
use crate::error::{Answer, Refusal};
use crate::relay::{Callee, End, Guest, Seat};
use crate::store::JoinRow;

/// Serves one end of a relay until it ends.
pub(super) async fn run(app: Arc<App>, conn: Conn, session: SessionId, prover: Prover) {
    match admit(&app, &session, prover).await {
        Ok(seat) => crate::relay::attend(app, Guest::new(conn.socket, conn.held), seat).await,
        Err(refusal) => conn.refuse(&refusal).await,
    }
}

/// The seat of whoever proved himself: the session's own device, or the technician who asked for it.
async fn admit(app: &App, session: &SessionId, prover: Prover) -> Answer<Seat> {
    let unknown = || {
        Refusal::missing(
            "unknown_session",
            "There is no such session, or it is not yours.",
        )
    };
    let Some(row) = app.store.session(session).await? else {
        return await_joining(app, session, prover)
            .await?
            .ok_or_else(unknown);
    };
    let (org, end) = match prover {
        Prover::Device { org, key } if key.id() == row.view.device => (org, End::Device),
        Prover::Member(caller) if caller.keyid == row.view.by => (
            caller.org.clone(),
            End::Technician {
                until: caller.until,
            },
        ),
        Prover::Device { .. } | Prover::Member(_) => return Err(unknown()),
    };
    if org.id() != row.org {
        return Err(unknown());
    }
    if row.view.state == SessionState::Ended {
        let why = row.view.why.unwrap_or_default();
        return Err(Refusal::conflict(
            "session_ended",
            format!("The session has ended. {why}"),
        ));
    }
    let seat = Seat {
        org,
        session: *session,
        technician: row.view.by,
        callee: if row.joined {
            Callee::Joined(Some(row.view.device))
        } else {
            Callee::Enrolled(row.view.device)
        },
        warrant: row.warrant,
        was_paired: row.view.paired.is_some(),
        end,
        wait_ms: RELAY_WAIT_MS,
    };
    check(seat)
}

fn check(seat: Seat) -> Answer<Seat> {
    match seat.kept_apart(now_ms()) {
        None => Ok(seat),
        Some(why) => Err(Refusal::forbidden("kept_apart", why)),
    }
}

/// The seat of a technician who waits for whoever comes with his join code.
async fn await_joining(app: &App, session: &SessionId, prover: Prover) -> Answer<Option<Seat>> {
    let Prover::Member(caller) = prover else {
        return Ok(None);
    };
    let now = now_ms();
    let join = app.store.join_of(session).await?;
    let is_own = |join: &JoinRow| join.technician == caller.keyid && join.org == caller.org.id();
    let Some(join) = join.filter(|join| is_own(join) && join.expires > now) else {
        return Ok(None);
    };
    check(Seat {
        org: caller.org.clone(),
        session: *session,
        technician: caller.keyid,
        callee: Callee::Joined(None),
        warrant: None,
        was_paired: false,
        end: End::Technician {
            until: caller.until,
        },
        wait_ms: join.expires - now,
    })
    .map(Some)
}
