//! `GET /v1/agent`: the service and one device's agent.
//!
//! ```text
//! service: hello
//! agent:   proof, then ledger {from} with the size it holds
//! service: ledger pages until `more` is false; then whatever happens: ledger, revocations, call, receipts, ping
//! ```
//! An agent whose key is not admitted sends `enrol` after the proof and hears `waiting`; the ledger is sent to it all the
//! same, so that it sees its own admission.

use serde::{Deserialize, Serialize};

use crate::device::Display;
use crate::ids::{Nonce, SessionId};

/// From the service to the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToAgent {
    /// First message: sign this.
    Hello {
        /// Used once.
        nonce: Nonce,
    },
    /// The device waits for an admin to admit it.
    Waiting {},
    /// Leaves of the ledger, and a checkpoint over `from + leaves.len()` leaves unless `more`.
    Ledger {
        /// Index of the first leaf.
        from: u64,
        /// Envelopes.
        leaves: Vec<String>,
        /// Signed note with cosignatures; it covers the ledger after the last page.
        checkpoint: String,
        /// Whether further pages follow before the checkpoint can be compared.
        more: bool,
    },
    /// Revocations that are not in the ledger yet.
    Revocations {
        /// Envelopes of statements of kind `revoke`.
        envelopes: Vec<String>,
    },
    /// Join the relay for this session. May come twice for one session: a later one replaces the earlier.
    Call {
        /// Its id.
        session: SessionId,
    },
    /// The service holds this many of the device's receipts.
    Receipts {
        /// Count, which is the newest number.
        have: u64,
    },
    /// Answer with `pong`.
    Ping {
        /// To be repeated.
        nonce: Nonce,
    },
    /// Something the agent sent was refused. The socket closes unless it was about receipts.
    Error {
        /// For programs.
        code: String,
        /// A sentence.
        text: String,
    },
}

/// From the agent to the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FromAgent {
    /// Envelope of type `socket`, purpose `agent`, signed by the device key.
    Proof(String),
    /// Envelope of type `enrol`, by a device that is not admitted.
    Enrol(String),
    /// Send leaves from here on; afterwards the service sends what is new by itself. Asked again, it also sends the
    /// newest checkpoint.
    Ledger {
        /// The size the agent holds.
        from: u64,
    },
    /// Whether there is a screen.
    Display(Display),
    /// Receipts that the service does not have yet, in order.
    Receipts {
        /// Envelopes of type `receipt`.
        envelopes: Vec<String>,
    },
    /// Envelope of type `beat`: every hour, after each connection, and when the ledger that it holds takes a revocation.
    Beat(String),
    /// Answer to `ping`.
    Pong {
        /// As received.
        nonce: Nonce,
    },
    /// The agent does not join this session.
    Decline {
        /// Its id.
        session: SessionId,
        /// Why, in a sentence for the technician.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{parse, write};

    #[test]
    fn messages_read_as_documented() {
        let nonce = Nonce([0; 16]);
        let cases = [
            (r#"{"proof":"e"}"#, FromAgent::Proof("e".into())),
            (r#"{"ledger":{"from":3}}"#, FromAgent::Ledger { from: 3 }),
            (
                r#"{"pong":{"nonce":"AAAAAAAAAAAAAAAAAAAAAA"}}"#,
                FromAgent::Pong { nonce },
            ),
            (
                r#"{"receipts":{"envelopes":[]}}"#,
                FromAgent::Receipts { envelopes: vec![] },
            ),
        ];
        for (text, message) in cases {
            assert_eq!(parse::<FromAgent>(text, 100), Ok(message.clone()), "{text}");
            assert_eq!(write(&message), text);
        }
        assert_eq!(write(&ToAgent::Waiting {}), r#"{"waiting":{}}"#);
    }

    #[test]
    fn unknown_duplicate_and_missing_members_are_refused() {
        for bad in [
            r#"{"ledger":{"from":3,"to":4}}"#,
            r#"{"ledger":{"from":3,"from":3}}"#,
            r#"{"ledger":{}}"#,
            r#"{"ledger":{"from":3},"pong":{"nonce":"AAAAAAAAAAAAAAAAAAAAAA"}}"#,
            r#"{"ledger":{"from":-1}}"#,
            r#"{"obey":{}}"#,
            r#"{}"#,
            "",
            "[]",
            r#"{"ledger":[3]}"#,
            r#"{"display":{"state":"ready","why":null}}"#,
            r#"{"display":{"state":"ready","colour":"red"}}"#,
        ] {
            assert!(parse::<FromAgent>(bad, 1000).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_message_over_its_bound_is_refused_by_its_length() {
        let text = r#"{"ledger":{"from":3}}"#;
        assert!(parse::<FromAgent>(text, text.len()).is_ok());
        let why = parse::<FromAgent>(text, text.len() - 1).unwrap_err();
        assert!(why.contains("at most"), "{why}");
    }
}
