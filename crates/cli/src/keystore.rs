//! The directory of this computer's keys and pinned organisations.
//!
//! ```text
//! DIR/keystore.json          how the passphrase becomes a key, and the master key sealed under it
//! DIR/orgs/ORG/org.json      the pin: organisation and server, and who this person is in it
//! DIR/orgs/ORG/keys/*.json   secrets, sealed under the master key
//! DIR/orgs/ORG/ledger        and what is described in `org_store`
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use trust::OrgId;
use trust::bytes::Blob;

use crate::disk;
use crate::failure::refused;
use crate::org_store::OrgStore;
use crate::passphrase::Source;
use crate::sealed::{self, Kdf, Secret};

const MASTER_LABEL: &str = "master key";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeystoreFile {
    version: u64,
    kdf: Kdf,
    master: Blob,
}

/// The directory, locked: what is not secret can be read.
pub struct Keystore {
    dir: PathBuf,
    passphrase: Source,
}

/// The key that opens the secrets of a keystore.
pub struct Vault {
    master: Secret,
}

impl Keystore {
    /// A keystore in `dir`, which may not be there yet.
    pub fn at(dir: PathBuf, passphrase: Source) -> Self {
        Self { dir, passphrase }
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Opens the secrets; makes the keystore when it is new.
    pub fn unlock_or_create(&self) -> Result<Vault> {
        if self.file().exists() {
            return self.unlock();
        }
        let passphrase = self
            .passphrase
            .new_one(&format!("the keys in {}", self.dir.display()))?;
        disk::make_dir(&self.dir)?;
        let kdf = Kdf::fresh();
        let master = Secret::new(crate::ambient::random());
        let sealed = sealed::seal(&kdf.key(&passphrase)?, MASTER_LABEL, &master)?;
        let file = KeystoreFile {
            version: 1,
            kdf,
            master: sealed,
        };
        disk::create(&self.file(), &serde_json::to_vec_pretty(&file)?)?;
        Ok(Vault { master })
    }

    /// Opens the secrets.
    pub fn unlock(&self) -> Result<Vault> {
        let path = self.file();
        let file: KeystoreFile = disk::read_json(&path)?.with_context(|| {
            format!(
                "There are no keys in {}. Make some with \"wayleave org create\" or \"wayleave technician init\", or name \
                 another directory with --dir.",
                self.dir.display()
            )
        })?;
        ensure!(
            file.version == 1,
            "{} is of version {}; this program knows version 1.",
            path.display(),
            file.version
        );
        disk::check_private(&path)?;
        let passphrase = self
            .passphrase
            .existing(&format!("the keys in {}", self.dir.display()))?;
        let key = file.kdf.key(&passphrase)?;
        let master = sealed::open(&key, MASTER_LABEL, &file.master)
            .map_err(|_| refused("wrong_passphrase", "The passphrase is wrong."))?;
        Ok(Vault { master })
    }

    fn file(&self) -> PathBuf {
        self.dir.join("keystore.json")
    }

    /// The directory of one organisation, which may not be there yet.
    pub fn org(&self, org: OrgId) -> OrgStore {
        OrgStore::at(self.dir.join("orgs").join(org.to_string()), org)
    }

    /// All pinned organisations.
    pub fn orgs(&self) -> Result<Vec<OrgStore>> {
        let entries = match std::fs::read_dir(self.dir.join("orgs")) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut orgs = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            if let Some(org) = name.to_str().and_then(OrgId::parse) {
                let store = self.org(org);
                if store.is_pinned() {
                    orgs.push(store);
                }
            }
        }
        orgs.sort_by_key(OrgStore::org);
        Ok(orgs)
    }

