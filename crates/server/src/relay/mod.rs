//! The relay: seats two sockets of one session and copies binary messages between them, unread.
//!
//! ```text
//! first end -> waits in the room (30 s) -> second end -> `paired` to both -> copy until one leaves or a cut
//! ```
//! A cut is immediate: nothing is read or written for a pair after it. Nothing is kept.

mod copy;
mod guest;
mod room;

use std::sync::Arc;
use std::time::Duration;

use api::ids::{KeyId, SessionId};
use api::session::SessionState;
use api::signal::console::ToConsole;
use tokio::sync::{mpsc, oneshot};
use trust::bytes::WarrantId;

use crate::app::{App, stopped};
use crate::clock::now_ms;
use crate::error::{Answer, Refusal};
use crate::ledger::Org;
use crate::metrics::Raised;
use crate::presence::Order;

pub use guest::Guest;
use room::{Arrival, Rooms, Told};

/// How often a pair's keys are looked at again without a change of the ledger: admissions expire.
const RECHECK_EVERY: Duration = Duration::from_secs(10);

/// All rooms of this node.
#[derive(Default)]
pub struct Relay {
    rooms: Rooms,
}

/// Which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The one who asked for the session; his request key counts until then, in milliseconds since the epoch.
    Technician {
        /// See above.
        until: u64,
    },
    /// The workstation's agent.
    Device,
}

impl End {
    fn is_technician(self) -> bool {
        matches!(self, End::Technician { .. })
    }
}

/// An admitted end's place in a session.
#[derive(Clone)]
pub struct Seat {
    /// Whose session.
    pub org: Arc<Org>,
    /// Which.
    pub session: SessionId,
    /// The technician's ledger key.
    pub technician: KeyId,
    /// Whom he meets.
    pub callee: Callee,
    /// The warrant the technician named, if he did.
    pub warrant: Option<WarrantId>,
    /// Whether both ends met before.
    pub was_paired: bool,
    /// Which end this is.
    pub end: End,
    /// How long it waits for the other, in milliseconds.
    pub wait_ms: u64,
}

/// Whom a technician meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callee {
    /// A device of the ledger.
    Enrolled(KeyId),
    /// A machine that joins by a code; it has no key before it came.
    Joined(Option<KeyId>),
}

impl Seat {
    /// Why this end may not be here at `now` (milliseconds), if so.
    pub fn kept_apart(&self, now: u64) -> Option<&'static str> {
        match self.end {
            End::Technician { until } if now >= until => {
                Some("The technician's request key is over; sign in again.")
            }
            _ => match &self.callee {
                Callee::Enrolled(device) => {
                    let warrant = self.warrant.as_ref();
                    self.org.keeps_apart(&self.technician, device, warrant, now)
                }
                Callee::Joined(device) => {
                    self.org
                        .keeps_from_joining(&self.technician, device.as_ref(), now)
                }
            },
        }
    }

    fn hint(&self, state: SessionState, why: Option<&str>) {
        hint(&self.org, &self.session, state, why);
    }
}

fn hint(org: &Org, session: &SessionId, state: SessionState, why: Option<&str>) {
    org.hint(ToConsole::Session {
        session: *session,
        state,
        why: why.map(str::to_owned),
    });
}

impl Relay {
    /// Ends a session: nobody gets in any more, and whoever is in is cut. False if it had ended before.
    pub async fn end(&self, app: &App, org: &Org, session: &SessionId, why: &str) -> Answer<bool> {
        let refusal = Refusal::conflict("session_ended", why);
        self.rooms.cut(session, &refusal);
        let ended = app.store.end_session(session, why, now_ms()).await?;
        // Whoever came in between saw the session as it was before; whoever comes now looks after arriving.
        self.rooms.cut(session, &refusal);
        if ended {
            hint(org, session, SessionState::Ended, Some(why));
        }
        Ok(ended)
    }

    /// A device does not join a session that it was called to.
    pub async fn decline(
        &self,
        app: &App,
        org: &Org,
        device: &KeyId,
        session: &SessionId,
        why: &str,
    ) -> Answer<()> {
        let row = app.store.session(session).await?;
        if row.is_some_and(|row| row.org == org.id() && row.view.device == *device) {
            self.end(app, org, session, why).await?;
        }
        Ok(())
    }
}

/// Serves one end until it leaves, is cut, or was handed to the task of the other end.
pub async fn attend(app: Arc<App>, guest: Guest, seat: Seat) {
    match app
        .relay
        .rooms
        .arrive(&seat.session, seat.end.is_technician(), guest, seat.clone())
    {
        Arrival::Handed => {}
        Arrival::First {
            guest,
            told,
            serial,
        } => {
            if let Callee::Enrolled(device) = &seat.callee
                && seat.end.is_technician()
                && seat.was_paired
            {
                app.presence
                    .tell(&seat.org.id(), device, Order::Call(seat.session));
            }
            wait(&app, guest, seat, told, serial).await;
        }
    }
}

