//! The ledger, in pages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /v1/orgs/{org}/ledger?from=N`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerPage {
    /// Size of the tree that `checkpoint` signs.
    pub size: u64,
    /// Envelopes from index `from` on; fewer than asked for where a page ends: ask again from the next index.
    pub leaves: Vec<String>,
    /// Signed note over `size`, with the witnesses' cosignatures.
    pub checkpoint: String,
    /// Statements that the service has accepted and `checkpoint` does not cover yet.
    pub pending: Vec<String>,
}

/// Answer of `POST /v1/orgs/{org}/ledger`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Appended {
    /// The statement's place in the ledger.
    pub index: u64,
    /// Size of the tree that `checkpoint` signs; over `index`.
    pub size: u64,
    /// Signed note over `size`; with the witnesses' cosignatures where they answered in time.
    pub checkpoint: String,
}
