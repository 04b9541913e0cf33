//! A workstation: what the agent's keeper and its store do around the trust core, step by step, with a disk that outlives
//! a crash between any two steps.

mod disk;
mod door;
mod ledger;

use std::rc::Rc;

use trust::bytes::{Hash, KeyId, OrgId, WarrantId, X25519Public};
use trust::checkpoint::Checkpoint;
use trust::receipt::ChainHead;
use trust::state::State;

use crate::cast;
use crate::found::{Rule, Violation};
use crate::model::Ledger;
use crate::model::fleet::Entry;
use crate::model::vouch::Vouched;
use crate::org::Org;
use crate::paper::Paper;

pub use disk::{Crash, Disk, Use};
pub use door::Said;

/// One workstation.
pub struct Device {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub org: OrgId,
    /// Its signature key.
    pub key: KeyId,
    /// Its channel key.
    pub channel: X25519Public,
    /// Its wall clock minus the true time, in milliseconds.
    pub drift: i64,
    /// Whether somebody set its clock: then only what it knows itself binds it.
    pub clock_was_set: bool,
    /// What survives.
    pub disk: Disk,
    /// What runs; none while it is down.
    pub run: Option<Run>,
    /// What it truly holds, for the model.
    pub truth: Option<Ledger>,
    /// First openings under policies that ask for counts.
    pub entered: Vec<Entry>,
    /// What it did that it must not do.
    pub found: Vec<Violation>,
}

/// A running agent.
pub struct Run {
    state: Option<State>,
    checkpoint: Option<Checkpoint>,
    note: Option<Vouched>,
    floor: Anchor,
    sessions: Vec<Session>,
}

/// A moment pinned to the clock that nobody sets.
#[derive(Clone, Copy)]
struct Anchor {
    value: u64,
    at: u64,
}

/// A channel as its device sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Channel {
    /// The handshake's hash.
    pub hash: Hash,
    /// The other side's static key.
    pub remote: X25519Public,
}

/// A session that is open, or about which the user is asked.
pub struct Session {
    /// What opened it.
    pub paper: Rc<Paper>,
    /// Its warrant's id.
    pub id: WarrantId,
    /// Over what.
    pub channel: Channel,
    /// Whether it is open.
    pub is_open: bool,
    began: Anchor,
}

impl Anchor {
    fn now(self, now: u64) -> u64 {
        self.value + now.saturating_sub(self.at)
    }
}

impl Device {
    /// A new workstation that pinned `org`.
    pub fn new(name: &str, org: OrgId, now: u64) -> Self {
        let mut device = Self {
            name: name.to_owned(),
            org,
            key: cast::id(name),
            channel: cast::channel(name),
            drift: 0,
            clock_was_set: false,
            disk: Disk::default(),
            run: None,
            truth: None,
            entered: Vec::new(),
            found: Vec::new(),
        };
        device.start(now);
        device
    }

    /// A workstation that has followed its organisation's ledger so far.
    pub fn joined(name: &str, org: &Org, now: u64) -> Self {
        let mut device = Self::new(name, org.id, now);
        device.disk.leaves = org.leaves.clone();
        device.truth = Some(org.truth.clone());
        if let Some(run) = &mut device.run {
            run.state = Some(org.state.clone());
        }
        device
    }

    /// Its time: the later of its clock and what its witnesses reached.
    pub fn time(&self, now: u64) -> u64 {
        let clock = now.saturating_add_signed(self.drift);
        let floor = self.run.as_ref().map_or(0, |run| run.floor.now(now));
        clock.max(floor)
    }

    /// How many leaves it holds.
    pub fn size(&self) -> u64 {
        self.state().map_or(0, |state| state.head().size)
    }

    /// Its fold, while it runs and has one.
    pub fn state(&self) -> Option<&State> {
        self.run.as_ref()?.state.as_ref()
    }

    /// Its note.
    pub fn note(&self) -> Option<&Vouched> {
        self.run.as_ref()?.note.as_ref()
    }

    /// Its sessions.
    pub fn sessions(&self) -> &[Session] {
        self.run.as_ref().map_or(&[], |run| &run.sessions)
    }

    /// The newest receipt.
    pub fn receipt_head(&self) -> ChainHead {
        self.disk.head()
    }

    /// The power is off, at once.
    pub fn stop(&mut self) {
        self.run = None;
        self.disk.fuse = None;
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
