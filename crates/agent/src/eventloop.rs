//! The keeper's loop: one closed enum of events, one place that waits.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::ipc::Number;
use crate::join::DomainProof;
use crate::keeper::{HelperEvent, Keeper, KeeperConfig, Senders};
use crate::link::LinkEvent;
use crate::relay::RelayEvent;
use crate::trust_store::TrustStore;

/// Longest sleep: the wall clock may jump while it lasts.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// How long a stopping agent still talks.
const STOP_MAX: Duration = Duration::from_secs(2);

/// Everything that can happen to a keeper.
enum Event {
    Link(LinkEvent),
    Helper(u32, HelperEvent),
    Relay(Number, RelayEvent),
    Domain(DomainProof),
    Due,
    Stop,
}

struct Sources {
    link: mpsc::Receiver<LinkEvent>,
    helper: mpsc::Receiver<(u32, HelperEvent)>,
    relay: mpsc::Receiver<(Number, RelayEvent)>,
    domain: mpsc::Receiver<DomainProof>,
}

/// Runs a keeper until `stop` is done and everything is said.
///
/// # Errors
/// Why a machine that wanted to join by a code did not.
pub async fn run(
    config: KeeperConfig,
    store: TrustStore,
    stop: impl Future<Output = ()>,
) -> Result<(), String> {
    let (link, from_link) = mpsc::channel(16);
    let (relay, from_relay) = mpsc::channel(64);
    let (helper, from_helper) = mpsc::channel(64);
    let (domain, from_domain) = mpsc::channel(1);
    let mut sources = Sources {
        domain: from_domain,
        link: from_link,
        helper: from_helper,
        relay: from_relay,
    };
    let mut keeper = Keeper::start(
        config,
        store,
        Senders {
            link,
            relay,
            helper,
            domain,
        },
    );
    keeper.settle();
    tokio::pin!(stop);
    let ended = loop {
        if let Some(ended) = keeper.take_end() {
            break ended;
        }
        match sources.next(&keeper, &mut stop).await {
            Event::Stop => break Ok(()),
            event => handle(&mut keeper, event),
        }
    };
    keeper.stop();
    let rest = async {
        while !keeper.is_quiet() {
            let event = sources.next(&keeper, std::future::pending()).await;
            handle(&mut keeper, event);
        }
    };
    let _ = tokio::time::timeout(STOP_MAX, rest).await;
    ended
}

fn handle(keeper: &mut Keeper, event: Event) {
    match event {
        Event::Link(event) => keeper.on_link(event),
        Event::Helper(start, event) => keeper.on_helper(start, event),
        Event::Relay(number, event) => keeper.on_relay(number, event),
        Event::Domain(proof) => keeper.on_domain(proof),
        Event::Due => keeper.on_due(),
        Event::Stop => return,
    }
    keeper.settle();
}

impl Sources {
    async fn next(&mut self, keeper: &Keeper, stop: impl Future<Output = ()>) -> Event {
        let wait = keeper.next_due().saturating_sub(keeper.now());
        let wait = Duration::from_millis(wait).min(SLEEP_MAX);
        let others = async {
            tokio::select! {
                Some((start, event)) = self.helper.recv() => Event::Helper(start, event),
                Some((number, event)) = self.relay.recv() => Event::Relay(number, event),
                Some(proof) = self.domain.recv() => Event::Domain(proof),
                () = tokio::time::sleep(wait) => Event::Due,
            }
        };
        // A revocation overtakes whatever technicians send.
        tokio::select! {
            biased;
            () = stop => Event::Stop,
            Some(event) = self.link.recv() => Event::Link(event),
            event = others => event,
        }
    }
}
