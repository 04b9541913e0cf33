//! Everything that the handlers share.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::{mpsc, watch};
use trust::bytes::OrgId;

use crate::auth::SignInNonces;
use crate::clock::now_ms;
use crate::config::Config;
use crate::error::{Answer, Refusal};
use crate::feed::Feeds;
use crate::ledger::{Ledgers, Org};
use crate::metrics::Metrics;
use crate::presence::Presence;
use crate::rates::{Rate, Rates};
use crate::relay::Relay;
use crate::store::Store;

/// The running service.
pub struct App {
    /// As read.
    pub config: Config,
    /// What clients sign.
    pub public_url: String,
    /// The database.
    pub store: Store,
    /// Organisations in memory.
    pub ledgers: Ledgers,
    /// Whom organisations want to be told.
    pub feeds: Feeds,
    /// Connected agents.
    pub presence: Presence,
    /// Relayed sessions.
    pub relay: Relay,
    /// For Prometheus.
    pub metrics: Arc<Metrics>,
    /// Per network address.
    pub rates: Rates,
    /// Sign-in nonces.
    pub nonces: SignInNonces,
    /// Whether requests may come; false while starting and stopping.
    pub ready: AtomicBool,
    /// Raised once: everybody ends.
    pub stop: watch::Receiver<bool>,
    /// Cloned by every socket's task; when all are dropped, all have ended.
    pub socket_alive: mpsc::Sender<()>,
}

/// The network address of who asks, as far as the connection and the listed proxies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub IpAddr);

impl App {
    /// The organisation with this id.
    pub fn org(&self, id: &OrgId) -> Answer<Arc<Org>> {
        self.ledgers.get(id).ok_or_else(|| {
            let text = "This service does not know the organisation. Check the address of the service and the \
                        organisation's id.";
            Refusal::missing("unknown_organisation", text)
        })
    }

    /// Takes a token of this address.
    pub fn take(&self, rate: Rate, address: Address) -> Answer<()> {
        if self.rates.take(rate, address.0, now_ms()) {
            Ok(())
        } else {
            Err(Refusal::too_often())
        }
    }

    /// Refuses an address whose proofs were refused too often.
    pub fn check_refusals(&self, address: Address) -> Answer<()> {
        let left = self.rates.is_left(Rate::Refusal, address.0, now_ms());
        if left {
            Ok(())
        } else {
            Err(Refusal::too_often())
        }
    }

    /// Counts a refused proof against its address.
    pub fn count_refusal(&self, address: Address, code: &'static str) {
        self.metrics.refused(code);
        self.rates.take(Rate::Refusal, address.0, now_ms());
    }
}

/// Returns once the service stops.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that the service itself is gone.
    let _ = stop.wait_for(|stop| *stop).await;
}
