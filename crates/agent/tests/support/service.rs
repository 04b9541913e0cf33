//! A service of a few lines: says hello, pairs, and does what a test tells it.

use api::ids::{Nonce, SessionId};
use api::signal::agent::{FromAgent, ToAgent};
use api::signal::relay::ToRelayEnd;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::Message;
use trust::bytes::KeyId;
use wayleave_agent::clock::{os_random, wall_ms};
use wire::join_code::JoinCode;
use wire::{Binding, Mode, Viewer, ViewerEvent, pake};

use super::Org;

pub struct Service {
    listener: TcpListener,
    pub url: String,
}

/// One agent's or relay's socket, after its proof.
pub struct Socket<S = TcpStream> {
    pub path: String,
    ws: WebSocketStream<S>,
}

impl Service {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// The next socket that proves itself.
    pub async fn accept(&self) -> Socket {
        let (stream, _) = self.listener.accept().await.unwrap();
        Socket::accept(stream).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    #[expect(
        clippy::result_large_err,
        reason = "the answer's type is the library's"
    )]
    pub async fn accept(stream: S) -> Self {
        let mut path = String::new();
        let note = |request: &Request, response: Response| {
            path = request.uri().path().to_owned();
            Ok(response)
        };
        let ws = tokio_tungstenite::accept_hdr_async(stream, note)
            .await
            .unwrap();
        let mut socket = Self { path, ws };
        socket
            .say(&ToAgent::Hello {
                nonce: Nonce(os_random()),
            })
            .await;
        assert!(matches!(socket.hear().await, FromAgent::Proof(_)));
        socket
    }

    pub async fn say(&mut self, message: &impl serde::Serialize) {
        self.ws
            .send(Message::text(api::signal::write(message)))
            .await
            .unwrap();
    }

    pub async fn hear(&mut self) -> FromAgent {
        loop {
            if let Message::Text(text) = self.ws.next().await.unwrap().unwrap() {
                return api::signal::parse(&text, text.len()).unwrap();
            }
        }
    }

    /// The next message for which `wanted` has something.
    pub async fn hear_until<T>(&mut self, wanted: impl Fn(FromAgent) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.hear().await) {
                return found;
            }
        }
    }

    /// Answers the agent's question for the ledger.
    pub async fn give_ledger(&mut self, org: &Org) {
        let from = self
            .hear_until(|message| match message {
                FromAgent::Ledger { from } => Some(from),
                _ => None,
            })
            .await;
        let leaves = org.leaves[usize::try_from(from).unwrap()..].to_vec();
        self.say(&ToAgent::Ledger {
            from,
            leaves,
            checkpoint: org.note(),
            more: false,
        })
        .await;
    }

    /// Returns when the agent has dealt with all that was said before.
    pub async fn round_trip(&mut self) {
        let nonce = Nonce(os_random());
        self.say(&ToAgent::Ping { nonce }).await;
        self.hear_until(|message| (message == FromAgent::Pong { nonce }).then_some(()))
            .await;
    }

    pub async fn call(&mut self) -> SessionId {
        let session = SessionId::from_random(os_random());
        self.say(&ToAgent::Call { session }).await;
        session
    }
}

/// A technician at the other end of a relay.
pub struct Technician {
    pub viewer: Viewer,
    relay: Socket,
}

impl Technician {
    /// Begins as the first message may: together with the news that both are there.
    pub async fn meet(
        mut relay: Socket,
        org: &Org,
        keys: &wayleave_agent::trust_store::DeviceKeys,
        private: &[u8; 32],
    ) -> Self {
        let binding = Binding {
            mode: Mode::Enrolled,
            org: org.id,
            device: keys.id(),
        };
        let viewer = Viewer::new(
            binding,
            private,
            &keys.noise_public,
            &os_random(),
            wall_ms(),
        )
        .unwrap();
        let mut technician = {
            relay
                .ws
                .feed(Message::text(api::signal::write(&ToRelayEnd::Paired {})))
                .await
                .unwrap();
            Self { viewer, relay }
        };
        technician.flush().await;
        technician
    }

    /// Begins with the exchange of a join code; none where the machine does not answer it, or confirms another.
    pub async fn join(
        mut relay: Socket,
        org: &Org,
        code: &JoinCode,
        private: &[u8; 32],
    ) -> Option<(Self, KeyId)> {
        relay.say(&ToRelayEnd::Paired {}).await;
        let noise = wire::public_of(private).unwrap();
        let (pake, hello) = pake::Technician::start(&org.id, code, noise, &os_random());
        relay.ws.send(Message::binary(hello)).await.unwrap();
        let answer = relay.ws.next().await.unwrap().unwrap().into_data();
        let (agreed, confirmation) = pake.finish(&answer).ok()?;
        relay.ws.send(Message::binary(confirmation)).await.unwrap();
        let binding = Binding {
            mode: Mode::Joined {
                pake_key: agreed.pake_key.clone(),
            },
            org: org.id,
            device: agreed.device_id(),
        };
        let viewer = Viewer::new(
            binding,
            private,
            &agreed.device_noise,
            &os_random(),
            wall_ms(),
        );
        let viewer = viewer.unwrap();
        Some((Self { viewer, relay }, agreed.device_id()))
    }

    pub async fn flush(&mut self) {
        while let Some(message) = self.viewer.poll_transmit() {
            self.relay.ws.feed(Message::binary(message)).await.unwrap();
        }
        self.relay.ws.flush().await.unwrap();
    }

    /// The next event; none once the relay is closed.
    pub async fn event(&mut self) -> Option<ViewerEvent> {
        loop {
            if let Some(event) = self.viewer.poll_event() {
                return Some(event);
            }
            self.flush().await;
            match self.relay.ws.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    let _ = self.viewer.handle_bytes(&bytes, wall_ms());
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Asks with a warrant: opened, or the code of the refusal.
    pub async fn open(&mut self, warrant: String) -> Result<(), String> {
        let mut warrant = Some(warrant);
        loop {
            match self.event().await {
                Some(ViewerEvent::Head(_)) => {
                    self.viewer
                        .open(warrant.take().unwrap(), Vec::new(), None, wall_ms())
                        .unwrap();
                }
                Some(ViewerEvent::Opened(_)) => return Ok(()),
                Some(ViewerEvent::Over(
                    wire::End::Refused { code, .. } | wire::End::Closed { code, .. },
                )) => {
                    return Err(code);
                }
                Some(ViewerEvent::Over(end)) => return Err(format!("{end:?}")),
                Some(_) => {}
                None => return Err("gone".to_owned()),
            }
        }
    }
}