async fn wait(
    app: &Arc<App>,
    mut guest: Guest,
    seat: Seat,
    mut told: oneshot::Receiver<Told>,
    serial: u64,
) {
    let mut stop = app.stop.clone();
    let refusal = tokio::select! {
        told = &mut told => match told {
            Ok(Told::Partner(other, other_seat)) => return pair(app, (guest, seat), (other, other_seat)).await,
            Ok(Told::Leave(refusal)) => Some(refusal),
            Err(_) => Some(Refusal::conflict("replaced", "A newer connection took this place.")),
        },
        early = guest.early() => early,
        ended = ended_meanwhile(app, &seat.session) => Some(ended),
        () = tokio::time::sleep(Duration::from_millis(seat.wait_ms)) => Some(nobody_came(&seat)),
        () = lapse(&seat) => seat.kept_apart(now_ms()).map(|why| Refusal::forbidden("kept_apart", why)),
        () = stopped(&mut stop) => Some(Refusal::stopping()),
    };
    app.relay.rooms.leave(&seat.session, serial);
    // Between the last look and leaving the room the other end may have come.
    if let Ok(Told::Partner(other, _)) = told.try_recv() {
        other
            .refuse(&Refusal::conflict(
                "parted",
                "The other end left at this moment. Connect again.",
            ))
            .await;
    }
    // A nameplate hangs only as long as its technician waits.
    if seat.callee == Callee::Joined(None) && refusal.as_ref().is_none_or(|r| r.code != "replaced")
    {
        forget_nameplate(app, &seat.session).await;
    }
    let Some(refusal) = refusal else { return };
    if refusal.code == "nobody_came" && !seat.was_paired {
        // A failure here was logged, and the sweeper ends the session later.
        let _ = app
            .relay
            .end(app, &seat.org, &seat.session, &refusal.text)
            .await;
    }
    guest.refuse(&refusal).await;
}

/// Returns if the session ended between the look at its row and the arrival in the room.
async fn ended_meanwhile(app: &App, session: &SessionId) -> Refusal {
    match app.store.session(session).await {
        Ok(Some(row)) if row.view.state == SessionState::Ended => {
            Refusal::conflict("session_ended", row.view.why.unwrap_or_default())
        }
        Ok(_) => std::future::pending().await,
        Err(error) => error.into(),
    }
}

async fn forget_nameplate(app: &App, session: &SessionId) {
    if let Err(error) = app.store.drop_join(session).await {
        tracing::error!(%error, "a nameplate is not taken down; it expires");
    }
}

fn nobody_came(seat: &Seat) -> Refusal {
    let text = match seat.end {
        End::Technician { .. } if seat.callee == Callee::Joined(None) => {
            "Nobody came with the join code while it lasted."
        }
        End::Technician { .. } => "The workstation did not answer within 30 seconds.",
        End::Device => "The technician did not come within 30 seconds.",
    };
    Refusal::new(axum::http::StatusCode::REQUEST_TIMEOUT, "nobody_came", text)
}

/// Returns when this seat's keys or warrant no longer count.
async fn lapse(seat: &Seat) {
    let mut changes = seat.org.changes();
    let mut recheck = tokio::time::interval(RECHECK_EVERY);
    while seat.kept_apart(now_ms()).is_none() {
        tokio::select! {
            Ok(()) = changes.changed() => {}
            _ = recheck.tick() => {}
        }
    }
}

async fn pair(app: &Arc<App>, one: (Guest, Seat), other: (Guest, Seat)) {
    let ((technician, seat), (device, device_seat)) = if one.1.end.is_technician() {
        (one, other)
    } else {
        (other, one)
    };
    // A technician who waited for a join code did not know yet who comes.
    let seat = Seat {
        callee: device_seat.callee,
        ..seat
    };
    let _counted = Raised::new(&app.metrics.relays);
    let (cut, mut cuts) = mpsc::channel(1);
    let serial = app.relay.rooms.begin(&seat.session, cut);
    let why = match app
        .store
        .session_paired(&seat.session, true, now_ms())
        .await
    {
        Ok(true) => {
            seat.hint(SessionState::Paired, None);
            run(app, technician, device, &seat, &mut cuts).await
        }
        Ok(false) => {
            refuse_both(
                technician,
                device,
                Refusal::conflict("session_ended", "The session has ended."),
            )
            .await
        }
        Err(error) => refuse_both(technician, device, error.into()).await,
    };
    app.relay.rooms.end(&seat.session, serial);
    if let Callee::Joined(_) = seat.callee {
        return end_joined(app, &seat, &why).await;
    }
    match app
        .store
        .session_paired(&seat.session, false, now_ms())
        .await
    {
        Ok(true) => seat.hint(SessionState::Parted, Some(&why)),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the end of a relay is not noted"),
    }
}

/// Nobody comes back to a session that a join code opened: the code was used.
async fn end_joined(app: &App, seat: &Seat, why: &str) {
    forget_nameplate(app, &seat.session).await;
    if let Err(error) = app.relay.end(app, &seat.org, &seat.session, why).await {
        tracing::error!(
            code = error.code,
            "the end of a joined session is not noted"
        );
    }
}

async fn refuse_both(technician: Guest, device: Guest, refusal: Refusal) -> String {
    technician.refuse(&refusal).await;
    device.refuse(&refusal).await;
    refusal.text
}

async fn run(
    app: &App,
    mut technician: Guest,
    mut device: Guest,
    seat: &Seat,
    cuts: &mut mpsc::Receiver<Refusal>,
) -> String {
    let mut stop = app.stop.clone();
    if !(technician.paired().await && device.paired().await) {
        return refuse_both(
            technician,
            device,
            Refusal::conflict("parted", "The other end left."),
        )
        .await;
    }
    let (mut technician, mut device) = (technician.split(), device.split());
    let bytes = &app.metrics.relay_bytes;
    let refusal = tokio::select! {
        biased;
        cut = cuts.recv() => cut.unwrap_or_else(Refusal::stopping),
        () = lapse(seat) => {
            Refusal::forbidden("kept_apart", seat.kept_apart(now_ms()).unwrap_or("A key is no longer in force."))
        }
        () = stopped(&mut stop) => Refusal::stopping(),
        left = copy::copy(&mut technician.from, &mut device.to, bytes) => left.refusal("technician", "workstation"),
        left = copy::copy(&mut device.from, &mut technician.to, bytes) => left.refusal("workstation", "technician"),
    };
    tokio::join!(technician.close(&refusal), device.close(&refusal));
    refusal.text
}
