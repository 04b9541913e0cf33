//! The keeper: keys, ledger, judge, receipts, network. What happens comes in through [`crate::eventloop`].
//!
//! Sessions are taken out of the map while something happens to them (`with_session`), so that what they do may touch
//! all the others. What concerns all of them is done in `settle`, after each event.

mod denials;
mod helper_process;
mod join;
mod ledger_sync;
mod refusal;
mod service;

use std::collections::BTreeMap;

use api::ids::SessionId;
use tokio::sync::mpsc;
use trust::freshness;

pub use denials::draft as denial;
pub use helper_process::{HelperEvent, HelperProcess, HelperProgram};
pub use join::JoinState;
pub use refusal::Refused;

use crate::ipc::{Frame, Number, ToHelper, ToKeeper};
use crate::join::{DomainProof, Plan};
use crate::limits::{HELPER_RESTART_MS_MAX, HELPER_RESTART_MS_MIN};
use crate::link::{Link, LinkEvent};
use crate::relay::{Relay, RelayEvent};
use crate::session::Session;
use crate::socket::Service;
use crate::trust_store::{Draft, StoreError, TrustStore};
use denials::Denials;
use ledger_sync::LedgerSync;

/// What a keeper is started with.
pub struct KeeperConfig {
    /// Where the service is.
    pub service: Service,
    /// What this machine is called.
    pub hostname: String,
    /// How the desk helper is started.
    pub helper: HelperProgram,
    /// The code by which this machine joins; none where the ledger admits it.
    pub join: Option<Plan>,
}

/// Where the keeper's parts say what happened to them.
pub struct Senders {
    /// The link.
    pub link: mpsc::Sender<LinkEvent>,
    /// The relays.
    pub relay: mpsc::Sender<(Number, RelayEvent)>,
    /// The desk helper.
    pub helper: mpsc::Sender<(u32, HelperEvent)>,
    /// The organisation's domain.
    pub domain: mpsc::Sender<DomainProof>,
}

/// All of it.
pub struct Keeper {
    pub(crate) config: KeeperConfig,
    pub(crate) store: TrustStore,
    pub(crate) senders: Senders,
    pub(crate) link: Link,
    pub(crate) link_is_up: bool,
    pub(crate) sync: LedgerSync,
    pub(crate) upload: service::Upload,
    /// When the next beat is due, in milliseconds since the epoch.
    pub(crate) beat_due: u64,
    pub(crate) enrolment_dropped: bool,
    /// Why nothing opens: the service holds receipts that this directory lacks.
    pub(crate) rolled_back: Option<Refused>,
    pub(crate) join: Option<JoinState>,
    helper: Option<HelperProcess>,
    helper_starts: u32,
    helper_due: Option<u64>,
    /// Why there is no display; none while there is one.
    pub(crate) no_display: Option<String>,
    pub(crate) joining: BTreeMap<Number, (SessionId, Relay)>,
    pub(crate) sessions: BTreeMap<Number, Session>,
    last_number: Number,
    /// Whose prompt is up: nobody's input is done meanwhile.
    pub(crate) asking: Option<Number>,
    pub(crate) denials: Denials,
    pub(crate) judge_again: bool,
    pub(crate) judged_at: u64,
    pub(crate) banner_is_stale: bool,
    pub(crate) is_stopping: bool,
}

impl Keeper {
    /// Starts link and helper.
    pub fn start(mut config: KeeperConfig, store: TrustStore, senders: Senders) -> Self {
        let key = store.keys().signing.clone();
        let link = Link::start(
            config.service.clone(),
            store.org(),
            key,
            senders.link.clone(),
        );
        let join = config.join.take().map(|plan| {
            let domain = senders.domain.clone();
            JoinState::new(plan, domain, store.now())
        });
        let mut keeper = Self {
            // A machine that joins asks nobody to admit it.
            enrolment_dropped: join.is_some(),
            join,
            config,
            store,
            senders,
            link,
            link_is_up: false,
            sync: LedgerSync::default(),
            upload: service::Upload::default(),
            beat_due: 0,
            rolled_back: None,
            helper: None,
            helper_starts: 0,
            helper_due: Some(0),
            no_display: Some("the agent is starting; shell and files work".to_owned()),
            joining: BTreeMap::new(),
            sessions: BTreeMap::new(),
            last_number: 0,
            asking: None,
            denials: Denials::default(),
            judge_again: false,
            judged_at: 0,
            banner_is_stale: false,
            is_stopping: false,
        };
        keeper.close_what_was_interrupted();
        keeper.start_helper_if_due();
        keeper
    }

