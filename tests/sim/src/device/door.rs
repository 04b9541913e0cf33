//! From a warrant to an open session: judge, spend, ask, judge again, receipt, open. In this order, as the keeper does it.

use std::rc::Rc;

use trust::bytes::{Salt, WarrantId};
use trust::envelope::{Envelope, PayloadType};
use trust::judge::{self, Facts, Refusal, Spent, Standing, Verdict, judge};
use trust::receipt::{Body, Event, Outcome, Receipt, seal_body};
use trust::statement::Role;
use trust::warrant::Warrant;

use super::{Anchor, Channel, Crash, Device, Session, Use};
use crate::cast;
use crate::found::Rule;
use crate::model::bounds;
use crate::model::count::Slip;
use crate::model::door::{Asked, objections};
use crate::model::fleet::Entry;
use crate::paper::Paper;

/// Most denials that a device writes in one run.
const DENIALS_MAX: usize = 4;

/// What a technician hears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// Nothing: the device is off.
    Nothing,
    /// It is open.
    Opened,
    /// The user is being asked.
    Asking,
    /// No, by name.
    Refused(String),
}

impl Device {
    /// A technician asks with a warrant over a channel.
    pub fn present(
        &mut self,
        paper: &Rc<Paper>,
        channel: &Channel,
        counts: &[Slip],
        now: u64,
    ) -> Result<Said, Crash> {
        if self.run.is_none() {
            return Ok(Said::Nothing);
        }
        let refused = |code: &str| Ok(Said::Refused(code.to_owned()));
        let peeked = judge::peek(&paper.bytes).map(|(_, warrant)| warrant);
        let used = peeked.as_ref().ok().and_then(|w| self.disk.used(&w.id));
        let time = self.time(now);
        let verdict = match self.ask(paper, channel, counts, used, time, now) {
            None => return refused("no_ledger"),
            Some(Ok(verdict)) => verdict,
            Some(Err(refusal)) => {
                if let Ok(warrant) = &peeked {
                    self.deny(warrant, channel, refusal.code(), now)?;
                }
                return refused(refusal.code());
            }
        };
        let id = verdict.warrant.id;
        self.end_where(now, "replaced", false, |session| session.id == id)?;
        if verdict.resumes {
            self.open(paper, &verdict, channel, Event::Resume, now)?;
            return Ok(Said::Opened);
        }
        if verdict.warrant.attended && self.sessions().iter().any(|s| !s.is_open) {
            return refused("asking_another");
        }
        let used = Use {
            by: verdict.warrant.by,
            channel: channel.remote,
            at: time,
            session: session_id(&verdict.warrant.id, channel),
            digest: verdict.digest,
            rate: self.rate_of(&verdict.policy),
            bounds: verdict.bounds.clone(),
            is_over: false,
        };
        self.disk.write(|disk| {
            disk.used.insert(id, used);
        })?;
        if verdict.warrant.attended {
            self.begin(paper, id, channel, false, now);
            return Ok(Said::Asking);
        }
        self.open(paper, &verdict, channel, Event::Open, now)?;
        Ok(Said::Opened)
    }

    /// The user answers whatever he is asked.
    pub fn answer(&mut self, allows: bool, now: u64) -> Result<Option<Said>, Crash> {
        let Some(run) = &mut self.run else {
            return Ok(None);
        };
        let Some(at) = run.sessions.iter().position(|s| !s.is_open) else {
            return Ok(None);
        };
        let asked = run.sessions.remove(at);
        let used = self.going_on(&asked.id, &asked.channel);
        let time = self.time(now).max(asked.began.now(now));
        let verdict = self.ask(&asked.paper, &asked.channel, &[], used, time, now);
        let (code, warrant) = match verdict {
            Some(Ok(verdict)) if allows => {
                self.open(&asked.paper, &verdict, &asked.channel, Event::Open, now)?;
                return Ok(Some(Said::Opened));
            }
            Some(Ok(verdict)) => ("refused_by_user".to_owned(), Some(verdict.warrant)),
            Some(Err(refusal)) => (refusal.code().to_owned(), None),
            None => return Ok(None),
        };
        self.end_warrant(&asked.id)?;
        if let Some(warrant) = warrant {
            self.deny(&warrant, &asked.channel, &code, now)?;
        }
        Ok(Some(Said::Refused(code)))
    }

