//! `wayleave`: all that the console does, scriptable. Manual: `docs/cli.md`.
//!
//! Read in this order: [`args`] (the grammar), [`keystore`] and [`org_store`] (what is kept), [`ledger`] (what this
//! computer believes, and why), [`login`] (the two joined with the service), [`commands`], [`session`] (the way to a
//! device). [`witness`] and [`console`] are programs of their own that share nothing with the rest but the binary.

#![forbid(unsafe_code)]

mod ambient;
mod args;
mod commands;
mod console;
mod disk;
mod failure;
mod keyfile;
mod keystore;
mod ledger;
mod login;
mod org_store;
mod passphrase;
mod people;
mod phrase;
mod say;
mod sealed;
mod server_url;
mod service;
mod session;
mod signer;
mod ssh_agent;
mod witness;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use args::{Cli, Command};

/// Runs the command line; exit codes are those of `docs/cli.md`.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(why) => {
            let _ = why.print();
            return ExitCode::from(if why.use_stderr() { 2 } else { 0 });
        }
    };
    let is_shell = match &cli.command {
        Command::Shell(_) => true,
        Command::Join(arguments) => arguments.is_shell(),
        _ => false,
    };
    let json = cli.common.json;
    match execute(cli) {
        Ok(code) => code,
        Err(error) => {
            failure::tell(&error, json);
            // Every other number may be the remote command's own.
            if is_shell {
                ExitCode::from(255)
            } else {
                failure::exit_code(&error)
            }
        }
    }
}

fn execute(cli: Cli) -> Result<ExitCode> {
    // A second installation in one process is harmless: the first one stays.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime =
        tokio::runtime::Runtime::new().context("the program's threads cannot be started")?;
    let code = runtime.block_on(async {
        let done = |()| ExitCode::SUCCESS;
        let common = cli.common;
        match cli.command {
            Command::Org(command) => commands::org::run(command, &common).await.map(done),
            Command::Policy(command) => {
                commands::org::policy::run(command, &common).await.map(done)
            }
            Command::Technician(command) => {
                commands::technician::run(command, &common).await.map(done)
            }
            Command::Approve(command) => commands::approve::run(command, &common).await.map(done),
            Command::Device(command) => commands::device::run(command, &common).await.map(done),
            Command::Connect(arguments) => {
                commands::connect::run(arguments, &common).await.map(done)
            }
            Command::Shell(arguments) => commands::shell::run(arguments, &common).await,
            Command::Join(arguments) => commands::join::run(arguments, &common).await,
            Command::Cp(arguments) => commands::copy::run(arguments, &common).await.map(done),
            Command::Ledger(command) => commands::ledger::run(command, &common).await.map(done),
            Command::Receipts(command) => commands::receipts::run(command, &common).await.map(done),
            Command::Feed(command) => commands::feed::run(command, &common).await.map(done),
            Command::Key(command) => commands::key::run(command, &common).map(done),
            Command::Witness(arguments) => witness::run(arguments, &common).await.map(done),
            Command::Console(arguments) => console::run(arguments).await.map(done),
        }
    });
    // A read from the terminal may still hang: it ends with the process.
    runtime.shutdown_background();
    code
}
