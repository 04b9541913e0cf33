//! `wayleave org export`: the ledger and its checkpoint, for auditors and backups.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::args::Common;
use crate::disk;
use crate::ledger::Ledger;
use crate::login::{As, Login, SHORT_MS, keystore};

/// Where to.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The file to write
    file: PathBuf,
    /// Export what is stored, without asking the service
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(arguments: &Arguments, common: &Common) -> Result<()> {
    let store = keystore(common)?.chosen(common.one_org()?)?;
    let ledger = if arguments.offline {
        Ledger::load(&store)?
            .ok_or_else(|| anyhow::anyhow!("Nothing of the ledger is stored here yet."))?
    } else {
        Login::online(common, As::Member, SHORT_MS).await?.ledger
    };
    let leaves = store.leaves()?;
    let export =
        json!({ "version": 1, "org": store.org(), "leaves": leaves, "checkpoint": ledger.note() });
    disk::create(&arguments.file, &serde_json::to_vec(&export)?)?;
    if !common.json {
        println!(
            "{} statements and their checkpoint are in {}.",
            leaves.len(),
            arguments.file.display()
        );
    }
    Ok(())
}
