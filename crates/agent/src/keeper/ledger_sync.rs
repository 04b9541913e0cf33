//! Following the ledger: pages, checkpoints, revocations ahead of it.

use std::collections::BTreeSet;

use api::signal::agent::FromAgent;
use trust::bytes::StatementId;
use trust::freshness;

use super::Keeper;
use crate::limits::LEDGER_SYNC_BYTES_MAX;
use crate::trust_store::{ExtendError, HoldRefusal};

/// Least time between two questions for a newer checkpoint, in milliseconds.
const REFRESH_AGAIN_MS_MIN: u64 = 1_000;

/// Pages that wait for the checkpoint over them.
#[derive(Default)]
pub struct LedgerSync {
    pages: Option<Pages>,
    asked_at: u64,
    /// Recoveries that the log has told of.
    told: BTreeSet<StatementId>,
}

struct Pages {
    from: u64,
    leaves: Vec<String>,
    bytes: usize,
}

impl Keeper {
    /// Asks for what is new, and for the newest checkpoint.
    pub(crate) fn ask_ledger(&mut self) {
        self.sync.pages = None;
        self.sync.asked_at = self.store.now();
        self.link.send(FromAgent::Ledger {
            from: self.store.ledger_size(),
        });
    }

    /// A page came.
    pub(crate) fn on_ledger(
        &mut self,
        from: u64,
        leaves: Vec<String>,
        checkpoint: &str,
        more: bool,
    ) {
        if let Err(error) = self.take_page(from, leaves, checkpoint, more) {
            self.sync.pages = None;
            match error {
                // Two answers crossed.
                ExtendError::Position { .. } => {
                    tracing::debug!(%error, "a page of the ledger is left out")
                }
                ExtendError::Store(_) => tracing::error!(%error, "the ledger could not be stored"),
                _ => tracing::error!(%error, "the service's ledger is refused"),
            }
        }
    }

    fn take_page(
        &mut self,
        from: u64,
        leaves: Vec<String>,
        checkpoint: &str,
        more: bool,
    ) -> Result<(), ExtendError> {
        let size = self.store.ledger_size();
        let pages = self.sync.pages.get_or_insert(Pages {
            from,
            leaves: Vec::new(),
            bytes: 0,
        });
        let due = pages.from + pages.leaves.len() as u64;
        pages.bytes += leaves.iter().map(String::len).sum::<usize>();
        if pages.from != size || due != from || pages.bytes > LEDGER_SYNC_BYTES_MAX {
            return Err(ExtendError::Position { have: due, from });
        }
        pages.leaves.extend(leaves);
        if more {
            return Ok(());
        }
        let Some(pages) = self.sync.pages.take() else {
            return Ok(());
        };
        let known = self.revocations();
        let grew = self.store.extend(pages.from, &pages.leaves, checkpoint)?;
        if grew {
            tracing::info!(size = self.store.ledger_size(), "the ledger grew");
        }
        if self.revocations() > known {
            // Whoever revoked waits for a signed word that it has come here.
            self.beat_due = 0;
        }
        self.tell_recoveries();
        // A fresh checkpoint alone can let a waiting session open.
        self.judge_again = true;
        Ok(())
    }

    /// How many revocations the ledger on disk carries.
    fn revocations(&self) -> usize {
        let state = self.store.state();
        state.map_or(0, |state| state.revoke_indices().len())
    }

    /// Whoever reads the log may be the one who has to object.
    fn tell_recoveries(&mut self) {
        let waiting: BTreeSet<_> = self.store.recoveries().iter().map(|(p, _)| p.id).collect();
        for id in waiting.difference(&self.sync.told) {
            tracing::warn!(recovery = %id, "recovery keys are replacing the administrators' keys; see wayleave-agent status");
        }
        // The desk's notice goes with the banner; the time that it tells may have become known.
        self.banner_is_stale |= !waiting.is_empty() || waiting != self.sync.told;
        self.sync.told = waiting;
    }

    /// Revocations ahead of the ledger came. They are on disk when this returns.
    pub(crate) fn take_revocations(&mut self, envelopes: &[String]) {
        for envelope in envelopes {
            match self.store.hold(envelope) {
                Ok(true) => self.judge_again = true,
                Ok(false) => {}
                Err(HoldRefusal::Store(error)) => {
                    tracing::error!(%error, "a revocation could not be stored; it counts until the agent restarts");
                    self.judge_again = true;
                }
                Err(error) => tracing::debug!(%error, "a revocation does not count"),
            }
        }
        self.tell_recoveries();
    }

    /// When a newer checkpoint is to be asked for: well before half of its life is over, when open sessions would pause.
    pub(crate) fn refresh_due(&self) -> Option<u64> {
        if !self.link_is_up {
            return None;
        }
        let (state, checkpoint) = (self.store.state()?, self.store.checkpoint());
        let (quorum, max_age) = (state.roster().quorum, state.roster().max_age);
        if quorum == 0 {
            return None;
        }
        let witnessed = checkpoint
            .and_then(|c| freshness::witnessed_time(state, c))
            .unwrap_or(0);
        let again = self.sync.asked_at + REFRESH_AGAIN_MS_MIN.max(max_age / 10);
        Some((witnessed + max_age / 8 * 3).max(again))
    }

    pub(crate) fn refresh_if_due(&mut self) {
        if self
            .refresh_due()
            .is_some_and(|due| due <= self.store.now())
        {
            self.ask_ledger();
        }
    }
}
