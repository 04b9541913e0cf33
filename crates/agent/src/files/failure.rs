//! Why a listing or transfer did not work: a code and a sentence for the technician.

use rustix::io::Errno;
use wire::files::Reply;

/// What went wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// An absolute path, an empty name, or one with `..` in it.
    #[error("The path must be relative to the shared folder, without \"..\" or empty names.")]
    Path,
    /// Nothing there.
    #[error("There is no such file or folder.")]
    Missing,
    /// A link on the way.
    #[error("The path leads through a link, and links are not followed.")]
    Link,
    /// A folder, a device, a pipe.
    #[error("Only regular files can be fetched or replaced.")]
    NotAFile,
    /// A file where a folder is due.
    #[error("A part of the path is not a folder.")]
    NotAFolder,
    /// The agent's own files, or the kernel's.
    #[error("This folder is outside of what any session may reach.")]
    Barred,
    /// The user may not.
    #[error("The user of this workstation may not do that here.")]
    Refused,
    /// The name is taken.
    #[error("A file of that name exists already.")]
    Exists,
    /// No space.
    #[error("The workstation's disk is full.")]
    DiskFull,
    /// The folder is too large.
    #[error(
        "The folder has more than {} entries.",
        crate::limits::FOLDER_ENTRIES_MAX
    )]
    TooMany,
    /// More bytes than were announced.
    #[error("More bytes came than the upload announced.")]
    TooLong,
    /// Fewer bytes than were announced, or others.
    #[error("The upload arrived incomplete or changed, and was dropped.")]
    Broken,
    /// The file became shorter while it was read.
    #[error("The file changed while it was fetched.")]
    Changed,
    /// The technician asked for it.
    #[error("Cancelled.")]
    Cancelled,
    /// A message that does not belong here.
    #[error("This message does not fit what is under way on this transfer.")]
    Unexpected,
    /// Not beneath a folder of the session's bounds; the sentence names them.
    #[error("{0}")]
    Outside(String),
    /// The warrant does not cover it.
    #[error("The warrant does not cover this.")]
    Denied,
    /// Anything else the system says.
    #[error("The workstation reports: {0}.")]
    System(String),
}

impl Failure {
    /// For programs: `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Missing => "missing",
            Self::Link => "link",
            Self::NotAFile => "not_a_file",
            Self::NotAFolder => "not_a_folder",
            Self::Barred => "barred",
            Self::Refused => "refused",
            Self::Exists => "exists",
            Self::DiskFull => "disk_full",
            Self::TooMany => "too_many",
            Self::TooLong => "too_long",
            Self::Broken => "broken",
            Self::Changed => "changed",
            Self::Cancelled => "cancelled",
            Self::Unexpected => "unexpected",
            Self::Outside(_) => "outside",
            Self::Denied => "denied",
            Self::System(_) => "system",
        }
    }

    /// As it goes to the technician.
    pub fn reply(&self) -> Reply {
        Reply::Failed {
            code: self.code().to_owned(),
            text: self.to_string(),
        }
    }
}

impl From<Errno> for Failure {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOENT => Self::Missing,
            Errno::LOOP => Self::Link,
            Errno::XDEV => Self::Path,
            Errno::NOTDIR => Self::NotAFolder,
            Errno::ISDIR | Errno::NXIO => Self::NotAFile,
            Errno::ACCESS | Errno::PERM | Errno::ROFS => Self::Refused,
            Errno::EXIST | Errno::NOTEMPTY => Self::Exists,
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Self::DiskFull,
            other => Self::System(std::io::Error::from(other).to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(errno) => errno.into(),
            None => Self::System(error.to_string()),
        }
    }
}
