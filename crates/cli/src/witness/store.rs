//! One organisation's ledger as a witness holds it, in memory and on disk.
//!
//! Order on disk: leaves, then the checkpoint over them, then the cosignature leaves this program. Leaves beyond the stored
//! checkpoint were never acknowledged and are taken back.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use trust::envelope::Envelope;
use trust::state::HoldError;
use trust::witness::{CountRefusal, Tally, Witness, WitnessRefusal};
use trust::{Note, OrgId, SigningKey, judge};

use crate::disk;

const COUNTED: &str = "counted";
/// A tally's file is not tidied before it has this many lines.
const TALLY_LINES_MIN: usize = 1_000;
/// Largest ledger that is witnessed, in bytes of its leaves.
pub const LEDGER_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Why a request is not granted.
#[derive(Debug)]
pub enum Refusal {
    /// The leaves begin elsewhere.
    Have(u64),
    /// What the witness thinks of them.
    Witness(WitnessRefusal),
    /// The revocation does not count.
    Hold(HoldError),
    /// The warrant is not counted.
    Count(CountRefusal),
    /// The disk, or the stored files.
    Disk(anyhow::Error),
}

/// A ledger that is witnessed.
pub struct Witnessed {
    org: OrgId,
    dir: PathBuf,
    witness: Witness,
    tally: Tally,
    /// Lines of the tally's file, superseded ones too.
    tally_lines: usize,
    bytes: u64,
    /// Memory may be ahead of a disk that failed: nothing is signed before it was read again.
    is_doubtful: bool,
}

impl Witnessed {
    /// Reads what is stored; begins empty.
    pub fn load(orgs: &Path, org: OrgId) -> Result<Self> {
        let dir = orgs.join(org.to_string());
        let mut witness = Witness::new(org);
        let mut leaves = disk::read_lines(&dir.join("ledger"))?;
        if let Some(note) = disk::read(&dir.join("checkpoint"))? {
            let note = String::from_utf8(note).context("the stored checkpoint is no text")?;
            let size = usize::try_from(Note::parse(&org, &note)?.head().size)?;
            ensure!(
                leaves.len() >= size,
                "the stored ledger of {org} is shorter than its checkpoint; restore it from a backup"
            );
            if leaves.len() > size {
                leaves.truncate(size);
                disk::replace_lines(&dir.join("ledger"), &leaves)?;
            }
            let bytes: Vec<Vec<u8>> = leaves.iter().map(|l| l.clone().into_bytes()).collect();
            witness.extend(0, &bytes, &note).map_err(|why| {
                anyhow::anyhow!("the stored ledger of {org} does not verify: {why}")
            })?;
        } else if !leaves.is_empty() {
            leaves.clear();
            disk::replace_lines(&dir.join("ledger"), &leaves)?;
        }
        for text in disk::read_lines(&dir.join("revocations"))? {
            // One that the ledger has taken up since is no longer held.
            let _ = witness.hold(&Envelope::parse(text.as_bytes())?);
        }
        let bytes = leaves.iter().map(|l| l.len() as u64).sum();
        let counted = disk::read_lines(&dir.join(COUNTED))?;
        let mut tally = Tally::default();
        for line in &counted {
            tally.add(&serde_json::from_str(line).context("a stored count cannot be read")?);
        }
        Ok(Self {
            org,
            dir,
            witness,
            tally,
            tally_lines: counted.len(),
            bytes,
            is_doubtful: false,
        })
    }

    /// How many leaves it holds.
    pub fn size(&self) -> u64 {
        self.witness.size()
    }

    /// How many revocations wait for the ledger.
    pub fn held(&self) -> usize {
        self.witness.state().map_or(0, |s| s.held().count())
    }

