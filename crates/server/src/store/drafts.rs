//! Statements that lack signatures.

use api::limits::DRAFTS_PER_ORG_MAX;
use trust::bytes::{Hash, KeyId, OrgId};

use super::approvals::Put;
use super::{Store, Stored, from_db, parse, to_db};

/// One draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRow {
    /// Whose.
    pub org: OrgId,
    /// SHA-256 of the statement's payload.
    pub draft: Hash,
    /// Who left it first.
    pub by: KeyId,
    /// The envelope with all signatures that came in.
    pub envelope: String,
    /// In milliseconds since the epoch.
    pub created: u64,
    /// In milliseconds since the epoch.
    pub expires: u64,
}

type Tuple = (String, String, String, String, i64, i64);

const COLUMNS: &str = "SELECT org, draft, made_by, envelope, created, expires FROM drafts";

fn row((org, draft, by, envelope, created, expires): Tuple) -> Stored<DraftRow> {
    Ok(DraftRow {
        org: parse(&org, "a draft's organisation")?,
        draft: parse(&draft, "a draft's id")?,
        by: parse(&by, "a draft's author")?,
        envelope,
        created: from_db(created),
        expires: from_db(expires),
    })
}

impl Store {
    /// Stores a draft, or puts another envelope of the same payload in its place.
    pub async fn put_draft(&self, row: &DraftRow) -> Stored<Put> {
        let changed = sqlx::query("UPDATE drafts SET envelope = $3 WHERE org = $1 AND draft = $2")
            .bind(row.org.to_string())
            .bind(row.draft.to_string())
            .bind(&row.envelope)
            .execute(&self.write)
            .await?;
        if changed.rows_affected() == 1 {
            return Ok(Put::Known);
        }
        let done = sqlx::query(
            "INSERT INTO drafts (org, draft, made_by, envelope, created, expires) \
             SELECT $1, $2, $3, $4, $5, $6 WHERE \
             (SELECT COUNT(*) FROM drafts WHERE org = $1 AND expires > $5) < $7",
        )
        .bind(row.org.to_string())
        .bind(row.draft.to_string())
        .bind(row.by.to_string())
        .bind(&row.envelope)
        .bind(to_db(row.created))
        .bind(to_db(row.expires))
        .bind(to_db(DRAFTS_PER_ORG_MAX))
        .execute(&self.write)
        .await?;
        Ok(if done.rows_affected() == 1 {
            Put::Done
        } else {
            Put::Full
        })
    }

    /// One draft that has not expired.
    pub async fn draft(&self, org: &OrgId, draft: &Hash, now: u64) -> Stored<Option<DraftRow>> {
        let sql = format!("{COLUMNS} WHERE org = $1 AND draft = $2 AND expires > $3");
        let found: Option<Tuple> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(draft.to_string())
            .bind(to_db(now))
            .fetch_optional(&self.read)
            .await?;
        found.map(row).transpose()
    }

    /// The organisation's drafts, oldest first.
    pub async fn drafts(&self, org: &OrgId, now: u64) -> Stored<Vec<DraftRow>> {
        let sql = format!("{COLUMNS} WHERE org = $1 AND expires > $2 ORDER BY created, draft");
        let rows: Vec<Tuple> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(to_db(now))
            .fetch_all(&self.read)
            .await?;
        rows.into_iter().map(row).collect()
    }

    /// Drops a draft. False if it was not there.
    pub async fn drop_draft(&self, org: &OrgId, draft: &Hash) -> Stored<bool> {
        let done = sqlx::query("DELETE FROM drafts WHERE org = $1 AND draft = $2")
            .bind(org.to_string())
            .bind(draft.to_string())
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(super) async fn sweep_drafts(&self, now: u64) -> Stored<()> {
        sqlx::query("DELETE FROM drafts WHERE expires <= $1")
            .bind(to_db(now))
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
