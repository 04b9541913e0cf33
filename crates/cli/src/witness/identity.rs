//! A witness's name and key. Sealed when a passphrase is given; else in a file of its owner alone, so that a machine can
//! start it without anybody.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use trust::SigningKey;
use trust::bytes::{Blob, Hash};
use trust::text::is_name;

use crate::ambient::random;
use crate::disk;
use crate::failure::refused;
use crate::passphrase::Source;
use crate::sealed::{self, Kdf, Secret};

const LABEL: &str = "witness key";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u64,
    name: String,
    key: StoredKey,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredKey {
    Sealed { kdf: Kdf, seed: Blob },
    Plain { seed: Hash },
}

/// Who cosigns.
pub struct Identity {
    /// The name on its signature lines.
    pub name: String,
    /// Its key.
    pub key: SigningKey,
}

impl Identity {
    /// Makes a key; an existing one is never replaced.
    pub fn create(dir: &Path, name: &str, passphrase: &Source) -> Result<Self> {
        ensure!(
            is_name(name),
            "A witness's name is 1 to 64 of a-z, 0-9, '.', '_' and '-'."
        );
        disk::make_dir(dir)?;
        let seed = Secret::new(random());
        let key = if passphrase.is_silent() {
            let kdf = Kdf::fresh();
            let key = kdf.key(&passphrase.new_one("the witness's key")?)?;
            StoredKey::Sealed {
                kdf,
                seed: sealed::seal(&key, LABEL, &seed)?,
            }
        } else {
            StoredKey::Plain { seed: Hash(*seed) }
        };
        let file = File {
            version: 1,
            name: name.to_owned(),
            key,
        };
        disk::create(
            &dir.join("witness.json"),
            &serde_json::to_vec_pretty(&file)?,
        )?;
        Ok(Self {
            name: file.name,
            key: SigningKey::from_seed(*seed),
        })
    }

    /// Reads the key.
    pub fn load(dir: &Path, passphrase: &Source) -> Result<Self> {
        let path = dir.join("witness.json");
        let file: File = disk::read_json(&path)?.with_context(|| {
            format!("There is no witness in {}. Make one with: wayleave witness init --dir {} --name NAME", dir.display(), dir.display())
        })?;
        ensure!(
            file.version == 1 && is_name(&file.name),
            "{} is not a file of this version.",
            path.display()
        );
        disk::check_private(&path)?;
        let seed = match file.key {
            StoredKey::Plain { seed } => Secret::new(seed.0),
            StoredKey::Sealed { kdf, seed } => {
                let key = kdf.key(&passphrase.existing("the witness's key")?)?;
                sealed::open(&key, LABEL, &seed)
                    .map_err(|_| refused("wrong_passphrase", "The passphrase is wrong."))?
            }
        };
        Ok(Self {
            name: file.name,
            key: SigningKey::from_seed(*seed),
        })
    }
}
