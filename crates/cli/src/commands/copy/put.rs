//! To a device: it keeps a file only when the SHA-256 of what arrived is that of what was read here.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest::{self, SHA256};
use trust::bytes::Hash;
use wire::files::{Digest, Reply, Request};
use wire::limits::DATA_BYTES_MAX;
use wire::piece::Piece;
use wire::{SendError, Stream, ToDevice, ToTechnician, ViewerEvent};

use super::{bar, differs, failed, unexpected};
use crate::args::Common;
use crate::session::{Driver, end_error};

/// A file to send, opened before anybody is asked about a session.
pub struct Upload {
    here: PathBuf,
    file: File,
    size: u64,
    path: String,
    hash: digest::Context,
    sent: u64,
    /// Read and not yet taken by the channel.
    piece: Option<Vec<u8>>,
    is_done: bool,
}

impl Upload {
    /// Opens `from` for the place `to` on a device; a place that ends with a slash, or is empty, keeps the name.
    pub fn open(from: &Path, to: &str) -> Result<Self> {
        let file =
            File::open(from).with_context(|| format!("{} cannot be read", from.display()))?;
        let metadata = file.metadata()?;
        ensure!(
            metadata.is_file(),
            "{} is no regular file; cp copies one file.",
            from.display()
        );
        let name = from.file_name().and_then(|n| n.to_str());
        let path = match (to.is_empty() || to.ends_with('/'), name) {
            (false, _) => to.to_owned(),
            (true, Some(name)) => format!("{to}{name}"),
            (true, None) => anyhow::bail!(
                "The name of {} is no text; write one after the colon.",
                from.display()
            ),
        };
        let hash = digest::Context::new(&SHA256);
        Ok(Self {
            here: from.to_owned(),
            file,
            size: metadata.len(),
            path,
            hash,
            sent: 0,
            piece: None,
            is_done: false,
        })
    }

    /// Sends it.
    pub async fn put(
        mut self,
        driver: &mut Driver,
        replace: bool,
        common: &Common,
    ) -> Result<Digest> {
        let mine = driver.viewer.next_id(Stream::Files);
        let request = Request::Put {
            path: self.path.clone(),
            size: self.size,
            replace,
        };
        driver
            .viewer
            .send(mine, ToDevice::Files(Piece::Head(request)), false)?;
        let progress = bar(self.size, &self.path, common);
        let mut is_ready = false;
        loop {
            if is_ready {
                self.fill(driver, mine)?;
            }
            match driver.next().await? {
                ViewerEvent::Message {
                    id,
                    message: ToTechnician::Files(Piece::Head(reply)),
                    credit,
                    ..
                } if id == mine => {
                    driver.viewer.consumed(credit);
                    match reply {
                        Reply::Ready {} => is_ready = true,
                        Reply::Progress { bytes } => progress.set_position(bytes),
                        Reply::Stored(theirs) if self.is_done => {
                            progress.finish_and_clear();
                            let ours = self.digest();
                            return if ours == theirs {
                                Ok(ours)
                            } else {
                                Err(differs(ours, theirs))
                            };
                        }
                        Reply::Failed { code, text } => return Err(failed(&code, &text)),
                        _ => return Err(unexpected()),
                    }
                }
                ViewerEvent::Message { credit, .. } => driver.viewer.consumed(credit),
                ViewerEvent::Over(end) => return Err(end_error(end)),
                _ => {}
            }
        }
    }

    /// Queues as much as the channel takes now.
    fn fill(&mut self, driver: &mut Driver, id: u16) -> Result<()> {
        while !self.is_done {
            if self.piece.is_none() && self.sent < self.size {
                self.piece = Some(self.read()?);
            }
            let (message, count, is_last) = match &self.piece {
                Some(piece) => (Piece::Data(piece.clone()), piece.len() as u64, false),
                None => (Piece::Head(Request::Done(self.digest())), 0, true),
            };
            match driver.viewer.send(id, ToDevice::Files(message), is_last) {
                Err(SendError::Full(_)) => return Ok(()),
                other => other?,
            }
            self.piece = None;
            self.sent += count;
            self.is_done = is_last;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Vec<u8>> {
        let want = usize::try_from(self.size - self.sent)
            .unwrap_or(usize::MAX)
            .min(DATA_BYTES_MAX);
        let mut piece = vec![0; want];
        let here = self.here.display();
        self.file
            .read_exact(&mut piece)
            .with_context(|| format!("{here} became shorter while it was read"))?;
        self.hash.update(&piece);
        Ok(piece)
    }

    fn digest(&self) -> Digest {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.hash.clone().finish().as_ref());
        Digest {
            size: self.size,
            sha256: Hash(sha256),
        }
    }
}
