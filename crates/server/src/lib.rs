//! The service: one binary that keeps organisations' ledgers, tells who is there, and joins two sockets.
//!
//! It holds no secret that opens a workstation. It verifies like every replica, orders statements, copies ciphertext, and
//! can neither link nor call the code of a session: the crates `wire` and `screen` are out of its reach (ARCHITECTURE.md).
//!
//! Where to read: [`config`] (every setting), `router` (every route), `auth` (who asks), `ledger` (the fold and its
//! publisher), `socket` (agents and consoles), `relay` (two ends of a session), `store` (all SQL).

pub mod command;
pub mod config;

mod app;
mod auth;
mod clock;
mod error;
mod extract;
mod feed;
mod layers;
mod ledger;
mod log_key;
mod metrics;
mod net;
mod openapi;
mod page;
mod presence;
mod rates;
mod relay;
mod router;
mod routes;
mod socket;
mod start;
mod store;
mod web;

pub use start::Running;

/// File name of the database inside the data directory.
pub const DATABASE: &str = "wayleave.db";

/// The OpenAPI 3.1 document of this version, as `GET /v1/openapi.json` answers it.
pub fn openapi() -> String {
    openapi::text(&router::documented().1)
}
