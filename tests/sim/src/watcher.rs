//! A witness: the real one, a plain one that sees roots alone, or one that signs whatever it is handed.

use std::rc::Rc;

use trust::bytes::OrgId;
use trust::count::Count;
use trust::witness::{CountRefusal, Tally, Witness, WitnessRefusal};

use crate::cast;
use crate::found::{Rule, Violation};
use crate::model::Ledger;
use crate::model::count::{Book, Slip};
use crate::model::vouch::{Line, Vouched};
use crate::paper::Paper;
use crate::reading;

/// What kind of witness it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Folds the ledger and holds revocations.
    Holder,
    /// Sees that the tree only grows.
    Plain,
    /// Holds revocations by its word, and signs whatever the service likes.
    Corrupt,
}

/// One witness.
#[derive(Clone)]
pub struct Watcher {
    /// Its name, which is its key's too.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its clock minus the true time, in milliseconds.
    pub drift: i64,
    /// What it did that it must not do.
    pub found: Vec<Violation>,
    org: OrgId,
    real: Witness,
    leaves: Vec<Rc<Paper>>,
    tally: Tally,
    book: Book,
    truth: Option<Ledger>,
    acknowledged: Vec<Rc<Paper>>,
}

impl Watcher {
    /// A witness that has seen nothing.
    pub fn new(name: &str, kind: Kind, drift: i64, org: OrgId) -> Self {
        cast::player(name);
        Self {
            name: name.to_owned(),
            kind,
            drift,
            found: Vec::new(),
            org,
            real: Witness::new(org),
            leaves: Vec::new(),
            tally: Tally::default(),
            book: Book::default(),
            truth: None,
            acknowledged: Vec::new(),
        }
    }

    /// How many leaves it holds.
    pub fn size(&self) -> usize {
        self.leaves.len()
    }

    /// What it holds.
    pub fn leaves(&self) -> &[Rc<Paper>] {
        &self.leaves
    }

    /// Whether it would vouch for its own ledger as it is: it lacks nothing that it was handed.
    pub fn lacks_nothing(&self) -> bool {
        self.truth
            .as_ref()
            .is_some_and(|truth| truth.lacks().is_empty())
    }

    /// It is handed leaves from `from` on and a note over all. Gives its line, if it cosigns.
    pub fn cosign(
        &mut self,
        from: usize,
        leaves: &[Rc<Paper>],
        note: &Vouched,
        now: u64,
    ) -> Option<Line> {
        let at = now.saturating_add_signed(self.drift) / 1000;
        let signing = &cast::player(&self.name).signing;
        let line = || Line::witness(note.org, note.head, &self.name, signing, at);
        match self.kind {
            Kind::Corrupt => Some(line()),
            Kind::Plain => {
                let line = line();
                let fits = from == self.leaves.len() && note.org == self.org;
                let grown: Vec<_> = self.leaves.iter().chain(leaves).cloned().collect();
                let is_head = crate::model::tree::root_of(&grown) == note.head.root;
                (fits && is_head).then(|| {
                    self.leaves = grown;
                    line
                })
            }
            Kind::Holder => self.witness(from, leaves, note, at, now),
        }
    }

    /// It is handed a revocation. Gives whether it acknowledges one that it must honour from now on.
    pub fn hold(&mut self, paper: &Rc<Paper>, now: u64) -> bool {
        if self.kind != Kind::Holder {
            return false;
        }
        let Some(envelope) = paper.envelope() else {
            return false;
        };
        let taken = self.real.hold(&envelope);
        let expected = self.truth.as_mut().is_some_and(|truth| truth.hold(paper));
        if (taken == Ok(true)) != expected {
            let text = format!("it said {taken:?} to a revocation, the model {expected}");
            self.broke(Rule::Taken, now, text);
        }
        if expected {
            self.acknowledged.push(paper.clone());
        }
        expected
    }

    /// It is asked to count a warrant.
    pub fn count(&mut self, paper: &Paper, now: u64) -> Option<Slip> {
        let at = now.saturating_add_signed(self.drift);
        match self.kind {
            Kind::Corrupt => Some(self.slip(paper, 1, at)),
            Kind::Plain => None,
            Kind::Holder => {
                let envelope = paper.envelope()?;
                let expected = self.book.number(self.truth.as_ref()?, paper, at);
                let said = self.number(&envelope, at);
                let is_so = match (&said, &expected) {
                    (Ok(said), Ok(expected)) => said == expected,
                    (Err(said), Err(codes)) => codes.contains(said),
                    _ => false,
                };
                if !is_so {
                    let text = format!("it counted {said:?}, the model {expected:?}");
                    self.broke(Rule::Counted, now, text);
                }
                Some(self.slip(paper, said.ok()?, at))
            }
        }
    }

