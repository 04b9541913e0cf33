//! Invitations.

use api::ids::InviteId;
use trust::bytes::{KeyId, OrgId};

use super::{Store, Stored, from_db, parse, to_db};

const INVITES_KEPT_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// One invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteRow {
    /// Its id.
    pub invite: InviteId,
    /// Who invites.
    pub org: OrgId,
    /// The admin's reminder.
    pub note: String,
    /// In milliseconds since the epoch.
    pub created: u64,
    /// In milliseconds since the epoch.
    pub expires: u64,
    /// Envelope of type `invite_answer`.
    pub answer: Option<String>,
}

type Tuple = (String, String, String, i64, i64, Option<String>);

fn row((invite, org, note, created, expires, answer): Tuple) -> Stored<InviteRow> {
    Ok(InviteRow {
        invite: parse(&invite, "an invite's id")?,
        org: parse(&org, "an invite's organisation")?,
        note,
        created: from_db(created),
        expires: from_db(expires),
        answer,
    })
}

impl Store {
    /// Stores a new invite.
    pub async fn put_invite(&self, row: &InviteRow, made_by: &KeyId) -> Stored<()> {
        sqlx::query(
            "INSERT INTO invites (invite, org, made_by, note, created, expires) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(row.invite.to_string())
        .bind(row.org.to_string())
        .bind(made_by.to_string())
        .bind(&row.note)
        .bind(to_db(row.created))
        .bind(to_db(row.expires))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// How many invites of the organisation are not expired.
    pub async fn invites_open(&self, org: &OrgId, now: u64) -> Stored<u64> {
        let (count,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM invites WHERE org = $1 AND expires > $2")
                .bind(org.to_string())
                .bind(to_db(now))
                .fetch_one(&self.read)
                .await?;
        Ok(from_db(count))
    }

    /// The organisation's invites, newest first.
    pub async fn invites(&self, org: &OrgId) -> Stored<Vec<InviteRow>> {
        let rows: Vec<Tuple> = sqlx::query_as(
            "SELECT invite, org, note, created, expires, answer FROM invites \
             WHERE org = $1 ORDER BY created DESC, invite",
        )
        .bind(org.to_string())
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(row).collect()
    }

    /// One invite.
    pub async fn invite(&self, invite: &InviteId) -> Stored<Option<InviteRow>> {
        let found: Option<Tuple> = sqlx::query_as(
            "SELECT invite, org, note, created, expires, answer FROM invites WHERE invite = $1",
        )
        .bind(invite.to_string())
        .fetch_optional(&self.read)
        .await?;
        found.map(row).transpose()
    }

    /// Puts the answer, once. False if there is one already.
    pub async fn answer_invite(&self, invite: &InviteId, answer: &str) -> Stored<bool> {
        let done =
            sqlx::query("UPDATE invites SET answer = $2 WHERE invite = $1 AND answer IS NULL")
                .bind(invite.to_string())
                .bind(answer)
                .execute(&self.write)
                .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Drops an invite. False if it was not there.
    pub async fn drop_invite(&self, org: &OrgId, invite: &InviteId) -> Stored<bool> {
        let done = sqlx::query("DELETE FROM invites WHERE org = $1 AND invite = $2")
            .bind(org.to_string())
            .bind(invite.to_string())
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(super) async fn sweep_invites(&self, now: u64) -> Stored<()> {
        sqlx::query("DELETE FROM invites WHERE expires < $1")
            .bind(to_db(now.saturating_sub(INVITES_KEPT_MS)))
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
