//! `GET /v1/relay/{session}`: who may come in; the copying is in [`crate::relay`].

use std::sync::Arc;

use api::ids::SessionId;
use api::session::SessionState;

use super::Conn;
use crate::app::App;
use crate::auth::Prover;
use crate::clock::now_ms;
use crate::error::{Answer, Refusal};
use crate::relay::{End, Guest, Seat};

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
    let row = app.store.session(session).await?.ok_or_else(unknown)?;
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
        device: row.view.device,
        warrant: row.warrant,
        was_paired: row.view.paired.is_some(),
        end,
    };
    match seat.kept_apart(now_ms()) {
        None => Ok(seat),
        Some(why) => Err(Refusal::forbidden("kept_apart", why)),
    }
}
