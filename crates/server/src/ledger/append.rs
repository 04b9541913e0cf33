//! Making an organisation, and sequencing a statement.

use std::sync::Arc;
use std::time::Duration;

use api::ledger::Appended;
use trust::State;
use trust::bytes::{OrgId, sha256};
use trust::envelope::{Envelope, PayloadType};
use trust::state::{Inert, Outcome};
use trust::statement::{Say, Statement};

use super::{Ledgers, LoadError, Org};
use crate::store::StoreError;

/// How long an appender waits for witnesses before he is answered with what there is.
const PUBLISH_WAIT: Duration = Duration::from_secs(6);

/// Why a statement is not sequenced.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// It would not count.
    #[error("{0}")]
    Inert(#[from] Inert),
    /// The database failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Why an organisation is not made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The genesis would not count.
    #[error("{0}")]
    Inert(#[from] Inert),
    /// Another service's.
    #[error("the genesis lists another log key than this service's; read it from GET /v1/server")]
    OtherLogKey,
    /// The operator does not want it.
    #[error(
        "this service does not accept organisation {0}; its operator lists those that may be made here"
    )]
    NotListed(OrgId),
    /// It is there.
    #[error("organisation {0} exists already")]
    Exists(OrgId),
    /// The database failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Cannot happen for a ledger that was just made.
    #[error("{0}")]
    Load(#[from] LoadError),
}

impl Ledgers {
    /// Makes an organisation from its genesis; `allowed` says whether the operator wants it.
    pub async fn make(
        &self,
        genesis: &[u8],
        allowed: impl Fn(&OrgId) -> bool,
        now: u64,
    ) -> Result<Arc<Org>, MakeError> {
        let id = OrgId(sha256(&[genesis]).0);
        let state = State::genesis(id, genesis)?;
        if state.roster().log_key.id() != self.log_key().id() {
            return Err(MakeError::OtherLogKey);
        }
        if !allowed(&id) {
            return Err(MakeError::NotListed(id));
        }
        let text = text_of(genesis)?;
        // Held while making, so that two requests cannot both enter the same organisation.
        let _making = self.making.lock().await;
        if !self.shared.store.make_org(&id, text, now).await? {
            return Err(MakeError::Exists(id));
        }
        Ok(self.enter(state).await?)
    }

    /// Sequences a statement. A statement that is in the ledger already is answered with its place.
    pub async fn append(&self, org: &Org, leaf: &[u8]) -> Result<Appended, AppendError> {
        let index = self.sequence(org, leaf).await?;
        let mut published = org.published();
        let covered = published.wait_for(|published| published.size > index);
        // Late witnesses do not make the statement less sequenced: it is on disk.
        let _ = tokio::time::timeout(PUBLISH_WAIT, covered).await;
        let newest = org.published().borrow().clone();
        Ok(Appended {
            index,
            size: newest.size,
            checkpoint: newest.note.to_string(),
        })
    }

    async fn sequence(&self, org: &Org, leaf: &[u8]) -> Result<u64, AppendError> {
        let hash = sha256(&[leaf]);
        let text = text_of(leaf)?;
        let _appending = org.appending.lock().await;
        if let Some(index) = self.shared.store.leaf_index(&org.id(), &hash).await? {
            return Ok(index);
        }
        org.state(|state| state.check(leaf))?;
        hold_revocation(org, leaf);
        let index = org.state(|state| state.head().size);
        self.shared
            .store
            .append_leaf(&org.id(), index, &hash, text)
            .await?;
        let outcome = org.state_mut(|state| state.append(leaf));
        debug_assert_eq!(
            outcome,
            Outcome::Counts,
            "checked above under the same lock"
        );
        self.shared.metrics.leaves.inc();
        org.wake.notify_one();
        Ok(index)
    }
}

/// Whether this leaf says that it takes power. Nothing is verified.
pub fn is_revocation(leaf: &[u8]) -> bool {
    revocation(leaf).is_some()
}

fn revocation(leaf: &[u8]) -> Option<Envelope> {
    let envelope = Envelope::parse(leaf).ok()?;
    let statement: Statement = envelope.read(PayloadType::Statement).ok()?;
    matches!(statement.say, Say::Revoke(_)).then_some(envelope)
}

/// A revocation takes effect in this service and reaches every agent before it is sequenced.
fn hold_revocation(org: &Org, leaf: &[u8]) {
    let Some(envelope) = revocation(leaf) else {
        return;
    };
    org.tell_revocation(envelope.to_text());
    if let Err(error) = org.state_mut(|state| state.hold(&envelope)) {
        tracing::warn!(org = %org.id(), %error, "a revocation is not held");
    }
}

fn text_of(leaf: &[u8]) -> Result<&str, Inert> {
    std::str::from_utf8(leaf).map_err(|_| Inert::Shape("it is not UTF-8"))
}
