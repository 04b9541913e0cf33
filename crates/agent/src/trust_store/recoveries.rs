//! Since when each recovery waits, as far as this device has seen: for showing, never for judging.

use std::collections::BTreeMap;

use trust::bytes::StatementId;
use trust::checkpoint::Checkpoint;
use trust::state::{self, Pending, State};

use super::disk::Disk;
use super::error::StoreError;

const FILE: &str = "recoveries";

/// When all witnesses had first cosigned a ledger with each recovery that waits, in milliseconds.
#[derive(Default)]
pub struct Recoveries(BTreeMap<StatementId, u64>);

impl Recoveries {
    /// Reads what is on disk; a line that is none is left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(disk: &Disk) -> Result<Self, StoreError> {
        let bytes = disk.read(FILE)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let read = |line: &str| {
            let (id, begun) = line.split_once(' ')?;
            Some((id.parse().ok()?, begun.parse().ok()?))
        };
        Ok(Self(text.lines().filter_map(read).collect()))
    }

    /// Looks at a checkpoint over the ledger as it is.
    ///
    /// # Errors
    /// [`StoreError`]; until the next start it is known all the same.
    pub fn note(
        &mut self,
        disk: &Disk,
        state: &State,
        checkpoint: &Checkpoint,
    ) -> Result<(), StoreError> {
        let begun = state::begun(state.roster(), checkpoint);
        let known = |p: &Pending| Some((p.id, self.0.get(&p.id).copied().or(begun)?));
        let now: BTreeMap<_, _> = state.recoveries().filter_map(known).collect();
        if now == self.0 {
            return Ok(());
        }
        self.0 = now;
        let lines = self.0.iter().map(|(id, begun)| format!("{id} {begun}\n"));
        disk.replace(FILE, lines.collect::<String>().as_bytes())
    }

    /// When a recovery can take effect at the earliest: its author may have seen the witnesses before this device did.
    pub fn not_before(&self, state: &State, pending: &Pending) -> u64 {
        let begun = self.0.get(&pending.id).copied();
        let begun = begun.map_or(pending.at, |begun| begun.min(pending.at));
        let recovery = state.roster().recovery.as_ref();
        begun.saturating_add(recovery.map_or(0, |r| r.delay))
    }
}
