//! `GET /v1/relay/{session}`: text until both ends are there, then binary messages that the service copies unread.

use serde::{Deserialize, Serialize};

use crate::ids::Nonce;

/// From the service to either end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToRelayEnd {
    /// First message: sign this.
    Hello {
        /// Used once.
        nonce: Nonce,
    },
    /// Both ends are here; every later message is binary and the other end's.
    Paired {},
    /// The socket closes: why.
    Error {
        /// For programs.
        code: String,
        /// A sentence.
        text: String,
    },
}

/// From either end to the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FromRelayEnd {
    /// Envelope of type `socket`, purpose `relay`, with the session; signed by the device key or the technician's
    /// request key.
    Proof(String),
}
