//! Sealed receipts, as the devices handed them in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /v1/orgs/{org}/receipts?device=K&from=N`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipts {
    /// How many receipts of this device the service holds: numbers 1 to `have`, without a gap.
    pub have: u64,
    /// Envelopes of type `receipt`, in order, from number `from` (at least 1) on; a page may be shorter than `have` says.
    pub receipts: Vec<String>,
    /// The device's newest beat, an envelope of type `beat`: how far its chain reached when it last spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat: Option<String>,
}
