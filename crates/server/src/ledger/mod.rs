//! The ledgers: one [`Org`] in memory for each organisation, rebuilt from the database at the start.
//!
//! ```text
//! POST statement -> legal on the fold? -> (a revocation takes effect and goes to the agents now)
//!                -> leaf on disk -> fold -> checkpoint by the log key -> witnesses -> published
//! ```
//! The service orders statements and cannot make one: what it sequences it has verified like any replica would.

mod append;
mod org;
mod publish;
mod witness;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use trust::bytes::OrgId;
use trust::{PublicKey, SigningKey, State};

use crate::metrics::Metrics;
use crate::store::{Store, StoreError};

pub use append::{AppendError, MakeError, is_revocation};
pub use org::{Org, Published, Standing};
use witness::WitnessClient;

/// What all organisations share.
struct Shared {
    store: Store,
    log_key: SigningKey,
    witnesses: WitnessClient,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<bool>,
}

/// All organisations of this service.
pub struct Ledgers {
    shared: Arc<Shared>,
    orgs: RwLock<HashMap<OrgId, Arc<Org>>>,
    making: tokio::sync::Mutex<()>,
    publishers: tokio::sync::Mutex<JoinSet<()>>,
}

/// Why a ledger in the database is refused at the start.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The leaves are not the ones that were acknowledged.
    #[error(
        "the ledger of organisation {org} in the database is damaged: {what}. Restore the data directory from a backup \
         that is newer than the damage"
    )]
    Damaged {
        /// Whose.
        org: OrgId,
        /// What does not fit.
        what: String,
    },
}

impl Ledgers {
    /// Rebuilds every ledger from the database and starts publishing.
    pub async fn load(
        store: Store,
        log_key: SigningKey,
        metrics: Arc<Metrics>,
        witnesses_on_private_addresses: bool,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, LoadError> {
        let witnesses = WitnessClient::new(witnesses_on_private_addresses);
        let shared = Arc::new(Shared {
            store,
            log_key,
            witnesses,
            metrics,
            stop,
        });
        let ledgers = Self {
            shared,
            orgs: RwLock::default(),
            making: Default::default(),
            publishers: Default::default(),
        };
        for org in ledgers.shared.store.orgs().await? {
            let state = ledgers.fold(org).await?;
            ledgers.enter(state).await?;
        }
        Ok(ledgers)
    }

    /// The public half of the log key.
    pub fn log_key(&self) -> &PublicKey {
        self.shared.log_key.public()
    }

    /// The organisation with this id.
    pub fn get(&self, org: &OrgId) -> Option<Arc<Org>> {
        self.orgs
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .get(org)
            .cloned()
    }

    /// Waits for the publishers to end after `stop` was raised.
    pub async fn close(&self) {
        let mut publishers = self.publishers.lock().await;
        let all_ended = async { while publishers.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(2), all_ended)
            .await
            .is_err()
        {
            publishers.abort_all();
        }
    }

    async fn fold(&self, org: OrgId) -> Result<State, LoadError> {
        let damaged = |what: String| LoadError::Damaged { org, what };
        let leaves = self
            .shared
            .store
            .leaves(&org, 0, u64::MAX >> 1, usize::MAX >> 1)
            .await?;
        let genesis = leaves
            .first()
            .ok_or_else(|| damaged("there is no genesis".into()))?;
        let mut state =
            State::genesis(org, genesis.as_bytes()).map_err(|why| damaged(why.to_string()))?;
        for leaf in &leaves[1..] {
            state.append(leaf.as_bytes());
        }
        for (index, why) in state.inert() {
            tracing::warn!(%org, index, %why, "a sequenced leaf does not count");
        }
        Ok(state)
    }

    /// Takes a folded organisation into memory and starts its publisher.
    async fn enter(&self, state: State) -> Result<Arc<Org>, LoadError> {
        let id = state.org();
        let stored = self.shared.store.checkpoint(&id).await?;
        let note = publish::first_note(&state, stored.as_deref(), &self.shared.log_key)
            .map_err(|what| LoadError::Damaged { org: id, what })?;
        let org = Arc::new(Org::new(state, note));
        self.orgs
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .insert(id, org.clone());
        let publisher = publish::run(org.clone(), self.shared.clone());
        self.publishers.lock().await.spawn(publisher);
        Ok(org)
    }
}
