//! The program's commands.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tracing_subscriber::EnvFilter;
use trust::statement::Role;

use crate::config::{Cli, Command, Fingerprint, Run, hostname, one_line};
use crate::keeper::{HelperProgram, KeeperConfig};
use crate::socket::Service;
use crate::trust_store::{DeviceKeys, Disk, Glance, StoreError, TrustStore};

/// Runs what the command line says.
pub fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("WAYLEAVE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,wayleave_agent=info,winit=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let done = match Cli::parse().command {
        Command::Window { kind } => return crate::windows::run(&[kind]),
        Command::Helper(args) => return crate::helper::run(args),
        Command::AsUser(args) => return crate::shell_user::run(&args),
        Command::Run(args) => run(args),
        Command::Fingerprint(args) => fingerprint(&args),
        Command::Status(args) => status(&args.dir),
        Command::Receipts(args) => receipts(&args.dir),
        Command::Repin(args) => crate::repin::run(&args),
        Command::Join(args) => crate::join::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wayleave-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Run) -> anyhow::Result<()> {
    let service = Service::new(&args.server, args.ca.as_deref())?;
    let store = TrustStore::open(Disk::hold(&args.dir)?, args.org)?;
    let home = || std::env::home_dir().filter(|home| home.is_dir());
    let files_root = args
        .files_root
        .or_else(home)
        .unwrap_or_else(|| PathBuf::from("/nonexistent"));
    let helper = HelperProgram {
        program: std::env::current_exe().context("the agent's own program is not found")?,
        state_dir: args.dir.canonicalize()?,
        files_root,
        display: args.display,
    };
    let hostname = args.label.as_deref().map_or_else(hostname, one_line);
    tracing::info!(device = %store.keys().id(), words = store.keys().words(), "the agent starts");
    let config = KeeperConfig {
        service,
        hostname,
        helper,
        join: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stop = stopped()?;
        let ended = crate::eventloop::run(config, store, stop).await;
        ended.map_err(anyhow::Error::msg)
    })
}

/// Done when somebody asks the agent to stop.
pub(crate) fn stopped() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Makes the keys where there are none: a list for bulk admission is made before the first start.
fn fingerprint(args: &Fingerprint) -> anyhow::Result<()> {
    let dir = &args.dir.dir;
    let keys = match Glance::keys(dir) {
        Ok(keys) => keys,
        Err(StoreError::Empty(_)) => DeviceKeys::load_or_make(&Disk::hold(dir)?)?,
        Err(error) => return Err(error.into()),
    };
    if args.list {
        let name = args.label.as_deref().map_or_else(hostname, one_line);
        return say(&format!("{} {} {name}\n", keys.id(), keys.noise_public));
    }
    say(&format!(
        "words:       {}\ndevice key:  {}\nchannel key: {}\n",
        keys.words(),
        keys.id(),
        keys.noise_public
    ))
}

fn status(dir: &Path) -> anyhow::Result<()> {
    let glance = Glance::at(dir)?;
    let ledger = glance.ledger()?;
    let receipts = glance.receipts()?;
    let mut text = format!(
        "organisation:  {}\ndevice key:    {}\nwords:         {}\n",
        glance.org,
        glance.keys.id(),
        glance.keys.words()
    );
    match ledger.state() {
        None => text.push_str("ledger:        not received yet\n"),
        Some(state) => {
            let head = state.head();
            let admitted =
                match state.in_force(&glance.keys.id(), Role::Device, crate::clock::wall_ms()) {
                    Ok(entry) => format!("yes, in {}", entry.groups.join(", ")),
                    Err(why) => format!("no: {why}"),
                };
            let name = trust::text::show_foreign(&state.roster().name, 200);
            text.push_str(&format!(
                "name:          {name} ({})\nledger:        {} statements, root {}\nrevocations:   {} ahead of the ledger\nadmitted:      {admitted}\n",
                state.roster().domain, head.size, head.root, state.held().count()
            ));
            let recoveries = glance.recoveries()?;
            for pending in state.recoveries() {
                let not_before = recoveries.not_before(state, pending);
                let sentence = crate::recovery::sentence(state, pending, not_before);
                text.push_str(&format!("RECOVERY:      {sentence}\n"));
            }
            if state.is_roster_tainted() {
                text.push_str(
                    "roster:        owes its power to what was revoked or vetoed, nothing opens\n",
                );
            }
            if state.is_suspended() {
                text.push_str("suspended:     yes, nothing opens\n");
            }
        }
    }
    text.push_str(&format!(
        "receipts:      {}\nprotected:     no, keeper and desk run as one user\n",
        receipts.len()
    ));
    say(&text)
}

fn receipts(dir: &Path) -> anyhow::Result<()> {
    let mut text = String::new();
    for (envelope, receipt) in Glance::at(dir)?.receipts()? {
        let ev = format!("{:?}", receipt.ev).to_lowercase();
        let count = receipt
            .count
            .map(|count| format!(" x{count}"))
            .unwrap_or_default();
        text.push_str(&format!(
            "{} {} {ev}{count} session {} ledger {} hash {}\n",
            receipt.n,
            receipt.at,
            receipt.session,
            receipt.ledger.size,
            envelope.digest()
        ));
    }
    say(&text)
}

/// A reader that closed the pipe is no error.
fn say(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
