//! What the service says on the link, and what it is told.

use api::device::{Display, DisplayState};
use api::ids::SessionId;
use api::signal::agent::{FromAgent, ToAgent};
use trust::envelope::{Envelope, PayloadType};
use trust::proof::Enrol;
use trust::statement::Role;

use super::Keeper;
use crate::clock::os_random;
use crate::config::one_line;
use crate::limits::{BEAT_EVERY_MS, SESSIONS_MAX};
use crate::link::LinkEvent;
use crate::relay::Relay;
use crate::trust_store::StoreError;

/// Where handing receipts to the service stands.
#[derive(Default)]
pub struct Upload {
    /// The service said how many it holds, on this connection.
    is_ready: bool,
    is_under_way: bool,
}

impl Keeper {
    /// Something happened on the link.
    pub fn on_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up => {
                tracing::info!("connected to the service");
                self.link_is_up = true;
                self.beat_due = 0;
                self.upload = Upload::default();
                if !self.is_admitted() && !self.enrolment_dropped {
                    self.enrol();
                }
                self.ask_ledger();
                self.tell_display();
            }
            LinkEvent::Down(why) => {
                tracing::info!(why, "not connected to the service");
                self.link_is_up = false;
                self.upload = Upload::default();
            }
            LinkEvent::Message(message) => self.on_service(*message),
        }
    }

    fn on_service(&mut self, message: ToAgent) {
        match message {
            ToAgent::Hello { .. } => {}
            ToAgent::Waiting {} => tracing::info!(
                words = self.store.keys().words(),
                "this device waits until an admin admits it; compare the words"
            ),
            ToAgent::Ledger {
                from,
                leaves,
                checkpoint,
                more,
            } => self.on_ledger(from, leaves, &checkpoint, more),
            ToAgent::Revocations { envelopes } => self.take_revocations(&envelopes),
            ToAgent::Call { session } => self.on_call(session),
            ToAgent::Receipts { have } => self.on_uploaded(have),
            ToAgent::Ping { nonce } => self.link.send(FromAgent::Pong { nonce }),
            ToAgent::Error { code, text } => {
                self.enrolment_dropped |= code == "dropped";
                let text = trust::text::show_foreign(&text, 200);
                tracing::warn!(code, text, "the service refused something");
            }
        }
    }

    fn on_call(&mut self, id: SessionId) {
        let decline = |keeper: &Self, text: &str| {
            keeper.link.send(FromAgent::Decline {
                session: id,
                text: text.to_owned(),
            });
        };
        if self.join.is_some() {
            return decline(self, "This machine joined by a code; it answers no calls.");
        }
        if self.store.state().is_none() {
            return decline(
                self,
                "The agent has not received the organisation's ledger yet. Try again in a moment.",
            );
        }
        let old: Vec<_> = self
            .joining
            .iter()
            .filter(|(_, j)| j.0 == id)
            .map(|(n, _)| *n)
            .collect();
        old.iter()
            .for_each(|number| drop(self.joining.remove(number)));
        for number in self.numbers() {
            self.with_session(number, |keeper, session| {
                if session.id == id {
                    keeper.end(
                        session,
                        "replaced",
                        "A newer connection took over this session.",
                        false,
                    );
                }
            });
        }
        if self.joining.len() + self.sessions.len() >= SESSIONS_MAX {
            return decline(self, "Too many sessions are open on this workstation.");
        }
        let number = self.next_number();
        let key = self.store.keys().signing.clone();
        let service = self.config.service.clone();
        let relay = Relay::join(
            service,
            self.store.org(),
            key,
            (id, None),
            number,
            self.senders.relay.clone(),
        );
        self.joining.insert(number, (id, relay));
        self.tell_helper(&crate::ipc::Frame::Control(crate::ipc::ToHelper::Look {}));
    }

    fn is_admitted(&self) -> bool {
        let (device, now) = (self.store.keys().id(), self.store.now());
        self.store
            .state()
            .is_some_and(|s| s.in_force(&device, Role::Device, now).is_ok())
    }

    fn enrol(&mut self) {
        let keys = self.store.keys();
        let enrol = Enrol {
            org: self.store.org(),
            key: keys.signing.public().clone(),
            noise: keys.noise_public,
            hostname: self.config.hostname.clone(),
            nonce: trust::Nonce(os_random()),
        };
        match Envelope::sign(PayloadType::Enrol, &enrol, &[&keys.signing]) {
            Ok(envelope) => self.link.send(FromAgent::Enrol(envelope.to_text())),
            Err(error) => tracing::error!(%error, "the enrolment could not be signed"),
        }
    }

    pub(crate) fn tell_display(&mut self) {
        let why = self.no_display.as_deref().map(one_line_200);
        let state = if why.is_some() {
            DisplayState::None
        } else {
            DisplayState::Ready
        };
        if self.link_is_up {
            self.link.send(FromAgent::Display(Display { state, why }));
        }
    }

    fn on_uploaded(&mut self, have: u64) {
        self.upload = Upload {
            is_ready: true,
            is_under_way: false,
        };
        self.rolled_back = None;
        tracing::debug!(have, "the service holds the receipts");
        if let Err(error) = self.store.set_uploaded(have) {
            self.upload.is_ready = false;
            tracing::error!(%error, "the service's count of receipts could not be taken");
            if matches!(error, StoreError::RolledBack { .. }) {
                // What is receipted from here on would be a second history.
                self.rolled_back = Some(Self::refuse_store(&error));
            }
        }
    }

    /// When the next beat is due: of an admitted device, once the service said how many receipts it holds.
    pub(crate) fn next_beat(&self) -> Option<u64> {
        (self.upload.is_ready && !self.is_stopping && self.is_admitted()).then_some(self.beat_due)
    }

    /// Says how far the chain reached, so that what is missing elsewhere is missed.
    pub(crate) fn beat_if_due(&mut self) {
        let now = self.now();
        if self.next_beat().is_none_or(|due| due > now) {
            return;
        }
        self.beat_due = now + BEAT_EVERY_MS;
        let open = self.sessions.values().filter(|s| s.is_open()).count();
        match self.store.write_beat(open as u64) {
            Ok(beat) => self.link.send(FromAgent::Beat(beat.to_text())),
            Err(error) => tracing::error!(%error, "a beat could not be written"),
        }
    }

    /// Hands the service what it lacks, a page at a time.
    pub(crate) fn upload_receipts(&mut self) {
        if !self.upload.is_ready || self.upload.is_under_way {
            return;
        }
        match self.store.next_upload() {
            Ok(envelopes) if envelopes.is_empty() => {}
            Ok(envelopes) => {
                self.upload.is_under_way = true;
                self.link.send(FromAgent::Receipts { envelopes });
            }
            Err(error) => {
                self.upload.is_ready = false;
                tracing::error!(%error, "the receipts could not be read");
            }
        }
    }
}

/// The service takes one line of at most 200 characters.
fn one_line_200(text: &str) -> String {
    let line = trust::text::show_foreign(text, 199);
    if trust::text::is_line(&line) {
        line
    } else {
        one_line(text)
    }
}
