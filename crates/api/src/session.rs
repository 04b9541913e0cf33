//! Sessions as the service sees them: who asked for which device, and when the relay was used.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{KeyId, SessionId, WarrantId};

/// Body of `POST /v1/orgs/{org}/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeSession {
    /// The device to call.
    #[schema(value_type = String)]
    pub device: KeyId,
    /// The id of the warrant the technician is going to hand to the device. Where it is given, a revocation of that
    /// warrant also cuts this session's relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub warrant: Option<WarrantId>,
}

/// Answer of `POST /v1/orgs/{org}/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionMade {
    /// Its id.
    pub session: SessionId,
    /// Path of the relay's WebSocket.
    pub relay: String,
}

/// Answer of `GET /v1/orgs/{org}/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Newest first; at most 200 a page: ask again with `before` = the last one's `created`.
    pub sessions: Vec<Session>,
}

/// Metadata of one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Its id.
    pub session: SessionId,
    /// The technician's ledger key.
    #[schema(value_type = String)]
    pub by: KeyId,
    /// The device.
    #[schema(value_type = String)]
    pub device: KeyId,
    /// How far it has come.
    pub state: SessionState,
    /// When it was asked for, in milliseconds since the epoch.
    pub created: u64,
    /// When both ends first met on the relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paired: Option<u64>,
    /// When it was over for the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    /// Why it was over, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How far a session has come, for the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// The device was called.
    Calling,
    /// Both ends are on the relay.
    Paired,
    /// Both ends were on the relay; one or both are away and may come back.
    Parted,
    /// Over. The relay refuses this session.
    Ended,
}
