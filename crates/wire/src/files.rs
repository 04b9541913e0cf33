//! The files stream: one id is one listing or one transfer. Byte 0 is 0 for a JSON head and 1 for data.
//!
//! ```text
//! list ->   <- entries (more) .. entries END                     END ->
//! get ->    <- begin, data .., done END | failed END             END ->
//! put ->    <- ready   data .., done END ->   <- progress .., stored END | failed END
//! cancel END -> at any time                   <- failed{cancelled} END
//! ```
//!
//! Both sides end an id; the technician may send END with his last word. Hashes are over the whole file, also where a
//! download goes on at an offset. An upload has no offset: the device drops partial files when a session ends.

use serde::{Deserialize, Serialize};
use trust::bytes::Hash;

use crate::control::check_verdict;
use crate::json::{self, ensure};
use crate::limits::{DATA_BYTES_MAX, ENTRIES_MAX, FILE_NAME_BYTES_MAX, PATH_BYTES_MAX};
use crate::piece::{self, Piece};

/// What the technician says on an id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// What is in this folder?
    List {
        /// Relative to the root that the device grants; the empty path is the root.
        path: String,
    },
    /// Send this file.
    Get {
        /// Relative to the granted root.
        path: String,
        /// Where to start, in bytes: what the technician already has.
        #[serde(deserialize_with = "json::integer")]
        offset: u64,
    },
    /// Take this file.
    Put {
        /// Relative to the granted root.
        path: String,
        /// Its whole size, in bytes.
        #[serde(deserialize_with = "json::integer")]
        size: u64,
        /// Whether a file of that name may be replaced.
        replace: bool,
    },
    /// The upload is complete.
    Done(Digest),
    /// The technician no longer wants it.
    Cancel {},
}

/// What the device says on an id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// A page of a listing.
    Entries {
        /// In the order of their names' bytes.
        entries: Vec<Entry>,
        /// Whether another page follows.
        more: bool,
    },
    /// A download begins; data follows from the offset on.
    Begin {
        /// The file's whole size, in bytes.
        #[serde(deserialize_with = "json::integer")]
        size: u64,
        /// When it was last changed, in milliseconds since the Unix epoch.
        #[serde(deserialize_with = "json::integer")]
        modified: u64,
    },
    /// An upload may begin.
    Ready {},
    /// So much of an upload is written.
    Progress {
        /// Bytes since its start.
        #[serde(deserialize_with = "json::integer")]
        bytes: u64,
    },
    /// The download is complete.
    Done(Digest),
    /// The upload is on disk under its name.
    Stored(Digest),
    /// It did not work.
    Failed {
        /// For programs: `snake_case`.
        code: String,
        /// For people: a sentence.
        text: String,
    },
}

/// A whole file in short.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// In bytes.
    #[serde(deserialize_with = "json::integer")]
    pub size: u64,
    /// Over all its bytes.
    pub sha256: Hash,
}

/// One line of a listing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name; foreign text when shown.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// In bytes; 0 for what is no file.
    #[serde(deserialize_with = "json::integer")]
    pub size: u64,
    /// When it was last changed, in milliseconds since the Unix epoch.
    #[serde(deserialize_with = "json::integer")]
    pub modified: u64,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link; never followed.
    Link,
    /// A device, socket or pipe.
    Other,
}

/// Technician to device.
pub type ToDevice = Piece<Request>;
/// Device to technician.
pub type ToTechnician = Piece<Reply>;

impl piece::Head for Request {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::List { path } => check_path(path),
            Self::Get { path, .. } | Self::Put { path, .. } => {
                ensure(!path.is_empty(), "a file's path is empty")?;
                check_path(path)
            }
            Self::Done(_) | Self::Cancel {} => Ok(()),
        }
    }
}

impl piece::Head for Reply {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::Entries { entries, .. } => {
                ensure(
                    entries.len() <= ENTRIES_MAX,
                    "more than 64 entries on one page",
                )?;
                let is_name = |name: &str| {
                    (1..=FILE_NAME_BYTES_MAX).contains(&name.len()) && !name.contains(['/', '\0'])
                };
                ensure(
                    entries.iter().all(|e| is_name(&e.name)),
                    "an entry's name is empty, above 255 bytes, or holds a slash or a zero byte",
                )
            }
            Self::Failed { code, text } => check_verdict(code, text),
            Self::Begin { .. }
            | Self::Ready {}
            | Self::Progress { .. }
            | Self::Done(_)
            | Self::Stored(_) => Ok(()),
        }
    }
}

fn check_path(path: &str) -> Result<(), String> {
    ensure(path.len() <= PATH_BYTES_MAX, "a path is above 4096 bytes")?;
    ensure(!path.contains('\0'), "a path holds a zero byte")
}

/// Cuts a file's bytes into data messages.
pub fn data_pieces(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    bytes.chunks(DATA_BYTES_MAX).map(<[u8]>::to_vec)
}
