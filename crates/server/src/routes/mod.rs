//! The handlers, one file a subject. Which address leads where stands in [`crate::router`].

pub mod approvals;
pub mod devices;
pub mod drafts;
pub mod feeds;
pub mod invites;
pub mod joins;
pub mod key_uses;
pub mod ledger;
pub mod operator;
pub mod orgs;
pub mod receipts;
pub mod sessions;
pub mod sockets;

use std::str::FromStr;

use crate::error::{Answer, Refusal};

/// An id from an address.
fn id<T: FromStr<Err = String>>(text: &str) -> Answer<T> {
    text.parse()
        .map_err(|error: String| Refusal::bad("bad_id", error))
}
