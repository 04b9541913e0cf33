//! What keeps the admins of a new organisation from losing it, and the words that go with it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;
use trust::bytes::X25519Public;
use trust::seal::OpeningKey;
use trust::{OrgId, SigningKey};

use super::{Arguments, Fresh};
use crate::args::Common;
use crate::keyfile::{self, Exported};
use crate::keystore::Keystore;
use crate::org_store::KeyKind;
use crate::sealed::Secret;
use crate::{phrase, say};

/// Where the second key and the recovery keys went; words where they are shown.
pub(super) struct Backups {
    second: Option<PathBuf>,
    words: Vec<String>,
}

pub(super) fn write(
    arguments: &Arguments,
    common: &Common,
    keystore: &Keystore,
    org: OrgId,
    fresh: &Fresh,
) -> Result<Backups> {
    let mut backups = Backups {
        second: None,
        words: Vec::new(),
    };
    let passphrase = if fresh.second.is_some() || arguments.recovery_file.is_some() {
        Some(common.passphrase().existing("the new key files")?)
    } else {
        None
    };
    let write_file = |path: &Path, keys: &[Exported]| {
        keyfile::write(
            path,
            org,
            &arguments.server,
            keys,
            passphrase.as_ref().map_or("", |p| p.as_str()),
        )
    };
    if let Some(second) = &fresh.second {
        let short: String = org.to_string().chars().take(8).collect();
        let default = || {
            keystore
                .dir()
                .join(format!("second-admin-key-{short}.json"))
        };
        let path = arguments.second_key_file.clone().unwrap_or_else(default);
        let keys = [
            exported(KeyKind::Signing, second),
            opening(KeyKind::Directory, &fresh.directory),
            opening(KeyKind::Audit, &fresh.audit),
        ];
        write_file(&path, &keys)?;
        backups.second = Some(path);
    }
    match &arguments.recovery_file {
        Some(path) => {
            let keys: Vec<Exported> = fresh
                .recovery
                .iter()
                .map(|k| exported(KeyKind::Recovery, k))
                .collect();
            write_file(path, &keys)?;
        }
        None => {
            backups.words = fresh
                .recovery
                .iter()
                .map(|k| phrase::encode(&Secret::new(*k.seed())))
                .collect()
        }
    }
    Ok(backups)
}

fn exported(kind: KeyKind, key: &SigningKey) -> Exported {
    Exported {
        kind,
        id: key.id().to_string(),
        secret: Secret::new(*key.seed()),
    }
}

fn opening(kind: KeyKind, key: &OpeningKey) -> Exported {
    Exported {
        kind,
        id: key.public().to_string(),
        secret: Secret::new(*key.secret()),
    }
}

pub(super) fn report(
    arguments: &Arguments,
    common: &Common,
    org: OrgId,
    fresh: &Fresh,
    backups: &Backups,
) -> Result<()> {
    warn(arguments, fresh);
    if common.json {
        let directory: X25519Public = fresh.directory.public();
        let answer = json!({
            "org": org, "server": arguments.server, "admin": fresh.admin.id(), "directory_key": directory,
            "second_key_file": backups.second, "recovery_file": arguments.recovery_file,
            "recovery_words": backups.words, "sequenced": !arguments.offline,
        });
        println!("{answer}");
        return Ok(());
    }
    println!("Organisation  {} ({})", arguments.name, arguments.domain);
    println!("Id            {org}");
    println!("Service       {}", arguments.server);
    println!("Admin key     {} ({})", fresh.admin.id(), arguments.person);
    if let Some(path) = &backups.second {
        println!("Second key    {}", path.display());
        println!(
            "              Move it to another place now: here it is lost together with the first."
        );
    }
    match &arguments.recovery_file {
        Some(path) => println!(
            "Recovery      {} (move it to another place now)",
            path.display()
        ),
        None => {
            println!("Recovery      Write these words down; they are never shown again.");
            backups
                .words
                .iter()
                .for_each(|words| println!("              {words}"));
        }
    }
    if arguments.offline {
        println!(
            "Not sequenced: the service does not know the organisation yet. Tell it with: wayleave org push"
        );
    }
    Ok(())
}

fn warn(arguments: &Arguments, fresh: &Fresh) {
    if fresh.second.is_none() {
        eprintln!(
            "{}",
            say::red(
                "There is no second admin key, because --no-second-key was given: when this computer or its passphrase is lost, \
                 nobody can admit or govern here until the recovery keys replace the roster."
            )
        );
    }
    if arguments.witness.is_empty() {
        eprintln!(
            "{}",
            say::red(
                "There is no witness: whether a revocation reaches the devices in time is the service's word alone, and recovery \
                 keys cannot take effect. Add witnesses with: wayleave org roster --add-witness NAME,KEY,URL"
            )
        );
    }
}
