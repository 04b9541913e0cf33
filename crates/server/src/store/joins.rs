//! Nameplates of join codes: short-lived, each taken once.

use api::ids::SessionId;
use api::limits::{JOINS_PER_ORG_MAX, JOINS_PER_TECHNICIAN_MAX};
use trust::Nameplate;
use trust::bytes::{KeyId, OrgId};

use super::{Put, Store, Stored, from_db, parse, to_db};

/// One meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRow {
    /// Where the two ends find each other.
    pub nameplate: Nameplate,
    /// The session that it leads to.
    pub session: SessionId,
    /// Whose.
    pub org: OrgId,
    /// Who waits.
    pub technician: KeyId,
    /// Until when somebody may come, in milliseconds since the epoch.
    pub expires: u64,
}

type Tuple = (String, String, String, String, i64);

const COLUMNS: &str = "SELECT nameplate, session, org, technician, expires FROM joins";

fn row((nameplate, session, org, technician, expires): Tuple) -> Stored<JoinRow> {
    Ok(JoinRow {
        nameplate: parse(&nameplate, "a nameplate")?,
        session: parse(&session, "a nameplate's session")?,
        org: parse(&org, "a nameplate's organisation")?,
        technician: parse(&technician, "a nameplate's technician")?,
        expires: from_db(expires),
    })
}

impl Store {
    /// Hangs up a nameplate unless it hangs already, or the organisation or technician has too many at `now`.
    pub async fn put_join(&self, join: &JoinRow, now: u64) -> Stored<Put> {
        self.sweep_joins(now).await?;
        // One statement, so that requests side by side cannot pass the bounds together.
        let done = sqlx::query(
            "INSERT INTO joins (nameplate, session, org, technician, expires) SELECT $1, $2, $3, $4, $5 WHERE \
             (SELECT COUNT(*) FROM joins WHERE org = $3 AND device IS NULL) < $6 AND \
             (SELECT COUNT(*) FROM joins WHERE org = $3 AND device IS NULL AND technician = $4) < $7 \
             ON CONFLICT (nameplate) DO NOTHING",
        )
        .bind(join.nameplate.to_string())
        .bind(join.session.to_string())
        .bind(join.org.to_string())
        .bind(join.technician.to_string())
        .bind(to_db(join.expires))
        .bind(to_db(JOINS_PER_ORG_MAX))
        .bind(to_db(JOINS_PER_TECHNICIAN_MAX))
        .execute(&self.write)
        .await?;
        if done.rows_affected() == 1 {
            return Ok(Put::Done);
        }
        let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM joins WHERE nameplate = $1")
            .bind(join.nameplate.to_string())
            .fetch_one(&self.read)
            .await?;
        Ok(if count == 0 { Put::Full } else { Put::Known })
    }

    /// Takes a nameplate for a device, once and before it expires.
    pub async fn take_join(
        &self,
        nameplate: Nameplate,
        device: &KeyId,
        now: u64,
    ) -> Stored<Option<JoinRow>> {
        let done = sqlx::query(
            "UPDATE joins SET device = $2 WHERE nameplate = $1 AND device IS NULL AND expires > $3",
        )
        .bind(nameplate.to_string())
        .bind(device.to_string())
        .bind(to_db(now))
        .execute(&self.write)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        self.find_join("nameplate", &nameplate.to_string()).await
    }

    /// The meeting that leads to a session.
    pub async fn join_of(&self, session: &SessionId) -> Stored<Option<JoinRow>> {
        self.find_join("session", &session.to_string()).await
    }

    /// Takes a nameplate down: nobody comes by it any more.
    pub async fn drop_join(&self, session: &SessionId) -> Stored<()> {
        sqlx::query("DELETE FROM joins WHERE session = $1")
            .bind(session.to_string())
            .execute(&self.write)
            .await?;
        Ok(())
    }

    async fn find_join(&self, column: &'static str, value: &str) -> Stored<Option<JoinRow>> {
        let sql = format!("{COLUMNS} WHERE {column} = $1");
        let found: Option<Tuple> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(value)
            .fetch_optional(&self.write)
            .await?;
        found.map(row).transpose()
    }

    pub(super) async fn sweep_joins(&self, now: u64) -> Stored<()> {
        sqlx::query("DELETE FROM joins WHERE expires <= $1")
            .bind(to_db(now))
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
