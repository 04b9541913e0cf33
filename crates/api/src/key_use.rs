//! When members last signed in: the service's word.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::KeyId;

/// Answer of `GET /v1/orgs/{org}/key-uses`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyUses {
    /// Keys that signed in at least once.
    pub keys: Vec<KeyUse>,
}

/// The last sign-in of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyUse {
    /// The ledger key.
    #[schema(value_type = String)]
    pub keyid: KeyId,
    /// When it last signed a request key in, in milliseconds since the epoch.
    pub signed_in: u64,
}