    /// The organisation that `wanted` names, or the only one.
    pub fn chosen(&self, wanted: Option<OrgId>) -> Result<OrgStore> {
        let mut orgs = self.orgs()?;
        if let Some(wanted) = wanted {
            return orgs.into_iter().find(|o| o.org() == wanted).with_context(|| {
                format!(
                    "The organisation {wanted} is not pinned here. Pin it with: wayleave org pin {wanted} --server URL"
                )
            });
        }
        match orgs.len() {
            1 => Ok(orgs.remove(0)),
            0 => bail!(
                "No organisation is pinned in {}. Make one with \"wayleave org create\", or pin one with \"wayleave org pin\".",
                self.dir.display()
            ),
            _ => {
                let ids: Vec<String> = orgs
                    .iter()
                    .map(|o| format!("  --org {}", o.org()))
                    .collect();
                bail!(
                    "Several organisations are pinned here; say which:\n{}",
                    ids.join("\n")
                )
            }
        }
    }
}

impl Vault {
    /// Seals a secret of this keystore.
    pub fn seal(&self, label: &str, secret: &Secret) -> Result<Blob> {
        sealed::seal(&self.master, label, secret)
    }

    /// Opens a secret of this keystore.
    pub fn open(&self, label: &str, sealed: &Blob) -> Result<Secret> {
        sealed::open(&self.master, label, sealed)
    }
}

/// The directory by option, environment or default.
pub fn default_dir(option: Option<&Path>) -> Result<PathBuf> {
    if let Some(dir) = option {
        return Ok(dir.to_owned());
    }
    if let Some(dir) = std::env::var_os("WAYLEAVE_DIR").filter(|d| !d.is_empty()) {
        return Ok(dir.into());
    }
    let home = |name: &str| {
        std::env::var_os(name)
            .filter(|d| !d.is_empty())
            .map(PathBuf::from)
    };
    home("XDG_CONFIG_HOME")
        .or_else(|| home("HOME").map(|h| h.join(".config")))
        .map(|config| config.join("wayleave"))
        .context("There is no home directory here: name the directory of the keys with --dir or WAYLEAVE_DIR.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keystore(dir: &Path, passphrase: &str) -> Keystore {
        let file = dir.join(format!("passphrase-{passphrase}"));
        std::fs::write(&file, passphrase).unwrap();
        Keystore::at(dir.join("keys"), Source { file: Some(file) })
    }

    #[test]
    fn the_right_passphrase_opens_and_a_wrong_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let vault = keystore(dir.path(), "correct horse")
            .unlock_or_create()
            .unwrap();
        let sealed = vault.seal("admin key", &Secret::new([5; 32])).unwrap();
        let again = keystore(dir.path(), "correct horse").unlock().unwrap();
        assert_eq!(*again.open("admin key", &sealed).unwrap(), [5; 32]);
        let wrong = keystore(dir.path(), "battery staple")
            .unlock()
            .err()
            .unwrap();
        assert_eq!(wrong.to_string(), "The passphrase is wrong.");
    }

    #[test]
    fn a_keystore_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let keystore = keystore(dir.path(), "correct horse");
        keystore.unlock_or_create().unwrap();
        std::fs::set_permissions(keystore.file(), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(
            keystore
                .unlock()
                .err()
                .unwrap()
                .to_string()
                .contains("chmod 600")
        );
    }

    #[test]
    fn an_unknown_member_or_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let keystore = keystore(dir.path(), "correct horse");
        keystore.unlock_or_create().unwrap();
        let text = std::fs::read_to_string(keystore.file()).unwrap();
        for altered in [
            text.replace("\"version\": 1", "\"version\": 2"),
            text.replacen('{', "{\"more\": 1,", 1),
        ] {
            disk::replace(&keystore.file(), altered.as_bytes()).unwrap();
            assert!(keystore.unlock().is_err(), "{altered}");
        }
        disk::replace(&keystore.file(), text.as_bytes()).unwrap();
        assert!(keystore.unlock().is_ok());
    }

    #[test]
    fn no_secret_stands_in_any_file() {
        let dir = tempfile::tempdir().unwrap();
        let keystore = keystore(dir.path(), "correct horse");
        let vault = keystore.unlock_or_create().unwrap();
        let text = std::fs::read_to_string(keystore.file()).unwrap();
        assert!(!text.contains(&trust::bytes::to_b64u(&*vault.master)));
        assert!(!text.contains("correct horse"));
    }
}