    /// Something happened to the helper.
    pub fn on_helper(&mut self, start: u32, event: HelperEvent) {
        if self
            .helper
            .as_ref()
            .is_none_or(|helper| helper.number() != start)
        {
            return;
        }
        match event {
            HelperEvent::Frame(Frame::Control(control)) => self.on_helper_control(control),
            HelperEvent::Frame(Frame::Message(message)) => {
                self.with_session(message.session, |keeper, session| {
                    keeper.pass_on(session, message)
                });
            }
            HelperEvent::Frame(Frame::Done { session, ticket }) => {
                self.with_session(session, |_, session| session.done(ticket));
            }
            HelperEvent::Frame(Frame::Taken { .. }) => {}
            HelperEvent::Gone(why) => self.helper_lost(&why),
        }
    }

    fn on_helper_control(&mut self, control: ToKeeper) {
        match control {
            ToKeeper::Display { why } => self.on_display(why),
            ToKeeper::Answer { session, answer } => {
                self.with_session(session, |keeper, session| keeper.on_answer(session, answer));
            }
            ToKeeper::End {} => self.end_open(
                "ended_by_user",
                "The user at the workstation ended the session.",
                true,
            ),
            ToKeeper::BannerLost { why } => {
                let text =
                    format!("The session ended because the user could not see that it runs: {why}");
                self.end_open("banner_lost", &text, true);
            }
            ToKeeper::Failed { session, why } => {
                self.with_session(session, |keeper, session| {
                    keeper.end(
                        session,
                        "helper_failed",
                        &format!("The workstation cannot go on: {why}"),
                        false,
                    );
                });
            }
        }
    }

    fn on_display(&mut self, why: Option<String>) {
        if self.no_display != why {
            self.no_display = why;
            self.tell_display();
            self.banner_is_stale = true;
        }
    }

    /// Tells the helper something. One that takes nothing is ended, and comes back.
    pub(crate) fn tell_helper(&mut self, frame: &Frame<ToHelper>) {
        if let Some(helper) = &self.helper
            && !helper.send(frame)
        {
            self.helper_lost("it takes nothing any more");
        }
    }

    fn helper_lost(&mut self, why: &str) {
        tracing::warn!(why, "the desk helper is gone");
        self.helper = None;
        self.helper_due = Some(self.now() + HELPER_RESTART_MS_MIN);
        self.on_display(Some(
            "the agent's desk helper is starting again; try in a moment".to_owned(),
        ));
        let text =
            "The part of the agent that serves the desk stopped unexpectedly. Connect again.";
        self.end_open("helper_lost", text, false);
        if let Some(asking) = self.asking {
            let answer = crate::ipc::Answer::Unavailable {
                why: text.to_owned(),
            };
            self.with_session(asking, |keeper, session| keeper.on_answer(session, answer));
        }
    }

    fn start_helper_if_due(&mut self) {
        if self.helper_due.is_none_or(|due| due > self.now()) || self.is_stopping {
            return;
        }
        self.helper_starts += 1;
        let started = HelperProcess::start(
            &self.config.helper,
            self.helper_starts,
            self.senders.helper.clone(),
        );
        match started {
            Ok(helper) => {
                self.helper = Some(helper);
                self.helper_due = None;
                self.banner_is_stale = true;
            }
            Err(error) => {
                tracing::error!(%error, "the desk helper does not start");
                self.helper_due = Some(self.now() + HELPER_RESTART_MS_MAX);
            }
        }
    }

    /// Milliseconds since the epoch, as the store vouches for them.
    pub fn now(&self) -> u64 {
        self.store.now()
    }

    /// A number that no session had.
    pub(crate) fn next_number(&mut self) -> Number {
        self.last_number += 1;
        self.last_number
    }

    /// Does something with a session, then what follows from it.
    pub(crate) fn with_session(
        &mut self,
        number: Number,
        act: impl FnOnce(&mut Self, &mut Session),
    ) {
        let Some(mut session) = self.sessions.remove(&number) else {
            return;
        };
        act(self, &mut session);
        self.drive(&mut session);
        self.sessions.insert(number, session);
    }

