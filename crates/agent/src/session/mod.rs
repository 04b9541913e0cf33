//! One technician's session on this device, from the joined relay to the last receipt.
//!
//! ```text
//! relay joined -> judging -> (waiting for the ledger) -> (asking) -> open -> over
//!                    |_______________|______________________|_________| (paused while no witness vouches)
//!                        refused, with a `deny` receipt      closed, with a `close` receipt
//! ```

mod end;
mod open;
mod pause;
mod streams;

use std::collections::{BTreeMap, VecDeque};

use api::ids::SessionId;
use trust::bytes::{Hash, X25519Public};
use trust::judge::Verdict;
use wire::frame::Stream;
use wire::{Binding, Host, HostEvent, ToTechnician};

pub use end::closing;

use crate::clock::{Anchor, os_random};
use crate::consent::Guest;
use crate::ipc::Number;
use crate::keeper::Keeper;
use crate::relay::{Relay, RelayEvent};
use crate::trust_store::Spend;

/// One technician's channel and what it has come to.
pub struct Session {
    /// The service's id for this meeting.
    pub(crate) id: SessionId,
    number: Number,
    host: Host,
    relay: Relay,
    phase: Phase,
    /// Whether the warrant is over for good when the session is.
    ends_for_good: bool,
    /// When the channel came up: the session's time only moves on from here.
    began: Anchor,
    tickets: Tickets,
    /// What the channel had no room for, in order.
    backlog: BTreeMap<(Stream, u16), VecDeque<Waiting>>,
    backlog_bytes: usize,
    told_chat: bool,
    /// What came while the session stood still; none unless it does.
    paused: Option<Deferred>,
}

/// What a technician sent while his session stood still, in order.
#[derive(Default)]
struct Deferred {
    messages: VecDeque<(u16, bool, wire::ToDevice, wire::Credit)>,
    bytes: usize,
}

/// Messages that the helper has not dealt with yet.
#[derive(Default)]
struct Tickets {
    last: u32,
    open: BTreeMap<u32, wire::Credit>,
}

struct Waiting {
    message: ToTechnician,
    end: bool,
    bytes: usize,
}

/// How far a session has come.
enum Phase {
    /// Handshake, or before `open`.
    Greeting,
    /// The ledger it names is being fetched.
    Waiting { open: Opening, until: u64 },
    /// The end user is being asked.
    Asking {
        open: Opening,
        verdict: Box<Verdict>,
        spend: Box<Spend>,
        until: u64,
    },
    /// Open.
    Open { open: Opening, spend: Box<Spend> },
    /// Nothing but the last word is still sent.
    Over,
}

/// What a technician asked with.
#[derive(Clone)]
struct Opening {
    warrant: String,
    counts: Vec<String>,
    channel: Hash,
    technician: X25519Public,
}

impl Session {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// When time alone changes something, in milliseconds since the epoch.
    pub fn due(&self) -> Option<u64> {
        let own = match &self.phase {
            Phase::Waiting { until, .. } | Phase::Asking { until, .. } => Some(*until),
            Phase::Greeting | Phase::Open { .. } | Phase::Over => None,
        };
        own.into_iter().chain(self.host.poll_timeout()).min()
    }

    /// Who is here, for the banner; none unless the session is open.
    pub(crate) fn guest(&self, now: u64) -> Option<Guest> {
        let Phase::Open { spend, .. } = &self.phase else {
            return None;
        };
        Some(Guest {
            name: spend.body.name.clone(),
            scopes: spend.body.scopes.clone(),
            until: spend.until,
            attended: spend.body.attended,
            paused: self.paused.is_some(),
            elapsed_s: u32::try_from(now.saturating_sub(spend.at) / 1000).unwrap_or(u32::MAX),
        })
    }

    fn now(&self, keeper: &Keeper) -> u64 {
        keeper.now().max(self.began.now())
    }
}

