//! `wayleave receipts verify`: a file against the ledger that is pinned here, without asking anybody.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use trust::seal::OpeningKey;
use trust::statement::Role;

use super::audit::Audit;
use super::report::{Named, remember, remembered, tell};
use super::{export::one_device, file};
use crate::args::Common;
use crate::commands::org::labels;
use crate::ledger::Ledger;
use crate::login::{Login, keystore};
use crate::org_store::{KeyKind, OrgStore};

/// What to verify.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The file that "receipts export" wrote
    file: PathBuf,
    /// The file is about this device alone: a name, or the beginning of a key
    #[arg(long, value_name = "DEVICE", allow_hyphen_values = true)]
    device: Option<String>,
    /// Check signatures and chains alone; asks for no passphrase
    #[arg(long)]
    sealed: bool,
}

struct Opened {
    store: OrgStore,
    ledger: Ledger,
    audit: Vec<OpeningKey>,
    directory: Option<OpeningKey>,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<()> {
    let Opened {
        store,
        ledger,
        audit,
        directory,
    } = open(arguments.sealed, common)?;
    let state = ledger.state();
    let devices = labels(state, Role::Device, directory.as_ref());
    let devices = one_device(devices, arguments.device.as_deref())?;
    let mut audit = Audit::new(state, audit);
    file::each_line(&arguments.file, |number, line| {
        audit.take(&format!("{}:{number}", arguments.file.display()), line);
        Ok(())
    })?;
    let mut found = Vec::new();
    for device in devices {
        let heads = remembered(&store, &device.keyid)?;
        found.push(Named {
            name: device.name,
            found: audit.finish(&device.keyid, &heads, 0)?,
        });
    }
    let told = tell(&found, audit.altered(), common);
    for device in &found {
        remember(&store, &device.found)?;
    }
    told
}

fn open(sealed: bool, common: &Common) -> Result<Opened> {
    if sealed {
        let store = keystore(common)?.chosen(common.one_org()?)?;
        let ledger = Ledger::load(&store)?.context(
            "Nothing of the ledger is stored here yet. Fetch it with \"wayleave ledger verify\".",
        )?;
        return Ok(Opened {
            store,
            ledger,
            audit: Vec::new(),
            directory: None,
        });
    }
    let login = Login::offline(common)?;
    Ok(Opened {
        audit: login.store.opening_keys(&login.vault, KeyKind::Audit)?,
        directory: login.directory(),
        store: login.store,
        ledger: login.ledger,
    })
}
