//! A running ssh-agent, asked over its socket: which Ed25519 keys it holds, and to sign with one of them.
//!
//! Two requests of the agent protocol (draft-ietf-sshm-ssh-agent): `REQUEST_IDENTITIES` and `SIGN_REQUEST`, each a
//! length, a type and fields of SSH wire encoding (RFC 4251, 5). Keys are RFC 8709's `ssh-ed25519` only; those in
//! hardware (`sk-ssh-ed25519@openssh.com`) sign another text than the one they are given.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow};
use trust::PublicKey;
use trust::bytes::sha256;

use crate::failure::refused;

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
const ALGORITHM: &[u8] = b"ssh-ed25519";
/// Longest answer that is read, in bytes: as much as OpenSSH's own agent sends.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long an agent may take to answer; long enough for a person to confirm (`ssh-add -c`).
const PATIENCE: Duration = Duration::from_secs(120);

/// An Ed25519 key that the agent holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Its public half.
    pub key: PublicKey,
    /// What its owner calls it; anything, as everything that a peer says.
    pub comment: String,
}

impl Identity {
    /// Its fingerprint, as `ssh-add -l` shows it.
    pub fn fingerprint(&self) -> String {
        let hash = sha256(&[&key_blob(&self.key)]);
        let text =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD_NO_PAD, hash.0);
        format!("SHA256:{text}")
    }
}

/// The agent behind a socket.
pub struct Agent {
    socket: PathBuf,
}

impl Agent {
    /// The one that `SSH_AUTH_SOCK` names.
    pub fn of_environment() -> Result<Self> {
        let socket = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
        let socket = socket.ok_or_else(|| {
            refused(
                "no_agent",
                "There is no ssh-agent here: SSH_AUTH_SOCK is not set. Start one (eval \"$(ssh-agent)\") and add the key to it \
                 (ssh-add -c FILE).",
            )
        })?;
        Ok(Self::at(Path::new(&socket)))
    }

    /// The one at this socket.
    pub fn at(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
        }
    }

    /// The Ed25519 keys it holds.
    pub fn identities(&self) -> Result<Vec<Identity>> {
        let answer = self.ask(&[REQUEST_IDENTITIES])?;
        let keys = match answer.split_first() {
            Some((&IDENTITIES_ANSWER, rest)) => parse_identities(rest),
            _ => None,
        };
        keys.ok_or_else(garbled)
    }

    /// Ed25519 over `message`, checked before anybody relies on it.
    pub fn sign(&self, key: &PublicKey, message: &[u8]) -> Result<Vec<u8>> {
        let mut request = vec![SIGN_REQUEST];
        put_string(&mut request, &key_blob(key));
        put_string(&mut request, message);
        request.extend_from_slice(&[0; 4]);
        let answer = self.ask(&request)?;
        let sig = match answer.split_first() {
            Some((&SIGN_RESPONSE, rest)) => parse_signature(rest).ok_or_else(garbled)?,
            _ => return Err(self.why_refused(key)),
        };
        if !key.verify_ed25519(message, &sig) {
            return Err(refused(
                "agent_wrong_signature",
                format!(
                    "The ssh-agent answered with a signature that is not of key {} over what was to be signed. Nothing was sent.",
                    key.id()
                ),
            ));
        }
        Ok(sig)
    }

    fn why_refused(&self, key: &PublicKey) -> anyhow::Error {
        let holds = self
            .identities()
            .is_ok_and(|all| all.iter().any(|held| held.key == *key));
        if holds {
            return refused(
                "agent_refused",
                format!(
                    "The ssh-agent did not sign with key {}: it was not confirmed, or the agent does not allow it. Nothing was \
                     signed.",
                    key.id()
                ),
            );
        }
        refused(
            "agent_key_gone",
            format!(
                "The ssh-agent does not hold key {} any more, or is locked. Add it again (ssh-add -c FILE), or unlock the agent \
                 (ssh-add -X).",
                key.id()
            ),
        )
    }

    fn ask(&self, request: &[u8]) -> Result<Vec<u8>> {
        let away = |why: std::io::Error| {
            refused(
                "no_agent",
                format!(
                    "The ssh-agent at {} does not answer: {why}. Start one and add the key to it (ssh-add -c FILE).",
                    self.socket.display()
                ),
            )
        };
        let mut stream = UnixStream::connect(&self.socket).map_err(away)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(away)?;
        let mut framed = Vec::new();
        put_string(&mut framed, request);
        stream.write_all(&framed).map_err(away)?;
        let mut length = [0; 4];
        stream.read_exact(&mut length).map_err(away)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > ANSWER_BYTES_MAX {
            return Err(garbled());
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).map_err(away)?;
        Ok(answer)
    }
}

fn garbled() -> anyhow::Error {
    refused(
        "agent_garbled",
        "The ssh-agent's answer cannot be read: what SSH_AUTH_SOCK names is no ssh-agent, or one that this program does not know.",
    )
}

/// A public key as SSH writes it (RFC 8709, 4).
fn key_blob(key: &PublicKey) -> Vec<u8> {
    let mut blob = Vec::new();
    put_string(&mut blob, ALGORITHM);
    put_string(&mut blob, key.public_bytes());
    blob
}

fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    // Everything that is sent is an envelope at most, far below 4 GiB.
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn take_u32(from: &mut &[u8]) -> Option<u32> {
    let (number, rest) = from.split_first_chunk::<4>()?;
    *from = rest;
    Some(u32::from_be_bytes(*number))
}

fn take_string<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_u32(from)? as usize;
    let (string, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(string)
}

/// Keys of other algorithms are passed over.
fn parse_identities(mut rest: &[u8]) -> Option<Vec<Identity>> {
    let count = take_u32(&mut rest)?;
    let mut identities = Vec::new();
    for _ in 0..count {
        let (blob, comment) = (take_string(&mut rest)?, take_string(&mut rest)?);
        if let Some(key) = parse_key(blob) {
            let comment = String::from_utf8_lossy(comment).into_owned();
            identities.push(Identity { key, comment });
        }
    }
    rest.is_empty().then_some(identities)
}

fn parse_key(mut blob: &[u8]) -> Option<PublicKey> {
    let algorithm = take_string(&mut blob)?;
    let public: &[u8; 32] = take_string(&mut blob)?.try_into().ok()?;
    let is_ours = algorithm == ALGORITHM && blob.is_empty();
    is_ours.then(|| PublicKey::native(public).ok())?
}

fn parse_signature(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut blob = take_string(&mut rest)?;
    let (algorithm, sig) = (take_string(&mut blob)?, take_string(&mut blob)?);
    let is_ours = algorithm == ALGORITHM && sig.len() == 64 && rest.is_empty() && blob.is_empty();
    is_ours.then(|| sig.to_vec())
}

/// The one identity that `which` names: by fingerprint, key id, or comment.
pub fn find<'a>(identities: &'a [Identity], which: &str) -> Result<&'a Identity> {
    let is_it = |i: &&Identity| {
        i.fingerprint() == which || i.key.id().to_string() == which || i.comment == which
    };
    let mut found = identities.iter().filter(is_it);
    let first = found.next().ok_or_else(|| {
        anyhow!(
            "The ssh-agent holds no Ed25519 key {which:?}. \"wayleave key ssh\" lists those it holds; make one with: ssh-keygen \
             -t ed25519"
        )
    })?;
    match found.next() {
        None => Ok(first),
        Some(_) => Err(anyhow!(
            "Several keys of the ssh-agent are called {which:?}: name one by its fingerprint."
        )),
    }
}

#[cfg(test)]
#[path = "ssh_agent/tests.rs"]
mod tests;
