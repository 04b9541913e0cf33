//! From a warrant to an open session: judge, spend, ask, judge again, receipt, open. In this order.

use trust::bytes::Salt;
use trust::checkpoint::Checkpoint;
use trust::judge::{self, Facts, Refusal, Spent, Verdict};
use trust::receipt::{Body, Event};
use trust::warrant::Warrant;
use wire::control::{Display, DisplayState, Opened};

use super::{Opening, Phase, Session};
use crate::clock::os_random;
use crate::ipc::{Answer, Frame, ToHelper};
use crate::keeper::{Keeper, Refused};
use crate::limits::{CONSENT_S, LEDGER_WAIT_MS};
use crate::trust_store::{Draft, Spend};
use crate::windows::message::PromptRequest;

/// Why a warrant does not open anything now.
pub(super) enum No {
    /// The judge's word.
    Judged(Refusal),
    /// There is nothing to judge by yet.
    NoLedger,
}

impl No {
    /// Whether a newer ledger or checkpoint may change it.
    fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::NoLedger | Self::Judged(Refusal::LedgerBehind | Refusal::Stale(_))
        )
    }

    fn refused(&self) -> Refused {
        match self {
            Self::Judged(refusal) => refusal.into(),
            Self::NoLedger => Refused::new(
                "no_ledger",
                "The workstation has no checked copy of the organisation's ledger yet. Try again in a moment.",
            ),
        }
    }
}

impl Keeper {
    /// Judges a warrant for the first time, or again because the ledger changed.
    pub(super) fn consider(&mut self, session: &mut Session, open: Opening, is_patient: bool) {
        session.phase = Phase::Greeting;
        if let Some(refused) = &self.rolled_back {
            return session.host.refuse(&refused.code, &refused.text);
        }
        let warrant = match judge::peek(open.warrant.as_bytes()) {
            Ok((_, warrant)) => warrant,
            Err(refusal) => {
                let refused = Refused::from(&refusal);
                return session.host.refuse(&refused.code, &refused.text);
            }
        };
        if let Some(refused) = self.domain_denial() {
            let salt = Salt(*session.id.as_bytes());
            return self.deny(session, &open, &warrant, salt, &refused);
        }
        if let Some(until) = self.domain_wait(session.now(self)) {
            session.phase = Phase::Waiting { open, until };
            // What the technician knows more of is fetched meanwhile.
            return self.ask_ledger();
        }
        let spent = self.store.spent(&warrant.id);
        match self.judge(session, &open, &warrant, spent) {
            Ok(verdict) => self.grant(session, open, verdict),
            Err(no) if is_patient && no.may_pass() && self.link_is_up => {
                let until = session.now(self) + LEDGER_WAIT_MS;
                session.phase = Phase::Waiting { open, until };
                self.ask_ledger();
            }
            Err(no) => {
                let salt = Salt(*session.id.as_bytes());
                self.deny(session, &open, &warrant, salt, &no.refused());
            }
        }
    }

    fn judge(
        &self,
        session: &Session,
        open: &Opening,
        warrant: &Warrant,
        spent: Option<Spent>,
    ) -> Result<Verdict, No> {
        let checkpoint = self.store.checkpoint().ok_or(No::NoLedger)?;
        self.judge_by(checkpoint, session, open, warrant, spent)
    }

    /// Judges by another checkpoint than the newest.
    pub(super) fn judge_by(
        &self,
        checkpoint: &Checkpoint,
        session: &Session,
        open: &Opening,
        warrant: &Warrant,
        spent: Option<Spent>,
    ) -> Result<Verdict, No> {
        let state = self.store.state().ok_or(No::NoLedger)?;
        let now = session.now(self);
        let keys = self.store.keys();
        let facts = Facts {
            state,
            checkpoint,
            now,
            device: keys.id(),
            device_noise: keys.noise_public,
            standing: self.standing(),
            channel_noise: open.technician,
            spent,
            openings: &self.store.openings(&warrant.by, now),
            counts: &open.counts,
        };
        judge::judge(&facts, open.warrant.as_bytes()).map_err(No::Judged)
    }

