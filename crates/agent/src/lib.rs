//! The program on the workstation: two processes of one binary.
//!
//! The *keeper* holds the keys, the ledger and the network, judges every warrant and signs every receipt
//! ([`eventloop`]). The *desk helper* ([`helper`]) captures, types, moves files, runs shells and shows the windows. They
//! are joined by a socketpair ([`ipc`]). As a per-user process both run as one user; then receipts are not protected
//! from that user, and the console says so.

pub mod clipboard;
pub mod clock;
pub mod config;
pub mod consent;
pub mod desktop;
pub mod eventloop;
pub mod files;
pub mod helper;
pub mod input;
pub mod ipc;
pub mod join;
pub mod keeper;
pub mod limits;
pub mod link;
pub mod program;
pub mod recovery;
pub mod relay;
pub mod repin;
pub mod session;
pub mod shell;
pub mod shell_user;
pub mod socket;
pub mod trust_store;
pub mod wakeup;
pub mod windows;
