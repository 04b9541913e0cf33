//! Where the passphrase of the keys comes from: a file, the environment, or the person.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use zeroize::Zeroizing;

use crate::{disk, say};

/// The environment variable that may hold it.
pub const VARIABLE: &str = "WAYLEAVE_PASSPHRASE";
/// Shortest passphrase for new keys, in characters.
pub const CHARS_MIN: usize = 8;
const BYTES_MAX: usize = 1024;

/// Where to take a passphrase from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its first line, if given.
    pub file: Option<PathBuf>,
}

impl Source {
    /// Whether it can be had without asking a person.
    pub fn is_silent(&self) -> bool {
        self.file.is_some() || std::env::var_os(VARIABLE).is_some()
    }

    /// The passphrase of existing keys.
    pub fn existing(&self, of_what: &str) -> Result<Zeroizing<String>> {
        match self.silent()? {
            Some(passphrase) => Ok(passphrase),
            None => ask(&format!("Passphrase of {of_what}: ")),
        }
    }

    /// A passphrase for new keys, asked twice.
    pub fn new_one(&self, of_what: &str) -> Result<Zeroizing<String>> {
        let passphrase = match self.silent()? {
            Some(passphrase) => passphrase,
            None => {
                let first = ask(&format!("New passphrase for {of_what}: "))?;
                let second = ask("The same once more: ")?;
                ensure!(first == second, "The two passphrases differ.");
                first
            }
        };
        ensure!(
            passphrase.chars().count() >= CHARS_MIN,
            "The passphrase is too short: {CHARS_MIN} characters at least."
        );
        Ok(passphrase)
    }

    fn silent(&self) -> Result<Option<Zeroizing<String>>> {
        if let Some(file) = &self.file {
            let bytes = disk::read(file)?
                .map(Zeroizing::new)
                .with_context(|| format!("The passphrase file {} is missing.", file.display()))?;
            let text = std::str::from_utf8(&bytes)
                .with_context(|| format!("The passphrase file {} is no text", file.display()))?;
            let line = text.lines().next().unwrap_or_default();
            return check(Zeroizing::new(line.to_owned())).map(Some);
        }
        match std::env::var(VARIABLE) {
            Ok(value) => check(Zeroizing::new(value)).map(Some),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(_) => bail!("The environment variable {VARIABLE} is no text."),
        }
    }
}

fn ask(prompt: &str) -> Result<Zeroizing<String>> {
    if !say::can_ask() {
        bail!(
            "A passphrase is needed and nobody can be asked here: set {VARIABLE} or give --passphrase-file FILE."
        );
    }
    check(Zeroizing::new(rpassword::prompt_password(prompt)?))
}

fn check(passphrase: Zeroizing<String>) -> Result<Zeroizing<String>> {
    ensure!(!passphrase.is_empty(), "The passphrase is empty.");
    ensure!(
        passphrase.len() <= BYTES_MAX,
        "The passphrase is longer than {BYTES_MAX} bytes."
    );
    Ok(passphrase)
}
