//! Signing in: a nonce, then an envelope of type `sign_in`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{KeyId, Nonce};

/// Answer of `POST /v1/orgs/{org}/nonce`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInNonce {
    /// To be signed into the `sign_in` payload; used once, within 60 s.
    #[schema(value_type = String)]
    pub nonce: Nonce,
}

/// What a signed-in key is to the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Listed in the roster.
    Admin,
    /// Admitted as a technician.
    Technician,
    /// A recovery key of the roster, or an admin's key of a recovery that waits: reads the ledger and nothing else.
    Recovery,
    /// Admitted as an enroller: reads the ledger and the devices, to admit those that wait into its own groups.
    Enroller,
}

/// Answer of `POST /v1/orgs/{org}/sign-in`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedIn {
    /// Id of the request key: the `keyid` of every request's signature.
    #[schema(value_type = String)]
    pub keyid: KeyId,
    /// What the ledger key is to the organisation.
    pub role: Role,
    /// Until when the request key may sign, in milliseconds since the epoch.
    pub until: u64,
}