    fn grant(&mut self, session: &mut Session, open: Opening, verdict: Verdict) {
        let id = verdict.warrant.id;
        for number in self.numbers() {
            self.with_session(number, |keeper, other| {
                if matches!(&other.phase, Phase::Open { spend, .. } if spend.id == id) {
                    keeper.end(
                        other,
                        "replaced",
                        "The same technician connected anew.",
                        false,
                    );
                }
            });
        }
        if verdict.resumes {
            let Some(spend) = self.store.spend_of(&id).cloned() else {
                return;
            };
            return self.open(session, open, &verdict, spend, Event::Resume);
        }
        let salt = self.session_salt(session);
        if verdict.warrant.attended
            && let Err(refused) = self.may_ask()
        {
            return self.deny(session, &open, &verdict.warrant, salt, &refused);
        }
        let spend = spend_of(&verdict, &open, salt, session.now(self));
        if let Err(error) = self.store.spend(spend.clone()) {
            let refused = Self::refuse_store(&error);
            tracing::error!(%error, "a warrant's use could not be stored");
            return session.host.refuse(&refused.code, &refused.text);
        }
        if verdict.warrant.attended {
            self.ask(session, open, verdict, spend);
        } else {
            self.open(session, open, &verdict, spend, Event::Open);
        }
    }

    /// The service's id names the session in receipts too, unless the service used it before.
    fn session_salt(&self, session: &Session) -> Salt {
        let salt = Salt(*session.id.as_bytes());
        if self.store.last_of(&salt).is_none() {
            salt
        } else {
            Salt(os_random())
        }
    }

    fn may_ask(&self) -> Result<(), Refused> {
        if let Some(why) = &self.no_display {
            let text = format!("Nobody can be asked at this workstation now: {why}.");
            return Err(Refused::new("nobody_to_ask", text));
        }
        if self.asking.is_some() {
            let text = "The user is being asked about another session. Try again in a minute.";
            return Err(Refused::new("asking_another", text));
        }
        Ok(())
    }

    fn ask(&mut self, session: &mut Session, open: Opening, verdict: Verdict, spend: Spend) {
        let until = (session.now(self) + u64::from(CONSENT_S) * 1000).min(verdict.warrant.until);
        let Some(state) = self.store.state() else {
            return;
        };
        let prompt = PromptRequest {
            who: verdict.warrant.name.name.clone(),
            who_words: None,
            organisation: state.roster().name.clone(),
            domain: Some(state.roster().domain.clone()),
            domain_is_proven: self.domain_is_proven(),
            device: self.config.hostname.clone(),
            scopes: crate::consent::permissions(&verdict.warrant.scopes),
            read_under: spend.body.bounds.read_under.clone(),
            write_under: spend.body.bounds.write_under.clone(),
            shell_as: spend.body.bounds.shell_as.clone(),
            until: crate::clock::local_time(verdict.warrant.until),
            until_ms: verdict.warrant.until,
            why: verdict.warrant.why.clone(),
            ticket: verdict.warrant.ticket.clone().unwrap_or_default(),
            timeout_s: CONSENT_S,
        };
        if session.host.asking(until).is_err() {
            return;
        }
        self.asking = Some(session.number);
        let ask = ToHelper::Ask {
            session: session.number,
            prompt: Box::new(prompt),
        };
        self.tell_helper(&Frame::Control(ask));
        // The window counts down by itself; this is for one that does not come back.
        let until = until + 5_000;
        session.phase = Phase::Asking {
            open,
            verdict: Box::new(verdict),
            spend: Box::new(spend),
            until,
        };
    }

    /// The end user answered, or will not.
    pub(crate) fn on_answer(&mut self, session: &mut Session, answer: Answer) {
        if !matches!(session.phase, Phase::Asking { .. }) {
            return;
        }
        let Phase::Asking {
            open,
            verdict,
            spend,
            ..
        } = std::mem::replace(&mut session.phase, Phase::Greeting)
        else {
            return;
        };
        self.stop_asking(session.number);
        let refused = match answer {
            Answer::Allowed {} => {
                let spent = Some(spent_by(&open, &spend));
                match self.judge(session, &open, &verdict.warrant, spent) {
                    Ok(again) => {
                        // The verdict that the user saw, with what the ledger says now.
                        let verdict = Verdict {
                            resumes: false,
                            ..again
                        };
                        return self.open(session, open, &verdict, *spend, Event::Open);
                    }
                    Err(no) => no.refused(),
                }
            }
            Answer::Refused {} => {
                Refused::new("refused_by_user", "The user at the workstation said no.")
            }
            Answer::Timeout {} => {
                Refused::new("no_answer", "Nobody at the workstation answered in time.")
            }
            Answer::Closed {} => Refused::new(
                "prompt_closed",
                "The question on the workstation was closed without an answer.",
            ),
            Answer::Unavailable { why } => Refused::new(
                "nobody_to_ask",
                format!("Nobody could be asked at the workstation: {why}"),
            ),
        };
        self.end_warrant(spend.id);
        self.deny(session, &open, &verdict.warrant, spend.session, &refused);
    }

    pub(super) fn stop_asking(&mut self, number: crate::ipc::Number) {
        if self.asking == Some(number) {
            self.asking = None;
        }
        self.tell_helper(&Frame::Control(ToHelper::Withdraw { session: number }));
    }

