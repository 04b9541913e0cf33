//! Starting and stopping.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::app::{App, stopped};
use crate::clock::now_ms;
use crate::config::Config;
use crate::ledger::Ledgers;
use crate::net::{Front, acceptor};
use crate::store::Store;
use crate::{DATABASE, feed, log_key, router, routes};

const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// How long sockets may take to say goodbye.
const SOCKETS_TIMEOUT: Duration = Duration::from_secs(5);

/// A running service. Dropping it without [`Running::stop`] stops it as well, without waiting.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What clients sign.
    pub public_url: String,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    sockets_ended: mpsc::Receiver<()>,
    /// Held as long as the service uses the data directory.
    _lock: File,
}

impl Running {
    /// Opens the database, folds every ledger, and listens.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        install_crypto();
        std::fs::create_dir_all(&config.data_dir).with_context(|| {
            format!(
                "the data directory {} cannot be made",
                config.data_dir.display()
            )
        })?;
        let lock = lock(&config.data_dir)?;
        let tls = config.tls.as_ref().map(acceptor).transpose()?;
        let log_key = log_key::open(&config.data_dir)?;
        let store = Store::open(&config.data_dir.join(DATABASE)).await?;
        store.part_all_sessions(now_ms()).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {}", config.listen))?;
        let address = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let (socket_alive, sockets_ended) = mpsc::channel(1);
        let metrics: Arc<crate::metrics::Metrics> = Arc::default();
        let ledgers = Ledgers::load(
            store.clone(),
            log_key,
            metrics.clone(),
            config.witnesses_on_private_addresses,
            stopping.clone(),
        )
        .await?;
        let app = Arc::new(App {
            public_url: config.public_url_on(address.port()),
            store,
            ledgers,
            feeds: feed::Feeds::open(&config)?,
            presence: Default::default(),
            relay: Default::default(),
            metrics,
            rates: Default::default(),
            nonces: Default::default(),
            ready: AtomicBool::new(true),
            stop: stopping.clone(),
            socket_alive,
            config,
        });
        let front = Front {
            listener,
            tls,
            router: router::router(app.clone()),
            proxies: app.config.trusted_proxies.clone().into(),
            stop: stopping.clone(),
        };
        let mut tasks = vec![
            tokio::spawn(front.serve()),
            tokio::spawn(feed::run(app.clone(), stopping.clone())),
            tokio::spawn(sweep(app.clone(), stopping.clone())),
        ];
        if let Some(listen) = app.config.metrics_listen {
            tasks.push(tokio::spawn(
                metrics_front(app.clone(), listen, stopping).await?.serve(),
            ));
        }
        Ok(Self {
            address,
            public_url: app.public_url.clone(),
            app,
            stop,
            tasks,
            sockets_ended,
            _lock: lock,
        })
    }

    /// Stops: no new connections, sockets are told, running requests end, the database is closed.
    pub async fn stop(mut self) {
        self.app.ready.store(false, Ordering::Release);
        self.stop.send_replace(true);
        for task in std::mem::take(&mut self.tasks) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task failed");
            }
        }
        self.app.ledgers.close().await;
        let Self {
            app,
            mut sockets_ended,
            ..
        } = self;
        let store = app.store.clone();
        // The last sender goes with the last socket.
        drop(app);
        if tokio::time::timeout(SOCKETS_TIMEOUT, sockets_ended.recv())
            .await
            .is_err()
        {
            tracing::warn!("sockets were still open and are cut");
        }
        store.close().await;
    }
}

/// Two services on one data directory would sign two histories.
fn lock(data_dir: &Path) -> anyhow::Result<File> {
    let file = data_dir.join("lock");
    let lock =
        File::create(&file).with_context(|| format!("{} cannot be written", file.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!(
            "another wayleave-server uses the data directory {}; stop it first",
            data_dir.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", file.display()))
        }
    }
}

/// One provider for TLS, here and in the witness client.
fn install_crypto() {
    // Fails when it is installed already, by an earlier service of this process: nothing to do then.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

async fn sweep(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stopped(&mut stop) => return,
        }
        if let Err(error) = app.store.sweep(now_ms()).await {
            tracing::error!(%error, "expired rows stay in the database");
        }
    }
}

async fn metrics_front(
    app: Arc<App>,
    listen: SocketAddr,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<Front> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    let text = get(move || async move { routes::operator::metrics_text(&app) });
    let router = Router::new().route("/metrics", text);
    Ok(Front {
        listener,
        tls: None,
        router,
        proxies: [].into(),
        stop,
    })
}
