//! `wayleave key`: the keys on this computer.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use trust::bytes::X25519Public;
use trust::seal::OpeningKey;
use trust::text::show_foreign;
use trust::{OrgId, PublicKey, SigningKey};

use crate::ambient::{date, random};
use crate::args::Common;
use crate::failure::refused;
use crate::keyfile;
use crate::keystore::Vault;
use crate::login::keystore;
use crate::org_store::{KeyKind, OrgStore};
use crate::phrase;
use crate::sealed::Secret;
use crate::ssh_agent::{self, Agent, Identity};

/// Subcommands of `wayleave key`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// List the keys of the organisation on this computer
    List,
    /// Make the keys of a new admin; prints the public ones for "wayleave org roster --add-admin"
    New,
    /// List the Ed25519 keys of your ssh-agent, or take one of them in as an admin's: only its public half is stored
    Ssh {
        /// Its fingerprint or comment
        which: Option<String>,
    },
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
        Command::Ssh { which: None } => list_ssh(common),
        Command::Ssh { which: Some(which) } => take_ssh(&which, common),
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
                    .map(|k| json!({ "kind": k.kind, "id": k.id, "made": k.made, "ssh_agent": k.ssh_agent.is_some() }))
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
            "{:<9} {} since {}{name}{}",
            key.kind.as_str(),
            key.id,
            date(key.made),
            if key.ssh_agent.is_some() {
                ", in the ssh-agent"
            } else {
                ""
            }
        );
    }
    Ok(())
}

fn new(common: &Common) -> Result<()> {
    let keystore = keystore(common)?;
    let store = keystore.chosen(common.one_org()?)?;
    let vault = keystore.unlock_or_create()?;
    let key = SigningKey::from_seed(random());
    let (id, seed) = (key.id().to_string(), Secret::new(*key.seed()));
    store.add_key(&vault, KeyKind::Signing, &id, &seed, None)?;
    let member = new_member(&store, &vault)?;
    tell_public(key.public(), &member, common);
    Ok(())
}

/// A key that the organisation can seal to.
fn new_member(store: &OrgStore, vault: &Vault) -> Result<X25519Public> {
    let member = OpeningKey::from_secret(random())?;
    let (id, secret) = (member.public().to_string(), Secret::new(*member.secret()));
    store.add_key(vault, KeyKind::Member, &id, &secret, None)?;
    Ok(member.public())
}

/// What goes to the admins who are to list the key.
fn tell_public(key: &PublicKey, member: &X25519Public, common: &Common) {
    let public = trust::bytes::to_b64u(key.public_bytes());
    if common.json {
        println!(
            "{}",
            json!({ "keyid": key.id(), "key": public, "member_key": member })
        );
    } else {
        println!("Key id  {}\nPublic  {public},{member}", key.id());
    }
}

fn list_ssh(common: &Common) -> Result<()> {
    let identities = Agent::of_environment()?.identities()?;
    let taken: Vec<String> = match keystore(common)?.chosen(common.one_org()?) {
        Ok(store) => store.keys()?.into_iter().map(|k| k.id).collect(),
        Err(_) => Vec::new(),
    };
    let is_taken = |identity: &Identity| taken.contains(&identity.key.id().to_string());
    if common.json {
        let lines = identities.iter().map(|i| {
            json!({ "fingerprint": i.fingerprint(), "comment": i.comment, "keyid": i.key.id(), "taken": is_taken(i) })
        });
        println!("{}", serde_json::Value::Array(lines.collect()));
        return Ok(());
    }
    if identities.is_empty() {
        println!(
            "The ssh-agent holds no Ed25519 key. Make one with \"ssh-keygen -t ed25519\", add it with \"ssh-add -c FILE\"."
        );
    }
    for identity in &identities {
        let taken = if is_taken(identity) { ", taken in" } else { "" };
        let comment = show_foreign(&identity.comment, 60);
        println!("{} {comment}{taken}", identity.fingerprint());
    }
    Ok(())
}

fn take_ssh(which: &str, common: &Common) -> Result<()> {
    let identities = Agent::of_environment()?.identities()?;
    let key = &ssh_agent::find(&identities, which)?.key;
    let keystore = keystore(common)?;
    let store = keystore.chosen(common.one_org()?)?;
    let id = key.id().to_string();
    ensure!(
        store.keys()?.iter().all(|k| k.id != id),
        "The key {id} is taken in already."
    );
    let vault = keystore.unlock_or_create()?;
    store.add_ssh_key(key, None)?;
    let member = new_member(&store, &vault)?;
    tell_public(key, &member, common);
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
