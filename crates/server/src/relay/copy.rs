//! One direction of a pair: messages in order, as they are, as fast as the receiver takes them.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use api::limits::RELAY_MESSAGE_BYTES_MAX;
use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;

use crate::error::Refusal;

/// Each end is pinged this often, so a living one is heard at least as often.
const PING_EVERY: Duration = Duration::from_secs(15);
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// An end that takes nothing for this long is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(45);
const BATCH_MESSAGES_MAX: usize = 32;

/// Why one direction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// The sender closed or its connection broke.
    Sender,
    /// The sender was silent for too long.
    SenderSilent,
    /// The sender sent something else than a binary message of fitting size.
    SenderWrong,
    /// The receiver is gone or takes nothing.
    Receiver,
}

impl Left {
    pub(super) fn refusal(self, sender: &str, receiver: &str) -> Refusal {
        let text = match self {
            Left::Sender => format!("The {sender}'s connection ended."),
            Left::SenderSilent => format!("The {sender} did not answer any more."),
            Left::SenderWrong => format!(
                "The {sender} sent something else than a binary message of at most 65,535 bytes."
            ),
            Left::Receiver => format!("The {receiver}'s connection ended."),
        };
        Refusal::conflict("parted", text)
    }
}

/// Copies until somebody leaves. Holds one message at most: reading waits for writing.
pub(super) async fn copy(
    from: &mut SplitStream<WebSocket>,
    to: &mut SplitSink<WebSocket, Message>,
    bytes: &Counter<u64, AtomicU64>,
) -> Left {
    let mut ping = tokio::time::interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    let mut heard = Instant::now();
    loop {
        let message = tokio::select! {
            message = from.next() => message,
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE_MAX {
                    return Left::SenderSilent;
                }
                if !in_time(to.send(Message::Ping(Default::default()))).await {
                    return Left::Receiver;
                }
                continue;
            }
        };
        heard = Instant::now();
        if let Err(left) = pass(message, to, bytes).await {
            return left;
        }
        // What has arrived meanwhile goes into the same flush; bounded, so that pings get their turn.
        for _ in 0..BATCH_MESSAGES_MAX {
            let Some(message) = from.next().now_or_never() else {
                break;
            };
            if let Err(left) = pass(message, to, bytes).await {
                return left;
            }
        }
        if !in_time(to.flush()).await {
            return Left::Receiver;
        }
    }
}

async fn pass(
    message: Option<Result<Message, axum::Error>>,
    to: &mut SplitSink<WebSocket, Message>,
    bytes: &Counter<u64, AtomicU64>,
) -> Result<(), Left> {
    match message {
        Some(Ok(Message::Binary(data))) if data.len() <= RELAY_MESSAGE_BYTES_MAX => {
            bytes.inc_by(data.len() as u64);
            if in_time(to.feed(Message::Binary(data))).await {
                Ok(())
            } else {
                Err(Left::Receiver)
            }
        }
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
        Some(Ok(Message::Binary(_) | Message::Text(_))) => Err(Left::SenderWrong),
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Left::Sender),
    }
}

async fn in_time<E>(sending: impl Future<Output = Result<(), E>>) -> bool {
    matches!(
        tokio::time::timeout(SEND_TIMEOUT, sending).await,
        Ok(Ok(()))
    )
}
