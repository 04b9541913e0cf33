//! Invitations: a person leaves public keys, an admin admits them in the ledger.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{InviteId, OrgId};

/// Body of `POST /v1/orgs/{org}/invites`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeInvite {
    /// The admin's own reminder of who this is for; at most 200 characters.
    pub note: String,
}

/// Answer of `POST /v1/orgs/{org}/invites`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteMade {
    /// Goes into the link that the admin sends.
    pub invite: InviteId,
    /// Until when it may be answered, in milliseconds since the epoch.
    pub expires: u64,
}

/// Answer of `GET /v1/orgs/{org}/invites`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invites {
    /// Newest first.
    pub invites: Vec<Invite>,
}

/// One invitation as its admin sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// Its id.
    pub invite: InviteId,
    /// The admin's reminder.
    pub note: String,
    /// When it was made, in milliseconds since the epoch.
    pub created: u64,
    /// Until when it may be answered, in milliseconds since the epoch.
    pub expires: u64,
    /// How far it has come.
    pub state: InviteState,
    /// The invited person's envelope of type `invite_answer`, to be verified by who admits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// How far an invitation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InviteState {
    /// Nobody has answered.
    Open,
    /// Public keys are there; the admin has not admitted them.
    Answered,
    /// The ledger admits the answer's key.
    Admitted,
    /// Too late.
    Expired,
}

/// Answer of `GET /v1/invites/{invite}` and `PUT /v1/invites/{invite}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteView {
    /// The organisation that invites.
    #[schema(value_type = String)]
    pub org: OrgId,
    /// How far it has come.
    pub state: InviteState,
}
