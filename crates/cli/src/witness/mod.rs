//! `wayleave witness`: a program of its own that folds ledgers and cosigns their checkpoints, but none that lacks a
//! revocation it was handed.
//!
//! ```text
//! POST /v1/orgs/{org}/checkpoint    {"from","leaves","checkpoint"} -> {"cosignature":line} | 409 {"have":n}
//! POST /v1/orgs/{org}/revocations   envelope                      -> {"held":true}
//! POST /v1/orgs/{org}/counts        warrant's envelope            -> {"count":envelope}
//! GET  /v1/orgs/{org}               -> {"org","size","held","witness"}
//! ```
//! Leaves, revocations and counts are synced to disk before anything is acknowledged.

mod identity;
mod routes;
mod store;

use std::collections::BTreeSet;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use tokio::net::TcpListener;

use crate::args::Common;
use identity::Identity;

/// How to witness.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where to listen; plain HTTP, so beyond this computer put a TLS proxy before it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7172")]
    listen: SocketAddr,
    /// Witness every organisation that asks: for demonstrations
    #[arg(long)]
    allow_any_org: bool,
}

/// Subcommands of `wayleave witness`.
#[derive(Subcommand, Debug)]
enum Command {
    /// Make the witness's key, and print what "wayleave org create --witness" takes
    Init {
        /// The witness's name on its signatures
        #[arg(long)]
        name: String,
        /// The address where service and admins reach it, to be printed with the key
        #[arg(long, value_name = "URL")]
        url: Option<crate::server_url::ServerUrl>,
    },
}

/// Runs it.
pub async fn run(arguments: Arguments, common: &Common) -> Result<()> {
    let dir = dir(common)?;
    if let Some(Command::Init { name, url }) = arguments.command {
        let identity = Identity::create(&dir, &name, &common.passphrase())?;
        let url = url.map(|u| format!(",{u}")).unwrap_or_default();
        println!(
            "{name},{}{url}",
            trust::bytes::to_b64u(identity.key.public().public_bytes())
        );
        return Ok(());
    }
    ensure!(
        arguments.allow_any_org || !common.org.is_empty(),
        "Say whose ledger to witness: --org ORGID, once for each, or --allow-any-org for demonstrations."
    );
    let identity = Identity::load(&dir, &common.passphrase())?;
    let allowed =
        (!arguments.allow_any_org).then(|| common.org.iter().copied().collect::<BTreeSet<_>>());
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("the witness cannot listen on {}", arguments.listen))?;
    let at = listener.local_addr()?;
    println!("Witness {} listens on http://{at}", identity.name);
    std::io::stdout().flush()?;
    let app = routes::app(identity, dir, allowed);
    axum::serve(listener, app)
        .with_graceful_shutdown(stopped())
        .await
        .context("the witness stopped")
}

/// The witness's directory is never the one of a person's keys by accident.
fn dir(common: &Common) -> Result<PathBuf> {
    common
        .dir
        .clone()
        .context("Name the witness's directory: --dir DIR.")
}

async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}
