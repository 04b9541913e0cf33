//! The command line.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};
use crate::{Running, log_key};

/// The Wayleave service.
#[derive(Debug, Parser)]
#[command(name = "wayleave-server", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run until SIGTERM or Ctrl-C.
    Run {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Read and check a configuration, its certificate and its log key, then say what would run.
    Check {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Make a folder with a configuration and a log key.
    Init {
        /// The folder; it is made if it does not exist.
        #[arg(long)]
        dir: PathBuf,
        /// The URL under which clients will reach the service; absent: plain HTTP on localhost, for trying it out.
        #[arg(long)]
        public_url: Option<String>,
    },
}

/// Runs the program.
pub fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wayleave-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Run { config } => serve(Config::read(&config)?),
        Command::Check { config } => check(&config),
        Command::Init { dir, public_url } => init(&dir, public_url.as_deref()),
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    log(config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let running = Running::start(config).await?;
        tracing::info!(address = %running.address, public_url = running.public_url, "listening");
        // For whoever started this with port 0.
        println!("listening on {} as {}", running.address, running.public_url);
        tokio::select! {
            _ = terminate.recv() => {}
            outcome = tokio::signal::ctrl_c() => outcome?,
        }
        tracing::info!("stopping");
        running.stop().await;
        Ok(())
    })
}

fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("WAYLEAVE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
}

fn check(file: &Path) -> anyhow::Result<()> {
    let config = Config::read(file)?;
    if let Some(tls) = &config.tls {
        rustls::crypto::aws_lc_rs::default_provider()
            .install_default()
            .ok();
        crate::net::acceptor(tls)?;
    }
    if config.data_dir.join(log_key::FILE).exists() {
        log_key::open(&config.data_dir)?;
    }
    let url = config.public_url_on(config.listen.port());
    println!(
        "{} is good: {} on {}, data in {}",
        file.display(),
        url,
        config.listen,
        config.data_dir.display()
    );
    Ok(())
}

fn init(dir: &Path, public_url: Option<&str>) -> anyhow::Result<()> {
    let file = dir.join("server.toml");
    ensure!(
        !file.exists(),
        "{} exists already; nothing was changed",
        file.display()
    );
    let data = dir.join("data");
    std::fs::create_dir_all(&data).with_context(|| format!("{} cannot be made", data.display()))?;
    let data = data.canonicalize()?;
    let text = configuration(&data, dir, public_url)?;
    Config::parse(&text).context("the configuration was not written")?;
    let key = log_key::open(&data)?;
    let mut out = std::fs::File::create_new(&file)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    println!("{} and a log key ({}) are made.", file.display(), key.id());
    println!("Next: wayleave-server run --config {}", file.display());
    Ok(())
}

fn configuration(data: &Path, dir: &Path, public_url: Option<&str>) -> anyhow::Result<String> {
    let data = data.to_str().context("the folder's name is not UTF-8")?;
    let mut out = format!("data_dir = {}\n", toml::Value::from(data));
    match public_url {
        None => out.push_str(LOOPBACK),
        Some(url) => {
            let pem = |name: &str| toml::Value::from(dir.join(name).to_string_lossy().into_owned());
            let (url, cert, key) = (toml::Value::from(url), pem("cert.pem"), pem("key.pem"));
            writeln!(out, "listen = \"0.0.0.0:443\"\npublic_url = {url}")?;
            writeln!(out, "tls = {{ cert = {cert}, key = {key} }}")?;
        }
    }
    out.push_str(FURTHER);
    Ok(out)
}

const LOOPBACK: &str =
    "# Plain HTTP, for this machine only. For others set public_url and tls instead.
listen = \"127.0.0.1:7443\"
insecure_loopback = true
witnesses_on_private_addresses = true
";

const FURTHER: &str = "
# What people see:
# name = \"Support of Example\"
# Who may make an organisation: anybody, or these ids only:
# organisations = [\"ORGANISATION-ID\"]
# Proxies whose X-Forwarded-For counts:
# trusted_proxies = [\"10.0.0.5\"]
# Where Prometheus asks; without it /metrics answers loopback only:
# metrics_listen = \"127.0.0.1:9100\"
# log = \"json\"
# Suggested to new organisations, any number of times:
# [[witnesses]]
# name = \"w1\"
# url = \"https://witness.example\"
# holds_revocations = true
# key = { kind = \"ed25519\", public = \"...\" }
";
