//! What this computer keeps of one organisation. The ledger, pending statements and revocations only grow.
//!
//! ```text
//! org.json       the pin
//! keys/          sealed secrets
//! ledger         leaves, one JSON string a line
//! checkpoint     the newest note over them
//! pending        statements signed here, until the ledger carries them
//! revocations    revocations that came another way than in the ledger
//! receipts       the newest receipt that each device told of
//! recoveries     for each recovery that waits, the first note with all witnesses' signatures over it
//! evidence/      what contradicted the ledger, for the security officer
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use trust::bytes::Blob;
use trust::seal::OpeningKey;
use trust::warrant::OpenedName;
use trust::{KeyId, OrgId, PublicKey, SigningKey, StatementId};
use wire::attempts::Attempts;
use wire::control::ReceiptHead;

use crate::ambient::now_ms;
use crate::disk;
use crate::keystore::Vault;
use crate::sealed::Secret;
use crate::server_url::ServerUrl;
use crate::signer::SignatureKey;

/// The pinned organisation: whoever holds these 32 bytes has pinned its admin keys, thresholds and witnesses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Format of this file: 1.
    pub version: u64,
    /// The organisation.
    pub org: OrgId,
    /// Its service.
    pub server: ServerUrl,
}

/// What a secret is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Signs statements, warrants and sign-ins.
    Signing,
    /// Opens what the organisation seals to this person.
    Member,
    /// The organisation's directory key: opens names.
    Directory,
    /// The organisation's audit key: opens receipts.
    Audit,
    /// An offline key of the roster's recovery.
    Recovery,
}

impl KeyKind {
    /// The name of the kind, as in file names.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyKind::Signing => "signing",
            KeyKind::Member => "member",
            KeyKind::Directory => "directory",
            KeyKind::Audit => "audit",
            KeyKind::Recovery => "recovery",
        }
    }
}

/// A sealed secret with what may be known of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    version: u64,
    /// What it is for.
    pub kind: KeyKind,
    /// Key id of a signature key, public half of a sealing key.
    pub id: String,
    /// When it came here, in milliseconds.
    pub made: u64,
    /// The name that a technician's admission commits to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<OpenedName>,
    /// The secret; none where another program holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Blob>,
    /// The public half of a signature key that an ssh-agent holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_agent: Option<PublicKey>,
}

/// The directory of one organisation.
#[derive(Clone, Debug)]
pub struct OrgStore {
    dir: PathBuf,
    org: OrgId,
}

impl OrgStore {
    pub(crate) fn at(dir: PathBuf, org: OrgId) -> Self {
        Self { dir, org }
    }

    /// The organisation.
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// Where it is kept.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether it is pinned here.
    pub fn is_pinned(&self) -> bool {
        self.dir.join("org.json").exists()
    }

    /// Pins it. A pin is never replaced by another server in silence.
    pub fn pin(&self, server: &ServerUrl) -> Result<()> {
        if self.is_pinned() {
            let pin = self.pinned()?;
            ensure!(
                pin.server == *server,
                "The organisation {} is pinned here already, with the service {}. To move it, edit {}.",
                self.org,
                pin.server,
                self.dir.join("org.json").display()
            );
            return Ok(());
        }
        disk::make_dir(&self.dir.join("keys"))?;
        let pin = Pin {
            version: 1,
            org: self.org,
            server: server.clone(),
        };
        disk::write_json(&self.dir.join("org.json"), &pin)
    }

    /// The pin.
    pub fn pinned(&self) -> Result<Pin> {
        let path = self.dir.join("org.json");
        let pin: Pin = disk::read_json(&path)?
            .with_context(|| format!("The organisation {} is not pinned here.", self.org))?;
        ensure!(
            pin.version == 1 && pin.org == self.org,
            "{} belongs to another organisation or version of this program.",
            path.display()
        );
        Ok(pin)
    }

