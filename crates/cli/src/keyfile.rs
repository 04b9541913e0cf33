//! One secret in a file of its own, under its own passphrase: a second admin key, a recovery key.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use trust::bytes::{Blob, Hash};
use trust::seal::OpeningKey;
use trust::{OrgId, SigningKey};
use zeroize::Zeroizing;

use crate::disk;
use crate::failure::refused;
use crate::org_store::KeyKind;
use crate::passphrase::Source;
use crate::sealed::{self, Kdf, Secret};
use crate::server_url::ServerUrl;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u64,
    org: OrgId,
    server: ServerUrl,
    kdf: Kdf,
    keys: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: KeyKind,
    id: String,
    sealed: Blob,
}

/// The file that the web console hands out when it makes an organisation: not sealed, to be kept offline.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsoleBackup {
    #[serde(rename = "what")]
    _what: String,
    version: u64,
    org: OrgId,
    server: ServerUrl,
    admin_seed: Hash,
    recovery_seed: Hash,
    audit_secret: Hash,
    directory_secret: Hash,
}

/// A secret to export, or as imported.
pub struct Exported {
    /// What it is for.
    pub kind: KeyKind,
    /// Key id of a signature key, public half of a sealing key.
    pub id: String,
    /// The secret.
    pub secret: Secret,
}

/// Writes `keys` to a new file, sealed under a passphrase.
pub fn write(
    path: &Path,
    org: OrgId,
    server: &ServerUrl,
    keys: &[Exported],
    passphrase: &str,
) -> Result<()> {
    let kdf = Kdf::fresh();
    let key = kdf.key(passphrase)?;
    let entries = keys.iter().map(|k| {
        let sealed = sealed::seal(&key, &label(org, k.kind, &k.id), &k.secret)?;
        Ok(Entry {
            kind: k.kind,
            id: k.id.clone(),
            sealed,
        })
    });
    let file = File {
        version: 1,
        org,
        server: server.clone(),
        kdf,
        keys: entries.collect::<Result<_>>()?,
    };
    disk::create(path, &serde_json::to_vec_pretty(&file)?)
}

/// Reads a file of [`write`].
pub fn read(path: &Path, passphrase: &Source) -> Result<(OrgId, ServerUrl, Vec<Exported>)> {
    let file: File = disk::read_json(path)?
        .with_context(|| format!("The key file {} is missing.", path.display()))?;
    ensure!(
        file.version == 1,
        "{} is of version {}; this program knows version 1.",
        path.display(),
        file.version
    );
    let passphrase = passphrase.existing(&format!("the key file {}", path.display()))?;
    let key = file.kdf.key(&passphrase)?;
    let keys = file.keys.into_iter().map(|entry| {
        let secret = sealed::open(&key, &label(file.org, entry.kind, &entry.id), &entry.sealed)
            .map_err(|_| {
                refused(
                    "wrong_passphrase",
                    format!(
                        "The passphrase is not that of the key file {}.",
                        path.display()
                    ),
                )
            })?;
        Ok(Exported {
            kind: entry.kind,
            id: entry.id,
            secret,
        })
    });
    Ok((file.org, file.server, keys.collect::<Result<_>>()?))
}

/// Reads a backup of the web console; `None` if the file is of another kind.
pub fn read_backup(path: &Path) -> Result<Option<(OrgId, ServerUrl, Vec<Exported>)>> {
    let bytes = disk::read(path)?.map(Zeroizing::new);
    let bytes = bytes.with_context(|| format!("The key file {} is missing.", path.display()))?;
    let Ok(backup) = serde_json::from_slice::<ConsoleBackup>(&bytes) else {
        return Ok(None);
    };
    ensure!(
        backup.version == 1,
        "{} is of version {}; this program knows version 1.",
        path.display(),
        backup.version
    );
    let keys = vec![
        signing(KeyKind::Signing, backup.admin_seed),
        signing(KeyKind::Recovery, backup.recovery_seed),
        opening(KeyKind::Audit, backup.audit_secret)?,
        opening(KeyKind::Directory, backup.directory_secret)?,
    ];
    Ok(Some((backup.org, backup.server, keys)))
}

fn signing(kind: KeyKind, seed: Hash) -> Exported {
    Exported {
        kind,
        id: SigningKey::from_seed(seed.0).id().to_string(),
        secret: Secret::new(seed.0),
    }
}

fn opening(kind: KeyKind, secret: Hash) -> Result<Exported> {
    Ok(Exported {
        kind,
        id: OpeningKey::from_secret(secret.0)?.public().to_string(),
        secret: Secret::new(secret.0),
    })
}

fn label(org: OrgId, kind: KeyKind, id: &str) -> String {
    format!("exported {} key {id} of {org}", kind.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_opens_with_its_passphrase_only_and_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (path, good, bad) = (
            dir.path().join("key.json"),
            dir.path().join("good"),
            dir.path().join("bad"),
        );
        std::fs::write(&good, "correct horse\n").unwrap();
        std::fs::write(&bad, "battery staple\n").unwrap();
        let (org, server) = (OrgId([1; 32]), "https://a.example".parse().unwrap());
        let key = Exported {
            kind: KeyKind::Signing,
            id: "k".into(),
            secret: Secret::new([7; 32]),
        };
        write(
            &path,
            org,
            &server,
            std::slice::from_ref(&key),
            "correct horse",
        )
        .unwrap();
        let (read_org, _, keys) = read(&path, &Source { file: Some(good) }).unwrap();
        assert_eq!((read_org, *keys[0].secret), (org, [7; 32]));
        let wrong = read(&path, &Source { file: Some(bad) }).err().unwrap();
        assert!(wrong.to_string().contains("passphrase"));
        assert!(write(&path, org, &server, &[key], "correct horse").is_err());
    }
}
