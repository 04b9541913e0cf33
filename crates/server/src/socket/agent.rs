//! `GET /v1/agent`: one device's agent.

use std::sync::Arc;
use std::time::Duration;

use api::device::Device;
use api::ids::KeyId;
use api::limits::{AGENT_BYTES_MAX, LEDGER_PAGE_BYTES_MAX, LEDGER_PAGE_LEAVES_MAX, TEXT_CHARS_MAX};
use api::signal::agent::{FromAgent, ToAgent};
use api::signal::console::ToConsole;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;
use trust::PublicKey;
use trust::text::is_line;

use super::{Conn, Ended};
use crate::app::{Address, App, stopped};
use crate::auth::hello_nonce;
use crate::clock::now_ms;
use crate::error::Refusal;
use crate::ledger::{Org, Published, Standing};
use crate::metrics::Raised;
use crate::presence::{Connected, Order};

const PING_EVERY: Duration = Duration::from_secs(20);
const SILENCE_MAX: Duration = Duration::from_secs(60);

pub(super) struct Agent {
    pub(super) app: Arc<App>,
    pub(super) org: Arc<Org>,
    pub(super) key: PublicKey,
    pub(super) conn: Conn,
    pub(super) address: Address,
    place: Connected,
    pub(super) standing: Standing,
    /// How many leaves the agent holds, once it said so.
    position: Option<u64>,
    last_heard: Instant,
}

/// Everything that can happen to an agent's socket.
enum Event {
    Text(axum::extract::ws::Utf8Bytes),
    Order(Order),
    Published,
    StandingChanged,
    Revocation(Result<String, RecvError>),
    PingDue,
    Stop,
}

/// Serves an agent whose key was proven until it ends.
pub(super) async fn run(
    app: Arc<App>,
    address: Address,
    conn: Conn,
    org: Arc<Org>,
    key: PublicKey,
) {
    let _counted = Raised::new(&app.metrics.agents);
    let now = now_ms();
    let listening = Listening {
        published: org.published(),
        changes: org.changes(),
        revocations: org.revocations(),
        stop: app.stop.clone(),
    };
    let place = app.presence.enter(org.id(), key.id(), now);
    let standing = org.standing(&key.id(), now);
    let mut agent = Agent {
        app,
        org,
        key,
        conn,
        address,
        place,
        standing,
        position: None,
        last_heard: Instant::now(),
    };
    let ended = agent.serve(listening).await;
    agent.leave(ended).await;
}

struct Listening {
    published: watch::Receiver<Arc<Published>>,
    changes: watch::Receiver<()>,
    revocations: broadcast::Receiver<String>,
    stop: watch::Receiver<bool>,
}

impl Agent {
    pub(super) fn keyid(&self) -> KeyId {
        self.key.id()
    }

    async fn serve(&mut self, mut listening: Listening) -> Ended {
        let mut ping = tokio::time::interval(PING_EVERY);
        if let Err(ended) = self.begin().await {
            return ended;
        }
        loop {
            let event = tokio::select! {
                // A revocation goes out before it closes its own target's socket, and nothing an agent sends delays it.
                biased;
                revocation = listening.revocations.recv() => Event::Revocation(revocation),
                Ok(()) = listening.changes.changed() => Event::StandingChanged,
                () = stopped(&mut listening.stop) => Event::Stop,
                Some(order) = self.place.orders.recv() => Event::Order(order),
                Ok(()) = listening.published.changed() => Event::Published,
                _ = ping.tick() => Event::PingDue,
                text = self.conn.text() => match text {
                    Ok(text) => Event::Text(text),
                    Err(ended) => return ended,
                },
            };
            if let Err(ended) = self.handle(event).await {
                return ended;
            }
        }
    }

    async fn begin(&mut self) -> Result<(), Ended> {
        self.check_standing()?;
        let envelopes = self.org.held();
        if !envelopes.is_empty() {
            self.conn.send(&ToAgent::Revocations { envelopes }).await?;
        }
        if self.standing == Standing::Device {
            self.app
                .store
                .device_seen(&self.org.id(), &self.keyid(), now_ms())
                .await?;
            self.acknowledge_receipts().await?;
            self.hint_presence(true);
        }
        Ok(())
    }

    async fn handle(&mut self, event: Event) -> Result<(), Ended> {
        match event {
            Event::Text(text) => {
                self.last_heard = Instant::now();
                let message = self.conn.parse(&text, AGENT_BYTES_MAX)?;
                self.hear(message).await
            }
            Event::Order(Order::Call(session)) => self.conn.send(&ToAgent::Call { session }).await,
            Event::Order(Order::Replaced) => Err(Refusal::conflict(
                "replaced",
                "A newer connection of the same device took over.",
            )
            .into()),
            Event::Order(Order::Dropped) => Err(Refusal::forbidden(
                "dropped",
                "An admin removed this device from the waiting list.",
            )
            .into()),
            Event::Published => self.send_ledger().await,
            Event::StandingChanged => self.standing_changed().await,
            Event::Revocation(Ok(envelope)) => {
                self.conn
                    .send(&ToAgent::Revocations {
                        envelopes: vec![envelope],
                    })
                    .await
            }
            Event::Revocation(Err(_)) => {
                let envelopes = self.org.held();
                self.conn.send(&ToAgent::Revocations { envelopes }).await
            }
            Event::PingDue if self.last_heard.elapsed() > SILENCE_MAX => Err(Ended::Gone),
            Event::PingDue => {
                self.conn
                    .send(&ToAgent::Ping {
                        nonce: hello_nonce(),
                    })
                    .await
            }
            Event::Stop => Err(Refusal::stopping().into()),
        }
    }

