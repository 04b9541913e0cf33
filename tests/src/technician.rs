//! An honest technician at an honest service: signs in, asks for a session, joins the relay.

use api::device::{Devices, DisplayState};
use api::session::{MakeSession, SessionMade};
use api::sign_in::SignInNonce;
use api::signal::relay::{FromRelayEnd, ToRelayEnd};
use api::signature::{Target, sign};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use trust::envelope::{Envelope, PayloadType};
use trust::proof::{Purpose, SignIn, Socket};
use trust::warrant::Warrant;
use trust::{KeyId, Nonce, Scope, SigningKey, X25519Public};

use crate::channel::{Answer, Channel, Pipe};
use crate::org::{Org, Person, sign_warrant};
use crate::stage::Agent;
use crate::{now_ms, random, soon};

/// A technician who is signed in.
pub struct Technician {
    /// Who he is.
    pub person: Person,
    url: String,
    org: trust::OrgId,
    request_key: SigningKey,
    http: reqwest::Client,
}

impl Technician {
    /// Signs in.
    pub async fn sign_in(org: &Org, url: &str, person: Person) -> Self {
        let http = reqwest::Client::new();
        let base = format!("{url}/v1/orgs/{}", org.id);
        let SignInNonce { nonce } = http
            .post(format!("{base}/nonce"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let request_key = SigningKey::from_seed(random());
        let at = now_ms();
        let payload = SignIn {
            server: url.to_owned(),
            org: org.id,
            nonce,
            request_key: request_key.public().clone(),
            at,
            until: at + 3_600_000,
        };
        let envelope = Envelope::sign(PayloadType::SignIn, &payload, &[&person.key]).unwrap();
        let answer = http
            .post(format!("{base}/sign-in"))
            .body(envelope.to_text())
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
        Self {
            person,
            url: url.to_owned(),
            org: org.id,
            request_key,
            http,
        }
    }

    /// Meets a device on the relay, over this channel key.
    pub async fn call(&self, agent: &Agent, private: &[u8; 32]) -> Channel {
        self.try_call(agent.id(), &agent.noise, private)
            .await
            .unwrap()
    }

    /// The same with a device that may go any moment.
    pub async fn try_call(
        &self,
        device: KeyId,
        noise: &X25519Public,
        private: &[u8; 32],
    ) -> Result<Channel, String> {
        let body = serde_json::to_vec(&MakeSession {
            device,
            warrant: None,
        })
        .unwrap();
        let made = self.ask(reqwest::Method::POST, "sessions", body).await?;
        let pipe = self.join(&serde_json::from_str(&made).unwrap()).await?;
        Ok(Channel::new(pipe, self.org, device, noise, private))
    }

    /// Opens a session, unattended.
    pub async fn open(&self, org: &Org, agent: &Agent, scopes: &[Scope]) -> Channel {
        let (mut channel, answer) = self.try_open(org, agent, scopes, |_| {}).await;
        assert_eq!(answer.code(), "opened", "{answer:?}");
        assert!(channel.viewer.ping(0).is_ok());
        channel.flush().await;
        channel
    }

    /// Asks for a session with a warrant that `change` has changed.
    pub async fn try_open(
        &self,
        org: &Org,
        agent: &Agent,
        scopes: &[Scope],
        change: impl FnOnce(&mut Warrant),
    ) -> (Channel, Answer) {
        let private: [u8; 32] = random();
        let noise = wire::public_of(&private).unwrap();
        let mut warrant = org.warrant(&self.person, agent.id(), noise, scopes);
        change(&mut warrant);
        let envelope = sign_warrant(&warrant, &[&self.person.key]);
        let mut channel = self.call(agent, &private).await;
        let answer = channel.open(&envelope.to_text()).await;
        (channel, answer)
    }

    /// Asks for a session with a warrant that is signed already.
    pub async fn open_with(
        &self,
        agent: &Agent,
        private: &[u8; 32],
        warrant: &Envelope,
    ) -> (Channel, Answer) {
        let mut channel = self.call(agent, private).await;
        let answer = channel.open(&warrant.to_text()).await;
        (channel, answer)
    }

    /// The same, with these counts beside it.
    pub async fn open_counted(
        &self,
        agent: &Agent,
        private: &[u8; 32],
        warrant: &Envelope,
        counts: Vec<String>,
    ) -> Answer {
        let mut channel = self.call(agent, private).await;
        channel.open_counted(&warrant.to_text(), counts).await
    }

    /// Waits until a device has told the service of its display.
    pub async fn wait_for_display(&self, agent: &Agent) {
        let until = std::time::Instant::now() + crate::DEADLINE;
        loop {
            let text = self
                .ask(reqwest::Method::GET, "devices", Vec::new())
                .await
                .unwrap();
            let devices: Devices = serde_json::from_str(&text).unwrap();
            let device = devices
                .devices
                .into_iter()
                .find(|device| device.keyid == agent.id());
            let display = device.and_then(|device| device.display);
            if display
                .as_ref()
                .is_some_and(|display| display.state == DisplayState::Ready)
            {
                return;
            }
            assert!(
                std::time::Instant::now() < until,
                "no display: {display:?}\n{}",
                agent.process.text()
            );
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// A signed request below the organisation: what the service answers, or its refusal.
    pub async fn ask(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<String, String> {
        let path = format!("/v1/orgs/{}/{path}", self.org);
        let target = Target {
            method: method.as_str(),
            public_url: &self.url,
            path_and_query: &path,
        };
        let headers = sign(
            &self.request_key,
            &target,
            &body,
            now_ms() / 1000,
            Nonce(random()),
        );
        let request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .body(body);
        let request = request
            .header("content-digest", headers.content_digest)
            .header("signature-input", headers.signature_input)
            .header("signature", headers.signature);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if status.is_success() {
            Ok(text)
        } else {
            Err(text)
        }
    }

    async fn join(&self, made: &SessionMade) -> Result<Pipe, String> {
        let url = format!("{}{}", self.url.replacen("http", "ws", 1), made.relay);
        let connected = soon("the relay", connect_async(url)).await;
        let (mut ws, _) = connected.map_err(|error| error.to_string())?;
        loop {
            let Some(Ok(Message::Text(text))) = soon("the relay's word", ws.next()).await else {
                return Err("the relay is gone".to_owned());
            };
            match serde_json::from_str(&text).unwrap() {
                ToRelayEnd::Hello { nonce } => {
                    let text = api::signal::write(&FromRelayEnd::Proof(self.proof(made, nonce)));
                    let sent = ws.send(Message::text(text)).await;
                    sent.map_err(|error| error.to_string())?;
                }
                ToRelayEnd::Paired {} => return Ok(pipe(ws)),
                ToRelayEnd::Error { code, text } => return Err(format!("{code}: {text}")),
            }
        }
    }

    fn proof(&self, made: &SessionMade, nonce: Nonce) -> String {
        let proof = Socket {
            server: self.url.clone(),
            org: self.org,
            purpose: Purpose::Relay,
            session: Some(made.session.to_string()),
            nonce,
            at: now_ms(),
            key: None,
        };
        let proof = Envelope::sign(PayloadType::Socket, &proof, &[&self.request_key]);
        proof.unwrap().to_text()
    }
}

type Ws =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// Two queues for a socket. It closes when the way out is dropped.
fn pipe(ws: Ws) -> Pipe {
    let (out, mut outgoing) = mpsc::channel::<Vec<u8>>(4);
    let (incoming, back) = mpsc::channel(64);
    let (mut sink, mut stream) = ws.split();
    tokio::spawn(async move {
        while let Some(message) = outgoing.recv().await {
            if sink.send(Message::binary(message)).await.is_err() {
                return;
            }
        }
        let _ = sink.close().await;
    });
    tokio::spawn(async move {
        while let Some(message) = stream.next().await {
            let heard = match message {
                Ok(Message::Binary(bytes)) => Ok(bytes.to_vec()),
                Ok(Message::Close(frame)) => {
                    Err(frame.map(|f| f.reason.to_string()).unwrap_or_default())
                }
                Ok(_) => continue,
                Err(error) => Err(error.to_string()),
            };
            let is_over = heard.is_err();
            if incoming.send(heard).await.is_err() || is_over {
                return;
            }
        }
    });
    Pipe { out, back }
}
