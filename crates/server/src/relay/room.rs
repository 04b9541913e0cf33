//! Who waits for whom.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use api::ids::SessionId;
use tokio::sync::{mpsc, oneshot};

use super::{Guest, Seat};
use crate::error::Refusal;

/// The rooms in use.
#[derive(Default)]
pub(super) struct Rooms {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    rooms: HashMap<SessionId, Room>,
    serial: u64,
}

#[derive(Default)]
struct Room {
    waiting: Option<Waiting>,
    live: Option<(u64, mpsc::Sender<Refusal>)>,
}

struct Waiting {
    serial: u64,
    is_technician: bool,
    tell: oneshot::Sender<Told>,
}

/// What a waiting end hears.
pub(super) enum Told {
    /// The other end is here: this task serves both.
    Partner(Guest, Seat),
    /// Go.
    Leave(Refusal),
}

/// What an arriving end does.
pub(super) enum Arrival {
    /// The other end's task took over.
    Handed,
    /// Wait.
    First {
        guest: Guest,
        told: oneshot::Receiver<Told>,
        serial: u64,
    },
}

impl Rooms {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Meets the waiting other end, or waits. A newer connection of the same end replaces an older one, also in a pair.
    pub(super) fn arrive(
        &self,
        session: &SessionId,
        is_technician: bool,
        guest: Guest,
        seat: Seat,
    ) -> Arrival {
        let mut inner = self.lock();
        inner.serial += 1;
        let serial = inner.serial;
        let room = inner.rooms.entry(*session).or_default();
        if let Some((_, cut)) = &room.live {
            // A full channel holds an earlier cut.
            let _ = cut.try_send(Refusal::conflict("replaced", "One end connected anew."));
        }
        let mut guest = guest;
        if let Some(other) = room
            .waiting
            .take_if(|waiting| waiting.is_technician != is_technician)
        {
            match other.tell.send(Told::Partner(guest, seat)) {
                Ok(()) => return Arrival::Handed,
                Err(Told::Partner(back, _)) => guest = back,
                Err(Told::Leave(_)) => unreachable!("what came back is what was sent"),
            }
        }
        let (tell, told) = oneshot::channel();
        room.waiting = Some(Waiting {
            serial,
            is_technician,
            tell,
        });
        Arrival::First {
            guest,
            told,
            serial,
        }
    }

    /// A waiting end goes.
    pub(super) fn leave(&self, session: &SessionId, serial: u64) {
        self.with(session, |room| {
            room.waiting.take_if(|waiting| waiting.serial == serial);
        });
    }

    /// A pair begins; `cut` ends it. Returns its serial.
    pub(super) fn begin(&self, session: &SessionId, cut: mpsc::Sender<Refusal>) -> u64 {
        let mut inner = self.lock();
        inner.serial += 1;
        let serial = inner.serial;
        inner.rooms.entry(*session).or_default().live = Some((serial, cut));
        serial
    }

    /// A pair has ended.
    pub(super) fn end(&self, session: &SessionId, serial: u64) {
        self.with(session, |room| {
            room.live.take_if(|(live, _)| *live == serial);
        });
    }

    /// Cuts whoever is in the room.
    pub(super) fn cut(&self, session: &SessionId, why: &Refusal) {
        self.with(session, |room| {
            if let Some((_, cut)) = &room.live {
                // A full channel holds an earlier cut.
                let _ = cut.try_send(why.clone());
            }
            if let Some(waiting) = room.waiting.take() {
                // Fails only when that end is leaving already.
                let _ = waiting.tell.send(Told::Leave(why.clone()));
            }
        });
    }

    fn with(&self, session: &SessionId, act: impl FnOnce(&mut Room)) {
        let mut inner = self.lock();
        let Some(room) = inner.rooms.get_mut(session) else {
            return;
        };
        act(room);
        if room.waiting.is_none() && room.live.is_none() {
            inner.rooms.remove(session);
        }
    }
}
