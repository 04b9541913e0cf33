//! Feeds: whom the service tells of every opening, at once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::FeedId;

/// Body of `POST /v1/orgs/{org}/feeds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeFeed {
    /// How it is told.
    pub kind: FeedKind,
    /// `mail`: an address. `webhook`: an `https` URL. `syslog`: `tcp://`, `tls://` or `udp://` with host and port.
    pub target: String,
    /// Of what.
    pub what: FeedWhat,
}

/// How a feed is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedKind {
    /// By mail.
    Mail,
    /// By a signed POST (Standard Webhooks, `v1a`).
    Webhook,
    /// By a message of RFC 5424.
    Syslog,
}

/// Of what a feed is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedWhat {
    /// Openings for which nobody at the device was asked.
    Unattended,
    /// Every opening.
    All,
}

/// One feed, with how it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// Its id.
    pub feed: FeedId,
    /// How it is told.
    pub kind: FeedKind,
    /// Where to.
    pub target: String,
    /// Of what.
    pub what: FeedWhat,
    /// When it was made, in milliseconds since the epoch.
    pub created: u64,
    /// Messages that wait to be delivered.
    pub waiting: u64,
    /// Messages that were given up: too many waited, or one for too long.
    pub dropped: u64,
    /// When a message was last delivered, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<u64>,
    /// Why the last attempt failed; absent once one succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<String>,
}

/// Answer of `GET /v1/orgs/{org}/feeds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Feeds {
    /// Oldest first.
    pub feeds: Vec<Feed>,
    /// The key that signs webhooks, as `whpk_` and base64.
    pub webhook_key: String,
}