    async fn hear(&mut self, message: FromAgent) -> Result<(), Ended> {
        match message {
            FromAgent::Proof(_) => {
                Err(Refusal::bad("bad_message", "the proof was given already").into())
            }
            FromAgent::Enrol(envelope) => self.enrol(&envelope).await,
            FromAgent::Ledger { from } => {
                self.position = Some(from);
                self.send_ledger().await
            }
            FromAgent::Display(display) => {
                if display.why.as_deref().is_some_and(|why| !is_line(why)) {
                    return Err(
                        Refusal::bad("bad_message", "a display's reason is one line").into(),
                    );
                }
                self.place.set_display(display);
                self.hint_presence(true);
                Ok(())
            }
            FromAgent::Receipts { envelopes } => self.take_receipts(&envelopes).await,
            FromAgent::Beat(envelope) => self.take_beat(&envelope).await,
            FromAgent::Pong { .. } => Ok(()),
            FromAgent::Decline { session, text } => {
                let text = trust::text::show_foreign(&text, TEXT_CHARS_MAX);
                let why = format!("The workstation declined: {text}");
                let device = self.keyid();
                Ok(self
                    .app
                    .relay
                    .decline(&self.app, &self.org, &device, &session, &why)
                    .await?)
            }
        }
    }

    /// Everything between what the agent holds and the newest checkpoint, in pages.
    async fn send_ledger(&mut self) -> Result<(), Ended> {
        let Some(mut from) = self.position else {
            return Ok(());
        };
        let published = self.org.published().borrow().clone();
        if from > published.size {
            let text = format!(
                "The workstation holds {from} leaves of the ledger and this service only {}: the service has lost data \
                 or shows another history.",
                published.size
            );
            return Err(Refusal::conflict("ledger_behind", text).into());
        }
        let checkpoint = published.note.to_string();
        loop {
            let leaves = self
                .app
                .store
                .leaves(&self.org.id(), from, published.size, LEDGER_PAGE_LEAVES_MAX)
                .await?;
            let leaves = crate::page::cut(leaves, LEDGER_PAGE_BYTES_MAX);
            let upto = from + leaves.len() as u64;
            let more = upto < published.size;
            let page = ToAgent::Ledger {
                from,
                leaves,
                checkpoint: checkpoint.clone(),
                more,
            };
            self.conn.send(&page).await?;
            from = upto;
            if !more {
                self.position = Some(upto);
                return Ok(());
            }
        }
    }

    fn check_standing(&self) -> Result<(), Ended> {
        match self.standing {
            Standing::Revoked => {
                let text =
                    "This device's key was revoked. Enrol the workstation anew with a new key.";
                Err(Refusal::forbidden("revoked", text).into())
            }
            Standing::Member(_) => Err(Refusal::forbidden(
                "not_a_device",
                "This key is a person's, not a device's.",
            )
            .into()),
            Standing::Device | Standing::None => Ok(()),
        }
    }

    async fn standing_changed(&mut self) -> Result<(), Ended> {
        let before = self.standing;
        self.standing = self.org.standing(&self.keyid(), now_ms());
        self.check_standing()?;
        if before != Standing::Device && self.standing == Standing::Device {
            self.app
                .store
                .drop_waiting(&self.org.id(), &self.keyid())
                .await?;
            self.app
                .store
                .device_seen(&self.org.id(), &self.keyid(), now_ms())
                .await?;
            self.org.hint(ToConsole::WaitingGone {
                keyid: self.keyid(),
            });
            self.hint_presence(true);
            self.acknowledge_receipts().await?;
        }
        Ok(())
    }

    fn hint_presence(&self, online: bool) {
        if self.standing != Standing::Device {
            return;
        }
        let seen = self
            .app
            .presence
            .seen(&self.org.id(), &self.keyid())
            .filter(|_| online);
        self.org.hint(ToConsole::Device(Device {
            keyid: self.keyid(),
            online,
            since: seen.as_ref().map(|seen| seen.since),
            last_seen: Some(now_ms()),
            beat: None,
            display: seen.and_then(|seen| seen.display),
        }));
    }

    async fn leave(self, ended: Ended) {
        let Self {
            app,
            org,
            key,
            conn,
            place,
            standing,
            ..
        } = self;
        drop(place);
        // A newer connection of the same device may have its place already.
        let still_online = app.presence.seen(&org.id(), &key.id());
        if standing == Standing::Device && still_online.is_none() {
            let now = now_ms();
            if let Err(error) = app.store.device_seen(&org.id(), &key.id(), now).await {
                tracing::warn!(%error, "a device's last connection is not noted");
            }
            let gone = Device {
                keyid: key.id(),
                online: false,
                since: None,
                last_seen: Some(now),
                beat: None,
                display: None,
            };
            org.hint(ToConsole::Device(gone));
        }
        if let Ended::Refused(refusal) = ended {
            tracing::info!(org = %org.id(), device = %key.id(), code = refusal.code, "an agent's socket is closed");
            conn.refuse(&refusal).await;
        }
    }
}
