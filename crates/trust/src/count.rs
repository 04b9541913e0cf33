//! Counts: a witness's word on how many devices one person asked for within the hour, which no device can know alone.

use serde::{Deserialize, Serialize};

use crate::bytes::{Hash, OrgId, sha256};
use crate::envelope::{Envelope, EnvelopeError, PayloadType};
use crate::key::SigningKey;
use crate::limits::{CLOCK_SKEW_MS, COUNT_AGE_MS_MAX, COUNT_BYTES_MAX};
use crate::statement::Roster;

/// A count's payload. The warrant's digest stands for all that the warrant says: whose it is, and for which device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// In which organisation.
    pub org: OrgId,
    /// SHA-256 of the warrant's payload; approvals may still be added to its envelope.
    pub warrant: Hash,
    /// Distinct devices that the technician's person had counted within the hour, this one among them.
    pub devices: u32,
    /// When, by the witness's clock, in milliseconds.
    pub at: u64,
}

impl Count {
    /// The count of a warrant, signed by a witness.
    pub fn sign(&self, key: &SigningKey) -> Result<Envelope, EnvelopeError> {
        Envelope::sign(PayloadType::Count, self, &[key])
    }
}

/// What a count names a warrant by.
pub fn counted_digest(warrant: &Envelope) -> Hash {
    sha256(&[warrant.payload()])
}

/// How many witnesses have to count: as many as make a checkpoint fresh, as far as that many fold the ledger.
///
/// One at least: where no witness holds revocations, a policy that asks for counts opens nothing.
pub fn counts_needed(roster: &Roster) -> usize {
    let quorum = usize::try_from(roster.quorum).unwrap_or(usize::MAX);
    let counting = roster.witnesses.iter().filter(|w| w.holds_revocations);
    counting.count().min(quorum).max(1)
}

/// The counts of `warrant` that hold at `now`: which of the roster's witnesses, and its number. What does not hold says
/// nothing, whoever sent it.
pub fn counts_that_hold(
    roster: &Roster,
    warrant: &Envelope,
    org: OrgId,
    counts: &[String],
    now: u64,
) -> Vec<(usize, u32)> {
    let digest = counted_digest(warrant);
    let holds = |count: &Count| {
        count.org == org
            && count.warrant == digest
            && count.at <= now.saturating_add(CLOCK_SKEW_MS)
            && count.at.saturating_add(COUNT_AGE_MS_MAX) >= now
    };
    let read = |text: &String| {
        let (witness, count) = read_count(roster, text)?;
        holds(&count).then_some((witness, count.devices))
    };
    counts.iter().filter_map(read).collect()
}

fn read_count(roster: &Roster, text: &str) -> Option<(usize, Count)> {
    if text.len() > COUNT_BYTES_MAX {
        return None;
    }
    let envelope = Envelope::parse(text.as_bytes()).ok()?;
    let witnesses = || roster.witnesses.iter().filter(|w| w.holds_revocations);
    let find = |id: &_| witnesses().map(|w| &w.key).find(|key| key.id() == *id);
    let signers = envelope.verify(PayloadType::Count, find).ok()?;
    let signer = signers.first()?.keyid;
    let witness = roster.witnesses.iter().position(|w| w.key.id() == signer)?;
    Some((witness, envelope.read(PayloadType::Count).ok()?))
}
