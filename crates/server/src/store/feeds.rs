//! Feeds and their outbox: a message is stored with the receipt it tells of, and goes when it was delivered.

use api::feed::{FeedKind, FeedWhat};
use api::ids::FeedId;
use api::limits::FEED_WAITING_MAX;
use sqlx::{Sqlite, Transaction};
use trust::bytes::{KeyId, OrgId};

use super::{Store, Stored, corrupt, from_db, parse, to_db};

/// One feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    /// Its id.
    pub feed: FeedId,
    /// Whose.
    pub org: OrgId,
    /// How it is told.
    pub kind: FeedKind,
    /// Where to.
    pub target: String,
    /// Of what.
    pub what: FeedWhat,
    /// In milliseconds since the epoch.
    pub created: u64,
    /// Messages given up.
    pub dropped: u64,
    /// When a message was last delivered.
    pub delivered: Option<u64>,
    /// Why the last attempt failed.
    pub failing: Option<String>,
}

/// One message that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Of which device.
    pub device: KeyId,
    /// Number of the receipt.
    pub n: u64,
    /// When the receipt came, in milliseconds since the epoch.
    pub created: u64,
    /// Attempts so far.
    pub attempts: u64,
    /// The receipt.
    pub envelope: String,
}

type Tuple = (
    String,
    String,
    String,
    String,
    String,
    i64,
    i64,
    Option<i64>,
    Option<String>,
);
const COLUMNS: &str = "feed, org, kind, target, what, created, dropped, delivered, failing";

fn row(
    (feed, org, kind, target, what, created, dropped, delivered, failing): Tuple,
) -> Stored<FeedRow> {
    Ok(FeedRow {
        feed: parse(&feed, "a feed's id")?,
        org: parse(&org, "a feed's organisation")?,
        kind: word(&kind)?,
        target,
        what: word(&what)?,
        created: from_db(created),
        dropped: from_db(dropped),
        delivered: delivered.map(from_db),
        failing,
    })
}

fn word<T: serde::de::DeserializeOwned>(text: &str) -> Stored<T> {
    serde_json::from_value(text.into()).map_err(|_| corrupt("a feed"))
}

fn written<T: serde::Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

