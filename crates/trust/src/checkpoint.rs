//! Checkpoints: what the service's log key and the witnesses sign about a ledger.
//!
//! C2SP signed-note and tlog-checkpoint; cosignatures are C2SP tlog-cosignature `cosignature/v1`.
//!
//! ```text
//! wayleave/ORG            origin, also the log key's name
//! 42                      size
//! BASE64(ROOT)
//!
//! — wayleave/ORG BASE64(key hash || signature)
//! — WITNESS BASE64(key hash || seconds || signature)
//! ```

use crate::bytes::{Hash, OrgId, from_b64, sha256, to_b64};
use crate::key::{PublicKey, SigningKey};
use crate::limits::{INTEGER_MAX, NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX};
use crate::statement::{Roster, Seen};

const TYPE_ED25519: u8 = 1;
const TYPE_COSIGNATURE: u8 = 4;

/// Why a checkpoint is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Not a note.
    #[error("the checkpoint cannot be read: {0}")]
    Malformed(&'static str),
    /// Another organisation's.
    #[error("the checkpoint is about another organisation")]
    OtherOrganisation,
    /// The log key's signature is missing or wrong.
    #[error("the checkpoint is not signed by the organisation's log key")]
    NotSigned,
}

/// A checkpoint note: parsed, signatures not yet verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    body: String,
    head: Seen,
    signatures: Vec<Line>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    name: String,
    blob: Vec<u8>,
}

/// A checkpoint whose log signature was verified, with the witness times that were.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// What it is about.
    pub head: Seen,
    /// Verified cosignatures: index into the roster's witnesses, and its time in milliseconds.
    pub witnessed: Vec<(usize, u64)>,
}

/// The origin line of an organisation's checkpoints.
pub fn origin(org: &OrgId) -> String {
    format!("wayleave/{org}")
}

impl Note {
    /// Signs a new checkpoint with the log key.
    pub fn sign(org: &OrgId, head: Seen, log_key: &SigningKey) -> Self {
        let body = format!("{}\n{}\n{}\n", origin(org), head.size, to_b64(&head.root.0));
        let mut blob = key_hash(&origin(org), TYPE_ED25519, log_key.public()).to_vec();
        blob.extend_from_slice(&log_key.sign(body.as_bytes()));
        Self {
            body,
            head,
            signatures: vec![Line {
                name: origin(org),
                blob,
            }],
        }
    }

