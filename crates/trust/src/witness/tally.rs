//! How many devices each person had counted within the hour, over the whole fleet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bytes::KeyId;
use crate::count::{Count, counted_digest};
use crate::envelope::Envelope;
use crate::judge::{self, Refusal};
use crate::limits::{COUNT_WINDOW_MS, COUNTED_MAX};
use crate::state::State;

/// One person had one device counted. The program has it on disk before the count leaves it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// Who: as the ledger names the technician's person, whichever key he used.
    pub person: String,
    /// Which device.
    pub device: KeyId,
    /// When, in milliseconds.
    pub at: u64,
}

/// Why a witness does not count a warrant.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CountRefusal {
    /// No device would open it.
    #[error("{0}")]
    Warrant(#[from] Refusal),
    /// No policy between this technician and this device asks for counts.
    #[error("no policy for this technician and this device asks for a count")]
    NotAsked,
    /// Beyond what any such policy allows.
    #[error(
        "the policies allow this person {rate} devices within an hour, and so many were counted"
    )]
    TooMany {
        /// Devices within an hour.
        rate: u32,
        /// When one more is possible, in milliseconds.
        again: u64,
    },
    /// More persons and devices than one witness keeps count of.
    #[error("this witness keeps count of {COUNTED_MAX} openings already")]
    Full,
}

/// Who had which devices counted, and when last.
#[derive(Clone, Default)]
pub struct Tally {
    persons: BTreeMap<String, BTreeMap<KeyId, u64>>,
}

impl Tally {
    /// What to note before this warrant is counted. The same device again within the hour is not one more.
    pub fn weigh(
        &self,
        state: &State,
        warrant: &Envelope,
        now: u64,
    ) -> Result<Counted, CountRefusal> {
        let judge::Countable {
            person,
            device,
            rate,
        } = judge::countable(state, warrant, now)?;
        let rate = rate.ok_or(CountRefusal::NotAsked)?;
        let others: Vec<u64> = self
            .within_the_hour(&person, now)
            .filter(|(other, _)| *other != device)
            .map(|(_, at)| at)
            .collect();
        if others.len() >= rate as usize {
            let again = last_to_pass(others, rate).saturating_add(COUNT_WINDOW_MS);
            return Err(CountRefusal::TooMany { rate, again });
        }
        let is_new = others.len() == self.within_the_hour(&person, now).count();
        if is_new && self.entries(now).count() >= COUNTED_MAX {
            return Err(CountRefusal::Full);
        }
        Ok(Counted {
            person,
            device,
            at: now,
        })
    }

    /// Notes what [`Tally::weigh`] gave, or what was noted before a restart. A clock that went back forgets nothing.
    pub fn add(&mut self, counted: &Counted) {
        let devices = self.persons.entry(counted.person.clone()).or_default();
        let at = devices.entry(counted.device).or_insert(counted.at);
        *at = counted.at.max(*at);
    }

    /// The count of a warrant, after it was noted.
    pub fn count(&self, state: &State, warrant: &Envelope, counted: &Counted) -> Count {
        let devices = self.within_the_hour(&counted.person, counted.at).count();
        Count {
            org: state.org(),
            warrant: counted_digest(warrant),
            devices: u32::try_from(devices).unwrap_or(u32::MAX),
            at: counted.at,
        }
    }

    /// What still counts at `now`.
    pub fn entries(&self, now: u64) -> impl Iterator<Item = Counted> + '_ {
        self.persons.iter().flat_map(move |(person, devices)| {
            let live = devices.iter().filter(move |(_, at)| is_live(**at, now));
            live.map(|(device, at)| Counted {
                person: person.clone(),
                device: *device,
                at: *at,
            })
        })
    }

    /// Forgets what counts no more at `now`.
    pub fn forget(&mut self, now: u64) {
        for devices in self.persons.values_mut() {
            devices.retain(|_, at| is_live(*at, now));
        }
        self.persons.retain(|_, devices| !devices.is_empty());
    }

    fn within_the_hour(&self, person: &str, now: u64) -> impl Iterator<Item = (KeyId, u64)> + '_ {
        let devices = self.persons.get(person).into_iter().flatten();
        devices
            .map(|(device, at)| (*device, *at))
            .filter(move |(_, at)| is_live(*at, now))
    }
}

fn is_live(at: u64, now: u64) -> bool {
    at.saturating_add(COUNT_WINDOW_MS) > now
}

/// Which of these has to be an hour old before fewer than `rate` are left: there may be more, counted under a higher rate.
fn last_to_pass(mut times: Vec<u64>, rate: u32) -> u64 {
    times.sort_unstable();
    let passing = times.len().saturating_sub(rate as usize);
    times.get(passing).copied().unwrap_or_default()
}