    /// Judges every session again: the ledger, a revocation or the time may have changed the answer.
    pub fn judge_all(&mut self, now: u64) -> Result<(), Crash> {
        let mut over = Vec::new();
        for at in 0..self.sessions().len() {
            let session = &self.sessions()[at];
            let (paper, channel) = (session.paper.clone(), session.channel.clone());
            let time = self.time(now).max(session.began.now(now));
            let (id, is_open) = (session.id, session.is_open);
            let used = self.going_on(&id, &channel);
            if let Some(Err(refusal)) = self.ask(&paper, &channel, &[], used, time, now) {
                let may_pass = matches!(refusal, Refusal::LedgerBehind | Refusal::Stale(_));
                over.push((id, refusal.code(), !is_open || !may_pass));
            }
        }
        for (id, code, is_final) in over {
            self.end_where(now, code, is_final, |session| session.id == id)?;
        }
        Ok(())
    }

    /// Ends sessions; `is_final`: their warrants open nothing any more.
    pub fn end_where(
        &mut self,
        now: u64,
        code: &str,
        is_final: bool,
        which: impl Fn(&Session) -> bool,
    ) -> Result<(), Crash> {
        let Some(run) = &mut self.run else {
            return Ok(());
        };
        let (over, stay) = std::mem::take(&mut run.sessions)
            .into_iter()
            .partition(|session| which(session));
        run.sessions = stay;
        for session in over {
            let Some(used) = self.disk.used.get(&session.id).cloned() else {
                continue;
            };
            if session.is_open {
                self.close(&used, Some(&session), code, now)?;
            }
            if is_final || !session.is_open {
                self.end_warrant(&session.id)?;
            }
        }
        Ok(())
    }

    /// Sessions that were open when the agent last ended get the end that they lack.
    pub(super) fn close_what_was_interrupted(&mut self, now: u64) {
        for (_, used) in self.disk.unclosed() {
            // The fuse is cut at a stop: nothing fails here.
            let _ = self.close(&used, None, "interrupted", now);
        }
    }

    /// Asks the judge, and the model beside him.
    fn ask(
        &mut self,
        paper: &Paper,
        channel: &Channel,
        slips: &[Slip],
        used: Option<Spent>,
        time: u64,
        now: u64,
    ) -> Option<Result<Verdict, Refusal>> {
        let run = self.run.as_ref()?;
        let (state, checkpoint) = (run.state.as_ref()?, run.checkpoint.as_ref()?);
        let by = judge::peek(&paper.bytes)
            .map(|(_, warrant)| warrant.by)
            .ok();
        let openings = by.map_or_else(Vec::new, |by| self.disk.openings(&by, time));
        let counts: Vec<String> = slips.iter().map(|slip| slip.text.clone()).collect();
        let facts = Facts {
            state,
            checkpoint,
            now: time,
            device: self.key,
            device_noise: self.channel,
            standing: Standing::Enrolled,
            channel_noise: channel.remote,
            spent: used.clone(),
            openings: &openings,
            counts: &counts,
        };
        let said = judge(&facts, &paper.bytes);
        let asked = Asked {
            ledger: self.truth.as_ref()?,
            note: run.note.as_ref()?,
            paper,
            channel: channel.remote,
            device: self.key,
            device_channel: self.channel,
            now: time,
            used: used.as_ref(),
            came: openings.len(),
            counts: slips,
        };
        let against = objections(&asked);
        let amiss = said
            .as_ref()
            .ok()
            .and_then(|verdict| reaches_amiss(&asked, verdict));
        let rule = match &said {
            Ok(_) if !against.is_empty() => Some(Rule::Opened),
            Err(_) if against.is_empty() => Some(Rule::Refused),
            Err(refusal) if !against.contains(refusal.code()) => Some(Rule::Misnamed),
            _ => None,
        };
        if let Some(rule) = rule {
            let said = said
                .as_ref()
                .map_or_else(|r| r.to_string(), |v| format!("opens by {}", v.policy));
            let text = format!("the judge: {said}; the model: {against:?}");
            self.broke(rule, now, text);
        }
        if let Some(text) = amiss {
            self.broke(Rule::Reached, now, text);
        }
        Some(said)
    }

