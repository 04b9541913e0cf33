//! What a device keeps: `crates/agent/src/trust_store` without the files.

use std::collections::BTreeMap;
use std::rc::Rc;

use trust::bounds::Bounds;
use trust::bytes::{Hash, KeyId, Salt, WarrantId, X25519Public};
use trust::envelope::Envelope;
use trust::judge::Spent;
use trust::receipt::{ChainHead, Event, Receipt};

use crate::model::vouch::Vouched;
use crate::paper::Paper;

/// The power went before this was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Crash;

/// What survives.
#[derive(Clone, Default)]
pub struct Disk {
    /// The leaves.
    pub leaves: Vec<Rc<Paper>>,
    /// Revocations ahead of them, with the ledger's size then.
    pub held: Vec<(u64, Rc<Paper>)>,
    /// The newest note.
    pub note: Option<Vouched>,
    /// The latest time that a quorum of witnesses reached.
    pub floor: u64,
    /// First uses and ends of warrants.
    pub used: BTreeMap<WarrantId, Use>,
    /// The chain of receipts, with what each says.
    pub receipts: Vec<(Envelope, Receipt)>,
    /// After how many writes the power goes.
    pub fuse: Option<u32>,
}

/// A warrant's first use.
#[derive(Clone)]
pub struct Use {
    /// Whose.
    pub by: KeyId,
    /// Over which channel.
    pub channel: X25519Public,
    /// When.
    pub at: u64,
    /// The session in its receipts.
    pub session: Salt,
    /// SHA-256 of its envelope.
    pub digest: Hash,
    /// What its session may reach.
    pub bounds: Bounds,
    /// Over for good.
    pub is_over: bool,
    /// Devices within an hour, by the policy that let it in.
    pub rate: Option<u32>,
}

impl Disk {
    /// One write: it lasts, or the power went before it.
    pub fn write(&mut self, change: impl FnOnce(&mut Self)) -> Result<(), Crash> {
        if let Some(left) = &mut self.fuse {
            if *left == 0 {
                return Err(Crash);
            }
            *left -= 1;
        }
        change(self);
        Ok(())
    }

    /// The head of the chain of receipts.
    pub fn head(&self) -> ChainHead {
        let newest = self.receipts.last();
        newest.map_or_else(ChainHead::default, |(envelope, receipt)| ChainHead {
            n: receipt.n,
            hash: envelope.digest(),
        })
    }

    /// Over which channel a warrant was used, within which bounds, and whether it is over. One whose session never opened is.
    pub fn used(&self, id: &WarrantId) -> Option<Spent> {
        let known = self.used.get(id)?;
        let opened = self.last_of(&known.session).is_some();
        Some(Spent {
            noise: known.channel,
            ended: known.is_over || !opened,
            bounds: known.bounds.clone(),
        })
    }

    /// When this technician used warrants within the hour before `now`.
    pub fn openings(&self, by: &KeyId, now: u64) -> Vec<u64> {
        let recent = |at: u64| at + 3_600_000 > now;
        let uses = self.used.values().filter(|u| u.by == *by && recent(u.at));
        uses.map(|u| u.at).collect()
    }

    /// Sessions of which nobody said that they ended.
    pub fn unclosed(&self) -> Vec<(WarrantId, Use)> {
        let is_open =
            |u: &Use| matches!(self.last_of(&u.session), Some(Event::Open | Event::Resume));
        let open = self.used.iter().filter(|(_, u)| is_open(u));
        open.map(|(id, u)| (*id, u.clone())).collect()
    }

    fn last_of(&self, session: &Salt) -> Option<Event> {
        let said = self.receipts.iter().rev().map(|(_, receipt)| receipt);
        said.filter(|r| r.session == *session && r.ev != Event::Deny)
            .map(|r| r.ev)
            .next()
    }
}
