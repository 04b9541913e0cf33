//! `wayleave key`: the keys on this computer.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use trust::seal::OpeningKey;
use trust::{OrgId, SigningKey};

use crate::ambient::{date, random};
use crate::args::Common;
use crate::failure::refused;
use crate::keyfile;
use crate::login::keystore;
use crate::org_store::{KeyKind, OrgStore};
use crate::phrase;
use crate::sealed::Secret;

/// Subcommands of `wayleave key`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// List the keys of the organisation on this computer
    List,
    /// Make the keys of a new admin; prints the public ones for "wayleave org roster --add-admin"
    New,
    /// Take the keys of a file: a second admin key, recovery keys
    Import(ImportArguments),
    /// Take a recovery key from its 24 words, read from standard input
    Words,
}

/// A file of keys.
#[derive(Args, Debug)]
pub struct ImportArguments {
    /// The file
    file: PathBuf,
    /// Where the file's own passphrase stands, if it is not that of this computer's keys
    #[arg(long, value_name = "FILE")]
    file_passphrase: Option<PathBuf>,
}

/// Runs one.
pub fn run(command: Command, common: &Common) -> Result<()> {
    match command {
        Command::List => list(common),
        Command::New => new(common),
        Command::Import(arguments) => import(&arguments, common),
        Command::Words => words(common),
    }
}

fn list(common: &Common) -> Result<()> {
    let store = keystore(common)?.chosen(common.one_org()?)?;
    let keys = store.keys()?;
    if common.json {
        println!(
            "{}",
            json!(
                keys.iter()
                    .map(|k| json!({ "kind": k.kind, "id": k.id, "made": k.made }))
                    .collect::<Vec<_>>()
            )
        );
        return Ok(());
    }
    if keys.is_empty() {
        println!("No key of {} is on this computer.", store.org());
    }
    for key in keys {
        let name = key
            .name
            .map(|n| format!(" ({})", n.name))
            .unwrap_or_default();
        println!(
            "{:<9} {} since {}{name}",
            key.kind.as_str(),
            key.id,
            date(key.made)
        );
    }
    Ok(())
}

fn new(common: &Common) -> Result<()> {
    let keystore = keystore(common)?;
    let store = keystore.chosen(common.one_org()?)?;
    let vault = keystore.unlock_or_create()?;
    let (key, member) = (
        SigningKey::from_seed(random()),
        OpeningKey::from_secret(random())?,
    );
    store.add_key(
        &vault,
        KeyKind::Signing,
        &key.id().to_string(),
        &Secret::new(*key.seed()),
        None,
    )?;
    store.add_key(
        &vault,
        KeyKind::Member,
        &member.public().to_string(),
        &Secret::new(*member.secret()),
        None,
    )?;
    let public = trust::bytes::to_b64u(key.public().public_bytes());
    if common.json {
        println!(
            "{}",
            json!({ "keyid": key.id(), "key": public, "member_key": member.public() })
        );
    } else {
        println!("Key id  {}\nPublic  {public},{}", key.id(), member.public());
    }
    Ok(())
}

pub(crate) fn import(arguments: &ImportArguments, common: &Common) -> Result<()> {
    let source = match &arguments.file_passphrase {
        Some(file) => crate::passphrase::Source {
            file: Some(file.clone()),
        },
        None => common.passphrase(),
    };
    let (org, server, keys) = match keyfile::read_backup(&arguments.file)? {
        Some(backup) => backup,
        None => keyfile::read(&arguments.file, &source)?,
    };
    let wanted = common.one_org()?;
    ensure!(
        wanted.is_none_or(|w| w == org),
        refused(
            "other_org",
            format!("The key file belongs to another organisation: {org}.")
        )
    );
    let keystore = keystore(common)?;
    let vault = keystore.unlock_or_create()?;
    let store: OrgStore = keystore.org(org);
    store.pin(&server)?;
    for key in &keys {
        check_id(key.kind, &key.id, &key.secret)?;
        store.add_key(&vault, key.kind, &key.id, &key.secret, None)?;
        if !common.json {
            println!("{:<9} {}", key.kind.as_str(), key.id);
        }
    }
    Ok(())
}

fn check_id(kind: KeyKind, id: &str, secret: &Secret) -> Result<()> {
    let found = match kind {
        KeyKind::Signing | KeyKind::Recovery => SigningKey::from_seed(**secret).id().to_string(),
        KeyKind::Member | KeyKind::Directory | KeyKind::Audit => {
            OpeningKey::from_secret(**secret)?.public().to_string()
        }
    };
    ensure!(
        found == id,
        refused(
            "keys_damaged",
            "A key in the file is not the one that it is named."
        )
    );
    Ok(())
}

fn words(common: &Common) -> Result<()> {
    let keystore = keystore(common)?;
    let store = keystore.chosen(common.one_org()?)?;
    let mut text = zeroize::Zeroizing::new(String::new());
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .context("the words cannot be read")?;
    let secret = phrase::decode(&text).map_err(|e| anyhow!(e))?;
    let vault = keystore.unlock_or_create()?;
    let id = SigningKey::from_seed(*secret).id();
    let org: OrgId = store.org();
    store.add_key(&vault, KeyKind::Recovery, &id.to_string(), &secret, None)?;
    println!("recovery  {id} of {org}");
    Ok(())
}
