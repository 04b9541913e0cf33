//! The thief's front: the routes and sockets of the service, as `docs/protocol.md` writes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use api::ids::SessionId;
use api::ledger::{Appended, LedgerPage};
use api::session::{MakeSession, SessionMade};
use api::sign_in::{Role, SignInNonce, SignedIn};
use api::signal::agent::{FromAgent, ToAgent};
use api::signal::relay::{FromRelayEnd, ToRelayEnd};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::{mpsc, oneshot, watch};
use trust::envelope::{Envelope, PayloadType};
use trust::proof::SignIn;
use trust::statement::{Say, Statement};
use trust::{KeyId, Nonce};
use wayleave_tests::random;

use crate::book::{Book, View};
use crate::mischief::{self, Mischief};

/// What the service says to one connected agent.
#[derive(Clone)]
struct Link {
    to: mpsc::UnboundedSender<String>,
    /// How many leaves the agent was sent.
    size: u64,
}

/// Why a meeting did not come about.
pub type Declined = String;

pub struct Front {
    port: u16,
    pub book: tokio::sync::Mutex<Book>,
    links: Mutex<BTreeMap<KeyId, Link>>,
    arrivals: watch::Sender<u64>,
    /// What a device is shown instead of the book.
    pub views: Mutex<BTreeMap<KeyId, View>>,
    waiting: Mutex<BTreeMap<SessionId, oneshot::Sender<Result<WebSocket, Declined>>>>,
    /// What happens to sessions that command lines ask for.
    pub mischief: Mutex<Mischief>,
    /// Envelopes that people signed in with.
    pub sign_ins: Mutex<Vec<String>>,
}

impl Front {
    pub fn new(port: u16, book: Book) -> Self {
        Self {
            port,
            book: tokio::sync::Mutex::new(book),
            links: Mutex::default(),
            arrivals: watch::Sender::new(0),
            views: Mutex::default(),
            waiting: Mutex::default(),
            mischief: Mutex::default(),
            sign_ins: Mutex::default(),
        }
    }

    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Listens where the service listened.
    pub async fn listen(self: Arc<Self>) {
        let app = Router::new()
            .route("/v1/agent", get(agent))
            .route("/v1/relay/{session}", get(relay))
            .route("/v1/server", get(server))
            .route("/v1/orgs/{org}/nonce", post(nonce))
            .route("/v1/orgs/{org}/sign-in", post(sign_in))
            .route("/v1/orgs/{org}/ledger", get(ledger).post(append))
            .route("/v1/orgs/{org}/devices", get(devices))
            .route("/v1/orgs/{org}/sessions", get(sessions).post(make_session))
            .route("/v1/orgs/{org}/approvals", get(approvals))
            .route("/v1/orgs/{org}/sessions/{session}", delete(|| async { "" }))
            .layer(axum::middleware::from_fn(for_pages))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", self.port))
            .await
            .unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    }

    /// Says something to an agent, once it is there.
    pub async fn tell(&self, device: KeyId, text: String) {
        let mut arrivals = self.arrivals.subscribe();
        loop {
            let link = self.links.lock().unwrap().get(&device).cloned();
            if link.is_some_and(|link| link.to.send(text.clone()).is_ok()) {
                return;
            }
            arrivals.changed().await.unwrap();
        }
    }

    /// Sends an agent what it lacks, and the newest checkpoint.
    pub async fn push(&self, device: KeyId) {
        let mut arrivals = self.arrivals.subscribe();
        loop {
            let size = self
                .links
                .lock()
                .unwrap()
                .get(&device)
                .map(|link| link.size);
            match size {
                Some(size) => return self.send_ledger(device, size).await,
                None => arrivals.changed().await.unwrap(),
            }
        }
    }

    async fn send_ledger(&self, device: KeyId, from: u64) {
        let view = self.views.lock().unwrap().get(&device).cloned();
        let view = match view {
            Some(view) => view,
            None => self.book.lock().await.view.clone(),
        };
        let leaves: Vec<String> = view.leaves.iter().skip(from as usize).cloned().collect();
        if let Some(link) = self.links.lock().unwrap().get_mut(&device) {
            link.size = from + leaves.len() as u64;
            let message = ToAgent::Ledger {
                from,
                leaves,
                checkpoint: view.note,
                more: false,
            };
            let _ = link.to.send(api::signal::write(&message));
        }
    }

    /// Calls an agent to a relay of its own.
    pub async fn call(&self, device: KeyId) -> Result<WebSocket, Declined> {
        let session = SessionId::from_random(random());
        let (arrived, arrival) = oneshot::channel();
        self.waiting.lock().unwrap().insert(session, arrived);
        self.tell(device, api::signal::write(&ToAgent::Call { session }))
            .await;
        arrival.await.unwrap()
    }
}

fn text_of(message: Option<Result<Message, axum::Error>>) -> Option<String> {
    match message? {
        Ok(Message::Text(text)) => Some(text.to_string()),
        Ok(Message::Ping(_) | Message::Pong(_)) => Some(String::new()),
        _ => None,
    }
}

async fn agent(State(front): State<Arc<Front>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(64 << 20)
        .on_upgrade(|ws| async move {
            let _ = serve_agent(&front, ws).await;
        })
}

async fn hello(ws: &mut WebSocket) -> Option<KeyId> {
    let hello = api::signal::write(&ToRelayEnd::Hello {
        nonce: Nonce(random()),
    });
    ws.send(Message::text(hello)).await.ok()?;
    let FromRelayEnd::Proof(proof) = serde_json::from_str(&text_of(ws.recv().await)?).ok()?;
    Envelope::parse(proof.as_bytes())
        .ok()?
        .claimed_signers()
        .next()
}

