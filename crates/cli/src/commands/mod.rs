//! One module for each command.

pub mod approve;
pub mod connect;
pub mod copy;
pub mod device;
pub mod feed;
pub mod join;
pub mod key;
pub mod ledger;
pub mod org;
pub mod receipts;
pub mod shell;
pub mod technician;
