//! A download. The hash is over the whole file, so what lies before the offset is read too.

use std::fs::File;
use std::io::Read;

use aws_lc_rs::digest::{Context, SHA256};
use trust::bytes::Hash;
use wire::files::{Digest, Reply, ToTechnician};
use wire::limits::DATA_BYTES_MAX;
use wire::piece::Piece;

use super::area::Area;
use super::failure::Failure;
use super::list::{modified, size};
use super::root::Root;

pub(super) struct Get {
    file: File,
    size: u64,
    /// How far the file was read.
    at: u64,
    /// What the technician has already.
    offset: u64,
    hash: Context,
    buffer: Vec<u8>,
}

impl Get {
    pub(super) fn open(
        shared: &Root,
        area: &Area,
        path: &str,
        offset: u64,
    ) -> Result<(Self, Reply), Failure> {
        let (folder, name) = area.parent(shared, path)?;
        let (file, stat) = folder.read(name)?;
        let size = size(&stat);
        if offset > size {
            return Err(Failure::Changed);
        }
        let buffer = vec![0; DATA_BYTES_MAX];
        let hash = Context::new(&SHA256);
        let get = Self {
            file,
            size,
            at: 0,
            offset,
            hash,
            buffer,
        };
        Ok((
            get,
            Reply::Begin {
                size,
                modified: modified(&stat),
            },
        ))
    }

    /// None where a part was read that the technician has already.
    pub(super) fn next(&mut self) -> Option<(ToTechnician, bool)> {
        if self.at == self.size {
            let sha256 = digest(&self.hash);
            return Some((
                Piece::Head(Reply::Done(Digest {
                    size: self.size,
                    sha256,
                })),
                true,
            ));
        }
        let until = if self.at < self.offset {
            self.offset
        } else {
            self.size
        };
        match self.read(until - self.at) {
            Ok(len) => {
                let is_news = self.at >= self.offset;
                self.at += len as u64;
                is_news.then(|| (Piece::Data(self.buffer[..len].to_vec()), false))
            }
            Err(failure) => Some((Piece::Head(failure.reply()), true)),
        }
    }

    fn read(&mut self, max: u64) -> Result<usize, Failure> {
        let max = usize::try_from(max)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len());
        let len = self.file.read(&mut self.buffer[..max])?;
        if len == 0 {
            return Err(Failure::Changed);
        }
        self.hash.update(&self.buffer[..len]);
        Ok(len)
    }
}

pub(super) fn digest(hash: &Context) -> Hash {
    let mut out = [0; 32];
    out.copy_from_slice(hash.clone().finish().as_ref());
    Hash(out)
}
