//! The trust core as a whole system, in virtual time: devices, witnesses, admins and technicians made of the real code,
//! between them a service that owns the log key, the stopper's key and the order of everything, a technician who wants
//! more than he was given, and a thief.
//!
//! Everything that happens follows from a seed ([`rng`]). Who lies does so with the truth beside it ([`paper`],
//! [`model::vouch`]); from that truth alone the [`model`] says who may do what, and after each step the run compares.
//! Read in this order: [`run`], [`moves`], [`world`], then [`model`].

#![deny(missing_docs)]

pub mod cast;
pub mod device;
pub mod found;
pub mod kept;
pub mod model;
pub mod moves;
pub mod org;
pub mod paper;
pub mod reader;
pub mod reading;
pub mod rng;
pub mod run;
pub mod search;
pub mod watcher;
pub mod world;