    pub(crate) fn numbers(&self) -> Vec<Number> {
        self.sessions.keys().copied().collect()
    }

    /// Ends every open session.
    pub(crate) fn end_open(&mut self, code: &str, text: &str, is_final: bool) {
        for number in self.numbers() {
            self.with_session(number, |keeper, session| {
                if session.is_open() {
                    keeper.end(session, code, text, is_final);
                }
            });
        }
    }

    /// What concerns more than the session that something happened to.
    pub fn settle(&mut self) {
        if std::mem::take(&mut self.judge_again) {
            self.judge_all();
        }
        if std::mem::take(&mut self.banner_is_stale) {
            self.show_banner();
        }
        self.join_if_ready();
        self.upload_receipts();
        self.beat_if_due();
    }

    /// The banner is there while a session is open and there is a display to show it on; the notice while there is one.
    fn show_banner(&mut self) {
        let banner = crate::consent::banner(self).filter(|_| self.no_display.is_none());
        self.tell_helper(&Frame::Control(ToHelper::Banner { banner }));
        let notice = crate::recovery::notice(&self.store).filter(|_| self.no_display.is_none());
        self.tell_helper(&Frame::Control(ToHelper::Notice { notice }));
    }

    /// When [`Keeper::on_due`] has something to do, in milliseconds since the epoch.
    pub fn next_due(&self) -> u64 {
        let sessions = self.sessions.values().filter_map(Session::due);
        let judging = (!self.sessions.is_empty()).then(|| self.judging_due());
        let others = [
            self.helper_due,
            self.refresh_due(),
            self.denials.next_due(),
            self.next_beat(),
            self.join_due(),
            judging,
        ];
        sessions
            .chain(others.into_iter().flatten())
            .min()
            .unwrap_or(u64::MAX)
    }

    /// When time alone may have changed a verdict.
    fn judging_due(&self) -> u64 {
        let regular = self.judged_at + JUDGE_EVERY_MS;
        let (Some(state), Some(checkpoint)) = (self.store.state(), self.store.checkpoint()) else {
            return regular;
        };
        let turning = freshness::turning_points(state, checkpoint, self.judged_at);
        turning.fold(regular, u64::min)
    }

    /// Time has passed.
    pub fn on_due(&mut self) {
        let now = self.store.now();
        self.start_helper_if_due();
        self.refresh_if_due();
        for draft in self.denials.due(now) {
            self.write_or_log(&draft);
        }
        for number in self.numbers() {
            self.with_session(number, |keeper, session| keeper.on_session_due(session));
        }
        if !self.sessions.is_empty() && now >= self.judging_due() {
            self.judge_again = true;
        }
    }

    /// Ends everything; what is still to be said is said while the event loop goes on.
    pub fn stop(&mut self) {
        self.is_stopping = true;
        self.joining.clear();
        for number in self.numbers() {
            self.with_session(number, |keeper, session| {
                keeper.end(
                    session,
                    "agent_stopped",
                    "The agent on the workstation was stopped. Connect again later.",
                    false,
                );
            });
        }
        for draft in self.denials.due(u64::MAX) {
            self.write_or_log(&draft);
        }
    }

    /// Whether nothing is left to be said.
    pub fn is_quiet(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Writes a receipt of what happened anyway.
    pub(crate) fn write_or_log(&mut self, draft: &Draft) {
        if let Err(error) = self.store.write_receipt(draft) {
            tracing::error!(%error, event = ?draft.ev, "a receipt could not be written");
        }
    }

    /// Sessions that were open when the agent last ended: their receipts get the end that they lack.
    fn close_what_was_interrupted(&mut self) {
        for spend in self.store.unclosed() {
            let text = "The agent stopped while the session was open.";
            self.write_or_log(&crate::session::closing(&spend, None, "interrupted", text));
        }
    }

    pub(crate) fn end_warrant(&mut self, id: trust::bytes::WarrantId) {
        if let Err(error) = self.store.end(id) {
            tracing::error!(%error, "the end of a warrant could not be stored");
        }
    }

    pub(crate) fn refuse_store(error: &StoreError) -> Refused {
        Refused::new(
            error.code(),
            format!("The workstation cannot open a session: {error}."),
        )
    }
}

/// Open sessions are judged at least this often: hours, admissions and freshness end by time alone.
const JUDGE_EVERY_MS: u64 = 5_000;
