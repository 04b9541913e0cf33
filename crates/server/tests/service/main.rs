//! The service as its clients meet it: a real server on loopback, a real database, real sockets. One file a subject.
#![allow(clippy::unwrap_used)]

mod agent;
mod approvals;
mod command;
mod console;
mod drafts;
mod durability;
mod feeds;
mod invites;
mod joins;
mod key_uses;
mod ledger;
mod openapi;
mod operator;
mod receipts;
mod relay;
mod sessions;
mod sign_in;
mod signature;
mod support;
mod tls;
mod waiting;
mod web;
mod witness;
