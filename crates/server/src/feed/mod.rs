//! The live feed: the customer is told of openings at once, by mail, webhook or syslog.
//!
//! ```text
//! receipt + message on disk, in one transaction -> run() -> one task a feed -> delivered: the message goes
//!                                                                          -> failed: due again, later and later
//! ```
//! At least once: a message that was delivered while the service was killed is delivered again. A feed that hangs holds up
//! nothing but itself. A hostile service can withhold all of it; the receipts tell.

mod event;
mod mail;
mod syslog;
mod target;
mod webhook;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use api::feed::FeedKind;
use api::ids::FeedId;
use api::limits::FEED_MESSAGE_MS;
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinSet};
use trust::SigningKey;

pub use mail::MailConfig;
pub use target::check as check_target;

use crate::app::{App, stopped};
use crate::clock::now_ms;
use crate::config::Config;
use crate::log_key;
use crate::net::outside;
use crate::store::{FeedRow, Message, StoreError};
use event::Event;

/// One attempt takes no longer than this.
const ATTEMPT: Duration = Duration::from_secs(10);
/// Wait after the first failure; doubled with each.
const RETRY_MS: u64 = 1_000;
const RETRY_MS_MAX: u64 = 15 * 60 * 1_000;
/// Without anything due the database is asked again after this.
const IDLE_MS: u64 = 60_000;
/// Messages that one look at the database brings.
const BATCH: usize = 50;

/// What all feeds share.
pub struct Feeds {
    wake: Notify,
    key: SigningKey,
    http: reqwest::Client,
    private_too: bool,
}

/// Why an attempt failed.
enum Failure {
    /// The receiver answered, and not with yes: other messages may fare better.
    Refused(String),
    /// It did not answer: others have to wait as well.
    Unreachable(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl Feeds {
    /// With the key of the data directory, which signs webhooks.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let private_too = config.feeds_on_private_addresses;
        Ok(Self {
            wake: Notify::new(),
            key: log_key::open_feed_key(&config.data_dir)?,
            http: outside::client(ATTEMPT, private_too),
            private_too,
        })
    }

    /// Something may be due.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// The public key that webhooks are verified with, as Standard Webhooks write it.
    pub fn webhook_key(&self) -> String {
        webhook::public_key(&self.key)
    }
}

/// Delivers until the service stops. What is under way then is delivered after the next start.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut under_way: HashMap<Id, FeedId> = HashMap::new();
    let mut tasks: JoinSet<()> = JoinSet::new();
    loop {
        let next = match start_due(&app, &mut under_way, &mut tasks).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                now_ms() + RETRY_MS
            }
        };
        let wait = Duration::from_millis(next.saturating_sub(now_ms()));
        tokio::select! {
            () = app.feeds.wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
            Some(done) = tasks.join_next_with_id(), if !tasks.is_empty() => {
                let id = done.map_or_else(|error| error.id(), |(id, ())| id);
                under_way.remove(&id);
            }
            () = stopped(&mut stop) => return,
        }
    }
}

/// Starts a task for each feed that is due and has none; gives when to look again.
async fn start_due(
    app: &Arc<App>,
    under_way: &mut HashMap<Id, FeedId>,
    tasks: &mut JoinSet<()>,
) -> Result<u64, StoreError> {
    let now = now_ms();
    let mut next = now + IDLE_MS;
    for (feed, due) in app.store.feeds_due().await? {
        if under_way.values().any(|busy| *busy == feed) {
            continue;
        }
        if due > now {
            next = next.min(due);
            continue;
        }
        let app = app.clone();
        let task = tasks.spawn(async move {
            if let Err(error) = deliver_due(&app, &feed).await {
                tracing::error!(%error, "a feed's messages stay in the outbox");
            }
        });
        under_way.insert(task.id(), feed);
    }
    Ok(next)
}

/// Everything that is due for one feed, one message after the other.
async fn deliver_due(app: &App, feed: &FeedId) -> Result<(), StoreError> {
    let Some(row) = app.store.feed(feed).await? else {
        return Ok(());
    };
    loop {
        let due = app.store.messages_due(feed, now_ms(), BATCH).await?;
        if due.is_empty() {
            return Ok(());
        }
        for message in due {
            if !deliver(app, &row, &message).await? {
                return Ok(());
            }
        }
    }
}

/// One message; gives whether the next one is to be tried.
async fn deliver(app: &App, feed: &FeedRow, message: &Message) -> Result<bool, StoreError> {
    let attempt = tokio::time::timeout(ATTEMPT, attempt(app, feed, message));
    let outcome = attempt
        .await
        .unwrap_or_else(|_| Err(Failure::Unreachable("it did not answer in time".to_owned())));
    let now = now_ms();
    let (why, is_unreachable) = match outcome {
        Ok(()) => {
            app.store
                .end_message(&feed.feed, message, Some(now))
                .await?;
            return Ok(true);
        }
        Err(Failure::Refused(why)) => (why, false),
        Err(Failure::Unreachable(why)) => (why, true),
    };
    tracing::warn!(feed = %feed.feed, why, attempts = message.attempts + 1, "a message was not delivered");
    if now >= message.created + FEED_MESSAGE_MS {
        app.store.end_message(&feed.feed, message, None).await?;
        return Ok(!is_unreachable);
    }
    let wait = (RETRY_MS << message.attempts.min(20)).min(RETRY_MS_MAX);
    let why = trust::text::show_foreign(&why, 200);
    app.store
        .retry_message(&feed.feed, message, now + wait, is_unreachable, &why)
        .await?;
    Ok(!is_unreachable)
}

async fn attempt(app: &App, feed: &FeedRow, message: &Message) -> Result<(), Failure> {
    let event = Event::of(app, feed, message)
        .ok_or_else(|| Failure::Refused("the stored receipt cannot be read".to_owned()))?;
    match feed.kind {
        FeedKind::Webhook => webhook::send(&app.feeds, &feed.target, &event).await,
        FeedKind::Syslog => syslog::send(&feed.target, app.feeds.private_too, &event).await,
        FeedKind::Mail => match &app.config.mail {
            Some(config) => mail::send(config, &feed.target, &event).await,
            None => Err(Failure::Refused(
                "this service is not set up to send mail any more".to_owned(),
            )),
        },
    }
}
