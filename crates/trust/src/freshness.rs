//! Whether a checkpoint is young enough to trust.

use crate::checkpoint::Checkpoint;
use crate::limits::CLOCK_SKEW_MS;
use crate::state::State;

/// Why a ledger is not fresh.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Stale {
    /// The checkpoint is about another state of the ledger.
    #[error("the newest checkpoint is about another state of the ledger")]
    OtherHead,
    /// Too few witnesses, or all too old.
    #[error("{have} of {need} witnesses vouch for the ledger in the last {max_age_s} s")]
    TooFewWitnesses {
        /// Witnesses that cosigned in time.
        have: u64,
        /// The roster's quorum.
        need: u64,
        /// The roster's `max_age`, in seconds.
        max_age_s: u64,
    },
    /// None of those witnesses holds revocations.
    #[error("no witness that holds revocations vouches for the ledger in time")]
    NoRevocationHolder,
}

/// Checks that a quorum of witnesses cosigned exactly this ledger within `max_age` before `now` (milliseconds).
///
/// With quorum 0 the log key's word is all there is, and this passes for any checkpoint of this head.
pub fn check(state: &State, checkpoint: &Checkpoint, now: u64) -> Result<(), Stale> {
    check_age(state, checkpoint, now, state.roster().max_age)
}

/// Whether no quorum has vouched for this ledger within half of `max_age`: an open session stands still then.
pub fn needs_renewal(state: &State, checkpoint: &Checkpoint, now: u64) -> bool {
    check_age(state, checkpoint, now, state.roster().max_age / 2).is_err()
}

/// Since when no quorum of witnesses has vouched for the ledger, once that is longer than half of `max_age`: sessions stand
/// still then. Times in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outage {
    /// The newest time that a quorum vouched for; none where the checkpoint at hand names too few.
    pub since: Option<u64>,
    /// From when on unattended sessions are refused, and open ones end.
    pub refused_from: Option<u64>,
}

/// Whether witnesses are missing at `now`; never where the quorum is 0.
pub fn outage(state: &State, checkpoint: &Checkpoint, now: u64) -> Option<Outage> {
    let roster = state.roster();
    if roster.quorum == 0 || !needs_renewal(state, checkpoint, now) {
        return None;
    }
    let since = witnessed_time(state, checkpoint);
    Some(Outage {
        since,
        refused_from: since.map(|at| at.saturating_add(roster.max_age)),
    })
}

/// Whether the loss of any one witness is an outage: then two of three are better.
pub fn has_no_spare_witness(state: &State) -> bool {
    let roster = state.roster();
    roster.quorum > 0 && roster.quorum == roster.witnesses.len() as u64
}

/// The times after `now`, in milliseconds, at which [`needs_renewal`] and [`check`] turn unless a newer checkpoint comes.
pub fn turning_points(
    state: &State,
    checkpoint: &Checkpoint,
    now: u64,
) -> impl Iterator<Item = u64> {
    let max_age = state.roster().max_age;
    let witnessed = witnessed_time(state, checkpoint);
    let points = [max_age / 2, max_age].map(|age| Some(witnessed?.saturating_add(age + 1)));
    points.into_iter().flatten().filter(move |at| *at > now)
}

fn check_age(state: &State, checkpoint: &Checkpoint, now: u64, max_age: u64) -> Result<(), Stale> {
    if checkpoint.head != state.head() {
        return Err(Stale::OtherHead);
    }
    let roster = state.roster();
    let in_time =
        |at: u64| at.saturating_add(max_age) >= now && at <= now.saturating_add(CLOCK_SKEW_MS);
    let fresh: Vec<usize> = checkpoint
        .witnessed
        .iter()
        .filter(|(_, at)| in_time(*at))
        .map(|(w, _)| *w)
        .collect();
    if (fresh.len() as u64) < roster.quorum {
        let max_age_s = max_age / 1000;
        return Err(Stale::TooFewWitnesses {
            have: fresh.len() as u64,
            need: roster.quorum,
            max_age_s,
        });
    }
    if roster.quorum > 0
        && !fresh
            .iter()
            .any(|&w| roster.witnesses.get(w).is_some_and(|w| w.holds_revocations))
    {
        return Err(Stale::NoRevocationHolder);
    }
    Ok(())
}

/// Where a device's clock floor may move to: what a quorum reached, less half of what clocks may differ.
///
/// The floor goes on by itself. Where witnesses' clocks are within that half of the true time, it never passes the true
/// time, so that one that is ahead does not make the others' word too old; and a device that has nothing but its floor
/// still takes all of them, see [`check`].
pub fn clock_floor(state: &State, checkpoint: &Checkpoint) -> Option<u64> {
    witnessed_time(state, checkpoint).map(|reached| reached.saturating_sub(CLOCK_SKEW_MS / 2))
}

/// The newest time that a quorum of witnesses reached, in milliseconds.
pub fn witnessed_time(state: &State, checkpoint: &Checkpoint) -> Option<u64> {
    let quorum = usize::try_from(state.roster().quorum)
        .ok()
        .filter(|q| *q > 0)?;
    let mut times: Vec<u64> = checkpoint.witnessed.iter().map(|(_, at)| *at).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    times.get(quorum - 1).copied()
}