impl Keeper {
    /// Something happened on a relay.
    pub fn on_relay(&mut self, number: Number, event: RelayEvent) {
        match event {
            RelayEvent::Agreed(agreed) => self.on_agreed(agreed),
            RelayEvent::Paired => self.begin(number),
            RelayEvent::Message(bytes) => self.with_session(number, |keeper, session| {
                let now = session.now(keeper);
                // Why it failed comes as the channel's last event.
                let _ = session.host.handle_bytes(&bytes, now);
            }),
            RelayEvent::Room => self.with_session(number, |_, _| {}),
            RelayEvent::Gone(why) => {
                if let Some((id, _)) = self.joining.remove(&number) {
                    tracing::info!(session = %id, why, "the relay was not joined");
                }
                self.with_session(number, |keeper, session| {
                    keeper.end(
                        session,
                        "lost",
                        &format!("The connection to the technician was lost: {why}"),
                        false,
                    );
                });
                self.sessions.remove(&number);
                self.end_join(&why);
            }
        }
    }

    fn begin(&mut self, number: Number) {
        let Some((id, relay)) = self.joining.remove(&number) else {
            return;
        };
        let keys = self.store.keys();
        let binding = Binding {
            mode: self.mode(),
            org: self.store.org(),
            device: keys.id(),
        };
        let now = self.now();
        let host = match Host::new(binding, &keys.noise, &os_random(), now) {
            Ok(host) => host,
            Err(error) => return tracing::error!(%error, "a channel could not be prepared"),
        };
        let session = Session {
            id,
            number,
            host,
            relay,
            phase: Phase::Greeting,
            ends_for_good: false,
            began: Anchor::at(now),
            tickets: Tickets::default(),
            backlog: BTreeMap::new(),
            backlog_bytes: 0,
            told_chat: false,
            paused: None,
        };
        self.sessions.insert(number, session);
    }

    /// Takes what the channel has to tell and sends what it has to send, until neither brings anything new.
    pub(crate) fn drive(&mut self, session: &mut Session) {
        loop {
            while let Some(event) = session.host.poll_event() {
                self.on_host(session, event);
            }
            let host = &mut session.host;
            let is_sent = session.relay.send(|| host.poll_transmit());
            match session.host.poll_event() {
                Some(event) => self.on_host(session, event),
                None => {
                    if is_sent && session.host.is_over() {
                        session.relay.finish();
                    }
                    return;
                }
            }
        }
    }

    fn on_host(&mut self, session: &mut Session, event: HostEvent) {
        match event {
            HostEvent::Secured { .. } => self.greet(session),
            HostEvent::Revocations(envelopes) => self.take_revocations(&envelopes),
            HostEvent::Open {
                warrant,
                counts,
                channel,
                technician,
                ..
            } => {
                let open = Opening {
                    warrant,
                    counts,
                    channel,
                    technician,
                };
                self.consider(session, open, true);
            }
            HostEvent::Message {
                id,
                end,
                message,
                credit,
            } => {
                self.on_message(session, id, end, message, credit);
            }
            HostEvent::Room { stream, id } => self.send_backlog(session, stream, id),
            HostEvent::Over(end) => self.on_over(session, &end),
        }
    }

    fn greet(&mut self, session: &mut Session) {
        let Some(state) = self.store.state() else {
            return;
        };
        let head = state.head();
        let receipt = self.store.receipt_head();
        let head = wire::control::Head {
            size: head.size,
            root: head.root,
            receipt: receipt.map(|head| wire::control::ReceiptHead {
                n: head.n,
                hash: head.hash,
            }),
            hostname: self.config.hostname.clone(),
        };
        let now = session.now(self);
        if let Err(error) = session.host.greet(head, self.store.held(), now) {
            session.host.close("greeting", &error.to_string());
        }
    }

    /// Time has passed.
    pub(crate) fn on_session_due(&mut self, session: &mut Session) {
        let now = session.now(self);
        session.host.handle_timeout(now);
        match &session.phase {
            Phase::Waiting { open, until } if now >= *until => {
                let open = open.clone();
                self.consider(session, open, false);
            }
            Phase::Asking { until, .. } if now >= *until => {
                self.on_answer(session, crate::ipc::Answer::Timeout {});
            }
            _ => {}
        }
    }
}
