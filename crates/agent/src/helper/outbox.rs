//! What the helper sends to the keeper: one bounded queue for the loop and all threads.

use tokio::io::AsyncWriteExt;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::ipc::{Frame, Message, Number, ToKeeper};
use wire::ToTechnician;

const WAITING_MAX: usize = 64;

/// A handle to the queue.
#[derive(Clone)]
pub struct Outbox(mpsc::Sender<Vec<u8>>);

impl Outbox {
    /// Starts to write to the socket.
    pub fn start(mut to: OwnedWriteHalf) -> (Self, JoinHandle<()>) {
        let (out, mut frames) = mpsc::channel::<Vec<u8>>(WAITING_MAX);
        let writer = tokio::spawn(async move {
            while let Some(bytes) = frames.recv().await {
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
        (Self(out), writer)
    }

    /// From the loop. A keeper that is gone is noticed where the loop reads.
    pub async fn send(&self, frame: &Frame<ToKeeper>) {
        let _ = self.0.send(frame.encode()).await;
    }

    /// From a thread; blocks while the keeper is busy. False once it is gone.
    pub fn send_blocking(&self, frame: &Frame<ToKeeper>) -> bool {
        self.0.blocking_send(frame.encode()).is_ok()
    }

    /// From a thread: something for the technician.
    pub fn say_blocking(&self, session: Number, id: u16, message: ToTechnician, end: bool) -> bool {
        self.send_blocking(&Frame::Message(said(session, id, message, end)))
    }

    /// From the loop: something for the technician.
    pub async fn say(&self, session: Number, id: u16, message: ToTechnician, end: bool) {
        self.send(&Frame::Message(said(session, id, message, end)))
            .await;
    }
}

fn said(session: Number, id: u16, message: ToTechnician, end: bool) -> Message {
    let stream = message.stream();
    Message {
        session,
        ticket: 0,
        stream,
        id,
        end,
        bytes: message.encode(),
    }
}
