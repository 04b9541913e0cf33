//! One granted folder: nothing outside of it can be named, whatever links or races are set up inside.
//!
//! Every step is an `openat2` with `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS` from a descriptor that
//! is already held, and what was opened is looked at, not what was named.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use trust::bounds::{is_beneath, is_path};

use super::failure::Failure;

/// `PROC_SUPER_MAGIC` and `SYSFS_MAGIC` (statfs(2)): their regular files reach into other processes and the kernel.
const KERNEL_FILESYSTEMS: [u64; 2] = [0x9fa0, 0x6265_6572];
const RESOLVE: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS);

/// A folder that was opened when the session was granted.
pub struct Root {
    fd: OwnedFd,
    /// Absolute paths that name it, as configured and without links; for what a policy says of it.
    paths: Vec<String>,
    /// Folders that are outside of every scope: the agent's own state.
    barred: Vec<Identity>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// A folder inside the root.
pub struct Folder(OwnedFd);

impl Root {
    /// Opens the folder. `barred` are refused with everything below them, by whatever path they are reached.
    ///
    /// # Errors
    /// [`Failure`] where the folder cannot be opened.
    pub fn open(path: &Path, barred: &[&Path]) -> Result<Self, Failure> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = |path: &Path| rustix::fs::open(path, flags, Mode::empty());
        let fd = open(path)?;
        let identify = |path: &&Path| -> Result<Option<Identity>, Failure> {
            match open(path) {
                Ok(fd) => Ok(Some(identity(&rustix::fs::fstat(&fd)?))),
                Err(Errno::NOENT) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        let barred = barred.iter().map(identify).collect::<Result<Vec<_>, _>>()?;
        let paths = [Some(path.to_owned()), path.canonicalize().ok()];
        let paths = paths.into_iter().flatten();
        Ok(Self {
            fd,
            paths: paths
                .filter_map(|path| path.into_os_string().into_string().ok())
                .filter(|path| is_path(path))
                .collect(),
            barred: barred.into_iter().flatten().collect(),
        })
    }

    /// Where in the root an absolute path leads: a relative path, empty where the root lies in it; none outside.
    pub fn place_of(&self, path: &str) -> Option<String> {
        let place = |root: &String| {
            if is_beneath(root, path) {
                return Some(String::new());
            }
            let names = |path: &str| path.split('/').filter(|name| !name.is_empty()).count();
            let inside = path.split('/').skip(1 + names(root));
            is_beneath(path, root).then(|| inside.collect::<Vec<_>>().join("/"))
        };
        self.paths.iter().find_map(place)
    }

    /// A folder inside as a root of its own, held from now on whatever is put in its place.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn within(&self, path: &str) -> Result<Self, Failure> {
        let Folder(fd) = self.folder(path)?;
        Ok(Self {
            fd,
            paths: Vec::new(),
            barred: self.barred.clone(),
        })
    }

    /// The folder at a path relative to the root; the empty path is the root.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn folder(&self, path: &str) -> Result<Folder, Failure> {
        let mut folder = Folder(self.fd.try_clone().map_err(|_| Failure::Refused)?);
        self.check(&folder.0)?;
        for name in path.split('/').filter(|_| !path.is_empty()) {
            check_name(name)?;
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            folder = Folder(open_beneath(&folder.0, name, flags, Mode::empty())?);
            self.check(&folder.0)?;
        }
        Ok(folder)
    }

    /// The folder that holds what the path names, and its name there.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn parent<'p>(&self, path: &'p str) -> Result<(Folder, &'p str), Failure> {
        if path.starts_with('/') {
            return Err(Failure::Path);
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        check_name(name)?;
        Ok((self.folder(folder)?, name))
    }

    /// Whether an entry of a listing is one of the barred folders.
    pub fn bars(&self, stat: &Stat) -> bool {
        self.barred.contains(&identity(stat))
    }

    fn check(&self, fd: &OwnedFd) -> Result<(), Failure> {
        let is_kernels = u64::try_from(rustix::fs::fstatfs(fd)?.f_type)
            .is_ok_and(|kind| KERNEL_FILESYSTEMS.contains(&kind));
        if is_kernels || self.bars(&rustix::fs::fstat(fd)?) {
            return Err(Failure::Barred);
        }
        Ok(())
    }
}

impl Folder {
    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// [`Failure`]; [`Failure::NotAFile`] for anything else.
    pub fn read(&self, name: &str) -> Result<(File, Stat), Failure> {
        // Without NONBLOCK a pipe that somebody puts here would hold the worker up.
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = open_beneath(&self.0, name, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&fd)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Failure::NotAFile);
        }
        Ok((File::from(fd), stat))
    }

    /// Makes a new file that was not there before.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn create(&self, name: &str, mode: Mode) -> Result<File, Failure> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(open_beneath(&self.0, name, flags, mode)?))
    }

    /// What stands under a name, links not followed; none if nothing does.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn stat(&self, name: &str) -> Result<Option<Stat>, Failure> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a file of this folder another name in it.
    ///
    /// # Errors
    /// [`Failure::Exists`] where the name is taken and must not be replaced.
    pub fn rename(&self, from: &str, to: &str, replace: bool) -> Result<(), Failure> {
        let flags = if replace {
            RenameFlags::empty()
        } else {
            RenameFlags::NOREPLACE
        };
        rustix::fs::renameat_with(&self.0, from, &self.0, to, flags)?;
        Ok(())
    }

    /// Removes a file of this folder.
    pub fn remove(&self, name: &str) {
        let _ = rustix::fs::unlinkat(&self.0, name, AtFlags::empty());
    }

    /// Makes the folder's entries last.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn sync(&self) -> Result<(), Failure> {
        Ok(rustix::fs::fsync(self.reopen()?)?)
    }

    /// Every name in the folder but `.` and `..`, at most `max`.
    ///
    /// # Errors
    /// [`Failure::TooMany`].
    pub fn names(&self, max: usize) -> Result<Vec<std::ffi::CString>, Failure> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::new(self.reopen()?)? {
            let name = entry?.file_name().to_owned();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            if names.len() == max {
                return Err(Failure::TooMany);
            }
            names.push(name);
        }
        Ok(names)
    }

    /// The descriptor with which nothing can be read but only named, opened for reading.
    fn reopen(&self) -> Result<OwnedFd, Failure> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        open_beneath(&self.0, ".", flags, Mode::empty())
    }
}

fn open_beneath(dir: impl AsFd, name: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Failure> {
    loop {
        match rustix::fs::openat2(&dir, name, flags, mode, RESOLVE) {
            // A rename elsewhere in the tree got in the way (openat2(2)).
            Err(Errno::AGAIN) => {}
            other => return Ok(other?),
        }
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    let is_name = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
    if is_name { Ok(()) } else { Err(Failure::Path) }
}

fn identity(stat: &Stat) -> Identity {
    Identity {
        device: stat.st_dev,
        inode: stat.st_ino,
    }
}
