//! `wayleave receipts export`: the sealed receipts as the service holds them, checked while they come.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use api::receipt::Receipts;
use clap::Args;
use trust::KeyId;
use trust::statement::Role;

use super::audit::Audit;
use super::file::{Line, Writer};
use super::opened::OpenedFile;
use super::report::{Named, remember, remembered, tell};
use crate::args::Common;
use crate::commands::org::{Labelled, labels};
use crate::failure::{Kind, named, refused};
use crate::login::{As, Login, SHORT_MS};
use crate::org_store::KeyKind;
use crate::service::SignedService;

/// Fewest characters of a key that stand for it.
const PREFIX_CHARS_MIN: usize = 6;

/// What to export.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The file to write, one sealed receipt a line
    file: PathBuf,
    /// Only this device's: a name, or the beginning of a key
    #[arg(long, value_name = "DEVICE", allow_hyphen_values = true)]
    device: Option<String>,
    /// Write also what the bodies say, with the audit key kept here: a table if the name ends in .csv, else JSON lines
    #[arg(long, value_name = "FILE")]
    open: Option<PathBuf>,
}

pub(super) async fn run(arguments: &Arguments, common: &Common) -> Result<()> {
    let login = Login::online(common, As::Member, SHORT_MS).await?;
    let keys = login.store.opening_keys(&login.vault, KeyKind::Audit)?;
    ensure!(
        arguments.open.is_none() || !keys.is_empty(),
        refused(
            "no_audit_key",
            "This computer does not hold the organisation's audit key: receipts can be exported and verified, not opened."
        )
    );
    let directory = login.directory();
    let devices = labels(login.state(), Role::Device, directory.as_ref());
    let devices = one_device(devices, arguments.device.as_deref())?;
    let mut audit = Audit::new(login.state(), keys);
    let mut sealed = Writer::create(&arguments.file)?;
    let mut opened = arguments
        .open
        .as_deref()
        .map(OpenedFile::create)
        .transpose()?;
    let mut found = Vec::new();
    for device in devices {
        let have = fetch(login.signed()?, &device.keyid, |line, place| {
            sealed.line(&line)?;
            if let (Some((receipt, body)), Some(file)) = (audit.take(&place, Ok(line)), &mut opened)
            {
                file.row(device.name.as_deref(), &receipt, body.as_ref())?;
            }
            Ok(())
        })
        .await?;
        let heads = remembered(&login.store, &device.keyid)?;
        found.push(Named {
            found: audit.finish(&device.keyid, &heads, have)?,
            name: device.name,
        });
    }
    sealed.finish()?;
    opened.map(OpenedFile::finish).transpose()?;
    let told = tell(&found, audit.altered(), common);
    for device in &found {
        remember(&login.store, &device.found)?;
    }
    told
}

/// Every receipt of one device; gives how many the service says it holds.
async fn fetch(
    signed: &SignedService,
    device: &KeyId,
    mut take: impl FnMut(Line, String) -> Result<()>,
) -> Result<u64> {
    let mut from = 1_u64;
    loop {
        let page: Receipts = signed
            .get(&format!("/receipts?device={device}&from={from}"))
            .await?;
        let is_last = page.receipts.is_empty() || from + page.receipts.len() as u64 > page.have;
        for text in page.receipts {
            ensure!(
                text.len() <= trust::limits::ENVELOPE_BYTES_MAX,
                named(
                    Kind::Service,
                    "unreadable_answer",
                    "The service's receipts are longer than a receipt can be."
                )
            );
            take(Line::Receipt(text), format!("{device}:{from}"))?;
            from += 1;
        }
        if is_last {
            if let Some(beat) = page.beat {
                take(Line::Beat(beat), format!("{device}:beat"))?;
            }
            return Ok(page.have);
        }
    }
}

/// All devices, or the one that `wanted` names, in force or not.
pub(super) fn one_device<'a>(
    mut devices: Vec<Labelled<'a>>,
    wanted: Option<&str>,
) -> Result<Vec<Labelled<'a>>> {
    let Some(wanted) = wanted else {
        return Ok(devices);
    };
    devices.retain(|d| {
        d.name.as_deref() == Some(wanted)
            || (wanted.len() >= PREFIX_CHARS_MIN && d.keyid.to_string().starts_with(wanted))
    });
    ensure!(
        !devices.is_empty(),
        refused(
            "unknown_device",
            format!("The ledger knows no device {wanted:?}.")
        )
    );
    Ok(devices)
}
