//! What a witness is asked: by the service `POST {witness}/v1/orgs/{org}/checkpoint`, by technicians `.../counts`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for a cosignature of `checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CosignRequest {
    /// Index of the first of `leaves`.
    pub from: u64,
    /// Leaves from `from` on, up to the checkpoint's size.
    pub leaves: Vec<String>,
    /// Note signed by the organisation's log key.
    pub checkpoint: String,
}

/// A witness's count of a warrant: `POST {witness}/v1/orgs/{org}/counts` with the warrant's envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountAnswer {
    /// The count's envelope, verbatim.
    pub count: String,
}

/// A witness's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CosignAnswer {
    /// The signature line to add to the checkpoint.
    Cosignature(String),
    /// The witness holds this many leaves: ask again from there.
    Have(u64),
}
