//! An upload: into a temporary file of the target's folder, renamed when it is whole, removed when it is not.

use std::fs::File;
use std::io::Write;

use aws_lc_rs::digest::{Context, SHA256};
use rustix::fs::{FileType, Mode};
use trust::bytes::to_b64u;
use wire::files::{Digest, Reply};

use super::area::Area;
use super::failure::Failure;
use super::get::digest;
use super::root::{Folder, Root};
use crate::clock::os_random;

const PROGRESS_BYTES: u64 = 256 * 1024;
const NEW_FILE_MODE: Mode = Mode::RUSR
    .union(Mode::WUSR)
    .union(Mode::RGRP)
    .union(Mode::ROTH);

pub(super) struct Put {
    folder: Folder,
    name: String,
    partial: String,
    file: File,
    size: u64,
    written: u64,
    told: u64,
    replace: bool,
    hash: Context,
    is_whole: bool,
}

impl Put {
    pub(super) fn open(
        shared: &Root,
        area: &Area,
        path: &str,
        size: u64,
        replace: bool,
    ) -> Result<Self, Failure> {
        let (folder, name) = area.parent(shared, path)?;
        let mode = match folder.stat(name)? {
            None => NEW_FILE_MODE,
            Some(_) if !replace => return Err(Failure::Exists),
            Some(stat) if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile => {
                return Err(Failure::NotAFile);
            }
            // Without the bits that would lend somebody's rights to whoever runs it.
            Some(stat) => Mode::from_raw_mode(stat.st_mode & 0o777),
        };
        let partial = format!(".wayleave-{}.part", to_b64u(&os_random::<9>()));
        let file = folder.create(&partial, Mode::RUSR | Mode::WUSR)?;
        let put = Self {
            folder,
            name: name.to_owned(),
            partial,
            file,
            size,
            written: 0,
            told: 0,
            replace,
            hash: Context::new(&SHA256),
            is_whole: false,
        };
        rustix::fs::fchmod(&put.file, mode)?;
        Ok(put)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<Option<Reply>, Failure> {
        self.written += bytes.len() as u64;
        if self.written > self.size {
            return Err(Failure::TooLong);
        }
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        if self.written < self.told + PROGRESS_BYTES {
            return Ok(None);
        }
        self.told = self.written;
        Ok(Some(Reply::Progress {
            bytes: self.written,
        }))
    }

    pub(super) fn finish(&mut self, said: &Digest) -> Result<Reply, Failure> {
        let sha256 = digest(&self.hash);
        if self.written != self.size || said.size != self.size || said.sha256 != sha256 {
            return Err(Failure::Broken);
        }
        self.file.sync_all()?;
        self.folder
            .rename(&self.partial, &self.name, self.replace)?;
        self.is_whole = true;
        self.folder.sync()?;
        Ok(Reply::Stored(Digest {
            size: self.size,
            sha256,
        }))
    }
}

impl Drop for Put {
    fn drop(&mut self) {
        if !self.is_whole {
            self.folder.remove(&self.partial);
        }
    }
}
