//! What a technician may do in a session: a closed set of scopes.

use serde::{Deserialize, Serialize};

use crate::limits::SCOPES_MAX;

/// One thing a warrant can allow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See the screen.
    View,
    /// Use keyboard and mouse: everything the user can do on this screen.
    Control,
    /// Read the clipboard.
    ClipboardRead,
    /// Set the clipboard.
    ClipboardWrite,
    /// List and fetch files.
    FilesRead,
    /// Put files.
    FilesWrite,
    /// Run commands in a shell.
    Shell,
}

impl Scope {
    /// All of them, in the order they are shown.
    pub const ALL: [Scope; 7] = [
        Scope::View,
        Scope::Control,
        Scope::ClipboardRead,
        Scope::ClipboardWrite,
        Scope::FilesRead,
        Scope::FilesWrite,
        Scope::Shell,
    ];

    /// The name it travels under.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::View => "view",
            Scope::Control => "control",
            Scope::ClipboardRead => "clipboard_read",
            Scope::ClipboardWrite => "clipboard_write",
            Scope::FilesRead => "files_read",
            Scope::FilesWrite => "files_write",
            Scope::Shell => "shell",
        }
    }

    /// What it means, for a person who is not technical.
    pub fn sentence(self) -> &'static str {
        match self {
            Scope::View => "See this screen",
            Scope::Control => "Use mouse and keyboard: everything you can do on this screen",
            Scope::ClipboardRead => "Read what you copied",
            Scope::ClipboardWrite => "Put text in your clipboard",
            Scope::FilesRead => "Look at and fetch your files",
            Scope::FilesWrite => "Put files on this computer",
            Scope::Shell => "Run commands on this computer",
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Scope::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| {
                let all: Vec<_> = Scope::ALL.iter().map(|s| s.as_str()).collect();
                format!(
                    "{:?} is not a scope; the scopes are {}",
                    crate::bytes::clip(text),
                    all.join(", ")
                )
            })
    }
}

/// Whether `scopes` is a well-formed list: not empty, bounded, each once.
pub fn is_scope_list(scopes: &[Scope]) -> bool {
    !scopes.is_empty()
        && scopes.len() <= SCOPES_MAX
        && scopes
            .iter()
            .enumerate()
            .all(|(at, scope)| !scopes[..at].contains(scope))
}