    fn open(
        &mut self,
        session: &mut Session,
        open: Opening,
        verdict: &Verdict,
        spend: Spend,
        ev: Event,
    ) {
        let draft = Draft {
            session: spend.session,
            ev,
            warrant: Some(verdict.digest),
            channel: Some(open.channel),
            count: None,
            body: spend.body.clone(),
        };
        // Synced before anybody hears of it.
        if let Err(error) = self.store.write_receipt(&draft) {
            tracing::error!(%error, "the session's receipt could not be stored");
            let refused = Self::refuse_store(&error);
            return session.host.refuse(&refused.code, &refused.text);
        }
        let (warrant, bounds) = (&verdict.warrant, spend.body.bounds.clone());
        let opened = Opened {
            session: session.id.to_string(),
            scopes: warrant.scopes.clone(),
            bounds: bounds.clone(),
            until: warrant.until,
            attended: warrant.attended,
            display: self.display(),
        };
        session.phase = Phase::Open {
            open,
            spend: Box::new(spend),
        };
        if let Err(error) = session.host.opened(opened) {
            return self.end(session, "channel", &error.to_string(), false);
        }
        tracing::info!(session = %session.id, event = ?ev, "a session is open");
        let start = ToHelper::Start {
            session: session.number,
            scopes: warrant.scopes.clone(),
            bounds,
        };
        self.tell_helper(&Frame::Control(start));
        self.banner_is_stale = true;
    }

    fn display(&self) -> Display {
        let state = if self.no_display.is_some() {
            DisplayState::None
        } else {
            DisplayState::Ready
        };
        Display {
            state,
            why: self
                .no_display
                .as_ref()
                .map(|why| Refused::new("", why).text),
        }
    }

    /// Judges every session again: the ledger, a revocation or the time may have changed the answer.
    pub(crate) fn judge_all(&mut self) {
        self.judged_at = self.now();
        for number in self.numbers() {
            self.with_session(number, Self::judge_again);
        }
    }

    fn judge_again(&mut self, session: &mut Session) {
        let (open, spend, warrant) = match &session.phase {
            Phase::Waiting { open, .. } => {
                let open = open.clone();
                return self.consider_again(session, open);
            }
            Phase::Asking { open, spend, .. } | Phase::Open { open, spend } => {
                let Ok((_, warrant)) = judge::peek(open.warrant.as_bytes()) else {
                    return;
                };
                (open.clone(), spend, warrant)
            }
            Phase::Greeting | Phase::Over => return,
        };
        let spent = Some(spent_by(&open, spend));
        let Err(no) = self.judge(session, &open, &warrant, spent) else {
            return self.pause_or_resume(session, &open, &warrant);
        };
        let refused = no.refused();
        if session.is_open() {
            return self.end(session, &refused.code, &refused.text, !no.may_pass());
        }
        if let Phase::Asking { spend, .. } = std::mem::replace(&mut session.phase, Phase::Greeting)
        {
            self.stop_asking(session.number);
            self.end_warrant(spend.id);
            self.deny(session, &open, &warrant, spend.session, &refused);
        }
    }

    /// The ledger changed while a session waited for that: perhaps it is enough now, else it waits on.
    fn consider_again(&mut self, session: &mut Session, open: Opening) {
        let Ok((_, warrant)) = judge::peek(open.warrant.as_bytes()) else {
            return;
        };
        let spent = self.store.spent(&warrant.id);
        if let Err(no) = self.judge(session, &open, &warrant, spent)
            && no.may_pass()
        {
            return;
        }
        self.consider(session, open, false);
    }
}

/// A session that is open, or being asked about, has spent its warrant over this very key, within the bounds it was granted.
pub(super) fn spent_by(open: &Opening, spend: &Spend) -> Spent {
    Spent {
        noise: open.technician,
        ended: false,
        bounds: spend.body.bounds.clone(),
    }
}

fn spend_of(verdict: &Verdict, open: &Opening, session: Salt, at: u64) -> Spend {
    let warrant = &verdict.warrant;
    Spend {
        id: warrant.id,
        noise: open.technician,
        session,
        by: warrant.by,
        at,
        until: warrant.until,
        warrant: verdict.digest,
        body: Body {
            by: warrant.by,
            name: warrant.name.name.clone(),
            scopes: warrant.scopes.clone(),
            bounds: verdict.bounds.clone(),
            why: warrant.why.clone(),
            ticket: warrant.ticket.clone(),
            attended: warrant.attended,
            policy: Some(verdict.policy.clone()),
            approvers: verdict.approvers.clone(),
            outcome: None,
        },
    }
}
