//! Which scope each message needs. Asked on the device, against the judged warrant, when a message takes effect:
//! a scope that was taken away while the message waited no longer counts.

use trust::scope::Scope;

use crate::clipboard::Clipboard;
use crate::message::{ToDevice, ToTechnician};
use crate::piece::Piece;
use crate::{files, shell};

/// The warrant does not cover a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the warrant does not cover this: it needs the scope {needs:?}")]
pub struct Denied {
    /// The scope that would.
    pub needs: Scope,
}

/// May this message of the technician take effect?
///
/// # Errors
/// [`Denied`] names the scope that lacks.
pub fn permit(scopes: &[Scope], message: &ToDevice) -> Result<(), Denied> {
    covered(scopes, needs(message))
}

/// May this message leave the device?
///
/// # Errors
/// [`Denied`] names the scope that lacks.
pub fn permit_out(scopes: &[Scope], message: &ToTechnician) -> Result<(), Denied> {
    covered(scopes, needs_out(message))
}

fn covered(scopes: &[Scope], needs: Option<Scope>) -> Result<(), Denied> {
    match needs {
        Some(needs) if !scopes.contains(&needs) => Err(Denied { needs }),
        _ => Ok(()),
    }
}

/// What a message of the technician needs; `None` for what every session may do.
pub fn needs(message: &ToDevice) -> Option<Scope> {
    match message {
        ToDevice::Screen(_) => Some(Scope::View),
        ToDevice::Input(_) => Some(Scope::Control),
        ToDevice::Clipboard(Clipboard::Get {}) => Some(Scope::ClipboardRead),
        ToDevice::Clipboard(Clipboard::Set { .. } | Clipboard::Offer { .. }) => {
            Some(Scope::ClipboardWrite)
        }
        ToDevice::Chat(_) => None,
        ToDevice::Files(Piece::Head(files::Request::List { .. } | files::Request::Get { .. })) => {
            Some(Scope::FilesRead)
        }
        ToDevice::Files(
            Piece::Head(files::Request::Put { .. } | files::Request::Done(_)) | Piece::Data(_),
        ) => Some(Scope::FilesWrite),
        ToDevice::Files(Piece::Head(files::Request::Cancel {})) => None,
        ToDevice::Shell(_) => Some(Scope::Shell),
    }
}

/// What a message of the device needs; `None` for what every session may learn.
pub fn needs_out(message: &ToTechnician) -> Option<Scope> {
    match message {
        ToTechnician::Screen(_) => Some(Scope::View),
        ToTechnician::Clipboard(Clipboard::Get {}) => Some(Scope::ClipboardWrite),
        ToTechnician::Clipboard(Clipboard::Set { .. } | Clipboard::Offer { .. }) => {
            Some(Scope::ClipboardRead)
        }
        ToTechnician::Chat(_) => None,
        ToTechnician::Files(Piece::Head(reply)) => match reply {
            files::Reply::Entries { .. } | files::Reply::Begin { .. } | files::Reply::Done(_) => {
                Some(Scope::FilesRead)
            }
            files::Reply::Ready {} | files::Reply::Progress { .. } | files::Reply::Stored(_) => {
                Some(Scope::FilesWrite)
            }
            files::Reply::Failed { .. } => None,
        },
        ToTechnician::Files(Piece::Data(_)) => Some(Scope::FilesRead),
        ToTechnician::Shell(Piece::Head(shell::Reply::Failed { .. })) => None,
        ToTechnician::Shell(_) => Some(Scope::Shell),
    }
}
