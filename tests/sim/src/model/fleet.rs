//! How long a service that withholds a revocation can keep its devices open, and how many a person opens, at most.

use std::collections::BTreeSet;
use std::rc::Rc;

use trust::bytes::KeyId;
use trust::statement::{Roster, Target};

use super::count::{AGE_MS, needed};
use super::ledger::revocation;
use crate::paper::Paper;

/// What clocks may differ, in milliseconds: a witness's may be this much ahead of a device's.
const CLOCKS_MS: u64 = 30_000;
/// How long an open session lasts between two judgements, in milliseconds.
const REJUDGED_MS: u64 = 5_000;

/// Revocations that were handed to witnesses, and since when no quorum lacks them.
#[derive(Default)]
pub struct Fleet {
    told: Vec<Told>,
}

struct Told {
    paper: Rc<Paper>,
    witnesses: Vec<String>,
    complete_at: Option<u64>,
}

impl Fleet {
    /// An honest witness acknowledged a revocation at `now`.
    pub fn acknowledged(&mut self, paper: &Rc<Paper>, witness: &str, roster: &Roster, now: u64) {
        let known = self
            .told
            .iter()
            .position(|told| told.paper.payload == paper.payload);
        let at = known.unwrap_or_else(|| {
            self.told.push(Told {
                paper: paper.clone(),
                witnesses: Vec::new(),
                complete_at: None,
            });
            self.told.len() - 1
        });
        let told = &mut self.told[at];
        told.witnesses.push(witness.to_owned());
        let others: Vec<_> = roster
            .witnesses
            .iter()
            .filter(|w| !told.witnesses.contains(&w.name))
            .collect();
        let can_lack = roster.quorum == 0
            || others.len() as u64 >= roster.quorum && others.iter().any(|w| w.holds_revocations);
        if !can_lack && told.complete_at.is_none() {
            told.complete_at = Some(now);
        }
    }

    /// Since when something may be open nowhere any more, if it was revoked so.
    pub fn shut_since(&self, target: &Target, max_age: u64) -> Option<u64> {
        let told = self
            .told
            .iter()
            .filter(|told| revocation(&told.paper).is_some_and(|(revoked, _)| revoked == target));
        let complete = told.filter_map(|told| told.complete_at).min()?;
        Some(complete + max_age + CLOCKS_MS + REJUDGED_MS)
    }
}

/// Somebody's first opening under a policy that asks for counts.
#[derive(Clone, Debug)]
pub struct Entry {
    /// His person.
    pub person: String,
    /// Where.
    pub device: KeyId,
    /// Devices of one person within an hour, by that policy.
    pub rate: u32,
    /// When its warrant was used, by the device.
    pub at: u64,
}

/// What a count's age and clocks leave of the hour, in milliseconds.
const COUNTED_MS: u64 = 3_600_000 - AGE_MS - 2 * CLOCKS_MS - 60_000;

/// Whoever opened more devices than honest witnesses counted: with `corrupt` of them counting whatever is wished.
pub fn overrun(entries: &[Entry], roster: &Roster, corrupt: usize) -> Option<Entry> {
    let able = roster.witnesses.iter().filter(|w| w.holds_revocations);
    let honest = able.count().checked_sub(corrupt)?;
    let needed = needed(roster).checked_sub(corrupt).filter(|n| *n > 0)?;
    let is_over = |entry: &&Entry| {
        let near = entries.iter().filter(|other| {
            other.person == entry.person && other.at <= entry.at && other.at + COUNTED_MS > entry.at
        });
        let rate = near.clone().map(|e| e.rate).max().unwrap_or(0) as usize;
        let devices: BTreeSet<KeyId> = near.map(|e| e.device).collect();
        devices.len() > honest * rate / needed
    };
    entries.iter().find(is_over).cloned()
}
