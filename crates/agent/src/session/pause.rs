//! A session stands still while no quorum vouches for the ledger: nothing is shown, nothing is done, both sides are told.
//!
//! A session that was judged when the ledger was fresh does not see a revocation that somebody withholds from then on. So
//! a newer checkpoint is due each half of `max_age`; without one the session is paused, and at `max_age` it is closed.

use trust::checkpoint::Checkpoint;
use trust::freshness;
use trust::receipt::{Event, Outcome};
use trust::warrant::Warrant;
use wire::{Credit, ToDevice};

use super::end::about;
use super::open::spent_by;
use super::{Deferred, Opening, Phase, Session};
use crate::ipc::{Frame, ToHelper};
use crate::keeper::Keeper;
use crate::limits::{BACKLOG_BYTES_MAX, UNDONE_MAX};

const CODE: &str = "stale";
const TEXT: &str = "No witness has vouched for the organisation's ledger for a while. The session stands still until one does.";

impl Keeper {
    /// The session may stay open: it goes on, or stands still.
    pub(super) fn pause_or_resume(
        &mut self,
        session: &mut Session,
        open: &Opening,
        warrant: &Warrant,
    ) {
        if !session.is_open() {
            return;
        }
        match (
            self.must_pause(session, open, warrant),
            session.paused.is_some(),
        ) {
            (true, false) => self.pause(session),
            (false, true) => self.resume(session),
            _ => {}
        }
    }

    /// Whether a newer checkpoint is overdue, and the session's policy would not bear that none comes.
    fn must_pause(&self, session: &Session, open: &Opening, warrant: &Warrant) -> bool {
        let (Some(state), Some(checkpoint)) = (self.store.state(), self.store.checkpoint()) else {
            return false;
        };
        let Phase::Open { spend, .. } = &session.phase else {
            return false;
        };
        if !freshness::needs_renewal(state, checkpoint, session.now(self)) {
            return false;
        }
        let unwitnessed = Checkpoint {
            head: checkpoint.head,
            witnessed: Vec::new(),
        };
        let spent = Some(spent_by(open, spend));
        self.judge_by(&unwitnessed, session, open, warrant, spent)
            .is_err()
    }

    fn pause(&mut self, session: &mut Session) {
        if session.host.pause(CODE, TEXT).is_err() {
            return;
        }
        tracing::info!(session = %session.id, "a session stands still: no witness vouches for the ledger");
        session.paused = Some(Deferred::default());
        self.tell_pause(session, true);
        let outcome = Outcome {
            code: CODE.to_owned(),
            text: TEXT.to_owned(),
        };
        self.receipt_turn(session, Event::Pause, Some(outcome));
    }

    fn resume(&mut self, session: &mut Session) {
        let deferred = session.paused.take().unwrap_or_default();
        if session.host.resume().is_err() {
            return;
        }
        tracing::info!(session = %session.id, "a session goes on");
        self.receipt_turn(session, Event::Resume, None);
        self.tell_pause(session, false);
        for (id, end, message, credit) in deferred.messages {
            self.on_message(session, id, end, message, credit);
        }
    }

    fn tell_pause(&mut self, session: &Session, is_paused: bool) {
        let session = session.number;
        self.tell_helper(&Frame::Control(ToHelper::Pause { session, is_paused }));
        self.banner_is_stale = true;
    }

    fn receipt_turn(&mut self, session: &Session, ev: Event, outcome: Option<Outcome>) {
        let Phase::Open { open, spend } = &session.phase else {
            return;
        };
        let draft = about(spend, Some(open.channel), ev, outcome);
        self.write_or_log(&draft);
    }

    /// A message while the session stands still: input is dropped, the rest waits for it to go on.
    pub(super) fn defer(
        &mut self,
        session: &mut Session,
        id: u16,
        end: bool,
        message: ToDevice,
        credit: Credit,
    ) {
        let Some(deferred) = session.paused.as_mut() else {
            return;
        };
        if matches!(message, ToDevice::Input(_)) {
            return session.host.consumed(credit);
        }
        deferred.bytes += message.clone().encode().len();
        deferred.messages.push_back((id, end, message, credit));
        if deferred.bytes > BACKLOG_BYTES_MAX || deferred.messages.len() > UNDONE_MAX {
            let text = "More was sent than a session keeps that stands still. Connect again.";
            self.end(session, "flooded", text, false);
        }
    }
}
