//! What narrows a session's scopes: files beneath which folders, a shell as which user.
//!
//! Paths are compared name by name, never as texts: `/home/ann` does not hold `/home/anna`. One folder has one spelling, so
//! that nobody who signs, approves or allows it can take it for another.

use serde::{Deserialize, Serialize};

use crate::limits::{PATH_BYTES_MAX, PATHS_MAX, USER_BYTES_MAX};
use crate::scope::Scope;
use crate::text::is_plain;

/// What a session may reach within its scopes. Without any of these it is as the scopes say.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Folders beneath which files are listed and fetched; everything that the device shares if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_under: Vec<String>,
    /// Folders beneath which files are put; everything that the device shares if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub write_under: Vec<String>,
    /// As whom shells run; as the user of the display if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell_as: Option<String>,
}

impl Bounds {
    /// Whether they narrow nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How far a scope goes, in words that follow its sentence; nothing where it is not narrowed. All folders are named: this
    /// is for those who sign, approve or read a receipt.
    pub fn words(&self, scope: Scope) -> Option<String> {
        let under = |folders: &[String]| {
            (!folders.is_empty()).then(|| format!("only under {}", folders.join(", ")))
        };
        match scope {
            Scope::FilesRead => under(&self.read_under),
            Scope::FilesWrite => under(&self.write_under),
            Scope::Shell => self.shell_as.as_ref().map(|user| format!("as {user}")),
            Scope::View | Scope::Control | Scope::ClipboardRead | Scope::ClipboardWrite => None,
        }
    }

    /// Whether the shape is sound beside these scopes; the error says what is not.
    pub fn check_shape(&self, scopes: &[Scope]) -> Result<(), &'static str> {
        let users = self.shell_as.as_slice();
        check_bounds(scopes, &self.read_under, &self.write_under, users)
    }
}

/// Whether lists of folders and users are sound beside these scopes.
pub(crate) fn check_bounds(
    scopes: &[Scope],
    read_under: &[String],
    write_under: &[String],
    shell_as: &[String],
) -> Result<(), &'static str> {
    if !is_list(read_under, is_path) || !is_list(write_under, is_path) {
        return Err(
            "a folder is no absolute path in its shortest form, is listed twice, or there are too many",
        );
    }
    if !is_list(shell_as, is_user) {
        return Err(
            "a user of its shells has no valid name, is listed twice, or there are too many",
        );
    }
    let narrows = [
        (Scope::FilesRead, read_under),
        (Scope::FilesWrite, write_under),
        (Scope::Shell, shell_as),
    ];
    let is_idle = |(scope, list): &(Scope, &[String])| !list.is_empty() && !scopes.contains(scope);
    if narrows.iter().any(is_idle) {
        return Err("it narrows a scope that it does not name");
    }
    Ok(())
}

fn is_list(list: &[String], is_good: fn(&str) -> bool) -> bool {
    let is_new = |(at, item): (usize, &String)| !list[..at].contains(item);
    list.len() <= PATHS_MAX
        && list.iter().all(|item| is_good(item))
        && list.iter().enumerate().all(is_new)
}

/// An absolute path in its only form: no empty name, no `.`, no `..`, no slash at the end but of the root, nothing
/// invisible.
pub fn is_path(text: &str) -> bool {
    let is_name = |name: &str| !matches!(name, "" | "." | "..");
    let names = text.strip_prefix('/');
    text.len() <= PATH_BYTES_MAX
        && is_plain(text)
        && names.is_some_and(|names| names.is_empty() || names.split('/').all(is_name))
}

/// A user of a workstation: 1 to 64 of `A-Z a-z 0-9 . _ @ -`, the first a letter or `_`.
pub fn is_user(text: &str) -> bool {
    let is_first = |b: &u8| b.is_ascii_alphabetic() || *b == b'_';
    text.len() <= USER_BYTES_MAX
        && text.as_bytes().first().is_some_and(is_first)
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._@-".contains(&b))
}

/// Whether `path` is `folder` or lies in it, both in their only form.
pub fn is_beneath(path: &str, folder: &str) -> bool {
    let names = |path| str::split(path, '/').filter(|name| !name.is_empty());
    let mut path = names(path);
    names(folder).all(|name| path.next() == Some(name))
}

/// Whether each of `paths` lies beneath one of `folders`.
pub fn are_beneath(paths: &[String], folders: &[String]) -> bool {
    let holds = |path: &String| folders.iter().any(|folder| is_beneath(path, folder));
    paths.iter().all(holds)
}

