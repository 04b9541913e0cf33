//! Requests for approval and their answers.

use api::approval::{Answer, AnswerApproval, Approval};
use api::limits::{ANSWERS_MAX, APPROVALS_PER_ORG_MAX, APPROVALS_PER_TECHNICIAN_MAX};
use trust::bytes::{Blob, KeyId, OrgId, WarrantId};

use super::{Store, Stored, corrupt, from_db, parse, to_db};

/// One request without its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRow {
    /// Whose.
    pub org: OrgId,
    /// The warrant.
    pub warrant: WarrantId,
    /// Who asks.
    pub by: KeyId,
    /// For which device.
    pub device: KeyId,
    /// In milliseconds since the epoch.
    pub asked: u64,
    /// In milliseconds since the epoch.
    pub until: u64,
    /// The sealed warrant.
    pub sealed: Blob,
}

/// What became of a wish to store something that is bounded and unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is stored.
    Done,
    /// One of that name is there, or was.
    Known,
    /// There is no room.
    Full,
    /// What it belongs to is gone.
    Gone,
}

type Tuple = (String, String, String, String, i64, i64, String);

const COLUMNS: &str =
    "SELECT org, warrant, technician, device, asked, expires, sealed FROM approvals";

fn row((org, warrant, by, device, asked, until, sealed): Tuple) -> Stored<ApprovalRow> {
    Ok(ApprovalRow {
        org: parse(&org, "a request's organisation")?,
        warrant: parse(&warrant, "a request's warrant")?,
        by: parse(&by, "a request's technician")?,
        device: parse(&device, "a request's device")?,
        asked: from_db(asked),
        until: from_db(until),
        sealed: parse_json(&sealed, "a request's warrant")?,
    })
}

fn parse_json<T: serde::de::DeserializeOwned>(text: &str, what: &str) -> Stored<T> {
    serde_json::from_str(text).map_err(|_| corrupt(what))
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("answers and blobs have string keys and no fallible parts")
}

