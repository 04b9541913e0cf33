//! The command line's grammar. What each command does stands in its own module.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use trust::OrgId;

use crate::commands::{
    approve, connect, copy, device, feed, join, key, ledger, org, receipts, shell, technician,
};
use crate::passphrase::Source;
use crate::{console, witness};

/// Remote support that the customer's own machines judge.
#[derive(Parser, Debug)]
#[command(name = "wayleave", version, max_term_width = 100)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Directory of keys and pinned organisations [default: $WAYLEAVE_DIR or ~/.config/wayleave]
    #[arg(long, global = true, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Organisation, where several are pinned (for a witness: one to witness, may be repeated)
    #[arg(long, global = true, value_name = "ORGID", allow_hyphen_values = true)]
    pub org: Vec<OrgId>,
    /// File whose first line is the passphrase [default: $WAYLEAVE_PASSPHRASE, or it is asked]
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Sign without asking
    #[arg(long, short, global = true)]
    pub yes: bool,
}

impl Common {
    /// Where the passphrase comes from.
    pub fn passphrase(&self) -> Source {
        Source {
            file: self.passphrase_file.clone(),
        }
    }

    /// The one organisation that was named, if any.
    pub fn one_org(&self) -> anyhow::Result<Option<OrgId>> {
        anyhow::ensure!(
            self.org.len() <= 1,
            "--org was given {} times; this command takes one.",
            self.org.len()
        );
        Ok(self.org.first().copied())
    }
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make and govern an organisation
    #[command(subcommand)]
    Org(org::Command),
    /// What technicians may do on devices
    #[command(subcommand)]
    Policy(org::policy::Command),
    /// Become a technician
    #[command(subcommand)]
    Technician(technician::Command),
    /// See the devices
    #[command(subcommand)]
    Device(device::Command),
    /// Approve or refuse what technicians ask for
    #[command(subcommand)]
    Approve(approve::Command),
    /// Open a session and save a picture of the screen
    Connect(connect::Arguments),
    /// Open a shell on a device
    Shell(shell::Arguments),
    /// Help at a machine that is not enrolled, by a join code
    Join(join::Arguments),
    /// Copy a file to or from a device
    Cp(copy::Arguments),
    /// Check and read the organisation's ledger
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Fetch, check and open the devices' receipts
    #[command(subcommand)]
    Receipts(receipts::Command),
    /// Have every opening told at once, by mail, webhook or syslog
    #[command(subcommand)]
    Feed(feed::Command),
    /// Keys on this computer
    #[command(subcommand)]
    Key(key::Command),
    /// Witness organisations' ledgers
    Witness(witness::Arguments),
    /// Serve the web console on this computer only
    Console(console::Arguments),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of real command lines, so that inputs reach the values behind the options.
    const WORDS: &[&str] = &[
        "org",
        "create",
        "show",
        "admit",
        "device",
        "technician",
        "revoke",
        "policy",
        "explain",
        "set",
        "list",
        "roster",
        "invite",
        "pin",
        "push",
        "connect",
        "join",
        "shell",
        "cp",
        "ledger",
        "receipts",
        "export",
        "verify",
        "witness",
        "init",
        "console",
        "approve",
        "sign",
        "refuse",
        "key",
        "--server",
        "--org",
        "--scope",
        "--witness",
        "--console-origin",
        "--quorum",
        "--max-age",
        "--max-minutes",
        "--hours",
        "--words",
        "--group",
        "--yes",
        "--json",
        "--screenshot",
        "--add-admin",
        "--reason",
        "--until",
        "--name",
        "--url",
        "--listen",
        "--port",
        "desk-7",
        "desk-7:a/b",
        "all",
        "view,control",
        "https://support.example.com",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "--",
        "-",
        "",
    ];

    #[test]
    fn any_words_are_a_command_or_a_sentence() {
        bolero::check!()
            .with_iterations(4_000)
            .with_type::<Vec<(u8, Vec<u8>)>>()
            .for_each(|picks| {
                let words = picks.iter().take(12).map(|(pick, raw)| {
                    let known = WORDS.get(usize::from(*pick)).map(|word| (*word).to_owned());
                    known.unwrap_or_else(|| String::from_utf8_lossy(raw).into_owned())
                });
                let line = std::iter::once("wayleave".to_owned()).chain(words);
                if let Err(why) = Cli::try_parse_from(line) {
                    assert!(!why.to_string().trim().is_empty());
                }
            });
    }
}
