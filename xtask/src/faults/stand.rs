//! A copy of what the simulation is made of, in the build folder, where faults are planted and taken out again.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use super::list::Fault;
use crate::layout;

/// What the copy holds.
const COPIED: [&str; 5] = [
    "crates/trust",
    "crates/wire",
    "tests/sim",
    "vectors/words.txt",
    "Cargo.lock",
];

/// The copy.
pub struct Stand {
    folder: PathBuf,
}

/// What the simulation said.
pub enum Verdict {
    /// A seed found something.
    Found {
        /// What it printed.
        line: String,
    },
    /// No seed found anything.
    Nothing,
    /// The fault does not compile.
    NotBuilt(String),
}

/// A fault that is in; dropping it puts the file back.
pub struct Planted {
    file: PathBuf,
    text: String,
}

impl Stand {
    /// Copies and configures.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn make() -> Result<Self> {
        let folder = layout::target().join("xtask").join("faults");
        let root = layout::root();
        for place in COPIED {
            copy(&root.join(place), &folder.join(place))?;
        }
        let manifest = std::fs::read_to_string(root.join("Cargo.toml"))?;
        write_if_new(&folder.join("Cargo.toml"), workspace(&manifest)?.as_bytes())?;
        Ok(Self { folder })
    }

    /// Plants a fault.
    ///
    /// # Errors
    /// When its text does not stand there once.
    pub fn plant(&self, fault: &Fault) -> Result<Planted> {
        let file = self.folder.join(&fault.file);
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let with_fault = fault.planted_in(&text)?;
        let planted = Planted { file, text };
        std::fs::write(&planted.file, with_fault)?;
        Ok(planted)
    }

    /// Builds the simulation and plays until something is found.
    ///
    /// # Errors
    /// When it cannot be started, or ends with neither a finding nor a count.
    pub fn play(&self, seeds: u64) -> Result<Verdict> {
        let build = self.cargo(&["build", "--quiet", "--package", "wayleave-sim"])?;
        if !build.status.success() {
            return Ok(Verdict::NotBuilt(said(&build.stderr)));
        }
        let program = self.folder.join("target/debug/wayleave-sim");
        let output = Command::new(program)
            .args(["--first", "--seeds", &seeds.to_string()])
            .output()
            .context("the simulation could not be started")?;
        let text = said(&output.stdout);
        match text.lines().find(|line| line.starts_with("seed ")) {
            Some(line) => Ok(Verdict::Found {
                line: line.chars().take(160).collect(),
            }),
            None if output.status.success() => Ok(Verdict::Nothing),
            None => bail!("the simulation ended with {}: {text}", output.status),
        }
    }

    fn cargo(&self, args: &[&str]) -> Result<Output> {
        let mut command = layout::cargo();
        command
            .current_dir(&self.folder)
            .env_remove("CARGO_TARGET_DIR")
            .args(args);
        command.output().context("cargo could not be started")
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        if let Err(error) = std::fs::write(&self.file, &self.text) {
            eprintln!("{} keeps its fault: {error}", self.file.display());
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Found { line } => write!(f, "{line}"),
            Self::Nothing => write!(f, "no seed found it"),
            Self::NotBuilt(why) => write!(f, "it does not compile: {why}"),
        }
    }
}

/// The workspace of the copy: the same dependencies, only these members, built fast and small steps built again fast.
fn workspace(manifest: &str) -> Result<String> {
    let mut table: Table = manifest.parse().context("Cargo.toml")?;
    let profile: Table = "
        dev = { debug = false, opt-level = 1, incremental = true, package = { '*' = { opt-level = 3 } } }
    "
    .parse()?;
    table.insert("profile".to_owned(), Value::Table(profile));
    let members = ["crates/trust", "crates/wire", "tests/sim"];
    let members = members
        .map(|member| Value::String(member.to_owned()))
        .to_vec();
    let workspace = table.get_mut("workspace").and_then(Value::as_table_mut);
    let workspace = workspace.context("Cargo.toml has no workspace")?;
    workspace.insert("members".to_owned(), Value::Array(members));
    Ok(toml::to_string(&table)?)
}

/// Copies a file, or a folder with what is in it; what is the same already is left alone, so that it is not built anew.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        let bytes = std::fs::read(from).with_context(|| from.display().to_string())?;
        return write_if_new(to, &bytes);
    }
    let entries = std::fs::read_dir(from).with_context(|| from.display().to_string())?;
    let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    for gone in std::fs::read_dir(to).into_iter().flatten().flatten() {
        if !names.contains(&gone.file_name()) {
            remove(&gone.path())?;
        }
    }
    for name in names {
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    if path.is_dir() {
        std::fs::remove_dir_all(path)?;
    } else {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

fn write_if_new(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_three_members_and_the_same_dependencies() {
        let root = std::fs::read_to_string(layout::root().join("Cargo.toml")).unwrap();
        let copy: Table = workspace(&root).unwrap().parse().unwrap();
        let root: Table = root.parse().unwrap();
        assert_eq!(copy["workspace"]["members"].as_array().unwrap().len(), 3);
        assert_eq!(
            copy["workspace"]["dependencies"],
            root["workspace"]["dependencies"]
        );
    }

    #[test]
    fn a_planted_fault_is_taken_out_again() {
        let folder = layout::target().join("xtask").join("faults-test");
        let file = folder.join("a.rs");
        write_if_new(&file, b"if a == b {").unwrap();
        let fault = Fault {
            name: "a_fault".to_owned(),
            story: String::new(),
            file: "a.rs".into(),
            find: "a == b".to_owned(),
            put: "true".to_owned(),
        };
        let stand = Stand { folder };
        let planted = stand.plant(&fault).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "if true {");
        drop(planted);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "if a == b {");
    }
}
