//! A listing, page by page, in the order of the names' bytes.

use std::ffi::CString;

use rustix::fs::{FileType, Stat};
use wire::files::{Entry, EntryKind, Reply, ToTechnician};
use wire::limits::{ENTRIES_MAX, FILE_NAME_BYTES_MAX, INTEGER_MAX};
use wire::piece::Piece;

use super::area::Area;
use super::failure::Failure;
use super::root::{Folder, Root};
use crate::limits::FOLDER_ENTRIES_MAX;

pub(super) struct List {
    /// None: the names are folders on the way to what the session reaches.
    folder: Option<Folder>,
    /// Last first.
    names: Vec<CString>,
}

impl List {
    pub(super) fn open(shared: &Root, area: &Area, path: &str) -> Result<Self, Failure> {
        if path.starts_with('/') {
            return Err(Failure::Path);
        }
        let (root, rest) = match area.find(shared, path) {
            Err(outside @ Failure::Outside(_)) => {
                return Self::signposts(area, path).ok_or(outside);
            }
            found => found?,
        };
        let folder = root.folder(rest)?;
        let mut names = folder.names(FOLDER_ENTRIES_MAX)?;
        names.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Self {
            folder: Some(folder),
            names,
        })
    }

    fn signposts(area: &Area, path: &str) -> Option<Self> {
        let names = area.signposts(path).into_iter().rev();
        let names: Vec<_> = names.filter_map(|name| CString::new(name).ok()).collect();
        (!names.is_empty()).then_some(Self {
            folder: None,
            names,
        })
    }

    pub(super) fn page(&mut self, root: &Root) -> (ToTechnician, bool) {
        let mut entries = Vec::new();
        while entries.len() < ENTRIES_MAX
            && let Some(name) = self.names.pop()
        {
            entries.extend(self.entry(root, &name));
        }
        let more = !self.names.is_empty();
        (Piece::Head(Reply::Entries { entries, more }), !more)
    }

    /// None for what is barred, or gone by now, or has a name that no request can repeat.
    fn entry(&self, root: &Root, name: &CString) -> Option<Entry> {
        let name = name
            .to_str()
            .ok()
            .filter(|name| name.len() <= FILE_NAME_BYTES_MAX)?;
        let Some(folder) = &self.folder else {
            return Some(Entry {
                name: name.to_owned(),
                kind: EntryKind::Folder,
                size: 0,
                modified: 0,
            });
        };
        let stat = folder
            .stat(name)
            .ok()
            .flatten()
            .filter(|stat| !root.bars(stat))?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => EntryKind::File,
            FileType::Directory => EntryKind::Folder,
            FileType::Symlink => EntryKind::Link,
            _ => EntryKind::Other,
        };
        let size = if kind == EntryKind::File {
            size(&stat)
        } else {
            0
        };
        Some(Entry {
            name: name.to_owned(),
            kind,
            size,
            modified: modified(&stat),
        })
    }
}

pub(super) fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0).min(INTEGER_MAX)
}

/// In milliseconds since the epoch; 0 for anything before.
pub(super) fn modified(stat: &Stat) -> u64 {
    let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
    let millis = stat.st_mtime_nsec / 1_000_000;
    seconds
        .saturating_mul(1000)
        .saturating_add(millis)
        .min(INTEGER_MAX)
}
