//! The seam to the disk: files of one directory, by name.
//!
//! Nothing else of the store touches a file. [`Disk::Memory`] loses what was not synced and fills up on demand.

use std::ffi::CStr;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags};

use super::error::StoreError;
use super::memory::Memory;
use crate::limits::LOCK_WAIT_MAX;

const LOCK: &str = "lock";

/// Where the store keeps its files.
pub enum Disk {
    /// A directory.
    Real(Directory),
    /// For tests: a directory that forgets what was not synced.
    Memory(Memory),
}

/// A directory of 0700 that this process holds alone, or only reads.
pub struct Directory {
    path: PathBuf,
    fd: OwnedFd,
    _lock: Option<File>,
}

impl Disk {
    /// Makes the directory if it is missing, and holds it until dropped.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Exposed`], [`StoreError::Foreign`], or what the system says.
    pub fn hold(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let failed = |source| StoreError::io(&name, source);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed)?;
        let fd = open_directory(path)?;
        let lock = openat(&fd, LOCK, OFlags::CREATE | OFlags::RDWR).map_err(failed)?;
        if !lock_soon(&lock).map_err(failed)? {
            return Err(StoreError::Locked(name));
        }
        Ok(Self::Real(Directory {
            path: path.to_owned(),
            fd,
            _lock: Some(lock),
        }))
    }

    /// Opens a directory for reading, also while an agent holds it.
    ///
    /// # Errors
    /// [`StoreError::Empty`] where there is none, else as [`Disk::hold`].
    pub fn look(path: &Path) -> Result<Self, StoreError> {
        if !path.is_dir() {
            return Err(StoreError::Empty(path.display().to_string()));
        }
        let fd = open_directory(path)?;
        Ok(Self::Real(Directory {
            path: path.to_owned(),
            fd,
            _lock: None,
        }))
    }

    /// A file's bytes; none if there is no such file.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let read = match self {
            Self::Real(directory) => directory.read(name),
            Self::Memory(memory) => memory.read(name),
        };
        read.map_err(|error| StoreError::io(name, error))
    }

    /// `len` bytes from `at` on.
    pub fn read_at(&self, name: &str, at: u64, len: usize) -> Result<Vec<u8>, StoreError> {
        let read = match self {
            Self::Real(directory) => directory.read_at(name, at, len),
            Self::Memory(memory) => memory.read_at(name, at, len),
        };
        read.map_err(|error| StoreError::io(name, error))
    }

    /// Writes at the end of a file that exists. Only [`Disk::sync`] makes it last.
    pub fn append(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let written = match self {
            Self::Real(directory) => directory.append(name, bytes),
            Self::Memory(memory) => memory.append(name, bytes),
        };
        written.map_err(|error| StoreError::io(name, error))
    }

    /// Cuts a file. Only [`Disk::sync`] makes it last.
    pub fn truncate(&self, name: &str, len: u64) -> Result<(), StoreError> {
        let cut = match self {
            Self::Real(directory) => directory.truncate(name, len),
            Self::Memory(memory) => memory.truncate(name, len),
        };
        cut.map_err(|error| StoreError::io(name, error))
    }

    /// Returns once a file's bytes survive a power cut.
    pub fn sync(&self, name: &str) -> Result<(), StoreError> {
        let synced = match self {
            Self::Real(directory) => directory.sync(name),
            Self::Memory(memory) => memory.sync(name),
        };
        synced.map_err(|error| StoreError::io(name, error))
    }

    /// Makes a file or puts another in its place, at once and for good: either the old or the new survives a power cut.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let replaced = match self {
            Self::Real(directory) => directory.replace(name, bytes),
            Self::Memory(memory) => memory.replace(name, bytes),
        };
        replaced.map_err(|error| StoreError::io(name, error))
    }

    /// Moves every file but the lock into a new folder, `last` after all the others, and makes it last.
    pub fn set_aside(&self, folder: &str, last: &str) -> Result<(), StoreError> {
        let moved = match self {
            Self::Real(directory) => directory.set_aside(folder, last),
            Self::Memory(memory) => memory.set_aside(folder, last),
        };
        moved.map_err(|error| StoreError::io(folder, error))
    }

    /// The directory, for messages.
    pub fn name(&self) -> String {
        match self {
            Self::Real(directory) => directory.path.display().to_string(),
            Self::Memory(_) => "memory".to_owned(),
        }
    }
}

impl Directory {
    fn open(&self, name: &str, flags: OFlags) -> io::Result<File> {
        openat(&self.fd, name, flags)
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut file = match self.open(name, OFlags::RDONLY) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn read_at(&self, name: &str, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut file = self.open(name, OFlags::RDONLY)?;
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = vec![0; len];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.open(name, OFlags::WRONLY | OFlags::APPEND)?
            .write_all(bytes)
    }

    fn truncate(&self, name: &str, len: u64) -> io::Result<()> {
        self.open(name, OFlags::WRONLY)?.set_len(len)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.open(name, OFlags::WRONLY)?.sync_all()
    }

    fn set_aside(&self, folder: &str, last: &str) -> io::Result<()> {
        rustix::fs::mkdirat(&self.fd, folder, Mode::RWXU)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let to = rustix::fs::openat(&self.fd, folder, flags, Mode::empty())?;
        let is_file = |name: &CStr| -> io::Result<bool> {
            let stat = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
            Ok(FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
        };
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = entry.file_name();
            let stays = [LOCK, last].iter().any(|n| n.as_bytes() == name.to_bytes());
            if !stays && is_file(name)? {
                rustix::fs::renameat(&self.fd, name, &to, name)?;
            }
        }
        rustix::fs::fsync(&to)?;
        rustix::fs::renameat(&self.fd, last, &to, last)?;
        rustix::fs::fsync(&to)?;
        rustix::fs::fsync(&self.fd)?;
        Ok(())
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = format!("{name}.new");
        let mut file = self.open(&new, OFlags::CREATE | OFlags::TRUNC | OFlags::WRONLY)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        rustix::fs::renameat(&self.fd, &new, &self.fd, name)?;
        rustix::fs::fsync(&self.fd)?;
        Ok(())
    }
}

/// Whether the lock was free, or became so in time.
fn lock_soon(lock: &File) -> io::Result<bool> {
    let until = Instant::now() + LOCK_WAIT_MAX;
    loop {
        match rustix::fs::flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}

fn open_directory(path: &Path) -> Result<OwnedFd, StoreError> {
    let name = path.display().to_string();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let open = rustix::fs::open(path, flags, Mode::empty()).and_then(|fd| {
        let stat = rustix::fs::fstat(&fd)?;
        Ok((fd, stat))
    });
    let (fd, stat) = open.map_err(|error| StoreError::io(&name, error.into()))?;
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(StoreError::Foreign(name));
    }
    match stat.st_mode & 0o777 {
        mode if mode & 0o077 != 0 => Err(StoreError::Exposed { dir: name, mode }),
        _ => Ok(fd),
    }
}

fn openat(dir: &OwnedFd, name: &str, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::openat(
        dir,
        name,
        flags,
        Mode::RUSR | Mode::WUSR,
    )?))
}
