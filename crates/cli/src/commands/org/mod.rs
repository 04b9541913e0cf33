//! `wayleave org`: make and govern an organisation.

mod admit;
mod create;
mod describe;
mod export;
mod invite;
pub(crate) mod parse;
mod pin;
mod policy;
mod publish;
mod revoke;
mod roster;
mod show;

use anyhow::Result;
use clap::Subcommand;

use super::key;
use crate::args::Common;

pub(crate) use create::NO_ORG;
pub(crate) use describe::{Labelled, labels, statement_line};
pub(crate) use show::tell_waiting;

/// Subcommands of `wayleave org`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make an organisation: its keys, its first statement, its id
    Create(Box<create::Arguments>),
    /// Pin an organisation that exists, by its id
    Pin(pin::Arguments),
    /// Show the organisation as this computer folds it
    Show(show::Arguments),
    /// Invite a person who is to become a technician
    Invite(invite::Arguments),
    /// Admit devices, technicians, stoppers or enrollers
    #[command(subcommand)]
    Admit(admit::Command),
    /// Take power away: one signature, at once, for good
    Revoke(revoke::Arguments),
    /// What technicians may do on devices
    #[command(subcommand)]
    Policy(policy::Command),
    /// Change or countersign the roster
    Roster(Box<roster::Arguments>),
    /// Countersign a proposal of another admin
    Sign(roster::SignArguments),
    /// Hand what was signed here, and is not in the ledger, to the service and witnesses again
    Push,
    /// Take the keys of a file: a second admin key, recovery keys, the console's backup
    Import(key::ImportArguments),
    /// Write the ledger and its checkpoint to a file
    Export(export::Arguments),
}

/// Runs one.
pub async fn run(command: Command, common: &Common) -> Result<()> {
    match command {
        Command::Create(arguments) => create::run(*arguments, common).await,
        Command::Pin(arguments) => pin::run(&arguments, common),
        Command::Show(arguments) => show::run(&arguments, common).await,
        Command::Invite(arguments) => invite::run(arguments, common).await,
        Command::Admit(command) => admit::run(command, common).await,
        Command::Revoke(arguments) => revoke::run(arguments, common).await,
        Command::Policy(command) => policy::run(command, common).await,
        Command::Roster(arguments) => roster::run(*arguments, common).await,
        Command::Sign(arguments) => roster::sign(&arguments, common).await,
        Command::Push => revoke::push(common).await,
        Command::Import(arguments) => key::import(&arguments, common),
        Command::Export(arguments) => export::run(&arguments, common).await,
    }
}