    /// What a session that is open, or being asked about, was granted.
    fn going_on(&self, id: &WarrantId, channel: &Channel) -> Option<Spent> {
        let bounds = self.disk.used.get(id).map(|used| used.bounds.clone());
        Some(Spent {
            noise: channel.remote,
            ended: false,
            bounds: bounds.unwrap_or_default(),
        })
    }

    fn begin(
        &mut self,
        paper: &Rc<Paper>,
        id: WarrantId,
        channel: &Channel,
        is_open: bool,
        now: u64,
    ) {
        let began = Anchor {
            value: self.time(now),
            at: now,
        };
        if let Some(run) = &mut self.run {
            run.sessions.push(Session {
                paper: paper.clone(),
                id,
                channel: channel.clone(),
                is_open,
                began,
            });
        }
    }

    fn open(
        &mut self,
        paper: &Rc<Paper>,
        verdict: &Verdict,
        channel: &Channel,
        ev: Event,
        now: u64,
    ) -> Result<(), Crash> {
        let id = verdict.warrant.id;
        let Some(session) = self.disk.used.get(&id).map(|u| u.session) else {
            return Ok(());
        };
        let draft = (session, ev, Some(verdict.digest), Some(channel.hash));
        let body = body_of(&verdict.warrant, Some(verdict), None);
        // On disk before anybody hears of it.
        self.write_receipt(draft, &body, now)?;
        if ev == Event::Open {
            self.note_entry(verdict);
        }
        self.begin(paper, id, channel, true, now);
        Ok(())
    }

    /// What a policy says now about devices within an hour.
    fn rate_of(&self, policy: &str) -> Option<u32> {
        let policies = self.truth.as_ref()?.policies();
        let known = policies.iter().find(|(_, p)| p.name == policy);
        known.and_then(|(_, policy)| policy.devices_per_hour)
    }

    /// Who came in here for the first time under a policy that asked for counts when the warrant was used, for the fleet's
    /// model. One that asks for them only since then asks the next.
    fn note_entry(&mut self, verdict: &Verdict) {
        let by = verdict.warrant.by;
        let (Some(truth), Some(used)) = (&self.truth, self.disk.used.get(&verdict.warrant.id))
        else {
            return;
        };
        let rate = used.rate;
        let admitted = truth.in_force(&by, Role::Technician, used.at);
        let person = admitted.and_then(|(_, subject)| subject.person.clone());
        if let (Some(rate), Some(person), false) = (rate, person, self.clock_was_set) {
            let (device, at) = (self.key, used.at);
            self.entered.push(Entry {
                person,
                device,
                rate,
                at,
            });
        }
    }

    fn close(
        &mut self,
        used: &Use,
        session: Option<&Session>,
        code: &str,
        now: u64,
    ) -> Result<(), Crash> {
        let warrant = session.and_then(|s| s.paper.as_warrant().cloned());
        let outcome = Outcome {
            code: code.to_owned(),
            text: "It is over.".to_owned(),
        };
        let body = warrant.map(|warrant| body_of(&warrant, None, Some(outcome)));
        let body = body.unwrap_or_else(|| lost_body(used));
        let channel = session.map(|s| s.channel.hash);
        self.write_receipt(
            (used.session, Event::Close, Some(used.digest), channel),
            &body,
            now,
        )
    }

