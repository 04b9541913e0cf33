//! Keys, ledger, warrants: what a workstation judges by.
//!
//! Pure: no clock, no randomness, no I/O; time (milliseconds since the epoch) and random bytes are arguments. Read in this
//! order: [`envelope`] (everything signed), [`statement`] (what the ledger can say), [`state`] (what it means),
//! [`checkpoint`] and [`freshness`] (who vouches for it), [`warrant`] and [`judge`] (the door), [`receipt`] (what
//! happened). The formats are in `docs/warrant.md`, their test vectors in `vectors/`.

pub mod bounds;
pub mod bytes;
pub mod checkpoint;
pub mod count;
pub mod envelope;
pub mod freshness;
pub mod inventory;
pub mod json;
pub mod judge;
pub mod key;
pub mod limits;
pub mod nameplate;
pub mod passkey;
pub mod proof;
pub mod receipt;
pub mod scope;
pub mod seal;
pub mod state;
pub mod statement;
pub mod text;
pub mod tree;
pub mod warrant;
pub mod witness;
pub mod words;

pub use bounds::Bounds;
pub use bytes::{Blob, Hash, KeyId, Nonce, OrgId, Salt, StatementId, WarrantId, X25519Public};
pub use checkpoint::{Checkpoint, Note};
pub use envelope::{Envelope, PayloadType};
pub use judge::{Facts, Refusal, Verdict, judge};
pub use key::{PublicKey, SigningKey};
pub use nameplate::Nameplate;
pub use scope::Scope;
pub use state::State;
pub use statement::Statement;
pub use warrant::Warrant;

#[cfg(test)]
extern crate self as trust;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