impl Store {
    /// Stores a new feed.
    pub async fn put_feed(&self, row: &FeedRow, made_by: &KeyId) -> Stored<()> {
        sqlx::query(
            "INSERT INTO feeds (feed, org, made_by, kind, target, what, created, dropped) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
        )
        .bind(row.feed.to_string())
        .bind(row.org.to_string())
        .bind(made_by.to_string())
        .bind(written(&row.kind))
        .bind(&row.target)
        .bind(written(&row.what))
        .bind(to_db(row.created))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// All feeds of an organisation, oldest first, each with how many messages wait.
    pub async fn feeds(&self, org: &OrgId) -> Stored<Vec<(FeedRow, u64)>> {
        let rows: Vec<Tuple> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM feeds WHERE org = $1 ORDER BY created, feed"
        )))
        .bind(org.to_string())
        .fetch_all(&self.read)
        .await?;
        let mut feeds = Vec::new();
        for tuple in rows {
            let feed = row(tuple)?;
            let (waiting,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM outbox WHERE feed = $1")
                .bind(feed.feed.to_string())
                .fetch_one(&self.read)
                .await?;
            feeds.push((feed, from_db(waiting)));
        }
        Ok(feeds)
    }

    /// One feed.
    pub async fn feed(&self, feed: &FeedId) -> Stored<Option<FeedRow>> {
        let found: Option<Tuple> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM feeds WHERE feed = $1"
        )))
        .bind(feed.to_string())
        .fetch_optional(&self.read)
        .await?;
        found.map(row).transpose()
    }

    /// Deletes a feed of this organisation with what waits; gives whether there was one.
    pub async fn drop_feed(&self, org: &OrgId, feed: &FeedId) -> Stored<bool> {
        let mut transaction = self.write.begin().await?;
        let gone = sqlx::query("DELETE FROM feeds WHERE org = $1 AND feed = $2")
            .bind(org.to_string())
            .bind(feed.to_string())
            .execute(&mut *transaction)
            .await?;
        if gone.rows_affected() > 0 {
            sqlx::query("DELETE FROM outbox WHERE feed = $1")
                .bind(feed.to_string())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(gone.rows_affected() > 0)
    }

    /// Each feed with messages, and when the first of them is due.
    pub async fn feeds_due(&self) -> Stored<Vec<(FeedId, u64)>> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT feed, MIN(due) FROM outbox GROUP BY feed")
                .fetch_all(&self.read)
                .await?;
        rows.into_iter()
            .map(|(feed, due)| Ok((parse(&feed, "a feed's id")?, from_db(due))))
            .collect()
    }

    /// Messages of a feed that are due at `now`, oldest first, at most `count`.
    pub async fn messages_due(
        &self,
        feed: &FeedId,
        now: u64,
        count: usize,
    ) -> Stored<Vec<Message>> {
        let rows: Vec<(String, i64, i64, i64, String)> = sqlx::query_as(
            "SELECT o.device, o.n, o.created, o.attempts, r.envelope FROM outbox o JOIN receipts r ON r.org = o.org AND \
             r.device = o.device AND r.n = o.n WHERE o.feed = $1 AND o.due <= $2 ORDER BY o.created, o.n LIMIT $3",
        )
        .bind(feed.to_string())
        .bind(to_db(now))
        .bind(to_db(count as u64))
        .fetch_all(&self.read)
        .await?;
        rows.into_iter()
            .map(|(device, n, created, attempts, envelope)| {
                Ok(Message {
                    device: parse(&device, "a message's device")?,
                    n: from_db(n),
                    created: from_db(created),
                    attempts: from_db(attempts),
                    envelope,
                })
            })
            .collect()
    }

    /// A message was delivered, or is given up.
    pub async fn end_message(
        &self,
        feed: &FeedId,
        message: &Message,
        delivered: Option<u64>,
    ) -> Stored<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query("DELETE FROM outbox WHERE feed = $1 AND device = $2 AND n = $3")
            .bind(feed.to_string())
            .bind(message.device.to_string())
            .bind(to_db(message.n))
            .execute(&mut *transaction)
            .await?;
        let change = match delivered {
            Some(at) => {
                sqlx::query("UPDATE feeds SET delivered = $2, failing = NULL WHERE feed = $1")
                    .bind(feed.to_string())
                    .bind(to_db(at))
            }
            None => sqlx::query("UPDATE feeds SET dropped = dropped + 1 WHERE feed = $1")
                .bind(feed.to_string()),
        };
        change.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// An attempt failed: the message is due again at `due`, and with `all` every other of the feed not before.
    pub async fn retry_message(
        &self,
        feed: &FeedId,
        message: &Message,
        due: u64,
        all: bool,
        why: &str,
    ) -> Stored<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query("UPDATE outbox SET due = $4, attempts = attempts + 1 WHERE feed = $1 AND device = $2 AND n = $3")
            .bind(feed.to_string())
            .bind(message.device.to_string())
            .bind(to_db(message.n))
            .bind(to_db(due))
            .execute(&mut *transaction)
            .await?;
        if all {
            sqlx::query("UPDATE outbox SET due = $2 WHERE feed = $1 AND due < $2")
                .bind(feed.to_string())
                .bind(to_db(due))
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query("UPDATE feeds SET failing = $2 WHERE feed = $1")
            .bind(feed.to_string())
            .bind(why)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Puts a receipt of an opening into the outbox of every feed that wants it, within the transaction that stores it.
pub(super) async fn tell(
    transaction: &mut Transaction<'_, Sqlite>,
    (org, device, n): (&OrgId, &KeyId, u64),
    attended: bool,
    now: u64,
) -> Stored<()> {
    let full = "(SELECT COUNT(*) FROM outbox WHERE outbox.feed = feeds.feed)";
    let wanted = "org = $1 AND (what = 'all' OR $2 = 0)";
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "UPDATE feeds SET dropped = dropped + 1 WHERE {wanted} AND {full} >= $3"
    )))
    .bind(org.to_string())
    .bind(i64::from(attended))
    .bind(to_db(FEED_WAITING_MAX))
    .execute(&mut **transaction)
    .await?;
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "INSERT INTO outbox (feed, org, device, n, created, due, attempts) \
         SELECT feed, org, $4, $5, $6, $6, 0 FROM feeds WHERE {wanted} AND {full} < $3"
    )))
    .bind(org.to_string())
    .bind(i64::from(attended))
    .bind(to_db(FEED_WAITING_MAX))
    .bind(device.to_string())
    .bind(to_db(n))
    .bind(to_db(now))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