    /// Takes the organisation for this process alone until the guard is dropped.
    pub fn lock(&self) -> Result<File> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.dir.join("lock"))?;
        file.lock()
            .context("the organisation's files are in use by another program")?;
        Ok(file)
    }

    /// Stores a secret, sealed.
    pub fn add_key(
        &self,
        vault: &Vault,
        kind: KeyKind,
        id: &str,
        secret: &Secret,
        name: Option<OpenedName>,
    ) -> Result<()> {
        let sealed = vault.seal(&self.label(kind, id), secret)?;
        self.write_key(&KeyFile {
            version: 1,
            kind,
            id: id.to_owned(),
            made: now_ms(),
            name,
            sealed: Some(sealed),
            ssh_agent: None,
        })
    }

    /// Notes a signature key that an ssh-agent holds: its public half only.
    pub fn add_ssh_key(&self, key: &PublicKey, name: Option<OpenedName>) -> Result<()> {
        self.write_key(&KeyFile {
            version: 1,
            kind: KeyKind::Signing,
            id: key.id().to_string(),
            made: now_ms(),
            name,
            sealed: None,
            ssh_agent: Some(key.clone()),
        })
    }

    fn write_key(&self, file: &KeyFile) -> Result<()> {
        let dir = self.dir.join("keys");
        disk::make_dir(&dir)?;
        let name = format!("{}-{}.json", file.kind.as_str(), file.id);
        disk::write_json(&dir.join(name), file)
    }

    /// All secrets, sealed: by kind, the oldest of each first.
    pub fn keys(&self) -> Result<Vec<KeyFile>> {
        let entries = match std::fs::read_dir(self.dir.join("keys")) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut keys = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "json") {
                disk::check_private(&path)?;
                let file: Option<KeyFile> = disk::read_json(&path)?;
                keys.extend(file.filter(|f| f.version == 1));
            }
        }
        keys.sort_by(|a, b| (a.kind, a.made, &a.id).cmp(&(b.kind, b.made, &b.id)));
        Ok(keys)
    }

    /// Opens a secret.
    pub fn open_key(&self, vault: &Vault, file: &KeyFile) -> Result<Secret> {
        let sealed = file.sealed.as_ref().with_context(|| {
            format!(
                "The ssh-agent holds the key {}, not this computer.",
                file.id
            )
        })?;
        vault.open(&self.label(file.kind, &file.id), sealed)
    }

    /// The signature keys, oldest first, each with the name it is committed to.
    pub fn signing_keys(&self, vault: &Vault) -> Result<Vec<(SignatureKey, Option<OpenedName>)>> {
        let files = self.keys()?;
        let signing = files.into_iter().filter(|f| f.kind == KeyKind::Signing);
        let open = |file: KeyFile| {
            let signer = match &file.ssh_agent {
                Some(key) => SignatureKey::Agent(key.clone()),
                None => SignatureKey::Here(SigningKey::from_seed(*self.open_key(vault, &file)?)),
            };
            Ok((signer, file.name))
        };
        signing.map(open).collect()
    }

    /// The sealing keys of one kind.
    pub fn opening_keys(&self, vault: &Vault, kind: KeyKind) -> Result<Vec<OpeningKey>> {
        let files = self.keys()?;
        let wanted = files.into_iter().filter(|f| f.kind == kind);
        wanted
            .map(|f| Ok(OpeningKey::from_secret(*self.open_key(vault, &f)?)?))
            .collect()
    }

    fn label(&self, kind: KeyKind, id: &str) -> String {
        format!("{} key {id} of {}", kind.as_str(), self.org)
    }

    /// The leaves.
    pub fn leaves(&self) -> Result<Vec<String>> {
        disk::read_lines(&self.dir.join("ledger"))
    }

    /// Grows the ledger, then notes the checkpoint over it.
    pub fn extend(&self, leaves: &[String], checkpoint: &str) -> Result<()> {
        disk::append_lines(&self.dir.join("ledger"), leaves.iter().map(String::as_str))?;
        disk::replace(&self.dir.join("checkpoint"), checkpoint.as_bytes())
    }

    /// The newest checkpoint note.
    pub fn checkpoint(&self) -> Result<Option<String>> {
        let bytes = disk::read(&self.dir.join("checkpoint"))?;
        Ok(bytes.and_then(|b| String::from_utf8(b).ok()))
    }

    /// Statements that were signed here.
    pub fn signed_here(&self) -> Result<Vec<String>> {
        disk::read_lines(&self.dir.join("pending"))
    }

    /// Notes a statement before it is sent anywhere.
    pub fn add_signed(&self, statement: &str) -> Result<()> {
        disk::append_lines(&self.dir.join("pending"), [statement])
    }

    /// Revocations that came another way than in the ledger.
    pub fn revocations(&self) -> Result<Vec<String>> {
        disk::read_lines(&self.dir.join("revocations"))
    }

    /// Notes revocations before they are acted upon.
    pub fn add_revocations(&self, envelopes: &[String]) -> Result<()> {
        disk::append_lines(
            &self.dir.join("revocations"),
            envelopes.iter().map(String::as_str),
        )
    }

    /// The newest receipt that a device ever told of here.
    pub fn receipt_head(&self, device: &KeyId) -> Result<Option<ReceiptHead>> {
        let heads: Option<BTreeMap<KeyId, ReceiptHead>> =
            disk::read_json(&self.dir.join("receipts"))?;
        Ok(heads.and_then(|heads| heads.get(device).copied()))
    }

    /// Remembers a device's newest receipt.
    pub fn set_receipt_head(&self, device: KeyId, head: ReceiptHead) -> Result<()> {
        let _lock = self.lock()?;
        let path = self.dir.join("receipts");
        let mut heads: BTreeMap<KeyId, ReceiptHead> = disk::read_json(&path)?.unwrap_or_default();
        heads.insert(device, head);
        disk::write_json(&path, &heads)
    }

    /// Join codes that failed here.
    pub fn join_attempts(&self) -> Result<Attempts> {
        Ok(disk::read_json(&self.dir.join("joins"))?.unwrap_or_default())
    }

    /// Changes them; what was changed is on disk when this returns.
    pub fn change_join_attempts(
        &self,
        change: impl FnOnce(&mut Attempts) -> Result<()>,
    ) -> Result<()> {
        let _lock = self.lock()?;
        let mut attempts = self.join_attempts()?;
        change(&mut attempts)?;
        disk::write_json(&self.dir.join("joins"), &attempts)
    }

    /// The first note with all witnesses' signatures over a recovery that waits.
    pub fn recovery_begun(&self, id: &StatementId) -> Result<Option<String>> {
        Ok(self.recoveries_begun()?.remove(&id.to_string()))
    }

    /// All of them, by the recovery's id.
    pub fn recoveries_begun(&self) -> Result<BTreeMap<String, String>> {
        Ok(disk::read_json(&self.dir.join("recoveries"))?.unwrap_or_default())
    }

    /// Remembers those of the recoveries that wait.
    pub fn set_recoveries_begun(&self, begun: &BTreeMap<String, String>) -> Result<()> {
        disk::write_json(&self.dir.join("recoveries"), begun)
    }

    /// Keeps what contradicted the ledger; gives the file's path.
    pub fn keep_evidence(&self, text: &str) -> Result<PathBuf> {
        let dir = self.dir.join("evidence");
        disk::make_dir(&dir)?;
        let path = dir.join(format!("{}.txt", now_ms()));
        disk::replace(&path, text.as_bytes())?;
        Ok(path)
    }
}