    fn number(&mut self, warrant: &trust::Envelope, at: u64) -> Result<u32, &'static str> {
        let state = self.real.state().ok_or("empty")?;
        let counted = self
            .tally
            .weigh(state, warrant, at)
            .map_err(|why| match why {
                CountRefusal::Warrant(refusal) => refusal.code(),
                CountRefusal::NotAsked => "not_asked",
                CountRefusal::TooMany { .. } => "too_many_devices",
                CountRefusal::Full => "full",
            })?;
        self.tally.add(&counted);
        Ok(self.tally.count(state, warrant, &counted).devices)
    }

    /// A count under its own key, whatever it says.
    pub fn slip(&self, paper: &Paper, devices: u32, at: u64) -> Slip {
        let count = Count {
            org: self.org,
            warrant: paper.payload,
            devices,
            at,
        };
        let signing = &cast::player(&self.name).signing;
        let text = count.sign(signing).map(|envelope| envelope.to_text());
        Slip {
            text: text.unwrap_or_default(),
            by: signing.id(),
            is_genuine: true,
            org: self.org,
            warrant: paper.payload,
            devices,
            at,
        }
    }

    fn witness(
        &mut self,
        from: usize,
        leaves: &[Rc<Paper>],
        note: &Vouched,
        at: u64,
        now: u64,
    ) -> Option<Line> {
        let grown = self.grown(from, leaves);
        let against = self.objection(from, leaves, grown.as_ref(), note);
        let bytes: Vec<Vec<u8>> = leaves.iter().map(|leaf| leaf.bytes.clone()).collect();
        let said = self.real.extend(from as u64, &bytes, &note.text());
        let code = said.as_ref().err().map(code);
        if code != against {
            let text = format!("it said {code:?} to a note, the model {against:?}");
            self.broke(Rule::Vouched, now, text);
        }
        let real_note = said.ok()?;
        self.leaves.extend(leaves.iter().cloned());
        self.truth = grown.or(self.truth.take());
        let both = self.real.state().zip(self.truth.as_ref());
        if let Some(text) = both.and_then(|(state, truth)| reading::difference(state, truth, now)) {
            self.broke(Rule::Misread, now, text);
        }
        let signing = &cast::player(&self.name).signing;
        let text = self.real.cosign(&real_note, &self.name, signing, at);
        Line::written(&text, note.org, note.head, &self.name, at)
    }

    fn grown(&self, from: usize, leaves: &[Rc<Paper>]) -> Option<Ledger> {
        let (first, rest) = leaves.split_first().filter(|_| from == self.leaves.len())?;
        let mut truth = match &self.truth {
            None => Ledger::begin(self.org, first)?,
            Some(truth) => {
                let mut truth = truth.clone();
                truth.push(first);
                truth
            }
        };
        for leaf in rest {
            truth.push(leaf);
        }
        Some(truth)
    }

    /// Why it must not cosign.
    fn objection(
        &self,
        from: usize,
        leaves: &[Rc<Paper>],
        grown: Option<&Ledger>,
        note: &Vouched,
    ) -> Option<&'static str> {
        if from != self.leaves.len() {
            return Some("position");
        }
        if note.org != self.org {
            return Some("checkpoint");
        }
        let truth = match (grown, &self.truth) {
            (Some(truth), _) => truth,
            (None, Some(truth)) if leaves.is_empty() => truth,
            (None, _) if leaves.is_empty() => return Some("empty"),
            (None, _) => return Some("genesis"),
        };
        if note.head != truth.head() {
            return Some("other_head");
        }
        if !note.is_logs(truth.roster().what) {
            return Some("checkpoint");
        }
        (!truth.lacks().is_empty()).then_some("withheld")
    }

    fn broke(&mut self, rule: Rule, now: u64, text: String) {
        let text = format!("{}: {text}", self.name);
        self.found.push(Violation {
            rule,
            text,
            at: now,
        });
    }
}

fn code(refusal: &WitnessRefusal) -> &'static str {
    match refusal {
        WitnessRefusal::Genesis(_) => "genesis",
        WitnessRefusal::Position { .. } => "position",
        WitnessRefusal::Checkpoint(_) => "checkpoint",
        WitnessRefusal::OtherHead => "other_head",
        WitnessRefusal::Withheld(_) => "withheld",
        WitnessRefusal::Empty => "empty",
    }
}
