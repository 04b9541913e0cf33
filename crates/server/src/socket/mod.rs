//! The WebSockets: upgrade, hello and proof, then one loop each.

mod agent;
mod agent_enrol;
mod agent_receipts;
mod console;
mod relay;

use std::sync::Arc;
use std::time::Duration;

use api::ids::SessionId;
use api::limits::{SIGNAL_UNPROVEN_BYTES_MAX, SOCKET_PROOF_MS};
use api::signal::relay::{FromRelayEnd, ToRelayEnd};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use trust::proof::Purpose;

pub use agent_enrol::waiting_view;

use crate::app::{Address, App, stopped};
use crate::auth::{Prover, hello_nonce, prove};
use crate::error::{Answer, Refusal};
use crate::extract::Upgrade;
use crate::net::Held;
use crate::rates::Rate;

/// A peer that takes nothing for this long is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
const WRITE_BUFFER_BYTES: usize = 128 * 1024;

/// What a socket is for, from its route.
#[derive(Debug, Clone, Copy)]
pub enum Door {
    /// `/v1/agent`.
    Agent,
    /// `/v1/console`.
    Console,
    /// `/v1/relay/{session}`.
    Relay(SessionId),
}

impl Door {
    fn purpose(self) -> Purpose {
        match self {
            Door::Agent => Purpose::Agent,
            Door::Console => Purpose::Console,
            Door::Relay(_) => Purpose::Relay,
        }
    }

    fn session(&self) -> Option<&SessionId> {
        match self {
            Door::Relay(session) => Some(session),
            Door::Agent | Door::Console => None,
        }
    }

    /// A relay hands each message to the kernel at once.
    fn write_buffer_bytes(self) -> usize {
        match self {
            Door::Agent | Door::Console => WRITE_BUFFER_BYTES,
            Door::Relay(_) => 0,
        }
    }

    fn message_bytes_max(self) -> usize {
        match self {
            Door::Agent => api::limits::AGENT_BYTES_MAX,
            Door::Console | Door::Relay(_) => SIGNAL_UNPROVEN_BYTES_MAX,
        }
    }
}

/// Upgrades a request to a WebSocket and serves it until it ends.
pub fn open(app: Arc<App>, address: Address, upgrade: Upgrade, door: Door) -> Answer<Response> {
    app.take(Rate::Socket, address)?;
    app.check_refusals(address)?;
    let bytes_max = door.message_bytes_max();
    let Upgrade { upgrade, held } = upgrade;
    let upgrade = upgrade
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .write_buffer_size(door.write_buffer_bytes())
        .max_write_buffer_size(WRITE_BUFFER_BYTES + api::limits::SIGNAL_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| serve(app, address, Conn { socket, held }, door)))
}

async fn serve(app: Arc<App>, address: Address, mut conn: Conn, door: Door) {
    let alive = app.socket_alive.clone();
    match greet(&app, &mut conn, door).await {
        Ok(prover) => match (door, prover) {
            (Door::Agent, Prover::Device { org, key }) => {
                agent::run(app, address, conn, org, key).await
            }
            (Door::Console, Prover::Member(caller)) => console::run(app, conn, caller).await,
            (Door::Relay(session), prover) => relay::run(app, conn, session, prover).await,
            (Door::Agent, Prover::Member(_)) | (Door::Console, Prover::Device { .. }) => {
                conn.refuse(&Refusal::unproven(
                    "other_purpose",
                    "This key does not belong to this kind of socket.",
                ))
                .await;
            }
        },
        Err(Ended::Refused(refusal)) => {
            app.count_refusal(address, refusal.code);
            conn.refuse(&refusal).await;
        }
        Err(Ended::Gone) => {}
    }
    drop(alive);
}

async fn greet(app: &App, conn: &mut Conn, door: Door) -> Result<Prover, Ended> {
    let nonce = hello_nonce();
    conn.send(&ToRelayEnd::Hello { nonce }).await?;
    let mut stop = app.stop.clone();
    let first = tokio::select! {
        first = tokio::time::timeout(Duration::from_millis(SOCKET_PROOF_MS), conn.text()) => first,
        () = stopped(&mut stop) => return Err(Ended::Refused(Refusal::stopping())),
    };
    let text = first
        .map_err(|_| Refusal::bad("no_proof", "the proof did not come within 10 seconds"))??;
    let FromRelayEnd::Proof(envelope) = conn.parse(&text, SIGNAL_UNPROVEN_BYTES_MAX)?;
    Ok(prove(app, &envelope, door.purpose(), &nonce, door.session()).await?)
}

/// Why a socket's loop ends.
#[derive(Debug)]
enum Ended {
    /// The peer is away.
    Gone,
    /// The peer is told why.
    Refused(Refusal),
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Self {
        Ended::Refused(refusal)
    }
}

impl From<crate::store::StoreError> for Ended {
    fn from(error: crate::store::StoreError) -> Self {
        Ended::Refused(error.into())
    }
}

/// A WebSocket with messages of [`api::signal`].
struct Conn {
    socket: WebSocket,
    held: Held,
}

impl Conn {
    async fn send<T: Serialize>(&mut self, message: &T) -> Result<(), Ended> {
        let text = Message::Text(api::signal::write(message).into());
        match tokio::time::timeout(SEND_TIMEOUT, self.socket.send(text)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Ended::Gone),
        }
    }

    async fn ping(&mut self) -> Result<(), Ended> {
        let ping = Message::Ping(Default::default());
        match tokio::time::timeout(SEND_TIMEOUT, self.socket.send(ping)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Ended::Gone),
        }
    }

    /// The next text message. Cancel safe.
    async fn text(&mut self) -> Result<Utf8Bytes, Ended> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => {
                    return Err(Refusal::bad(
                        "bad_message",
                        "a text message is expected here, not a binary one",
                    )
                    .into());
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Ended::Gone),
            }
        }
    }

    fn parse<T: DeserializeOwned + Serialize>(
        &self,
        text: &str,
        bytes_max: usize,
    ) -> Result<T, Ended> {
        api::signal::parse(text, bytes_max).map_err(|why| Refusal::bad("bad_message", why).into())
    }

    /// Says why and closes.
    async fn refuse(mut self, refusal: &Refusal) {
        let error = ToRelayEnd::Error {
            code: refusal.code.to_owned(),
            text: refusal.text.clone(),
        };
        if self.send(&error).await.is_ok() {
            self.close(close_code(refusal), &refusal.text).await;
        }
    }

    async fn close(mut self, code: u16, reason: &str) {
        let frame = CloseFrame {
            code,
            reason: reason_of(reason).into(),
        };
        // The peer may be gone already; the connection is dropped either way.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.socket.send(Message::Close(Some(frame))))
            .await;
    }
}

/// Private-use close codes (RFC 6455, section 7.4.2) that carry the HTTP status; 1012 for a restart.
pub fn close_code(refusal: &Refusal) -> u16 {
    match refusal.status.as_u16() {
        503 => 1012,
        status => 4000 + status % 1000,
    }
}

/// A close frame holds 123 bytes of reason (RFC 6455, section 5.5).
pub fn reason_of(text: &str) -> String {
    let mut end = text.len().min(123);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_into_a_close_frame() {
        assert_eq!(reason_of("short"), "short");
        assert!(reason_of(&"é".repeat(100)).len() <= 123);
    }
}
