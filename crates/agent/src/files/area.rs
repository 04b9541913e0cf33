//! How much of the shared folder a session reaches in one direction: all of it, or what lies beneath some folders of it.
//!
//! Those folders were opened when the session was granted, and everything is named from their descriptors: a folder that is
//! put in their place later is not the one that the policy means.

use trust::bounds::any_of;

use super::failure::Failure;
use super::root::{Folder, Root};

pub(super) struct Area {
    /// None: the whole shared folder.
    parts: Option<Vec<Part>>,
    outside: Failure,
}

struct Part {
    /// Relative to the shared folder; empty for the folder itself.
    at: String,
    root: Result<Root, Failure>,
}

/// What is done with files there, for the sentence of a refusal.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Read,
    Write,
}

impl Area {
    /// The parts of the shared folder that lie beneath these absolute paths; all of it where there are none.
    pub(super) fn open(shared: &Root, under: &[String], way: Way) -> Self {
        if under.is_empty() {
            return Self {
                parts: None,
                outside: Failure::Path,
            };
        }
        let places = under.iter().filter_map(|path| shared.place_of(path));
        let parts: Vec<Part> = places
            .map(|at| Part {
                root: shared.within(&at),
                at,
            })
            .collect();
        Self {
            outside: outside(&parts, under, way),
            parts: Some(parts),
        }
    }

    /// The folder from which a path is named, and the rest of the path.
    pub(super) fn find<'a, 'p>(
        &'a self,
        shared: &'a Root,
        path: &'p str,
    ) -> Result<(&'a Root, &'p str), Failure> {
        let Some(parts) = &self.parts else {
            return Ok((shared, path));
        };
        check_path(path)?;
        let hits = parts
            .iter()
            .filter_map(|part| Some((part, beneath(path, &part.at)?)));
        let (part, rest) = hits
            .min_by_key(|(_, rest)| rest.len())
            .ok_or_else(|| self.outside.clone())?;
        match &part.root {
            Ok(root) => Ok((root, rest)),
            Err(failure) => Err(failure.clone()),
        }
    }

    /// The folder that holds what a path names, and its name there; a folder of the bounds itself is no file in it.
    pub(super) fn parent<'p>(
        &self,
        shared: &Root,
        path: &'p str,
    ) -> Result<(Folder, &'p str), Failure> {
        let (root, rest) = self.find(shared, path)?;
        if rest.is_empty() && !path.is_empty() {
            return Err(Failure::NotAFile);
        }
        root.parent(rest)
    }

    /// Of a folder that is not reached itself: the names in it that lead to what is.
    pub(super) fn signposts(&self, path: &str) -> Vec<String> {
        let parts = self.parts.iter().flatten().filter(|part| part.root.is_ok());
        let ways = parts.filter_map(|part| beneath(&part.at, path)?.split('/').next());
        let mut names: Vec<String> = ways
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Without an empty name, `.` or `..`: what is compared name by name has to have one form.
fn check_path(path: &str) -> Result<(), Failure> {
    let is_name = |name: &str| !matches!(name, "" | "." | "..");
    if path.is_empty() || path.split('/').all(is_name) {
        Ok(())
    } else {
        Err(Failure::Path)
    }
}

/// What is left of a relative path beneath a folder; empty for the folder itself.
fn beneath<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}

fn outside(parts: &[Part], under: &[String], way: Way) -> Failure {
    let verb = match way {
        Way::Read => "fetches files only from",
        Way::Write => "puts files only into",
    };
    let inside: Vec<String> = parts.iter().map(|part| part.at.clone()).collect();
    Failure::Outside(if inside.is_empty() {
        let under = any_of(under);
        format!("This session {verb} {under}, and this workstation shares nothing of that.")
    } else {
        format!("This session {verb} {}.", any_of(&inside))
    })
}
