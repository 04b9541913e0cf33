//! The log key: signs the checkpoints of every organisation of this service, and nothing else.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use trust::bytes::{from_b64u, to_b64u};
use trust::key::SigningKey;

use crate::clock::random;

/// File name inside the data directory: 32 bytes as base64url, readable by its owner only.
pub const FILE: &str = "log.key";

/// File name of the key that signs webhooks.
pub const FEED_FILE: &str = "feed.key";

/// Reads the log key of this data directory, or makes one if there is none and no database either.
pub fn open(data_dir: &Path) -> anyhow::Result<SigningKey> {
    let file = data_dir.join(FILE);
    if file.exists() {
        return read(&file);
    }
    if data_dir.join(crate::DATABASE).exists() {
        bail!(
            "{} is missing beside a database: organisations only accept checkpoints of the key they listed; restore it \
             from a backup",
            file.display()
        );
    }
    make(&file)
}

/// Reads the key that signs webhooks, or makes one: receivers ask for its public half at any time.
pub fn open_feed_key(data_dir: &Path) -> anyhow::Result<SigningKey> {
    let file = data_dir.join(FEED_FILE);
    if file.exists() {
        read(&file)
    } else {
        make(&file)
    }
}

fn read(file: &Path) -> anyhow::Result<SigningKey> {
    let mode = std::fs::metadata(file)?.permissions().mode();
    ensure!(
        mode & 0o077 == 0,
        "{} can be read by others: chmod 600 it",
        file.display()
    );
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let seed = from_b64u(text.trim()).and_then(|bytes| bytes.try_into().ok());
    let seed =
        seed.with_context(|| format!("{} does not hold 32 bytes of base64url", file.display()))?;
    Ok(SigningKey::from_seed(seed))
}

fn make(file: &Path) -> anyhow::Result<SigningKey> {
    let key = SigningKey::from_seed(random());
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("the key {} cannot be written", file.display()))?;
    writeln!(out, "{}", to_b64u(key.seed()))?;
    out.sync_all()?;
    if let Some(folder) = file.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let made = open(dir.path()).unwrap();
        assert_eq!(open(dir.path()).unwrap().id(), made.id());
        let mode = std::fs::metadata(dir.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).unwrap();
        let file = dir.path().join(FILE);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(
            open(dir.path())
                .unwrap_err()
                .to_string()
                .contains("chmod 600")
        );
    }

    #[test]
    fn a_lost_key_is_not_silently_replaced() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(crate::DATABASE), b"").unwrap();
        assert!(
            open(dir.path())
                .unwrap_err()
                .to_string()
                .contains("restore it")
        );
    }
}
