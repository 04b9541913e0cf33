//! `wayleave join`: help at a machine that is not enrolled, by a code that is read to the person there.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{ArgGroup, Args};
use trust::scope::Scope;

use super::{connect, shell};
use crate::args::Common;
use crate::commands::org::parse::{Scopes, parse_scopes, together};
use crate::session::{self, Terms};

/// What for.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("what").required(true).args(["screenshot", "shell"])))]
pub struct Arguments {
    /// Save the picture of the screen to this file
    #[arg(long, value_name = "FILE.png")]
    screenshot: Option<PathBuf>,
    /// Open a shell there
    #[arg(long)]
    shell: bool,
    /// What to ask for beside that; may be repeated
    #[arg(long = "scope", alias = "scopes", value_name = "SCOPE", value_parser = parse_scopes)]
    scopes: Vec<Scopes>,
    #[command(flatten)]
    terms: Terms,
    /// A command line to run instead of a login shell, after --
    #[arg(last = true, value_name = "COMMAND", requires = "shell")]
    command: Vec<String>,
}

impl Arguments {
    /// Whether the exit code is a remote command's.
    pub fn is_shell(&self) -> bool {
        self.shell
    }
}

/// Runs it; the exit code is the remote command's, if there is one.
pub async fn run(arguments: Arguments, common: &Common) -> Result<ExitCode> {
    let mut scopes = together(&arguments.scopes);
    let own = if arguments.shell {
        Scope::Shell
    } else {
        Scope::View
    };
    if !scopes.contains(&own) {
        scopes.insert(0, own);
    }
    let session = session::open_by_code(&scopes, &arguments.terms, common).await?;
    match arguments.screenshot {
        Some(file) => {
            connect::take_picture(session, &file, common).await?;
            Ok(ExitCode::SUCCESS)
        }
        None => shell::serve(session, &arguments.command).await,
    }
}
