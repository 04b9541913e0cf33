//! `wayleave org`: make and govern an organisation.

mod admit;
mod create;
mod describe;
mod drafts;
mod explain;
mod export;
mod invite;
mod keys;
pub(crate) mod parse;
mod pin;
pub(crate) mod policy;
mod publish;
mod recover;
mod revoke;
mod roster;
mod show;
mod veto;
mod warnings;

use anyhow::Result;
use clap::Subcommand;

use super::key;
use crate::args::Common;

pub(crate) use create::NO_ORG;
pub(crate) use describe::{Labelled, labels, role_name, statement_line};
pub(crate) use show::{recovery_line, tell_waiting};

/// Subcommands of `wayleave org`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make an organisation: its keys, its first statement, its id
    Create(Box<create::Arguments>),
    /// Pin an organisation that exists, by its id
    Pin(pin::Arguments),
    /// Show the organisation as this computer folds it
    Show(show::Arguments),
    /// List every key of the organisation, and what breaks without it
    Keys(keys::Arguments),
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
    /// Raise or lower how many admins give power
    Threshold(roster::ThresholdArguments),
    /// What waits for the signatures of further admins
    Drafts(drafts::Arguments),
    /// Countersign what another admin drafted
    #[command(alias = "sign")]
    Cosign(roster::SignArguments),
    /// Replace the administrators' keys by recovery keys, when too few are left
    Recover(Box<recover::Arguments>),
    /// Stop a recovery for good
    Veto(veto::Arguments),
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
        Command::Keys(arguments) => keys::run(&arguments, common).await,
        Command::Invite(arguments) => invite::run(arguments, common).await,
        Command::Admit(command) => admit::run(command, common).await,
        Command::Revoke(arguments) => revoke::run(arguments, common).await,
        Command::Policy(command) => policy::run(command, common).await,
        Command::Roster(arguments) => roster::run(*arguments, common).await,
        Command::Threshold(arguments) => roster::threshold(&arguments, common).await,
        Command::Drafts(arguments) => drafts::run(&arguments, common).await,
        Command::Cosign(arguments) => roster::sign(&arguments, common).await,
        Command::Recover(arguments) => recover::run(*arguments, common).await,
        Command::Veto(arguments) => veto::run(arguments, common).await,
        Command::Push => revoke::push(common).await,
        Command::Import(arguments) => key::import(&arguments, common),
        Command::Export(arguments) => export::run(&arguments, common).await,
    }
}
