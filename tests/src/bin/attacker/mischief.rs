//! What happens to a session that an honest command line asks for.

use std::collections::BTreeMap;

use api::ids::SessionId;
use axum::extract::ws::WebSocket;
use tokio::sync::mpsc;
use trust::KeyId;
use wayleave_tests::channel::Pipe;
use wayleave_tests::{now_ms, random};
use wire::{Binding, Host, Mode};

use crate::book::View;
use crate::front::Front;
use crate::meeting::pair;

/// What is done, to whom.
#[derive(Default)]
pub struct Mischief {
    /// The ledger that command lines are shown instead of the book.
    pub view: Option<View>,
    /// Which device each session asked for.
    pub sessions: BTreeMap<SessionId, KeyId>,
    /// What the relay does.
    pub relay: Relay,
}

/// What a relay does with what it carries.
#[derive(Clone, Copy, Default)]
pub enum Relay {
    /// It copies.
    #[default]
    Honest,
    /// It joins the technician with another device.
    Other(KeyId),
    /// It answers itself, with a channel key of its own.
    Impostor,
    /// It does something to the `at`th message of one direction.
    Tamper {
        what: Tamper,
        to_device: bool,
        at: usize,
    },
}

/// What can be done to a message.
#[derive(Clone, Copy)]
pub enum Tamper {
    /// One bit is another.
    Change,
    /// It changes places with the next one.
    Reorder,
    /// It comes twice.
    Replay,
    /// It is left out.
    Drop,
    /// It goes back to who sent it.
    Reflect,
}

/// The technician's end is here.
pub async fn serve(front: &Front, session: SessionId, ws: WebSocket) {
    let (wanted, relay) = {
        let mischief = front.mischief.lock().unwrap();
        (mischief.sessions.get(&session).copied(), mischief.relay)
    };
    let Some(wanted) = wanted else { return };
    let called = match relay {
        Relay::Impostor => return impostor(front, wanted, pair(ws).await).await,
        Relay::Other(device) => device,
        Relay::Honest | Relay::Tamper { .. } => wanted,
    };
    front.push(called).await;
    let Ok(device) = front.call(called).await else {
        return;
    };
    let (technician, device) = (pair(ws).await, pair(device).await);
    let Pipe {
        out: to_technician,
        back: from_technician,
    } = technician;
    let Pipe {
        out: to_device,
        back: from_device,
    } = device;
    let tamper = |towards_device: bool| match relay {
        Relay::Tamper {
            what,
            to_device,
            at,
        } if to_device == towards_device => Some((what, at)),
        _ => None,
    };
    tokio::join!(
        copy(
            from_technician,
            to_device.clone(),
            to_technician.clone(),
            tamper(true)
        ),
        copy(from_device, to_technician, to_device, tamper(false)),
    );
}

type Messages = mpsc::Receiver<Result<Vec<u8>, String>>;

async fn copy(
    mut from: Messages,
    to: mpsc::Sender<Vec<u8>>,
    back: mpsc::Sender<Vec<u8>>,
    tamper: Option<(Tamper, usize)>,
) {
    let mut count = 0;
    while let Some(Ok(mut message)) = from.recv().await {
        let due = tamper.filter(|(_, at)| *at == count).map(|(what, _)| what);
        count += 1;
        let mut then = None;
        match due {
            None => {}
            Some(Tamper::Change) => *message.last_mut().unwrap() ^= 1,
            Some(Tamper::Replay) => then = Some(message.clone()),
            Some(Tamper::Drop) => continue,
            Some(Tamper::Reflect) => {
                let _ = back.send(message).await;
                continue;
            }
            Some(Tamper::Reorder) => {
                let Some(Ok(next)) = from.recv().await else {
                    return;
                };
                count += 1;
                then = Some(std::mem::replace(&mut message, next));
            }
        }
        for message in [Some(message), then].into_iter().flatten() {
            if to.send(message).await.is_err() {
                return;
            }
        }
    }
}

/// Plays the device, with the organisation and the device's name right and a key that nobody admitted.
async fn impostor(front: &Front, device: KeyId, mut pipe: Pipe) {
    let org = front.book.lock().await.org;
    let binding = Binding {
        mode: Mode::Enrolled,
        org,
        device,
    };
    let mut host = Host::new(binding, &random(), &random(), now_ms()).unwrap();
    while let Some(Ok(message)) = pipe.back.recv().await {
        let _ = host.handle_bytes(&message, now_ms());
        while let Some(answer) = host.poll_transmit() {
            if pipe.out.send(answer).await.is_err() {
                return;
            }
        }
        if host.is_over() {
            return;
        }
    }
}
