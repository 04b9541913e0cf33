//! Signalling: one WebSocket to the service, made anew whenever it breaks.

use std::sync::Arc;
use std::time::Duration;

use api::signal::agent::{FromAgent, ToAgent};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::Message;
use trust::bytes::OrgId;
use trust::key::SigningKey;

use crate::clock::os_random;
use crate::limits::{LINK_PING, LINK_SILENCE_MAX, RECONNECT_MAX, RECONNECT_MIN};
use crate::socket::{Door, Identity, Service, SocketError, Ws, parse, reason};

/// What happens on the link.
#[derive(Debug)]
pub enum LinkEvent {
    /// Connected and proven: say what is to be said first.
    Up,
    /// The service says this.
    Message(Box<ToAgent>),
    /// The connection is gone; another attempt follows by itself.
    Down(String),
}

/// The link. Dropping it closes it.
pub struct Link {
    task: JoinHandle<()>,
    out: mpsc::Sender<FromAgent>,
}

impl Link {
    /// Starts to connect.
    pub fn start(
        service: Service,
        org: OrgId,
        key: Arc<SigningKey>,
        events: mpsc::Sender<LinkEvent>,
    ) -> Self {
        let (out, messages) = mpsc::channel(64);
        let task = tokio::spawn(run(service, org, key, events, messages));
        Self { task, out }
    }

    /// Says something to the service; it is dropped while there is no connection, for [`LinkEvent::Up`] begins anew.
    pub fn send(&self, message: FromAgent) {
        if self.out.try_send(message).is_err() {
            tracing::warn!("the service takes no messages; one was dropped");
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    service: Service,
    org: OrgId,
    key: Arc<SigningKey>,
    events: mpsc::Sender<LinkEvent>,
    mut messages: mpsc::Receiver<FromAgent>,
) {
    let mut wait = RECONNECT_MIN;
    loop {
        let identity = Identity { org, key: &key };
        let started = Instant::now();
        let why = match service.open(Door::Agent, &identity).await {
            Ok(ws) => {
                while messages.try_recv().is_ok() {}
                if events.send(LinkEvent::Up).await.is_err() {
                    return;
                }
                serve(ws, &events, &mut messages).await
            }
            Err(error) => error,
        };
        if events.send(LinkEvent::Down(why.to_string())).await.is_err() {
            return;
        }
        // A connection that stood for a while was a good one.
        wait = if started.elapsed() > RECONNECT_MAX {
            RECONNECT_MIN
        } else {
            (wait * 2).min(RECONNECT_MAX)
        };
        tokio::time::sleep(jittered(wait)).await;
    }
}

/// Between half and all of it, so that a fleet does not come back at once.
fn jittered(wait: Duration) -> Duration {
    let share = f64::from(u16::from_be_bytes(os_random())) / f64::from(u16::MAX);
    wait.mul_f64(0.5 + share / 2.0)
}

async fn serve(
    mut ws: Ws,
    events: &mpsc::Sender<LinkEvent>,
    messages: &mut mpsc::Receiver<FromAgent>,
) -> SocketError {
    let mut ping = tokio::time::interval(LINK_PING);
    let mut heard = Instant::now();
    loop {
        let sent = tokio::select! {
            incoming = ws.next() => {
                heard = Instant::now();
                match take(incoming) {
                    Ok(Some(message)) => {
                        if events.send(LinkEvent::Message(message)).await.is_err() {
                            return SocketError::Closed(None);
                        }
                        Ok(())
                    }
                    Ok(None) => Ok(()),
                    Err(error) => return error,
                }
            }
            Some(message) = messages.recv() => {
                ws.send(Message::text(api::signal::write(&message))).await
            }
            _ = ping.tick() => {
                if heard.elapsed() > LINK_SILENCE_MAX {
                    return SocketError::Timeout;
                }
                ws.send(Message::Ping(Default::default())).await
            }
        };
        if let Err(error) = sent {
            return Box::new(error).into();
        }
    }
}

fn take(
    incoming: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
) -> Result<Option<Box<ToAgent>>, SocketError> {
    match incoming {
        // An error about receipts leaves the connection open, so it is a message like others here.
        Some(Ok(Message::Text(text))) => match parse(&text) {
            Ok(message) => Ok(Some(Box::new(message))),
            Err(SocketError::Refused { code, text }) => {
                Ok(Some(Box::new(ToAgent::Error { code, text })))
            }
            Err(error) => Err(error),
        },
        Some(Ok(Message::Close(frame))) => Err(SocketError::Closed(reason(frame))),
        Some(Ok(Message::Binary(_))) => {
            Err(SocketError::Protocol("a binary message came".to_owned()))
        }
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(Box::new(error).into()),
        None => Err(SocketError::Closed(None)),
    }
}
