//! `wayleave-agent join CODE`: one attended session with a technician on the phone, on a machine that is not enrolled.
//!
//! ```text
//! code typed -> the attempt is on disk -> nameplate taken -> ledger followed -> relay -> both confirm the code
//!            -> the organisation's domain is asked -> warrant judged -> the person agrees -> session -> keys are gone
//! ```
//!
//! The keys are made for this run and never written. What is written: failed attempts, in `join/attempts` of the agent's
//! directory, for they must outlive the process; and for each run a folder with the ledger, used warrants and receipts,
//! which a session needs on disk before its first picture.

mod domain;
mod http;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use api::ids::SessionId;
use api::join::JoinTaken;
use tokio::sync::mpsc;
use trust::nameplate::Nameplate;
use wire::attempts::Attempts;
use wire::join_code::JoinCode;

pub use domain::{DomainProof, Domains, ask as ask_domain};
pub use http::Http;

use crate::clock::wall_ms;
use crate::config::{Join, hostname, one_line};
use crate::keeper::{HelperProgram, KeeperConfig};
use crate::program::stopped;
use crate::socket::Service;
use crate::trust_store::{DeviceKeys, Disk, StoreError, TrustStore};

const FOLDER: &str = "join";
const ATTEMPTS: &str = "attempts";

/// What a keeper needs to join by a code.
pub struct Plan {
    /// The code.
    pub code: JoinCode,
    /// Where its technician waits.
    pub session: SessionId,
    /// What counts against it.
    pub attempts: AttemptLog,
    /// Who is asked about the organisation's domain.
    pub domains: Domains,
}

/// The failed attempts on disk; handles share them.
#[derive(Clone)]
pub struct AttemptLog(Arc<Mutex<(Disk, Attempts)>>);

impl AttemptLog {
    /// Opens the log in a directory that this process holds.
    ///
    /// # Errors
    /// [`StoreError`]; also where the file is damaged, for then nobody knows how many failed.
    pub fn open(disk: Disk) -> Result<Self, StoreError> {
        let attempts = match disk.read(ATTEMPTS)? {
            None => Attempts::default(),
            Some(bytes) => Attempts::parse(&bytes).ok_or_else(|| {
                StoreError::unreadable(ATTEMPTS, "it does not hold the attempts to join")
            })?,
        };
        Ok(Self(Arc::new(Mutex::new((disk, attempts)))))
    }

    /// Notes that a code is tried, for good when this returns.
    ///
    /// # Errors
    /// Why it must not be tried.
    pub fn begin(&self, nameplate: Nameplate) -> anyhow::Result<()> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (disk, attempts) = &mut *log;
        attempts.begin(nameplate, wall_ms())?;
        Ok(disk.replace(ATTEMPTS, &attempts.to_bytes())?)
    }

    /// It did not fail.
    pub fn take_back(&self, nameplate: Nameplate) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (disk, attempts) = &mut *log;
        attempts.take_back(nameplate);
        if let Err(error) = disk.replace(ATTEMPTS, &attempts.to_bytes()) {
            tracing::warn!(%error, "a join code counts as failed although it did not");
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed the code.
pub fn run(args: &Join) -> anyhow::Result<()> {
    let code = JoinCode::parse(&args.code.join(" "))?;
    let service = Service::new(&args.server, args.ca.as_deref())?;
    let http = Http::new(&args.server, args.ca.as_deref())?;
    let folder = args.dir.join(FOLDER);
    let attempts = AttemptLog::open(Disk::hold(&folder)?)?;
    attempts.begin(code.nameplate)?;
    let keys = DeviceKeys::fresh()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let taken: anyhow::Result<JoinTaken> = http.take(code.nameplate, keys.id()).await;
        // Nobody was there: no secret was tried.
        let taken = taken.inspect_err(|_| attempts.take_back(code.nameplate))?;
        let store = TrustStore::open_with(
            Disk::hold(&folder.join(keys.id().to_string()))?,
            taken.org,
            keys,
        )?;
        let config = KeeperConfig {
            service,
            hostname: args.label.as_deref().map_or_else(hostname, one_line),
            helper: helper(args)?,
            join: Some(Plan {
                code,
                session: taken.session,
                attempts,
                domains: Domains::Web(http),
            }),
        };
        let stop = stopped()?;
        let ended = crate::eventloop::run(config, store, stop).await;
        ended.map_err(anyhow::Error::msg)
    })
}

fn helper(args: &Join) -> anyhow::Result<HelperProgram> {
    let home = || std::env::home_dir().filter(|home| home.is_dir());
    let files_root = args.files_root.clone().or_else(home);
    Ok(HelperProgram {
        program: std::env::current_exe().context("the agent's own program is not found")?,
        state_dir: args.dir.canonicalize()?,
        files_root: files_root.unwrap_or_else(|| PathBuf::from("/nonexistent")),
        display: args.display.clone(),
    })
}

/// Starts asking the organisation's domain whether it knows the organisation.
pub(crate) fn start_asking(
    domains: Domains,
    domain: String,
    org: trust::OrgId,
    answer: mpsc::Sender<DomainProof>,
) {
    tokio::spawn(async move {
        let proof = domains.ask(&domain, &org).await;
        // Nobody listens any more where the session is over.
        let _ = answer.send(proof).await;
    });
}
