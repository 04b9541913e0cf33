//! What the demo keeps between two runs, in `.demo/` of the repository.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};

use super::{ports, secret};
use crate::layout;

/// The demo's folder, held by one demo at a time, and what stands in its `state.json`.
pub struct State {
    folder: PathBuf,
    /// Where our own programs are.
    pub programs: PathBuf,
    /// The service. Stays the same between runs: the console's origin is part of what was signed.
    pub port: u16,
    /// The witness. Stays the same, its address is in the roster.
    pub witness_port: u16,
    /// The organisation, once there is one.
    pub org: Option<String>,
    /// Whether the device was admitted.
    pub admitted: bool,
    /// The key of the last run's technician.
    pub technician: Option<String>,
    _lock: File,
}

impl State {
    /// Opens `folder`; `reset` clears it before. `wanted` is the port the user asked for.
    ///
    /// # Errors
    /// When another demo runs there, when a port of an earlier run is taken, or when the folder can't be written.
    pub fn open(folder: &Path, reset: bool, wanted: Option<u16>) -> Result<Self> {
        std::fs::create_dir_all(folder.join("logs"))
            .with_context(|| format!("creating {}", folder.display()))?;
        let lock = lock(folder)?;
        if reset {
            clear(folder)?;
            std::fs::create_dir_all(folder.join("logs"))?;
        }
        match std::fs::read_to_string(folder.join("state.json")) {
            Ok(text) => Self::resume(folder, &text, wanted, lock),
            Err(_) => Self::begin(folder, wanted, lock),
        }
    }

    fn begin(folder: &Path, wanted: Option<u16>, lock: File) -> Result<Self> {
        let port = match wanted {
            Some(port) if ports::is_free(port) => port,
            Some(port) => {
                bail!("port {port} is taken by another program: name another with --port")
            }
            None => ports::find(PORT, &[])?,
        };
        let witness_port = ports::find(port.saturating_add(1), &[port])?;
        let state = Self {
            folder: folder.to_path_buf(),
            programs: layout::target().join("debug"),
            port,
            witness_port,
            org: None,
            admitted: false,
            technician: None,
            _lock: lock,
        };
        secret::write_private(
            &state.passphrase_file(),
            secret::base64url(&secret::random::<24>()?).as_bytes(),
        )?;
        state.save()?;
        Ok(state)
    }

    fn resume(folder: &Path, text: &str, wanted: Option<u16>, lock: File) -> Result<Self> {
        let state = Self::parse(folder, text, lock).context(
            "the state of the last demo can't be read: clear it with `cargo xtask demo --reset`",
        )?;
        if wanted.is_some_and(|wanted| wanted != state.port) {
            bail!(
                "the last demo used port {}, which its keys are bound to: leave --port out, or add --reset",
                state.port
            );
        }
        for port in [state.port, state.witness_port] {
            if !ports::is_free(port) {
                bail!(
                    "port {port} of the last demo is taken by another program: stop that, or start anew with --reset"
                );
            }
        }
        Ok(state)
    }

    fn parse(folder: &Path, text: &str, lock: File) -> Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let port = |name: &str| {
            let port = value[name]
                .as_u64()
                .and_then(|port| u16::try_from(port).ok());
            port.with_context(|| format!("{name} is no port"))
        };
        Ok(Self {
            folder: folder.to_path_buf(),
            programs: layout::target().join("debug"),
            port: port("port")?,
            witness_port: port("witness_port")?,
            org: value["org"].as_str().map(str::to_owned),
            admitted: value["admitted"].as_bool().unwrap_or(false),
            technician: value["technician"].as_str().map(str::to_owned),
            _lock: lock,
        })
    }

    /// Writes `state.json`.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn save(&self) -> Result<()> {
        let value = json!({
            "port": self.port,
            "witness_port": self.witness_port,
            "org": self.org,
            "admitted": self.admitted,
            "technician": self.technician,
        });
        secret::write_private(
            &self.folder.join("state.json"),
            value.to_string().as_bytes(),
        )
    }

    /// A path below the demo's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The service's address, as browsers and agents name it.
    pub fn server_url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The witness's address.
    pub fn witness_url(&self) -> String {
        format!("http://localhost:{}", self.witness_port)
    }

    /// Holds the passphrase of the demo's admin keys.
    pub fn passphrase_file(&self) -> PathBuf {
        self.path("passphrase")
    }
}

/// Where the search for a free port begins.
const PORT: u16 = 7340;

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(_) => bail!(
            "a demo is already running in {}: stop it with Ctrl-C first",
            folder.display()
        ),
    }
}

/// Removes everything but the lock that we hold.
fn clear(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        if entry.file_name() == "lock" {
            continue;
        }
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.with_context(|| format!("removing {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = crate::layout::target().join("xtask").join(name);
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn a_second_run_resumes_and_a_reset_clears() {
        let folder = folder("resume");
        let mut first = State::open(&folder, false, None).unwrap();
        let port = first.port;
        first.org = Some("an-organisation".to_owned());
        first.save().unwrap();
        std::fs::write(first.path("kept"), "x").unwrap();
        drop(first);

        let second = State::open(&folder, false, None).unwrap();
        assert_eq!(
            (second.port, second.org.as_deref()),
            (port, Some("an-organisation"))
        );
        drop(second);

        let third = State::open(&folder, true, None).unwrap();
        assert!(third.org.is_none() && !third.path("kept").exists());
    }

    #[test]
    fn two_demos_do_not_share_a_folder() {
        let folder = folder("shared");
        let _first = State::open(&folder, false, None).unwrap();
        let second = State::open(&folder, true, None).err().unwrap();
        assert!(second.to_string().contains("already running"));
    }

    #[test]
    fn a_port_that_was_taken_since_is_named() {
        let folder = folder("taken");
        let port = State::open(&folder, false, None).unwrap().port;
        let _stranger = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let error = State::open(&folder, false, None).err().unwrap();
        assert!(
            error
                .to_string()
                .contains(&format!("port {port} of the last demo is taken"))
        );
        let error = State::open(&folder, true, Some(port)).err().unwrap();
        assert!(error.to_string().contains("--port"));
    }
}
