//! One end's socket.

use std::time::Duration;

use api::signal::relay::ToRelayEnd;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};

use crate::error::Refusal;
use crate::net::Held;
use crate::socket::{close_code, reason_of};

const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A proven end, before it is paired.
pub struct Guest {
    // Guests are handed from task to task.
    socket: Box<WebSocket>,
    held: Held,
}

/// A paired end.
pub(super) struct Halves {
    pub(super) to: SplitSink<WebSocket, Message>,
    pub(super) from: SplitStream<WebSocket>,
    _held: Held,
}

impl Guest {
    /// Takes over a socket whose proof was checked.
    pub fn new(socket: WebSocket, held: Held) -> Self {
        Self {
            socket: Box::new(socket),
            held,
        }
    }

    /// Returns when the end leaves (none) or speaks before it is paired. Cancel safe.
    pub(super) async fn early(&mut self) -> Option<Refusal> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    return Some(Refusal::bad(
                        "bad_message",
                        "nothing may be sent before both ends are paired",
                    ));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            }
        }
    }

    /// Says that both are here. False: it is gone.
    pub(super) async fn paired(&mut self) -> bool {
        self.say(&ToRelayEnd::Paired {}).await
    }

    /// Says why not, and closes.
    pub(super) async fn refuse(mut self, refusal: &Refusal) {
        let error = ToRelayEnd::Error {
            code: refusal.code.to_owned(),
            text: refusal.text.clone(),
        };
        if self.say(&error).await {
            self.split().close(refusal).await;
        }
    }

    pub(super) fn split(self) -> Halves {
        let (to, from) = (*self.socket).split();
        Halves {
            to,
            from,
            _held: self.held,
        }
    }

    async fn say(&mut self, message: &ToRelayEnd) -> bool {
        let text = Message::Text(api::signal::write(message).into());
        matches!(
            tokio::time::timeout(SEND_TIMEOUT, self.socket.send(text)).await,
            Ok(Ok(()))
        )
    }
}

impl Halves {
    /// Closes with a reason; gives up after a second.
    pub(super) async fn close(mut self, refusal: &Refusal) {
        let frame = CloseFrame {
            code: close_code(refusal),
            reason: reason_of(&refusal.text).into(),
        };
        // The peer may be gone already; the connection is dropped either way.
        let _ =
            tokio::time::timeout(CLOSE_TIMEOUT, self.to.send(Message::Close(Some(frame)))).await;
    }
}