    /// Parses a note about `org`.
    pub fn parse(org: &OrgId, text: &str) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        if text.len() > NOTE_BYTES_MAX {
            return Err(malformed("it is longer than 16 KiB"));
        }
        let split = text
            .find("\n\n")
            .ok_or(malformed("there is no empty line before the signatures"))?;
        let (body, rest) = (&text[..=split], &text[split + 2..]);
        let lines: Vec<&str> = body.split_terminator('\n').collect();
        let [name, size, root] = lines[..] else {
            return Err(malformed("it has not exactly three lines"));
        };
        if name != origin(org) {
            return Err(CheckpointError::OtherOrganisation);
        }
        let head = Seen {
            size: parse_decimal(size).ok_or(malformed("its size is not a decimal number"))?,
            root: from_b64(root)
                .and_then(|b| b.try_into().ok())
                .map(Hash)
                .ok_or(malformed("its root is not 32 bytes of base64"))?,
        };
        Ok(Self {
            body: body.to_owned(),
            head,
            signatures: parse_lines(rest)?,
        })
    }

    /// What it claims.
    pub fn head(&self) -> Seen {
        self.head
    }

    /// The note's body: what is signed.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Adds a witness's signature line, as [`cosign`] made it; a line of the same name is replaced.
    pub fn add_line(&mut self, line: &str) -> Result<(), CheckpointError> {
        let [line] = &parse_lines(&format!("{}\n", line.trim_end()))?[..] else {
            return Err(CheckpointError::Malformed("one signature line is expected"));
        };
        self.signatures.retain(|l| l.name != line.name);
        if self.signatures.len() >= NOTE_SIGNATURES_MAX {
            return Err(CheckpointError::Malformed("it has too many signatures"));
        }
        self.signatures.push(line.clone());
        Ok(())
    }

    /// Verifies the log's signature and every cosignature of the roster's witnesses. Lines that do not verify, and
    /// those of unknown names, do not count.
    pub fn verify(&self, org: &OrgId, roster: &Roster) -> Result<Checkpoint, CheckpointError> {
        let log_name = origin(org);
        let log_hash = key_hash(&log_name, TYPE_ED25519, &roster.log_key);
        let signed = self
            .signatures
            .iter()
            .filter(|l| l.name == log_name)
            .any(|l| {
                l.blob.len() == 68
                    && l.blob[..4] == log_hash
                    && roster
                        .log_key
                        .verify_ed25519(self.body.as_bytes(), &l.blob[4..])
            });
        if !signed {
            return Err(CheckpointError::NotSigned);
        }
        let witnessed = roster
            .witnesses
            .iter()
            .enumerate()
            .filter_map(|(at, w)| Some((at, self.cosigned_at(&w.name, &w.key)?)))
            .collect();
        Ok(Checkpoint {
            head: self.head,
            witnessed,
        })
    }

    /// When this witness cosigned, in milliseconds, if it did.
    pub fn cosigned_at(&self, name: &str, key: &PublicKey) -> Option<u64> {
        let hash = key_hash(name, TYPE_COSIGNATURE, key);
        self.signatures
            .iter()
            .filter(|l| l.name == name)
            .find_map(|l| {
                let (head, sig) = l.blob.split_at_checked(12)?;
                let (found, seconds) = head.split_at_checked(4)?;
                let seconds = u64::from_be_bytes(seconds.try_into().ok()?);
                let message = cosigned_message(&self.body, seconds);
                let valid =
                    found == hash && sig.len() == 64 && key.verify_ed25519(message.as_bytes(), sig);
                valid.then(|| seconds.saturating_mul(1000))
            })
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.body)?;
        self.signatures
            .iter()
            .try_for_each(|l| writeln!(f, "— {} {}", l.name, to_b64(&l.blob)))
    }
}

/// A witness's signature line over a note's body at `seconds` since the epoch.
pub fn cosign(note: &Note, name: &str, key: &SigningKey, seconds: u64) -> String {
    let mut blob = key_hash(name, TYPE_COSIGNATURE, key.public()).to_vec();
    blob.extend_from_slice(&seconds.to_be_bytes());
    blob.extend_from_slice(&key.sign(cosigned_message(&note.body, seconds).as_bytes()));
    format!("— {name} {}", to_b64(&blob))
}

fn cosigned_message(body: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{body}")
}

fn key_hash(name: &str, signature_type: u8, key: &PublicKey) -> [u8; 4] {
    let hash = sha256(&[
        name.as_bytes(),
        b"\n",
        &[signature_type],
        key.public_bytes(),
    ])
    .0;
    [hash[0], hash[1], hash[2], hash[3]]
}

fn parse_lines(text: &str) -> Result<Vec<Line>, CheckpointError> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(CheckpointError::Malformed("its last line is cut"));
    }
    let lines: Vec<Line> = text
        .split_terminator('\n')
        .map(|line| {
            let (name, blob) = line.strip_prefix("— ")?.split_once(' ')?;
            let blob = from_b64(blob).filter(|b| b.len() > 4)?;
            (!name.is_empty() && !name.contains('+')).then(|| Line {
                name: name.to_owned(),
                blob,
            })
        })
        .collect::<Option<_>>()
        .ok_or(CheckpointError::Malformed("a signature line is not one"))?;
    if lines.len() > NOTE_SIGNATURES_MAX {
        return Err(CheckpointError::Malformed("it has too many signatures"));
    }
    Ok(lines)
}

fn parse_decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok().filter(|n| *n <= INTEGER_MAX)?;
    (number.to_string() == text).then_some(number)
}
