//! A client's WebSocket.

use api::ids::SessionId;
use api::signal::relay::{FromRelayEnd, ToRelayEnd};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use trust::envelope::{Envelope, PayloadType};
use trust::proof::{Purpose, Socket as Proof};
use trust::{Nonce, OrgId, SigningKey};

use super::{OrgFixture, TestServer, now_ms, soon};

/// A connected socket.
pub struct Socket {
    pub stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// An honest proof for this nonce.
pub fn proof(
    url: &str,
    org: OrgId,
    purpose: Purpose,
    session: Option<SessionId>,
    nonce: Nonce,
) -> Proof {
    let session = session.map(|session| session.to_string());
    Proof {
        server: url.to_owned(),
        org,
        purpose,
        session,
        nonce,
        at: now_ms(),
        key: None,
    }
}

impl Socket {
    /// Connects and reads nothing.
    pub async fn connect(server: &TestServer, path: &str) -> Self {
        let (stream, _) = soon(connect_async(server.ws(path))).await.unwrap();
        Self { stream }
    }

    /// Reads the service's nonce.
    pub async fn hello(&mut self) -> Nonce {
        match self.read().await {
            ToRelayEnd::Hello { nonce } => nonce,
            other => panic!("no hello: {other:?}"),
        }
    }

    /// Sends a proof signed by `key`.
    pub async fn prove(&mut self, proof: &Proof, key: &SigningKey) {
        let envelope = Envelope::sign(PayloadType::Socket, proof, &[key]).unwrap();
        self.write(&FromRelayEnd::Proof(envelope.to_text())).await;
    }

    /// Connects and proves as an agent.
    pub async fn agent(server: &TestServer, org: &OrgFixture, key: &SigningKey) -> Self {
        let mut socket = Self::connect(server, "/v1/agent").await;
        let nonce = socket.hello().await;
        let mut proof = proof(&server.url, org.id, Purpose::Agent, None, nonce);
        proof.key = Some(key.public().clone());
        socket.prove(&proof, key).await;
        socket
    }

    /// Connects and proves as a console.
    pub async fn console(server: &TestServer, org: &OrgFixture, request_key: &SigningKey) -> Self {
        let mut socket = Self::connect(server, "/v1/console").await;
        let nonce = socket.hello().await;
        socket
            .prove(
                &proof(&server.url, org.id, Purpose::Console, None, nonce),
                request_key,
            )
            .await;
        socket
    }

    /// Connects and proves as an end of a relay.
    pub async fn relay(
        server: &TestServer,
        org: &OrgFixture,
        session: SessionId,
        key: &SigningKey,
    ) -> Self {
        let mut socket = Self::connect(server, &format!("/v1/relay/{session}")).await;
        let nonce = socket.hello().await;
        socket
            .prove(
                &proof(&server.url, org.id, Purpose::Relay, Some(session), nonce),
                key,
            )
            .await;
        socket
    }

    /// Sends one message.
    pub async fn write<T: Serialize>(&mut self, message: &T) {
        self.stream
            .send(Message::text(api::signal::write(message)))
            .await
            .unwrap();
    }

    /// The next text message.
    pub async fn read<T: DeserializeOwned>(&mut self) -> T {
        match self.next().await {
            Message::Text(text) => {
                serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
            }
            other => panic!("not a text message: {other:?}"),
        }
    }

    /// Reads until a message fits.
    pub async fn read_until<T: DeserializeOwned + std::fmt::Debug>(
        &mut self,
        fits: impl Fn(&T) -> bool,
    ) -> T {
        loop {
            let message = self.read().await;
            if fits(&message) {
                return message;
            }
        }
    }

    /// The next binary message.
    pub async fn binary(&mut self) -> Vec<u8> {
        match self.next().await {
            Message::Binary(data) => data.to_vec(),
            other => panic!("not a binary message: {other:?}"),
        }
    }

    /// Sends a binary message.
    pub async fn send_binary(&mut self, data: Vec<u8>) {
        self.stream.send(Message::binary(data)).await.unwrap();
    }

    /// Reads until the socket is refused: its code.
    pub async fn refusal(&mut self) -> String {
        loop {
            match self.next().await {
                Message::Text(text) => {
                    let message: serde_json::Value = serde_json::from_str(&text).unwrap();
                    if let Some(code) = message["error"]["code"].as_str() {
                        return code.to_owned();
                    }
                }
                Message::Binary(_) => {}
                other => panic!("closed without a reason: {other:?}"),
            }
        }
    }

    /// Reads until the close frame.
    pub async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match soon(self.stream.next()).await {
                Some(Ok(Message::Close(frame))) => return frame,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    async fn next(&mut self) -> Message {
        loop {
            match soon(self.stream.next()).await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return message,
                Some(Err(error)) => panic!("the socket broke: {error}"),
                None => panic!("the socket ended"),
            }
        }
    }
}
