//! From a device: into a file beside the target that the next attempt goes on with, renamed when it is whole.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::digest::{self, SHA256};
use trust::bytes::Hash;
use wire::files::{Digest, Reply, Request};
use wire::piece::Piece;
use wire::{Stream, ToDevice, ToTechnician, ViewerEvent};

use super::{bar, differs, failed, unexpected};
use crate::args::Common;
use crate::session::{Driver, end_error};

/// Where a fetched file goes.
pub fn destination(remote: &str, to: &Path, replace: bool) -> Result<PathBuf> {
    let name = remote
        .rsplit('/')
        .next()
        .filter(|n| !n.is_empty() && *n != "." && *n != "..");
    let name = name.context("The path on the device names no file.")?;
    let to = if to.is_dir() {
        to.join(name)
    } else {
        to.to_owned()
    };
    ensure!(
        replace || !to.exists(),
        "{} is there already; give --replace to replace it.",
        to.display()
    );
    Ok(to)
}

/// The part that is already here.
struct Part {
    path: PathBuf,
    file: File,
    hash: digest::Context,
    bytes: u64,
}

impl Part {
    fn open(to: &Path, from_start: bool) -> Result<Self> {
        let name = to
            .file_name()
            .context("The target is no file name.")?
            .to_string_lossy()
            .into_owned();
        let path = to.with_file_name(format!(".{name}.wayleave-part"));
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options
            .open(&path)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        if from_start {
            file.set_len(0)?;
        }
        let (mut hash, mut bytes, mut block) = (digest::Context::new(&SHA256), 0, [0; 64 * 1024]);
        loop {
            let count = file.read(&mut block)?;
            if count == 0 {
                return Ok(Self {
                    path,
                    file,
                    hash,
                    bytes,
                });
            }
            hash.update(&block[..count]);
            bytes += count as u64;
        }
    }

    fn take(&mut self, data: &[u8]) -> Result<()> {
        self.file
            .write_all(data)
            .with_context(|| format!("{} cannot be written", self.path.display()))?;
        self.hash.update(data);
        self.bytes += data.len() as u64;
        Ok(())
    }

    fn digest(&self) -> Digest {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.hash.clone().finish().as_ref());
        Digest {
            size: self.bytes,
            sha256: Hash(sha256),
        }
    }

    fn finish(self, theirs: Digest, to: &Path) -> Result<Digest> {
        let ours = self.digest();
        if ours != theirs {
            std::fs::remove_file(&self.path)?;
            return Err(differs(ours, theirs));
        }
        self.file.sync_all()?;
        std::fs::rename(&self.path, to)
            .with_context(|| format!("{} cannot be written", to.display()))?;
        Ok(ours)
    }
}

/// Fetches `remote` to `to`.
pub async fn get(driver: &mut Driver, remote: &str, to: &Path, common: &Common) -> Result<Digest> {
    let part = Part::open(to, false)?;
    let resumed_at = part.bytes;
    match fetch(driver, remote, part, to, common).await {
        // What is here may belong to an older version of the file: once more, from its start.
        Err(_) if resumed_at > 0 && !driver.viewer.is_over() => {
            fetch(driver, remote, Part::open(to, true)?, to, common).await
        }
        other => other,
    }
}

async fn fetch(
    driver: &mut Driver,
    remote: &str,
    mut part: Part,
    to: &Path,
    common: &Common,
) -> Result<Digest> {
    let mine = driver.viewer.next_id(Stream::Files);
    let request = Request::Get {
        path: remote.to_owned(),
        offset: part.bytes,
    };
    driver
        .viewer
        .send(mine, ToDevice::Files(Piece::Head(request)), true)?;
    let progress = bar(0, remote, common);
    let mut size = None;
    loop {
        match driver.next().await? {
            ViewerEvent::Message {
                id,
                message: ToTechnician::Files(piece),
                credit,
                ..
            } if id == mine => {
                match (piece, size) {
                    (Piece::Head(Reply::Begin { size: whole, .. }), None) => {
                        size = Some(whole);
                        progress.set_length(whole);
                        progress.set_position(part.bytes);
                    }
                    (Piece::Data(data), Some(whole)) => {
                        ensure!(
                            part.bytes + data.len() as u64 <= whole,
                            "The device sent more than the file it announced."
                        );
                        part.take(&data)?;
                        progress.set_position(part.bytes);
                    }
                    (Piece::Head(Reply::Done(theirs)), Some(_)) => {
                        driver.viewer.consumed(credit);
                        progress.finish_and_clear();
                        return part.finish(theirs, to);
                    }
                    (Piece::Head(Reply::Failed { code, text }), _) => {
                        if part.bytes == 0 {
                            let _ = std::fs::remove_file(&part.path);
                        }
                        return Err(failed(&code, &text));
                    }
                    _ => return Err(unexpected()),
                }
                driver.viewer.consumed(credit);
            }
            ViewerEvent::Message { credit, .. } => driver.viewer.consumed(credit),
            ViewerEvent::Over(end) => return Err(end_error(end)),
            ViewerEvent::Head(_) | ViewerEvent::Opened(_) => bail!("The device opened twice."),
            _ => {}
        }
    }
}
