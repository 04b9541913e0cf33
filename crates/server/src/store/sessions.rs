//! Metadata of sessions.

use api::ids::SessionId;
use api::session::{Session, SessionState};
use trust::bytes::{OrgId, WarrantId};

use super::{Store, Stored, corrupt, from_db, parse, to_db};

/// A call that nobody followed up is over after this time.
const CALLING_MS_MAX: u64 = 2 * 60 * 1000;
/// A session whose ends went away is over after this time.
const PARTED_MS_MAX: u64 = 60 * 60 * 1000;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Whose.
    pub org: OrgId,
    /// The warrant the technician named, if he did.
    pub warrant: Option<WarrantId>,
    /// Whether the device came by a join code; the ledger does not know it then.
    pub joined: bool,
    /// What everybody in the organisation may see.
    pub view: Session,
}

type Tuple = (
    String,
    String,
    String,
    String,
    Option<String>,
    String,
    i64,
    Option<i64>,
    Option<i64>,
    Option<String>,
    i64,
);

const COLUMNS: &str = "SELECT session, org, technician, device, warrant, state, created, paired, ended, why, joined FROM sessions";

fn state_text(state: SessionState) -> &'static str {
    match state {
        SessionState::Calling => "calling",
        SessionState::Paired => "paired",
        SessionState::Parted => "parted",
        SessionState::Ended => "ended",
    }
}

fn state_of(text: &str) -> Stored<SessionState> {
    [
        SessionState::Calling,
        SessionState::Paired,
        SessionState::Parted,
        SessionState::Ended,
    ]
    .into_iter()
    .find(|state| state_text(*state) == text)
    .ok_or_else(|| corrupt("a session's state"))
}

fn row(tuple: Tuple) -> Stored<SessionRow> {
    let (session, org, technician, device, warrant, state, created, paired, ended, why, joined) =
        tuple;
    Ok(SessionRow {
        org: parse(&org, "a session's organisation")?,
        warrant: warrant
            .map(|id| parse(&id, "a session's warrant"))
            .transpose()?,
        joined: joined != 0,
        view: Session {
            session: parse(&session, "a session's id")?,
            by: parse(&technician, "a session's technician")?,
            device: parse(&device, "a session's device")?,
            state: state_of(&state)?,
            created: from_db(created),
            paired: paired.map(from_db),
            ended: ended.map(from_db),
            why,
        },
    })
}

impl Store {
    /// Stores a new session in state `calling`.
    pub async fn put_session(&self, row: &SessionRow) -> Stored<()> {
        sqlx::query(
            "INSERT INTO sessions (session, org, technician, device, warrant, state, created, changed, joined) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
        )
        .bind(row.view.session.to_string())
        .bind(row.org.to_string())
        .bind(row.view.by.to_string())
        .bind(row.view.device.to_string())
        .bind(row.warrant.map(|id| id.to_string()))
        .bind(state_text(row.view.state))
        .bind(to_db(row.view.created))
        .bind(i64::from(row.joined))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// One session.
    pub async fn session(&self, session: &SessionId) -> Stored<Option<SessionRow>> {
        let found: Option<Tuple> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE session = $1")))
                .bind(session.to_string())
                .fetch_optional(&self.read)
                .await?;
        found.map(row).transpose()
    }

    /// The organisation's sessions made before `before`, newest first.
    pub async fn sessions(
        &self,
        org: &OrgId,
        before: u64,
        count: usize,
    ) -> Stored<Vec<SessionRow>> {
        let sql = format!(
            "{COLUMNS} WHERE org = $1 AND created < $2 ORDER BY created DESC, session LIMIT $3"
        );
        let rows: Vec<Tuple> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(org.to_string())
            .bind(to_db(before))
            .bind(to_db(count as u64))
            .fetch_all(&self.read)
            .await?;
        rows.into_iter().map(row).collect()
    }

    /// Notes that both ends met (`paired`) or parted. A session that has ended stays ended: false.
    pub async fn session_paired(
        &self,
        session: &SessionId,
        paired: bool,
        now: u64,
    ) -> Stored<bool> {
        let state = if paired {
            SessionState::Paired
        } else {
            SessionState::Parted
        };
        let done = sqlx::query(
            "UPDATE sessions SET state = $2, changed = $3, paired = COALESCE(paired, $3) \
             WHERE session = $1 AND ended IS NULL",
        )
        .bind(session.to_string())
        .bind(state_text(state))
        .bind(to_db(now))
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends a session. False if it had ended before.
    pub async fn end_session(&self, session: &SessionId, why: &str, now: u64) -> Stored<bool> {
        let done = sqlx::query(
            "UPDATE sessions SET state = 'ended', changed = $3, ended = $3, why = $2 \
             WHERE session = $1 AND ended IS NULL",
        )
        .bind(session.to_string())
        .bind(why)
        .bind(to_db(now))
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// After a start no relay pair exists: what was paired is parted.
    pub async fn part_all_sessions(&self, now: u64) -> Stored<()> {
        sqlx::query("UPDATE sessions SET state = 'parted', changed = $1 WHERE state = 'paired'")
            .bind(to_db(now))
            .execute(&self.write)
            .await?;
        Ok(())
    }

    pub(super) async fn sweep_sessions(&self, now: u64) -> Stored<()> {
        let over = [
            (
                "calling",
                CALLING_MS_MAX,
                "Technician and workstation did not meet.",
            ),
            (
                "parted",
                PARTED_MS_MAX,
                "Technician and workstation parted and did not come back.",
            ),
        ];
        for (state, ms_max, why) in over {
            sqlx::query(
                "UPDATE sessions SET state = 'ended', changed = $3, ended = $3, why = $2 \
                 WHERE state = $1 AND changed < $4",
            )
            .bind(state)
            .bind(why)
            .bind(to_db(now))
            .bind(to_db(now.saturating_sub(ms_max)))
            .execute(&self.write)
            .await?;
        }
        Ok(())
    }
}
