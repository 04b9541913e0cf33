//! Drafts: statements that give power and lack the signatures of other admins.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{Hash, KeyId};

/// One draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// SHA-256 of the statement's payload.
    #[schema(value_type = String)]
    pub draft: Hash,
    /// Who left it here.
    #[schema(value_type = String)]
    pub by: KeyId,
    /// The statement's envelope with the signatures that came in so far.
    pub envelope: String,
    /// When it was left, in milliseconds since the epoch.
    pub created: u64,
    /// When it is forgotten.
    pub expires: u64,
}

/// Answer of `GET /v1/orgs/{org}/drafts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Drafts {
    /// Oldest first.
    pub drafts: Vec<Draft>,
}
