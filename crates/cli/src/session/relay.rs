//! The service's sockets: its nonce, the request key's proof; then the other end of a relay, or hints.

use anyhow::{Result, anyhow, ensure};
use api::session::SessionMade;
use api::signal::console::ToConsole;
use api::signal::relay::{FromRelayEnd, ToRelayEnd};
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use trust::envelope::{Envelope, PayloadType};
use trust::proof::{Purpose, Socket as Proof};
use trust::text::show_foreign;

use crate::ambient::now_ms;
use crate::failure::{Kind, named};
use crate::login::Login;

/// The relay's socket.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const CONNECT: Duration = Duration::from_secs(15);
const MESSAGE_BYTES_MAX: usize = 128 * 1024;

/// Joins the relay and waits for the device.
pub async fn join(login: &Login, made: &SessionMade) -> Result<Socket> {
    let path_fits =
        made.relay.starts_with("/v1/relay/") && !made.relay.contains(['?', '#', '\\', ' ']);
    ensure!(
        path_fits,
        named(
            Kind::Service,
            "bad_relay",
            "The service named no relay of its own."
        )
    );
    let mut socket = connect(login, &made.relay).await?;
    let session = Some(made.session.to_string());
    prove(login, &mut socket, Purpose::Relay, session).await?;
    match hear(&mut socket).await? {
        ToRelayEnd::Paired {} => Ok(socket),
        ToRelayEnd::Hello { .. } => Err(named(Kind::Service, "relay", "The relay began twice.")),
        ToRelayEnd::Error { .. } => Err(anyhow!("an error is told where it is heard")),
    }
}

/// Opens the socket on which the service hints at what changed.
pub async fn console(login: &Login) -> Result<Socket> {
    let mut socket = connect(login, "/v1/console").await?;
    prove(login, &mut socket, Purpose::Console, None).await?;
    Ok(socket)
}

/// The next hint.
pub async fn hint(socket: &mut Socket) -> Result<ToConsole> {
    hear(socket).await
}

async fn connect(login: &Login, path: &str) -> Result<Socket> {
    let url = format!("{}{path}", login.service().url().websocket());
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let connecting = timeout(CONNECT, connect_async_with_config(url, Some(config), true));
    let (socket, _) = connecting
        .await
        .map_err(|_| unreachable("it took too long"))?
        .map_err(|e| unreachable(&e.to_string()))?;
    Ok(socket)
}

/// Answers the service's nonce.
async fn prove(
    login: &Login,
    socket: &mut Socket,
    purpose: Purpose,
    session: Option<String>,
) -> Result<()> {
    let wait = Duration::from_millis(api::limits::SOCKET_PROOF_MS);
    let first = timeout(wait, hear(socket))
        .await
        .map_err(|_| unreachable("it sent no nonce"))??;
    let ToRelayEnd::Hello { nonce } = first else {
        return Err(named(
            Kind::Service,
            "relay",
            "The service did not begin with its nonce.",
        ));
    };
    let signed = login.signed()?;
    let proof = Proof {
        server: login.service().url().to_string(),
        org: login.org(),
        purpose,
        session,
        nonce,
        at: now_ms(),
        key: None,
    };
    let envelope = Envelope::sign(PayloadType::Socket, &proof, &[signed.request_key()])?;
    let text = api::signal::write(&FromRelayEnd::Proof(envelope.to_text()));
    socket
        .send(Message::Text(text.into()))
        .await
        .map_err(|e| unreachable(&e.to_string()))
}

fn unreachable(why: &str) -> anyhow::Error {
    let text = format!("The service's socket does not answer: {why}.");
    named(Kind::Unreachable, "relay_unreachable", text)
}

async fn hear<T: DeserializeOwned + Serialize>(socket: &mut Socket) -> Result<T> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                // An error reads the same on every socket.
                if let Ok(ToRelayEnd::Error { code, text }) =
                    api::signal::parse(&text, MESSAGE_BYTES_MAX)
                {
                    let (code, text) = (show_foreign(&code, 64), show_foreign(&text, 300));
                    return Err(named(
                        Kind::Service,
                        &code,
                        format!("The service refuses: {text}"),
                    ));
                }
                return api::signal::parse(&text, MESSAGE_BYTES_MAX).map_err(|e| {
                    named(
                        Kind::Service,
                        "relay",
                        format!("The service's word cannot be read: {e}."),
                    )
                });
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(frame))) => {
                let why = frame
                    .map(|f| show_foreign(f.reason.as_str(), 200))
                    .unwrap_or_default();
                return Err(named(
                    Kind::Service,
                    "relay_closed",
                    format!("The relay ended the connection: {why}"),
                ));
            }
            Some(Ok(_)) => {
                return Err(named(
                    Kind::Service,
                    "relay",
                    "The relay sent bytes before both ends were there.",
                ));
            }
            Some(Err(why)) => {
                return Err(named(
                    Kind::Unreachable,
                    "lost",
                    format!("The connection to the relay broke: {why}."),
                ));
            }
            None => {
                return Err(named(
                    Kind::Unreachable,
                    "lost",
                    "The connection to the relay ended.",
                ));
            }
        }
    }
}
