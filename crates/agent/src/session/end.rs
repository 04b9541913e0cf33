//! How a session ends: its receipt, its warrant, the helper's part, the technician's sentence.

use trust::bytes::{Hash, Salt, sha256};
use trust::receipt::{Body, Event, Outcome};
use trust::statement::Role;
use trust::warrant::Warrant;
use wire::error::End;

use super::{Opening, Phase, Session};
use crate::ipc::{Frame, ToHelper};
use crate::keeper::{Keeper, Refused, denial};
use crate::trust_store::{Draft, Spend};

impl Keeper {
    /// Ends a session, whatever it has come to; the technician is told. `is_final`: its warrant opens nothing any more.
    pub(crate) fn end(&mut self, session: &mut Session, code: &str, text: &str, is_final: bool) {
        let said = Refused::new(code, text);
        session.ends_for_good |= is_final;
        // What follows from it comes back as the channel's last event.
        match session.phase {
            Phase::Open { .. } => session.host.close(&said.code, &said.text),
            _ => session.host.refuse(&said.code, &said.text),
        }
        while let Some(event) = session.host.poll_event() {
            self.on_host(session, event);
        }
    }

    /// The channel told its last event.
    pub(super) fn on_over(&mut self, session: &mut Session, end: &End) {
        let (code, text) = match end {
            End::Bye => {
                session.ends_for_good = true;
                (
                    "bye".to_owned(),
                    "The technician ended the session.".to_owned(),
                )
            }
            End::Closed { code, text } | End::Refused { code, text } => {
                (code.clone(), text.clone())
            }
            End::Failed(error) => (error.code().to_owned(), error.to_string()),
        };
        session.ends_for_good |= code == "until";
        match std::mem::replace(&mut session.phase, Phase::Over) {
            Phase::Open { open, spend } => {
                tracing::info!(session = %session.id, code, "a session is over");
                let stop = ToHelper::Stop {
                    session: session.number,
                };
                self.tell_helper(&Frame::Control(stop));
                self.write_or_log(&closing(&spend, Some(open.channel), &code, &text));
                if session.ends_for_good {
                    self.end_warrant(spend.id);
                }
                self.banner_is_stale = true;
            }
            Phase::Asking {
                open,
                verdict,
                spend,
                ..
            } => {
                self.stop_asking(session.number);
                self.end_warrant(spend.id);
                let refused = match end {
                    End::Closed { .. } | End::Refused { .. } => Refused::new(&code, &text),
                    End::Bye | End::Failed(_) => {
                        Refused::new("left", "The technician left before the user answered.")
                    }
                };
                self.note_denial(&open, &verdict.warrant, spend.session, &refused);
            }
            Phase::Greeting | Phase::Waiting { .. } | Phase::Over => {}
        }
        session.tickets.open.clear();
        session.paused = None;
        session.backlog.clear();
        session.backlog_bytes = 0;
    }

    /// Refuses a warrant that could be read: with a receipt.
    pub(super) fn deny(
        &mut self,
        session: &mut Session,
        open: &Opening,
        warrant: &Warrant,
        salt: Salt,
        refused: &Refused,
    ) {
        session.phase = Phase::Over;
        tracing::info!(session = %session.id, code = refused.code, "a warrant is refused");
        self.note_denial(open, warrant, salt, refused);
        session.host.refuse(&refused.code, &refused.text);
    }

    fn note_denial(&mut self, open: &Opening, warrant: &Warrant, salt: Salt, refused: &Refused) {
        let digest = sha256(&[open.warrant.as_bytes()]);
        let draft = denial(
            warrant,
            digest,
            open.channel,
            salt,
            &refused.code,
            &refused.text,
        );
        let is_known = |state: &trust::State| {
            state
                .entry(&warrant.by)
                .is_some_and(|entry| entry.role == Role::Technician)
        };
        let known_by = self
            .store
            .state()
            .is_some_and(is_known)
            .then_some(warrant.by);
        let now = self.now();
        if let Some(draft) = self.denials.note(known_by, draft, now) {
            self.write_or_log(&draft);
        }
    }
}

/// The receipt of a session's end.
pub fn closing(spend: &Spend, channel: Option<Hash>, code: &str, text: &str) -> Draft {
    let outcome = Outcome {
        code: code.to_owned(),
        text: trust::text::show_foreign(text, 300),
    };
    about(spend, channel, Event::Close, Some(outcome))
}

/// A receipt of what became of a session.
pub(super) fn about(
    spend: &Spend,
    channel: Option<Hash>,
    ev: Event,
    outcome: Option<Outcome>,
) -> Draft {
    Draft {
        session: spend.session,
        ev,
        warrant: Some(spend.warrant),
        channel,
        count: None,
        body: Body {
            outcome,
            ..spend.body.clone()
        },
    }
}
