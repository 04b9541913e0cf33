//! `GET /v1/console`: the service and a signed-in page. Hints only: the page reads the routes for the truth.

use serde::{Deserialize, Serialize};

use crate::device::{Device, WaitingDevice};
use crate::ids::{KeyId, Nonce, SessionId};
use crate::session::SessionState;

/// From the service to the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToConsole {
    /// First message: sign this.
    Hello {
        /// Used once.
        nonce: Nonce,
    },
    /// The proof was accepted; events follow.
    Ready {},
    /// The ledger has this size, or a newer checkpoint.
    Ledger {
        /// Leaves that the newest checkpoint covers.
        size: u64,
    },
    /// A device came, went or changed its display.
    Device(Device),
    /// A device asks to be admitted, or its connection changed.
    Waiting(WaitingDevice),
    /// A waiting device was dropped or admitted.
    WaitingGone {
        /// The device's key.
        keyid: KeyId,
    },
    /// A session went on.
    Session {
        /// Its id.
        session: SessionId,
        /// Where it is now.
        state: SessionState,
        /// Why it ended, in a sentence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// An invite was answered.
    Invites {},
    /// Somebody asks for approval, withdraws it, or was answered.
    Approvals {},
    /// A draft came, was signed or went.
    Drafts {},
    /// The socket closes: why.
    Error {
        /// For programs.
        code: String,
        /// A sentence.
        text: String,
    },
}

/// From the page to the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FromConsole {
    /// Envelope of type `socket`, purpose `console`, signed by the request key.
    Proof(String),
}