/// "a, b or c", with a word on how many are left out: a sentence stays short enough for the channel.
pub fn any_of(items: &[String]) -> String {
    const NAMED_MAX: usize = 3;
    let (named, more) = items.split_at(items.len().min(NAMED_MAX));
    match (named.split_last(), more.len()) {
        (None, _) => String::new(),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, others)), 0) => format!("{} or {last}", others.join(", ")),
        (Some(_), more) => format!("{} or {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Vec<String> {
        items.iter().map(|&item| item.to_owned()).collect()
    }

    #[test]
    fn a_path_has_one_form() {
        for good in [
            "/",
            "/home",
            "/home/anna/My Documents",
            "/srv/..data",
            "/漢",
        ] {
            assert!(is_path(good), "{good}");
        }
        for bad in [
            "",
            "home",
            "~/x",
            "//",
            "/home/",
            "/home//anna",
            "/home/./anna",
            "/home/../etc",
            "/..",
            "/.",
            "/a\nb",
            "/a\0b",
            "/a\u{202E}b",
        ] {
            assert!(!is_path(bad), "{bad:?}");
        }
        let name = "x".repeat(PATH_BYTES_MAX - 1);
        assert!(is_path(&format!("/{name}")));
        assert!(!is_path(&format!("/{name}x")));
    }

    #[test]
    fn a_folder_holds_by_names_and_not_by_letters() {
        for (path, folder) in [
            ("/home/anna", "/home/anna"),
            ("/home/anna/x", "/home"),
            ("/x", "/"),
            ("/", "/"),
        ] {
            assert!(is_beneath(path, folder), "{path} in {folder}");
        }
        for (path, folder) in [
            ("/home/anna", "/home/ann"),
            ("/home", "/home/anna"),
            ("/", "/x"),
            ("/b/a", "/a"),
        ] {
            assert!(!is_beneath(path, folder), "{path} in {folder}");
        }
        assert!(are_beneath(&list(&["/a/x", "/b"]), &list(&["/a", "/b"])));
        assert!(!are_beneath(&list(&["/a/x", "/c"]), &list(&["/a", "/b"])));
    }

    #[test]
    fn a_user_is_a_name_and_no_number_or_option() {
        for good in [
            "root",
            "anna",
            "_apt",
            "Anna.B",
            "anna@corp.example",
            "web-1",
        ] {
            assert!(is_user(good), "{good}");
        }
        for bad in [
            "",
            "0",
            "1000",
            "-c",
            "an na",
            "anna:x",
            "änna",
            &"x".repeat(65),
        ] {
            assert!(!is_user(bad), "{bad:?}");
        }
    }

    #[test]
    fn bounds_stand_beside_the_scope_that_they_narrow() {
        let read = Bounds {
            read_under: list(&["/a", "/b"]),
            ..Bounds::default()
        };
        assert!(read.check_shape(&[Scope::View, Scope::FilesRead]).is_ok());
        assert!(read.check_shape(&[Scope::View, Scope::FilesWrite]).is_err());
        let write = Bounds {
            write_under: list(&["/a"]),
            ..Bounds::default()
        };
        assert!(write.check_shape(&[Scope::FilesWrite]).is_ok());
        assert!(write.check_shape(&[Scope::FilesRead]).is_err());
        let shell = Bounds {
            shell_as: Some("deploy".to_owned()),
            ..Bounds::default()
        };
        assert!(shell.check_shape(&[Scope::Shell]).is_ok());
        assert!(shell.check_shape(&[Scope::Control]).is_err());
    }

    #[test]
    fn lists_are_bounded_and_name_each_once() {
        let under = |paths: Vec<String>| Bounds {
            read_under: paths,
            ..Bounds::default()
        };
        let many = |count: usize| (0..count).map(|n| format!("/{n}")).collect();
        let all = Scope::ALL;
        assert!(under(many(PATHS_MAX)).check_shape(&all).is_ok());
        assert!(under(many(PATHS_MAX + 1)).check_shape(&all).is_err());
        assert!(under(list(&["/a", "/a"])).check_shape(&all).is_err());
    }

    #[test]
    fn a_long_list_is_told_shortly() {
        let told = |items: &[&str]| any_of(&list(items));
        assert_eq!(told(&["/a"]), "/a");
        assert_eq!(told(&["/a", "/b"]), "/a or /b");
        assert_eq!(told(&["/a", "/b", "/c"]), "/a, /b or /c");
        assert_eq!(
            told(&["/a", "/b", "/c", "/d", "/e"]),
            "/a, /b, /c or 2 more"
        );
    }
}