    fn deny(
        &mut self,
        warrant: &Warrant,
        channel: &Channel,
        code: &str,
        now: u64,
    ) -> Result<(), Crash> {
        let session = session_id(&warrant.id, channel);
        // Equal denials are counted, not written one by one; a bounded number is written at all.
        let denials = || {
            self.disk
                .receipts
                .iter()
                .map(|(_, r)| r)
                .filter(|r| r.ev == Event::Deny)
        };
        let is_known = denials().any(|r| r.session == session) || denials().count() > DENIALS_MAX;
        if is_known || self.state().is_none() {
            return Ok(());
        }
        let outcome = Outcome {
            code: code.to_owned(),
            text: "It is refused.".to_owned(),
        };
        let body = body_of(warrant, None, Some(outcome));
        self.write_receipt((session, Event::Deny, None, Some(channel.hash)), &body, now)
    }

    fn end_warrant(&mut self, id: &WarrantId) -> Result<(), Crash> {
        self.disk.write(|disk| {
            disk.used.entry(*id).and_modify(|used| used.is_over = true);
        })
    }

    fn write_receipt(
        &mut self,
        (session, ev, warrant, channel): (Salt, Event, Option<trust::Hash>, Option<trust::Hash>),
        body: &Body,
        now: u64,
    ) -> Result<(), Crash> {
        let (head, at) = (self.disk.head(), self.time(now));
        let Some(state) = self.state() else {
            return Ok(());
        };
        let audit = &state.roster().audit_key;
        let chance = trust::bytes::sha256(&[&head.hash.0, &self.key.0]).0;
        let Ok(sealed) = seal_body(audit, &self.org, &self.key, &head, ev, body, chance) else {
            return Ok(());
        };
        let receipt = Receipt {
            org: self.org,
            device: self.key,
            n: head.n + 1,
            prev: head.hash,
            at,
            session,
            ev,
            attended: ev.opens().then_some(body.attended),
            warrant,
            channel,
            ledger: state.head(),
            count: None,
            body: sealed,
        };
        let signing = &cast::player(&self.name).signing;
        let Ok(envelope) = Envelope::sign(PayloadType::Receipt, &receipt, &[signing]) else {
            return Ok(());
        };
        self.disk
            .write(|disk| disk.receipts.push((envelope, receipt)))
    }
}

/// Held against the policy that the judge names.
fn reaches_amiss(asked: &Asked<'_>, verdict: &Verdict) -> Option<String> {
    let policies = asked.ledger.policies();
    let policy = policies.iter().find(|(_, p)| p.name == verdict.policy);
    let (_, policy) = policy?;
    let granted = asked.used.map(|used| &used.bounds);
    bounds::amiss(&verdict.warrant, granted, policy, &verdict.bounds)
}

fn session_id(id: &WarrantId, channel: &Channel) -> Salt {
    let hash = trust::bytes::sha256(&[&id.0, &channel.hash.0]).0;
    let mut salt = [0; 16];
    salt.copy_from_slice(&hash[..16]);
    Salt(salt)
}

fn body_of(warrant: &Warrant, verdict: Option<&Verdict>, outcome: Option<Outcome>) -> Body {
    Body {
        by: warrant.by,
        name: warrant.name.name.clone(),
        scopes: warrant.scopes.clone(),
        bounds: verdict.map(|v| v.bounds.clone()).unwrap_or_default(),
        why: warrant.why.clone(),
        ticket: None,
        attended: warrant.attended,
        policy: verdict.map(|v| v.policy.clone()),
        approvers: verdict.map_or_else(Vec::new, |v| v.approvers.clone()),
        outcome,
    }
}

fn lost_body(used: &Use) -> Body {
    Body {
        by: used.by,
        name: "somebody".to_owned(),
        scopes: vec![trust::Scope::View],
        bounds: used.bounds.clone(),
        why: "the agent stopped".to_owned(),
        ticket: None,
        attended: false,
        policy: None,
        approvers: Vec::new(),
        outcome: None,
    }
}
