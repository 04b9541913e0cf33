//! A person's program: folds what the service shows, remembers what it saw, and says what is missing.

use std::collections::BTreeSet;
use std::rc::Rc;

use trust::bytes::OrgId;
use trust::receipt::{ChainError, ChainHead, Receipt, open_body};
use trust::state::State;
use trust::statement::Seen;

use crate::cast;
use crate::found::{Rule, Violation};
use crate::model::Ledger;
use crate::paper::Paper;
use crate::reading;

/// How long a statement may wait before its author is told, in milliseconds.
pub const SEQUENCED_MS: u64 = 60_000;

/// One person's view of the ledger.
#[derive(Clone)]
pub struct Reader {
    /// Whose.
    pub name: String,
    /// What it folds to.
    pub state: State,
    /// What it truly is.
    pub truth: Ledger,
    /// What was signed here and when, until the ledger carries it.
    pub outbox: Vec<(Rc<Paper>, u64)>,
    /// What it noticed.
    pub noticed: BTreeSet<&'static str>,
    /// What it did that it must not do.
    pub found: Vec<Violation>,
}

impl Reader {
    /// A reader of this ledger.
    pub fn new(name: &str, state: State, truth: Ledger) -> Self {
        Self {
            name: name.to_owned(),
            state,
            truth,
            outbox: Vec::new(),
            noticed: BTreeSet::new(),
            found: Vec::new(),
        }
    }

    /// The service shows a ledger. What is not this one, grown, is refused by name.
    pub fn look(&mut self, shown: &[Rc<Paper>], now: u64) -> Option<&'static str> {
        let have = self.state.head();
        let shown_root = |size: usize| crate::model::tree::root_of(&shown[..size]);
        let size = usize::try_from(have.size).unwrap_or(usize::MAX);
        let why = if shown.len() < size {
            let is_prefix = self.state.root_at(shown.len() as u64) == Some(shown_root(shown.len()));
            Some(if is_prefix {
                "shorter_ledger"
            } else {
                "ledger_forked"
            })
        } else if shown_root(size) != have.root {
            Some("ledger_forked")
        } else {
            None
        };
        if let Some(why) = why {
            self.noticed.insert(why);
            return Some(why);
        }
        for leaf in &shown[size..] {
            self.state.append(&leaf.bytes);
            self.truth.push(leaf);
        }
        self.check(now);
        None
    }

    /// A device says how far it has read: whether that is this history.
    pub fn meet(&mut self, head: Seen, device: Option<&Ledger>, now: u64) {
        let other = self
            .state
            .root_at(head.size)
            .is_some_and(|root| root != head.root);
        let is_forked = device.is_some_and(|device| {
            device.size() <= self.truth.size()
                && self.truth.root_at(device.size()) != Some(device.head().root)
        });
        if other {
            self.noticed.insert("ledger_forked");
        }
        if other != is_forked {
            let text = format!("a device has another history: {is_forked}; it noticed: {other}");
            self.broke(Rule::Unnoticed, now, text);
        }
    }

    /// Takes a revocation that another end knows.
    pub fn hold(&mut self, paper: &Rc<Paper>) {
        if let Some(envelope) = paper.envelope() {
            let _ = self.state.hold(&envelope);
            self.truth.hold(paper);
        }
    }

    /// What was signed here and is not sequenced: told to the person once it waited too long.
    pub fn missing(&mut self, now: u64) -> usize {
        let state = &self.state;
        let is_carried = |paper: &Paper| paper.envelope().is_some_and(|e| state.carries(&e));
        let late = |since: u64| now > since + SEQUENCED_MS;
        let told = self
            .outbox
            .iter()
            .filter(|(p, since)| late(*since) && !is_carried(p));
        let told = told.count();
        let truly = self
            .outbox
            .iter()
            .filter(|(p, since)| late(*since) && !self.truth.carries(p));
        let truly = truly.count();
        if told != truly {
            let text = format!("{truly} statements are not sequenced, it shows {told}");
            self.broke(Rule::Unnoticed, now, text);
        }
        if told > 0 {
            self.noticed.insert("not_sequenced");
        }
        told
    }

    fn check(&mut self, now: u64) {
        if let Some(text) = reading::difference(&self.state, &self.truth, now) {
            self.broke(Rule::Misread, now, text);
        }
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

/// Follows a device's receipts as the service hands them out, and opens their bodies. `head` is the newest that anybody
/// remembers from the device itself.
pub fn audit(
    org: &OrgId,
    device: &str,
    handed: &[Vec<u8>],
    remembered: ChainHead,
) -> Result<Vec<Receipt>, &'static str> {
    let player = cast::player(device);
    let mut head = ChainHead::default();
    let mut read = Vec::new();
    let mut meets = remembered == head;
    for bytes in handed {
        let envelope = trust::Envelope::parse(bytes).map_err(|_| "unreadable")?;
        let receipt = head
            .follow(org, &player.public, &envelope)
            .map_err(|e| named(&e))?;
        open_body(&cast::audit(), &receipt).map_err(|_| "sealed")?;
        meets |= head == remembered;
        read.push(receipt);
    }
    // What the device told and the service does not have is missing, never nothing.
    if meets { Ok(read) } else { Err("missing") }
}

fn named(error: &ChainError) -> &'static str {
    match error {
        ChainError::Unreadable(_) => "unreadable",
        ChainError::OtherDevice => "other_device",
        ChainError::Gap { .. } => "gap",
        ChainError::Fork(_) => "fork",
    }
}
