//! The files of the repository that the rules look at.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One file, its path relative to the root with forward slashes.
pub struct SourceFile {
    /// Such as `crates/trust/src/lib.rs`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap()
}

/// Every text file that git tracks or would track. Binary files are left out; outside a git checkout (a source package)
/// the folders are walked instead.
pub fn files() -> Vec<SourceFile> {
    let root = root();
    let paths = tracked(&root).unwrap_or_else(|| walk(&root));
    paths
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(root.join(&path)).ok()?;
            Some(SourceFile { path, text })
        })
        .collect()
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let list = String::from_utf8(output.stdout).ok()?;
    Some(
        list.split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

fn walk(root: &Path) -> Vec<String> {
    const SKIPPED: [&str; 5] = ["target", "node_modules", "dist", ".git", ".demo"];
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let skipped = entry
                .file_name()
                .to_str()
                .is_none_or(|name| SKIPPED.contains(&name));
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.is_file()
                && let Some(relative) = path.strip_prefix(root).ok().and_then(Path::to_str)
            {
                found.push(relative.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_holds_the_sources_and_not_the_build() {
        for list in [
            files().into_iter().map(|file| file.path).collect(),
            walk(&root()),
        ] {
            assert!(list.contains(&"crates/trust/src/lib.rs".to_owned()));
            assert!(!list.iter().any(|path| path.contains("node_modules/")));
        }
    }
}
