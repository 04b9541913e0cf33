//! The ledger of a device: taken only whole, with a note over it, and folded again at each start.

use std::rc::Rc;

use trust::checkpoint::Note;
use trust::freshness::{clock_floor, witnessed_time};
use trust::state::State;

use super::{Anchor, Crash, Device, Run};
use crate::found::Rule;
use crate::model::Ledger;
use crate::model::vouch::{AHEAD_MS, Vouched};
use crate::paper::Paper;
use crate::reading;

/// The floor is written anew only when it moved by this much, in milliseconds.
const FLOOR_STEP_MS: u64 = 5_000;

impl Device {
    /// Starts from the disk.
    pub fn start(&mut self, now: u64) {
        let state = self.fold();
        let note = self.disk.note.clone();
        let checkpoint = state.as_ref().zip(note.as_ref()).and_then(|(state, note)| {
            let parsed = Note::parse(&self.org, &note.text()).ok()?;
            let checkpoint = parsed.verify(&self.org, state.roster()).ok()?;
            (checkpoint.head == state.head()).then_some(checkpoint)
        });
        self.run = Some(Run {
            note: note.filter(|_| checkpoint.is_some()),
            state,
            checkpoint,
            floor: Anchor {
                value: self.disk.floor,
                at: now,
            },
            sessions: Vec::new(),
        });
        self.close_what_was_interrupted(now);
        self.check_reading(now);
    }

    // Each held revocation is taken where it was taken first: what came after it depends on that.
    fn fold(&self) -> Option<State> {
        let mut state: Option<State> = None;
        let mut held = self.disk.held.iter().peekable();
        for leaf in &self.disk.leaves {
            let Some(state) = &mut state else {
                state = State::genesis(self.org, &leaf.bytes).ok();
                continue;
            };
            while let Some((_, paper)) = held.next_if(|(size, _)| *size <= state.head().size) {
                paper.envelope().map(|envelope| state.hold(&envelope));
            }
            state.append(&leaf.bytes);
        }
        for (_, paper) in held {
            if let (Some(state), Some(envelope)) = (&mut state, paper.envelope()) {
                let _ = state.hold(&envelope);
            }
        }
        state
    }

    /// Takes leaves from `from` on and a note over all. Gives why not, by name.
    pub fn extend(
        &mut self,
        from: u64,
        leaves: &[Rc<Paper>],
        note: &Vouched,
        now: u64,
    ) -> Result<Result<(), &'static str>, Crash> {
        if self.run.is_none() {
            return Ok(Err("down"));
        }
        let real = self.judge_ledger(from, leaves, &note.text());
        let (grown, truth) = (self.grown_truth(leaves), &self.truth);
        let expected = self.expected(from, grown.as_ref().or(truth.as_ref()), note);
        let said = real.as_ref().err().copied();
        if said != expected {
            let text = format!("it said {said:?} to a ledger, the model {expected:?}");
            self.broke(Rule::Taken, now, text);
        }
        let (state, checkpoint) = match real {
            Ok(taken) => taken,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(state) = state {
            self.disk
                .write(|disk| disk.leaves.extend(leaves.iter().cloned()))?;
            self.truth = grown;
            self.run
                .iter_mut()
                .for_each(|run| run.state = Some(state.clone()));
            self.check_reading(now);
        } else if !self.is_newer(&checkpoint) {
            return Ok(Ok(()));
        }
        if let Some(run) = &mut self.run {
            run.checkpoint = Some(checkpoint);
            run.note = Some(note.clone());
        }
        self.disk.write(|disk| disk.note = Some(note.clone()))?;
        self.move_floor(now)?;
        Ok(Ok(()))
    }

    /// Takes a revocation ahead of the ledger; it is on disk when this returns. Gives whether it is new.
    pub fn hold(&mut self, paper: &Rc<Paper>, now: u64) -> Result<bool, Crash> {
        let Some(state) = self.run.as_mut().and_then(|run| run.state.as_mut()) else {
            return Ok(false);
        };
        let size = state.head().size;
        let is_new = paper
            .envelope()
            .is_some_and(|envelope| state.hold(&envelope) == Ok(true));
        let model = self
            .truth
            .clone()
            .map(|mut truth| (truth.hold(paper), truth));
        let expected = model.as_ref().is_some_and(|(taken, _)| *taken);
        if is_new != expected {
            let text = format!("it took a revocation: {is_new}, by the model {expected}");
            self.broke(Rule::Taken, now, text);
        }
        if is_new {
            self.disk
                .write(|disk| disk.held.push((size, paper.clone())))?;
            self.truth = model.map(|(_, truth)| truth);
            self.check_reading(now);
        }
        Ok(is_new)
    }

