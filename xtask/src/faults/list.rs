//! The planted faults: `tests/sim/faults/*.toml`.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::layout;

/// One fault: a text of today's tree, and what a mistake would have made of it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What is then true.
    pub name: String,
    /// What it stands for, in a sentence.
    pub story: String,
    /// Where, from the root of the repository.
    pub file: PathBuf,
    /// The text, which stands there once.
    pub find: String,
    /// What is put in its place.
    pub put: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    fault: Vec<Fault>,
}

/// All of them, page by page.
///
/// # Errors
/// When a page cannot be read.
pub fn read() -> Result<Vec<Fault>> {
    let folder = layout::root().join("tests/sim/faults");
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut pages: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    pages.sort();
    let mut faults = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page)?;
        let read: Page = toml::from_str(&text).with_context(|| page.display().to_string())?;
        faults.extend(read.fault);
    }
    Ok(faults)
}

impl Fault {
    /// The file with the fault in it.
    ///
    /// # Errors
    /// When the text does not stand there exactly once.
    pub fn planted_in(&self, text: &str) -> Result<String> {
        let count = text.matches(&self.find).count();
        let (name, file) = (&self.name, self.file.display());
        ensure!(
            count == 1,
            "{name}: its text stands {count} times in {file}, not once; bring tests/sim/faults up to date"
        );
        Ok(text.replace(&self.find, &self.put))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_can_be_planted_in_todays_tree() {
        let faults = read().unwrap();
        assert!(faults.len() >= 40, "only {} faults", faults.len());
        for fault in &faults {
            let text = std::fs::read_to_string(layout::root().join(&fault.file)).unwrap();
            let planted = fault.planted_in(&text).unwrap();
            assert_ne!(planted, text, "{}", fault.name);
            assert!(fault.story.ends_with('.'), "{}", fault.name);
        }
    }

    #[test]
    fn no_two_faults_are_the_same() {
        let faults = read().unwrap();
        for (at, fault) in faults.iter().enumerate() {
            let twin = faults[..at].iter().find(|other| {
                other.name == fault.name
                    || (&other.file, &other.put, &other.find)
                        == (&fault.file, &fault.put, &fault.find)
            });
            assert_eq!(twin, None);
        }
    }

    #[test]
    fn a_text_that_is_gone_or_stands_twice_is_named() {
        let fault = Fault {
            name: "a_fault".to_owned(),
            story: String::new(),
            file: "crates/trust/src/judge.rs".into(),
            find: "a == b".to_owned(),
            put: "true".to_owned(),
        };
        assert_eq!(fault.planted_in("if a == b {").unwrap(), "if true {");
        for text in ["if a {", "a == b || a == b"] {
            let error = fault.planted_in(text).unwrap_err().to_string();
            assert!(error.starts_with("a_fault: its text stands"), "{error}");
        }
    }
}
