//! Why the store refuses.

use std::io;

/// A sentence for whoever runs the agent; a session that needed the store is refused with it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No space, or over a quota: nothing was written, what is stored is whole.
    #[error("the agent's disk is full: {file} could not be written; free some space on it")]
    Full {
        /// Which file of the state directory.
        file: String,
    },
    /// The system refused.
    #[error("{file} in the agent's state directory cannot be used: {source}")]
    Io {
        /// Which file of the state directory.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier write left the file in an unknown state.
    #[error(
        "an earlier write to {file} failed half way; repair the disk and start the agent again"
    )]
    Broken {
        /// Which file of the state directory.
        file: String,
    },
    /// Something in the middle of a file changed: no crash of ours does that.
    #[error(
        "{file} in the agent's state directory is damaged at byte {at}; restore it from a backup, or remove the \
         directory and have the device admitted anew"
    )]
    Damaged {
        /// Which file of the state directory.
        file: String,
        /// Where.
        at: u64,
    },
    /// A file's content is not what it must be.
    #[error("{file} in the agent's state directory cannot be read: {why}")]
    Unreadable {
        /// Which file of the state directory.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// Another agent holds the directory.
    #[error("another agent runs on {0}; stop it, or give this one its own directory")]
    Locked(String),
    /// Others may read the directory.
    #[error("{dir} is open to others (mode {mode:o}) and holds keys; run chmod 700 on it")]
    Exposed {
        /// The directory.
        dir: String,
        /// Its permission bits.
        mode: u32,
    },
    /// Somebody else's directory.
    #[error("{0} belongs to another user; the agent keeps its keys in a directory of its own user")]
    Foreign(String),
    /// The directory was made for another organisation.
    #[error(
        "this directory belongs to a device of organisation {stored}, not {asked}; use another directory, or see \
         \"wayleave-agent repin\" if all keys of {stored} are lost"
    )]
    OtherOrganisation {
        /// Whose it is.
        stored: String,
        /// Who was asked for.
        asked: String,
    },
    /// The directory is this organisation's already.
    #[error("this device belongs to organisation {0} already; there is nothing to change")]
    SameOrganisation(String),
    /// There is nothing yet.
    #[error("there is no agent's state in {0}; start the agent there first")]
    Empty(String),
    /// The service acknowledged receipts that this directory does not hold.
    #[error(
        "the service holds {uploaded} receipts of this device and this directory only {stored}: it was rolled back; \
         have the device admitted anew with new keys"
    )]
    RolledBack {
        /// What the service acknowledged.
        uploaded: u64,
        /// What is here.
        stored: u64,
    },
}

impl StoreError {
    pub(crate) fn io(file: &str, source: io::Error) -> Self {
        let full = matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        let file = file.to_owned();
        if full {
            Self::Full { file }
        } else {
            Self::Io { file, source }
        }
    }

    pub(crate) fn unreadable(file: &str, why: impl Into<String>) -> Self {
        Self::Unreadable {
            file: file.to_owned(),
            why: why.into(),
        }
    }

    /// For the technician and receipts: `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full { .. } => "disk_full",
            _ => "store",
        }
    }
}
