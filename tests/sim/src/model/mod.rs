//! The reference model: who may do what, written from `docs/warrant.md` and from the truth about each paper.
//!
//! It shares no code with what it judges: of the trust core it uses the plain types and SHA-256, nothing that folds,
//! verifies or decides. It is written to be read, not to be fast: each question walks through the whole history.

pub mod bounds;
pub mod count;
mod deeds;
pub mod door;
pub mod fleet;
pub mod ledger;
mod reach;
pub mod tree;
pub mod vouch;

pub use ledger::Ledger;
