//! Sealed receipts, append only.

use trust::bytes::{Hash, KeyId, OrgId};

use super::feeds::tell;
use super::{Store, Stored, from_db, parse, to_db};

/// A receipt to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReceipt {
    /// Its place.
    pub head: ReceiptHead,
    /// As the device signed it.
    pub envelope: String,
    /// Of an opening: whether somebody at the device was asked.
    pub opening: Option<bool>,
}

/// The newest receipt of a device that the service holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptHead {
    /// Its number; receipts 1 to `n` are there.
    pub n: u64,
    /// SHA-256 of its envelope.
    pub hash: Hash,
}

impl Store {
    /// The newest receipt of a device, if there is any.
    pub async fn receipt_head(&self, org: &OrgId, device: &KeyId) -> Stored<Option<ReceiptHead>> {
        let row: Option<(i64, String)> = sqlx::query_as(
            "SELECT n, hash FROM receipts WHERE org = $1 AND device = $2 ORDER BY n DESC LIMIT 1",
        )
        .bind(org.to_string())
        .bind(device.to_string())
        .fetch_optional(&self.read)
        .await?;
        row.map(|(n, hash)| {
            Ok(ReceiptHead {
                n: from_db(n),
                hash: parse(&hash, "a receipt's hash")?,
            })
        })
        .transpose()
    }

    /// Stores receipts that the caller has checked to follow one another and the head, and what the organisation's feeds
    /// are told of them. All or none; on disk when this returns.
    pub async fn append_receipts(
        &self,
        org: &OrgId,
        device: &KeyId,
        receipts: &[NewReceipt],
        now: u64,
    ) -> Stored<()> {
        let mut transaction = self.write.begin().await?;
        for NewReceipt {
            head,
            envelope,
            opening,
        } in receipts
        {
            sqlx::query(
                "INSERT INTO receipts (org, device, n, hash, envelope) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(org.to_string())
            .bind(device.to_string())
            .bind(to_db(head.n))
            .bind(head.hash.to_string())
            .bind(envelope)
            .execute(&mut *transaction)
            .await?;
            if let Some(attended) = opening {
                tell(&mut transaction, (org, device, head.n), *attended, now).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Receipts of a device from number `from` on, at most `count`, in order.
    pub async fn receipts(
        &self,
        org: &OrgId,
        device: &KeyId,
        from: u64,
        count: usize,
    ) -> Stored<Vec<String>> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "SELECT envelope FROM receipts WHERE org = $1 AND device = $2 AND n >= $3 ORDER BY n LIMIT $4",
        )
        .bind(org.to_string())
        .bind(device.to_string())
        .bind(to_db(from))
        .bind(to_db(count as u64))
        .fetch_all(&self.read)
        .await?;
        Ok(rows.into_iter().map(|(envelope,)| envelope).collect())
    }
}
