//! `wayleave receipts`: what the devices signed about their sessions, fetched, checked offline, opened.

mod audit;
mod export;
mod file;
mod opened;
mod report;
#[cfg(test)]
mod tests;
mod verify;

pub(crate) use report::age;

use anyhow::Result;
use clap::Subcommand;

use crate::args::Common;

/// Subcommands of `wayleave receipts`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Fetch the sealed receipts of one device or of all, and check them
    Export(export::Arguments),
    /// Check an exported file without asking anybody
    Verify(verify::Arguments),
}

/// Runs one.
pub async fn run(command: Command, common: &Common) -> Result<()> {
    match command {
        Command::Export(arguments) => export::run(&arguments, common).await,
        Command::Verify(arguments) => verify::run(&arguments, common),
    }
}
