//! The service's own description, and organisations.

use serde::{Deserialize, Serialize};
use trust::key::PublicKey;
use trust::statement::WitnessEntry;
use utoipa::ToSchema;

use crate::ids::OrgId;

/// Answer of `GET /v1/server`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerInfo {
    /// What the operator calls this service.
    pub name: String,
    /// The URL that clients sign into their proofs; without a trailing slash.
    #[schema(example = "https://support.example")]
    pub public_url: String,
    /// Version of the running program.
    pub version: String,
    /// The Ed25519 key that signs this service's checkpoints, as a roster lists it.
    #[schema(value_type = Object)]
    pub log_key: PublicKey,
    /// Whether anybody may make an organisation here.
    pub open: bool,
    /// Witnesses that the operator suggests, as a roster lists them.
    #[schema(value_type = Vec<Object>)]
    pub witnesses: Vec<WitnessEntry>,
}

/// Answer of `POST /v1/orgs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgMade {
    /// SHA-256 of the genesis statement.
    #[schema(value_type = String)]
    pub org: OrgId,
    /// Checkpoint of the ledger of size 1.
    pub checkpoint: String,
}
