//! The database: the only place that names SQL.
//!
//! SQLite in write-ahead mode with one writer and `synchronous = FULL`: what a method returned `Ok` for is on disk. The SQL
//! text also runs on PostgreSQL: numbered parameters, TEXT and BIGINT, `ON CONFLICT`. Nothing secret is stored.

mod approvals;
mod beats;
mod devices;
mod drafts;
mod feeds;
mod invites;
mod joins;
mod keys;
mod ledger;
mod receipts;
mod sessions;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, SqlSafeStr};

pub use approvals::{ApprovalRow, Put};
pub use devices::WaitingRow;
pub use drafts::DraftRow;
pub use feeds::{FeedRow, Message};
pub use invites::InviteRow;
pub use joins::JoinRow;
pub use keys::RequestKeyRow;
pub use receipts::{NewReceipt, ReceiptHead};
pub use sessions::SessionRow;

const READERS: u32 = 4;
const MIGRATIONS: [(i64, &str, &str); 6] = [
    (1, "first", include_str!("migrations/0001_first.sql")),
    (2, "feeds", include_str!("migrations/0002_feeds.sql")),
    (3, "beats", include_str!("migrations/0003_beats.sql")),
    (
        4,
        "approvals",
        include_str!("migrations/0004_approvals.sql"),
    ),
    (5, "joins", include_str!("migrations/0005_joins.sql")),
    (6, "key_uses", include_str!("migrations/0006_key_uses.sql")),
];

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
#[error("the service's database failed: {0}")]
pub struct StoreError(String);

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self(error.to_string())
    }
}

/// Result of a method of [`Store`].
pub type Stored<T> = Result<T, StoreError>;

/// The database of one service.
#[derive(Debug, Clone)]
pub struct Store {
    write: SqlitePool,
    read: SqlitePool,
}

impl Store {
    /// Opens or makes the database `file` and brings its tables up to date.
    pub async fn open(file: &Path) -> Stored<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await?;
        migrator().run(&write).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options)
            .await?;
        Ok(Self { write, read })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Stored<()> {
        sqlx::query("SELECT 1").execute(&self.read).await?;
        Ok(())
    }

    /// Forgets what has expired at `now`; see each table's module.
    pub async fn sweep(&self, now: u64) -> Stored<()> {
        self.sweep_keys(now).await?;
        self.sweep_devices(now).await?;
        self.sweep_invites(now).await?;
        self.sweep_approvals(now).await?;
        self.sweep_drafts(now).await?;
        self.sweep_joins(now).await?;
        self.sweep_sessions(now).await
    }

    /// Waits for running statements and closes the files.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, name, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(
            version,
            name.into(),
            kind,
            AssertSqlSafe(sql).into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.to_vec())
}

/// Times and sizes stay far below 2^63.
fn to_db(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn from_db(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A value that this service wrote earlier and can no longer read.
fn corrupt(what: &str) -> StoreError {
    StoreError(format!(
        "{what} in the database is damaged; restore the data directory from a backup"
    ))
}

fn parse<T: std::str::FromStr>(text: &str, what: &str) -> Stored<T> {
    text.parse().map_err(|_| corrupt(what))
}
