//! The newest beat of each device.

use std::collections::HashMap;

use trust::bytes::{KeyId, OrgId};

use super::{Store, Stored, parse, to_db};

impl Store {
    /// Keeps a beat unless one with this or a larger counter is there.
    pub async fn put_beat(
        &self,
        org: &OrgId,
        device: &KeyId,
        k: u64,
        envelope: &str,
    ) -> Stored<()> {
        sqlx::query(
            "INSERT INTO beats (org, device, k, envelope) VALUES ($1, $2, $3, $4) ON CONFLICT (org, device) DO UPDATE SET \
             k = excluded.k, envelope = excluded.envelope WHERE excluded.k > beats.k",
        )
        .bind(org.to_string())
        .bind(device.to_string())
        .bind(to_db(k))
        .bind(envelope)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The newest beat of a device.
    pub async fn beat(&self, org: &OrgId, device: &KeyId) -> Stored<Option<String>> {
        let row: Option<(String,)> =
            sqlx::query_as("SELECT envelope FROM beats WHERE org = $1 AND device = $2")
                .bind(org.to_string())
                .bind(device.to_string())
                .fetch_optional(&self.read)
                .await?;
        Ok(row.map(|(envelope,)| envelope))
    }

    /// The newest beat of each device of the organisation.
    pub async fn beats(&self, org: &OrgId) -> Stored<HashMap<KeyId, String>> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT device, envelope FROM beats WHERE org = $1")
                .bind(org.to_string())
                .fetch_all(&self.read)
                .await?;
        rows.into_iter()
            .map(|(device, envelope)| Ok((parse(&device, "a beat's device")?, envelope)))
            .collect()
    }
}
