//! When devices were last seen, and devices that wait for admission.

use trust::bytes::{KeyId, OrgId};

use super::{Store, Stored, from_db, parse, to_db};

const WAITING_KEPT_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// A device that waits for admission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRow {
    /// Its key.
    pub keyid: KeyId,
    /// Its envelope of type `enrol`.
    pub envelope: String,
    /// Where it asked from.
    pub address: String,
    /// When it first asked, in milliseconds since the epoch.
    pub first_seen: u64,
}

type WaitingTuple = (String, String, String, i64);

fn waiting_row((keyid, envelope, address, first_seen): WaitingTuple) -> Stored<WaitingRow> {
    let keyid = parse(&keyid, "a waiting device's key")?;
    Ok(WaitingRow {
        keyid,
        envelope,
        address,
        first_seen: from_db(first_seen),
    })
}

impl Store {
    /// Notes that the device was connected at `now`.
    pub async fn device_seen(&self, org: &OrgId, keyid: &KeyId, now: u64) -> Stored<()> {
        sqlx::query(
            "INSERT INTO devices (org, keyid, last_seen) VALUES ($1, $2, $3) \
             ON CONFLICT (org, keyid) DO UPDATE SET last_seen = excluded.last_seen",
        )
        .bind(org.to_string())
        .bind(keyid.to_string())
        .bind(to_db(now))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// When each device of the organisation was last seen.
    pub async fn devices_seen(&self, org: &OrgId) -> Stored<Vec<(KeyId, u64)>> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT keyid, last_seen FROM devices WHERE org = $1")
                .bind(org.to_string())
                .fetch_all(&self.read)
                .await?;
        rows.iter()
            .map(|(keyid, at)| Ok((parse(keyid, "a device's key")?, from_db(*at))))
            .collect()
    }

    /// Takes or renews a waiting device; answers the row as it now stands.
    pub async fn put_waiting(&self, org: &OrgId, row: &WaitingRow) -> Stored<WaitingRow> {
        let tuple: WaitingTuple = sqlx::query_as(
            "INSERT INTO waiting (org, keyid, envelope, address, first_seen, last_seen) \
             VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (org, keyid) DO UPDATE \
             SET envelope = excluded.envelope, address = excluded.address, last_seen = excluded.last_seen \
             RETURNING keyid, envelope, address, first_seen",
        )
        .bind(org.to_string())
        .bind(row.keyid.to_string())
        .bind(&row.envelope)
        .bind(&row.address)
        .bind(to_db(row.first_seen))
        .fetch_one(&self.write)
        .await?;
        waiting_row(tuple)
    }

    /// How many devices other than `keyid` wait in this organisation, and how many of all organisations from this address.
    pub async fn waiting_counts(
        &self,
        org: &OrgId,
        keyid: &KeyId,
        address: &str,
    ) -> Stored<(u64, u64)> {
        let (in_org, from_address): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM waiting WHERE org = $1 AND keyid <> $2), \
                    (SELECT COUNT(*) FROM waiting WHERE address = $3 AND keyid <> $2)",
        )
        .bind(org.to_string())
        .bind(keyid.to_string())
        .bind(address)
        .fetch_one(&self.read)
        .await?;
        Ok((from_db(in_org), from_db(from_address)))
    }

    /// Devices that wait, longest first.
    pub async fn waiting(&self, org: &OrgId) -> Stored<Vec<WaitingRow>> {
        let rows: Vec<WaitingTuple> = sqlx::query_as(
            "SELECT keyid, envelope, address, first_seen FROM waiting WHERE org = $1 ORDER BY first_seen, keyid",
        )
        .bind(org.to_string())
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(waiting_row).collect()
    }

    /// Drops a waiting device. False if it was not there.
    pub async fn drop_waiting(&self, org: &OrgId, keyid: &KeyId) -> Stored<bool> {
        let done = sqlx::query("DELETE FROM waiting WHERE org = $1 AND keyid = $2")
            .bind(org.to_string())
            .bind(keyid.to_string())
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(super) async fn sweep_devices(&self, now: u64) -> Stored<()> {
        sqlx::query("DELETE FROM waiting WHERE last_seen < $1")
            .bind(to_db(now.saturating_sub(WAITING_KEPT_MS)))
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