    /// Takes leaves and gives the signature line over `note`, at `seconds` since the epoch.
    pub fn cosign(
        &mut self,
        from: u64,
        leaves: &[String],
        note: &str,
        name: &str,
        key: &SigningKey,
        seconds: u64,
    ) -> Result<String, Refusal> {
        self.settle()?;
        if from != self.size() {
            return Err(Refusal::Have(self.size()));
        }
        let grown: u64 = leaves.iter().map(|l| l.len() as u64).sum();
        if self.bytes + grown > LEDGER_BYTES_MAX {
            return Err(Refusal::Disk(anyhow::anyhow!(
                "the ledger is larger than this witness holds"
            )));
        }
        let bytes: Vec<Vec<u8>> = leaves.iter().map(|l| l.clone().into_bytes()).collect();
        let checked = self
            .witness
            .extend(from, &bytes, note)
            .map_err(Refusal::Witness)?;
        if !leaves.is_empty() {
            self.is_doubtful = true;
            self.store(leaves, note).map_err(Refusal::Disk)?;
            self.is_doubtful = false;
            self.bytes += grown;
        }
        Ok(self.witness.cosign(&checked, name, key, seconds))
    }

    fn store(&self, leaves: &[String], note: &str) -> Result<()> {
        disk::make_dir(&self.dir)?;
        disk::append_lines(&self.dir.join("ledger"), leaves.iter().map(String::as_str))?;
        disk::replace(&self.dir.join("checkpoint"), note.as_bytes())
    }

    /// Takes a revocation ahead of the ledger; it is on disk when this returns.
    pub fn hold(&mut self, revocation: &Envelope) -> Result<(), Refusal> {
        self.settle()?;
        if self.witness.hold(revocation).map_err(Refusal::Hold)? {
            self.is_doubtful = true;
            disk::append_lines(
                &self.dir.join("revocations"),
                [revocation.to_text().as_str()],
            )
            .map_err(Refusal::Disk)?;
            self.is_doubtful = false;
        }
        Ok(())
    }

    /// Counts a warrant at `now`, in milliseconds. It is on disk before the count leaves this program.
    pub fn count(
        &mut self,
        warrant: &Envelope,
        key: &SigningKey,
        now: u64,
    ) -> Result<Envelope, Refusal> {
        self.settle()?;
        let state = self
            .witness
            .state()
            // One that has read nothing yet is behind, and will not be for long.
            .ok_or(Refusal::Count(CountRefusal::Warrant(
                judge::Refusal::LedgerBehind,
            )))?;
        let counted = self
            .tally
            .weigh(state, warrant, now)
            .map_err(Refusal::Count)?;
        let line = serde_json::to_string(&counted).map_err(|e| Refusal::Disk(e.into()))?;
        self.is_doubtful = true;
        disk::append_lines(&self.dir.join(COUNTED), [line.as_str()]).map_err(Refusal::Disk)?;
        self.is_doubtful = false;
        self.tally.add(&counted);
        self.tally_lines += 1;
        let count = self.tally.count(state, warrant, &counted);
        self.tidy_tally(now).map_err(Refusal::Disk)?;
        count.sign(key).map_err(|e| Refusal::Disk(e.into()))
    }

    /// Writes the tally's file anew where most of it counts no more.
    fn tidy_tally(&mut self, now: u64) -> Result<()> {
        if self.tally_lines < TALLY_LINES_MIN {
            return Ok(());
        }
        self.tally.forget(now);
        let lines = self.tally.entries(now).map(|c| serde_json::to_string(&c));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        if lines.len() * 2 < self.tally_lines {
            disk::replace_lines(&self.dir.join(COUNTED), &lines)?;
            self.tally_lines = lines.len();
        }
        Ok(())
    }

    /// Goes back to what the disk holds after it failed.
    fn settle(&mut self) -> Result<(), Refusal> {
        if self.is_doubtful {
            let orgs = self.dir.parent().map(Path::to_owned).unwrap_or_default();
            *self = Self::load(&orgs, self.org).map_err(Refusal::Disk)?;
        }
        Ok(())
    }
}