async fn serve_agent(front: &Front, mut ws: WebSocket) -> Option<()> {
    let device = hello(&mut ws).await?;
    let (to, mut say) = mpsc::unbounded_channel();
    let (mut has, mut is_told) = (0, false);
    loop {
        let text = tokio::select! {
            text = say.recv() => {
                ws.send(Message::text(text?)).await.ok()?;
                continue;
            }
            message = ws.recv() => text_of(message)?,
        };
        match serde_json::from_str(&text) {
            Ok(FromAgent::Ledger { from }) => {
                front.links.lock().unwrap().insert(
                    device,
                    Link {
                        to: to.clone(),
                        size: from,
                    },
                );
                // A device that nobody admitted yet is kept in the dark until an attack has decided what to show it.
                if front.book.lock().await.state.entry(&device).is_some() {
                    front.send_ledger(device, from).await;
                }
                front.arrivals.send_modify(|n| *n += 1);
                // Told again while some are on their way, the agent would send those twice.
                if !std::mem::replace(&mut is_told, true) {
                    let _ = to.send(api::signal::write(&ToAgent::Receipts { have: has }));
                }
            }
            Ok(FromAgent::Receipts { envelopes }) => {
                has += envelopes.len() as u64;
                let _ = to.send(api::signal::write(&ToAgent::Receipts { have: has }));
            }
            Ok(FromAgent::Decline { session, text }) => {
                if let Some(waiting) = front.waiting.lock().unwrap().remove(&session) {
                    let _ = waiting.send(Err(text));
                }
            }
            _ => {}
        }
    }
}

async fn relay(
    State(front): State<Arc<Front>>,
    Path(session): Path<SessionId>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(move |mut ws| async move {
        if hello(&mut ws).await.is_none() {
            return;
        }
        let waiting = front.waiting.lock().unwrap().remove(&session);
        match waiting {
            // The agent that was called.
            Some(waiting) => drop(waiting.send(Ok(ws))),
            // A command line that asked for a session.
            None => mischief::serve(&front, session, ws).await,
        }
    })
}

async fn server(State(front): State<Arc<Front>>) -> Json<serde_json::Value> {
    let log_key = front.book.lock().await.state.roster().log_key.clone();
    Json(
        json!({ "name": "Stage", "public_url": front.url(), "version": "0", "log_key": log_key, "open": true, "witnesses": [] }),
    )
}

async fn nonce() -> Json<SignInNonce> {
    Json(SignInNonce {
        nonce: Nonce(random()),
    })
}

async fn sign_in(State(front): State<Arc<Front>>, body: String) -> Json<SignedIn> {
    let payload: SignIn = Envelope::parse(body.as_bytes())
        .unwrap()
        .read(PayloadType::SignIn)
        .unwrap();
    front.sign_ins.lock().unwrap().push(body);
    Json(SignedIn {
        keyid: payload.request_key.id(),
        role: Role::Technician,
        until: payload.until,
    })
}

#[derive(serde::Deserialize)]
struct From {
    #[serde(default)]
    from: u64,
}

async fn ledger(
    State(front): State<Arc<Front>>,
    Query(From { from }): Query<From>,
) -> Json<LedgerPage> {
    let shown = front.mischief.lock().unwrap().view.clone();
    let view = match shown {
        Some(view) => view,
        None => front.book.lock().await.view.clone(),
    };
    let size = view.leaves.len() as u64;
    let leaves = view.leaves.into_iter().skip(from as usize).collect();
    Json(LedgerPage {
        size,
        leaves,
        checkpoint: view.note,
        pending: Vec::new(),
    })
}

async fn append(State(front): State<Arc<Front>>, body: String) -> Json<Appended> {
    let mut book = front.book.lock().await;
    book.append(&body);
    let _ = book.cosign().await;
    let size = book.view.leaves.len() as u64;
    Json(Appended {
        index: size - 1,
        size,
        checkpoint: book.view.note.clone(),
    })
}

/// Every device that stands in any leaf is there, the made-up ones too.
async fn devices(State(front): State<Arc<Front>>) -> Json<serde_json::Value> {
    let leaves = front.book.lock().await.view.leaves.clone();
    let devices: Vec<_> = leaves
        .iter()
        .flat_map(|leaf| devices_in(leaf))
        .map(|keyid| json!({ "keyid": keyid, "online": true }))
        .collect();
    Json(json!({ "devices": devices, "waiting": [] }))
}

fn devices_in(leaf: &str) -> Vec<KeyId> {
    let envelope = Envelope::parse(leaf.as_bytes()).ok();
    let said = envelope.and_then(|e| e.read::<Statement>(PayloadType::Statement).ok());
    match said.map(|statement| statement.say) {
        Some(Say::Admit(admit)) if admit.role == trust::statement::Role::Device => {
            admit.subjects.iter().map(|s| s.key.id()).collect()
        }
        _ => Vec::new(),
    }
}

async fn approvals() -> Json<serde_json::Value> {
    Json(json!({ "approvals": [] }))
}

async fn sessions() -> Json<serde_json::Value> {
    Json(json!({ "sessions": [] }))
}

/// Lets the customer's own page talk to the thief as it talked to the service.
async fn for_pages(request: Request, next: Next) -> Response {
    let mut answer = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, POST, PUT, DELETE"),
        (
            "access-control-allow-headers",
            "content-type, content-digest, signature, signature-input",
        ),
    ] {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    answer
}

async fn make_session(
    State(front): State<Arc<Front>>,
    Json(wish): Json<MakeSession>,
) -> Json<SessionMade> {
    let session = SessionId::from_random(random());
    front
        .mischief
        .lock()
        .unwrap()
        .sessions
        .insert(session, wish.device);
    Json(SessionMade {
        session,
        relay: format!("/v1/relay/{session}"),
    })
}
