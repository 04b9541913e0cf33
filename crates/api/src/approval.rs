//! Requests for approval: a warrant that lacks signatures, on its way from the technician to his approvers and back.
//!
//! The service carries it sealed to the organisation's directory key and reads neither name nor reason.

use serde::{Deserialize, Serialize};
use trust::bytes::Blob;
use trust::envelope::Signature;
use utoipa::ToSchema;

use crate::ids::{KeyId, WarrantId};

/// Body of `POST /v1/orgs/{org}/approvals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskApproval {
    /// The warrant's id.
    #[schema(value_type = String)]
    pub warrant: WarrantId,
    /// The device it is for.
    #[schema(value_type = String)]
    pub device: KeyId,
    /// When the warrant ends, in milliseconds since the epoch. The request ends then too, and after an hour at most.
    pub until: u64,
    /// The warrant's envelope, sealed to the directory key for this use.
    #[schema(value_type = String)]
    pub sealed: Blob,
}

/// Body of `POST /v1/orgs/{org}/approvals/{warrant}/answer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AnswerApproval {
    /// The approver's signature over the warrant, for its envelope.
    #[schema(value_type = Object)]
    Approve(Signature),
    /// Why not: one line, sealed to the directory key for this use.
    #[schema(value_type = String)]
    Refuse(Blob),
}

/// One answer, as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The ledger key that answered.
    #[schema(value_type = String)]
    pub by: KeyId,
    /// When, in milliseconds since the epoch.
    pub at: u64,
    /// What.
    pub answer: AnswerApproval,
}

/// One request, for members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The warrant's id, as the technician stated it: the sealed warrant is what counts.
    #[schema(value_type = String)]
    pub warrant: WarrantId,
    /// The technician's ledger key.
    #[schema(value_type = String)]
    pub by: KeyId,
    /// The device, as stated.
    #[schema(value_type = String)]
    pub device: KeyId,
    /// When it was asked, in milliseconds since the epoch.
    pub asked: u64,
    /// When the request ends.
    pub until: u64,
    /// The warrant's envelope, sealed to the directory key.
    #[schema(value_type = String)]
    pub sealed: Blob,
    /// In the order in which they came.
    pub answers: Vec<Answer>,
}

/// Answer of `GET /v1/orgs/{org}/approvals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// Those that have not ended, oldest first.
    pub approvals: Vec<Approval>,
}