    fn judge_ledger(
        &self,
        from: u64,
        leaves: &[Rc<Paper>],
        note: &str,
    ) -> Result<(Option<State>, trust::Checkpoint), &'static str> {
        if from != self.size() {
            return Err("position");
        }
        let parsed = Note::parse(&self.org, note).map_err(|_| "checkpoint")?;
        let mut leaves = leaves.iter();
        let mut grown = match (self.state(), leaves.len()) {
            (None, 0) => return Err("nothing"),
            (Some(_), 0) => None,
            (Some(state), _) => Some(state.clone()),
            (None, _) => {
                let genesis = leaves.next().ok_or("nothing")?;
                let state = State::genesis(self.org, &genesis.bytes);
                Some(state.map_err(|_| "other_genesis")?)
            }
        };
        for leaf in leaves {
            grown
                .iter_mut()
                .for_each(|state| drop(state.append(&leaf.bytes)));
        }
        let state = grown.as_ref().or(self.state()).ok_or("nothing")?;
        let checkpoint = parsed
            .verify(&self.org, state.roster())
            .map_err(|_| "checkpoint")?;
        if checkpoint.head != state.head() {
            return Err("other_head");
        }
        Ok((grown, checkpoint))
    }

    fn grown_truth(&self, leaves: &[Rc<Paper>]) -> Option<Ledger> {
        let (first, rest) = leaves.split_first()?;
        let mut truth = match &self.truth {
            None => return grow(Ledger::begin(self.org, first)?, rest),
            Some(truth) => truth.clone(),
        };
        truth.push(first);
        grow(truth, rest)
    }

    fn expected(&self, from: u64, truth: Option<&Ledger>, note: &Vouched) -> Option<&'static str> {
        let have = self.truth.as_ref().map_or(0, Ledger::size);
        if from != have {
            return Some("position");
        }
        if note.org != self.org {
            return Some("checkpoint");
        }
        let Some(truth) = truth else {
            return Some("other_genesis");
        };
        if !note.is_logs(truth.roster().what) {
            return Some("checkpoint");
        }
        (note.head != truth.head()).then_some("other_head")
    }

    fn is_newer(&self, checkpoint: &trust::Checkpoint) -> bool {
        let run = self.run.as_ref();
        let known = run.and_then(|run| Some((run.state.as_ref()?, run.checkpoint.as_ref()?)));
        known.is_none_or(|(state, known)| {
            known.head != checkpoint.head
                || witnessed_time(state, checkpoint) > witnessed_time(state, known)
        })
    }

    fn move_floor(&mut self, now: u64) -> Result<(), Crash> {
        let Some(run) = &mut self.run else {
            return Ok(());
        };
        let (Some(state), Some(checkpoint)) = (&run.state, &run.checkpoint) else {
            return Ok(());
        };
        let reached = clock_floor(state, checkpoint);
        let truly = self.truth.as_ref().zip(run.note.as_ref());
        let truly = truly.and_then(|(truth, note)| note.reached(truth.roster().what));
        let truly = truly.map(|reached| reached - AHEAD_MS / 2);
        if let Some(reached) = reached.filter(|reached| *reached > run.floor.now(now)) {
            run.floor = Anchor {
                value: reached,
                at: now,
            };
        }
        if reached != truly {
            let text = format!("its witnesses reached {reached:?}, by the model {truly:?}");
            self.broke(Rule::Clock, now, text);
        }
        match reached {
            Some(reached) if reached >= self.disk.floor + FLOOR_STEP_MS => {
                self.disk.write(|disk| disk.floor = reached)
            }
            _ => Ok(()),
        }
    }

    fn check_reading(&mut self, now: u64) {
        let time = self.time(now);
        let both = self.state().zip(self.truth.as_ref());
        if let Some(text) = both.and_then(|(state, truth)| reading::difference(state, truth, time))
        {
            self.broke(Rule::Misread, now, text);
        }
    }
}

fn grow(mut truth: Ledger, leaves: &[Rc<Paper>]) -> Option<Ledger> {
    for leaf in leaves {
        truth.push(leaf);
    }
    Some(truth)
}
