//! Organisations, the leaves of their ledgers, and the newest checkpoint of each.

use trust::bytes::{Hash, OrgId};

use super::{Store, Stored, from_db, parse, to_db};

impl Store {
    /// Makes an organisation with its genesis as leaf 0. False if it is there already.
    pub async fn make_org(&self, org: &OrgId, genesis: &str, now: u64) -> Stored<bool> {
        let mut transaction = self.write.begin().await?;
        let made =
            sqlx::query("INSERT INTO orgs (org, created) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(org.to_string())
                .bind(to_db(now))
                .execute(&mut *transaction)
                .await?;
        if made.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("INSERT INTO leaves (org, idx, hash, envelope) VALUES ($1, 0, $2, $3)")
            .bind(org.to_string())
            .bind(org.to_string())
            .bind(genesis)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Every organisation.
    pub async fn orgs(&self) -> Stored<Vec<OrgId>> {
        let rows: Vec<(String,)> = sqlx::query_as("SELECT org FROM orgs ORDER BY created")
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|(org,)| parse(org, "an organisation's id"))
            .collect()
    }

    /// Puts a leaf at `index`, which must be the ledger's size. On disk when this returns.
    pub async fn append_leaf(
        &self,
        org: &OrgId,
        index: u64,
        hash: &Hash,
        envelope: &str,
    ) -> Stored<()> {
        sqlx::query("INSERT INTO leaves (org, idx, hash, envelope) VALUES ($1, $2, $3, $4)")
            .bind(org.to_string())
            .bind(to_db(index))
            .bind(hash.to_string())
            .bind(envelope)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Leaves from `from` (inclusive) to `to` (exclusive), at most `count`, in order.
    pub async fn leaves(
        &self,
        org: &OrgId,
        from: u64,
        to: u64,
        count: usize,
    ) -> Stored<Vec<String>> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "SELECT envelope FROM leaves WHERE org = $1 AND idx >= $2 AND idx < $3 ORDER BY idx LIMIT $4",
        )
        .bind(org.to_string())
        .bind(to_db(from))
        .bind(to_db(to))
        .bind(to_db(count as u64))
        .fetch_all(&self.read)
        .await?;
        Ok(rows.into_iter().map(|(envelope,)| envelope).collect())
    }

    /// Where the leaf with this hash stands.
    pub async fn leaf_index(&self, org: &OrgId, hash: &Hash) -> Stored<Option<u64>> {
        let row: Option<(i64,)> =
            sqlx::query_as("SELECT idx FROM leaves WHERE org = $1 AND hash = $2")
                .bind(org.to_string())
                .bind(hash.to_string())
                .fetch_optional(&self.read)
                .await?;
        Ok(row.map(|(index,)| from_db(index)))
    }

    /// The newest published checkpoint's note.
    pub async fn checkpoint(&self, org: &OrgId) -> Stored<Option<String>> {
        let row: Option<(String,)> = sqlx::query_as("SELECT note FROM checkpoints WHERE org = $1")
            .bind(org.to_string())
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(|(note,)| note))
    }

    /// Replaces the newest published checkpoint.
    pub async fn set_checkpoint(&self, org: &OrgId, size: u64, note: &str) -> Stored<()> {
        sqlx::query(
            "INSERT INTO checkpoints (org, size, note) VALUES ($1, $2, $3) \
             ON CONFLICT (org) DO UPDATE SET size = excluded.size, note = excluded.note",
        )
        .bind(org.to_string())
        .bind(to_db(size))
        .bind(note)
        .execute(&self.write)
        .await?;
        Ok(())
    }
}