impl Store {
    /// Stores a request if its warrant was never asked about and there is room for one more.
    pub async fn put_approval(&self, row: &ApprovalRow) -> Stored<Put> {
        // One statement, so that requests side by side cannot pass the bounds together.
        let done = sqlx::query(
            "INSERT INTO approvals (org, warrant, technician, device, asked, expires, sealed) \
             SELECT $1, $2, $3, $4, $5, $6, $7 WHERE \
             (SELECT COUNT(*) FROM approvals WHERE org = $1 AND withdrawn IS NULL AND expires > $5) < $8 AND \
             (SELECT COUNT(*) FROM approvals WHERE org = $1 AND withdrawn IS NULL AND expires > $5 AND technician = $3) < $9 \
             ON CONFLICT (org, warrant) DO NOTHING",
        )
        .bind(row.org.to_string())
        .bind(row.warrant.to_string())
        .bind(row.by.to_string())
        .bind(row.device.to_string())
        .bind(to_db(row.asked))
        .bind(to_db(row.until))
        .bind(json(&row.sealed))
        .bind(to_db(APPROVALS_PER_ORG_MAX))
        .bind(to_db(APPROVALS_PER_TECHNICIAN_MAX))
        .execute(&self.write)
        .await?;
        if done.rows_affected() == 1 {
            return Ok(Put::Done);
        }
        let (count,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM approvals WHERE org = $1 AND warrant = $2")
                .bind(row.org.to_string())
                .bind(row.warrant.to_string())
                .fetch_one(&self.read)
                .await?;
        Ok(if count == 0 { Put::Full } else { Put::Known })
    }

    /// A request that is open at `now`.
    pub async fn approval(
        &self,
        org: &OrgId,
        warrant: &WarrantId,
        now: u64,
    ) -> Stored<Option<ApprovalRow>> {
        let sql = format!(
            "{COLUMNS} WHERE org = $1 AND warrant = $2 AND withdrawn IS NULL AND expires > $3"
        );
        let found: Option<Tuple> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(warrant.to_string())
            .bind(to_db(now))
            .fetch_optional(&self.read)
            .await?;
        found.map(row).transpose()
    }

    /// The organisation's requests that are open at `now` with their answers, oldest first.
    pub async fn approvals(&self, org: &OrgId, now: u64) -> Stored<Vec<Approval>> {
        let sql = format!(
            "{COLUMNS} WHERE org = $1 AND withdrawn IS NULL AND expires > $2 ORDER BY asked, warrant"
        );
        let rows: Vec<Tuple> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(to_db(now))
            .fetch_all(&self.read)
            .await?;
        let mut approvals = Vec::new();
        for tuple in rows {
            let row = row(tuple)?;
            approvals.push(Approval {
                answers: self.answers(org, &row.warrant).await?,
                warrant: row.warrant,
                by: row.by,
                device: row.device,
                asked: row.asked,
                until: row.until,
                sealed: row.sealed,
            });
        }
        Ok(approvals)
    }

    async fn answers(&self, org: &OrgId, warrant: &WarrantId) -> Stored<Vec<Answer>> {
        let rows: Vec<(String, i64, String)> = sqlx::query_as(
            "SELECT approver, at, answer FROM approval_answers WHERE org = $1 AND warrant = $2 ORDER BY at, approver",
        )
        .bind(org.to_string())
        .bind(warrant.to_string())
        .fetch_all(&self.read)
        .await?;
        let answers = rows.into_iter().map(|(by, at, answer)| {
            Ok(Answer {
                by: parse(&by, "an approver")?,
                at: from_db(at),
                answer: parse_json(&answer, "an approval's answer")?,
            })
        });
        answers.collect()
    }

    /// Stores the one answer of a key to a request that is open at `now`.
    pub async fn put_answer(
        &self,
        org: &OrgId,
        warrant: &WarrantId,
        by: &KeyId,
        answer: &AnswerApproval,
        now: u64,
    ) -> Stored<Put> {
        let done = sqlx::query(
            "INSERT INTO approval_answers (org, warrant, approver, at, answer) \
             SELECT $1, $2, $3, $4, $5 WHERE \
             EXISTS (SELECT 1 FROM approvals WHERE org = $1 AND warrant = $2 AND withdrawn IS NULL AND expires > $4) AND \
             (SELECT COUNT(*) FROM approval_answers WHERE org = $1 AND warrant = $2) < $6 \
             ON CONFLICT (org, warrant, approver) DO NOTHING",
        )
        .bind(org.to_string())
        .bind(warrant.to_string())
        .bind(by.to_string())
        .bind(to_db(now))
        .bind(json(answer))
        .bind(to_db(ANSWERS_MAX))
        .execute(&self.write)
        .await?;
        if done.rows_affected() == 1 {
            return Ok(Put::Done);
        }
        if self.approval(org, warrant, now).await?.is_none() {
            return Ok(Put::Gone);
        }
        let answers = self.answers(org, warrant).await?;
        let is_known = answers.iter().any(|answer| answer.by == *by);
        Ok(if is_known { Put::Known } else { Put::Full })
    }

    /// Withdraws a technician's own request. False if it was not open.
    pub async fn withdraw_approval(
        &self,
        org: &OrgId,
        warrant: &WarrantId,
        by: &KeyId,
        now: u64,
    ) -> Stored<bool> {
        // The row stays until its end, so that the same warrant is not asked about again.
        let done = sqlx::query(
            "UPDATE approvals SET withdrawn = $4, sealed = '\"\"' \
             WHERE org = $1 AND warrant = $2 AND technician = $3 AND withdrawn IS NULL AND expires > $4",
        )
        .bind(org.to_string())
        .bind(warrant.to_string())
        .bind(by.to_string())
        .bind(to_db(now))
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(super) async fn sweep_approvals(&self, now: u64) -> Stored<()> {
        sqlx::query(
            "DELETE FROM approval_answers WHERE EXISTS (SELECT 1 FROM approvals a WHERE a.org = approval_answers.org \
             AND a.warrant = approval_answers.warrant AND a.expires <= $1)",
        )
        .bind(to_db(now))
        .execute(&self.write)
        .await?;
        sqlx::query("DELETE FROM approvals WHERE expires <= $1")
            .bind(to_db(now))
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
