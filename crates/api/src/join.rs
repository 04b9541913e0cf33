//! The meeting of a technician with a machine that is not enrolled. The service knows the nameplate alone: the secret part of
//! a join code is in no type of this crate.

use serde::{Deserialize, Serialize};
use trust::Nameplate;
use utoipa::ToSchema;

use crate::ids::{KeyId, OrgId, SessionId};

/// Answer of `POST /v1/orgs/{org}/joins`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinOpened {
    /// Goes into the join code.
    #[schema(value_type = String, example = "48219")]
    pub nameplate: Nameplate,
    /// The session that it leads to.
    pub session: SessionId,
    /// Path of the relay's WebSocket: the technician waits there.
    pub relay: String,
    /// Until when somebody may come with it, in milliseconds since the epoch.
    pub expires: u64,
}

/// Body of `POST /v1/joins/{nameplate}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeJoin {
    /// The machine's fresh signature key: it alone gets in from now on.
    #[schema(value_type = String)]
    pub device: KeyId,
}

/// Answer of `POST /v1/joins/{nameplate}`. The service's word: the exchange of the code proves or refutes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinTaken {
    /// Whose technician waits.
    #[schema(value_type = String)]
    pub org: OrgId,
    /// The session to join on the relay.
    pub session: SessionId,
}
