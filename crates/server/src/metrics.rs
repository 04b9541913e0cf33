//! What Prometheus reads.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Labels of an HTTP answer. `route` is the route's pattern, never the address itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Http {
    /// Method.
    pub method: String,
    /// Pattern of the route.
    pub route: String,
    /// Status.
    pub status: u32,
}

/// Label of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Code {
    /// The refusal's code.
    pub code: &'static str,
}

/// All metrics of one service.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// HTTP answers.
    pub http: Family<Http, Counter>,
    /// Time to answer, in seconds.
    pub http_seconds: Histogram,
    /// Refused sign-ins, signatures and proofs.
    pub refusals: Family<Code, Counter>,
    /// Connected agents.
    pub agents: Gauge,
    /// Connected consoles.
    pub consoles: Gauge,
    /// Relayed sessions right now.
    pub relays: Gauge,
    /// Bytes copied by relays.
    pub relay_bytes: Counter<u64, AtomicU64>,
    /// Leaves sequenced.
    pub leaves: Counter,
    /// Receipts stored.
    pub receipts: Counter,
    /// Answers of witnesses that brought a cosignature.
    pub cosignatures: Counter,
    /// Witnesses that did not answer, or not with a cosignature.
    pub witness_failures: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("wayleave"),
            http: Family::default(),
            http_seconds: Histogram::new(exponential_buckets(0.001, 4.0, 8)),
            refusals: Family::default(),
            agents: Gauge::default(),
            consoles: Gauge::default(),
            relays: Gauge::default(),
            relay_bytes: Counter::default(),
            leaves: Counter::default(),
            receipts: Counter::default(),
            cosignatures: Counter::default(),
            witness_failures: Counter::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("http_answers", "HTTP answers", self.http.clone());
        r.register_with_unit(
            "http_answer",
            "Time to answer",
            Unit::Seconds,
            self.http_seconds.clone(),
        );
        r.register(
            "refusals",
            "Refused sign-ins, signatures and proofs",
            self.refusals.clone(),
        );
        r.register("agents_connected", "Connected agents", self.agents.clone());
        r.register(
            "consoles_connected",
            "Connected consoles",
            self.consoles.clone(),
        );
        r.register(
            "relays_open",
            "Relayed sessions right now",
            self.relays.clone(),
        );
        r.register_with_unit(
            "relay",
            "Bytes copied by relays",
            Unit::Bytes,
            self.relay_bytes.clone(),
        );
        r.register("ledger_leaves", "Leaves sequenced", self.leaves.clone());
        r.register("receipts_stored", "Receipts stored", self.receipts.clone());
        r.register(
            "cosignatures",
            "Cosignatures that witnesses gave",
            self.cosignatures.clone(),
        );
        r.register(
            "witness_failures",
            "Witnesses that gave no cosignature",
            self.witness_failures.clone(),
        );
    }

    /// OpenMetrics text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        if let Err(error) = encode(&mut out, &self.registry) {
            tracing::error!(%error, "metrics cannot be written");
        }
        out
    }

    /// Counts a refusal of something that was to prove who it is.
    pub fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&Code { code }).inc();
    }
}

/// Raises a gauge as long as it lives.
pub struct Raised(Gauge);

impl Raised {
    /// Raises `gauge` by one.
    pub fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.dec();
    }
}
