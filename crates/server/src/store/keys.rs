//! Request keys, spent nonces, and when the keys of a ledger signed in.

use trust::bytes::{KeyId, Nonce, OrgId, from_b64u, to_b64u};

use super::{Store, Stored, corrupt, from_db, parse, to_db};

/// A signed-in request key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKeyRow {
    /// Raw Ed25519 public key.
    pub public: [u8; 32],
    /// The ledger key that signed it in.
    pub signer: KeyId,
    /// Until when it may sign, in milliseconds since the epoch.
    pub until: u64,
}

impl Store {
    /// Spends a nonce in `scope`. False if it was spent before. `expires`: when nobody would accept it any more.
    pub async fn spend_nonce(&self, scope: &str, nonce: &Nonce, expires: u64) -> Stored<bool> {
        let done = sqlx::query(
            "INSERT INTO nonces (scope, nonce, expires) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(scope)
        .bind(nonce.to_string())
        .bind(to_db(expires))
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes a request key. Signing in again with the same key renews it. False if another ledger key vouches for it
    /// already: a sign-in does not prove that its signer holds the request key, and must not take it from its holder.
    pub async fn put_request_key(
        &self,
        org: &OrgId,
        keyid: &KeyId,
        key: &RequestKeyRow,
        now: u64,
    ) -> Stored<bool> {
        let done = sqlx::query(
            "INSERT INTO request_keys (org, keyid, public, signer, created, until) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org, keyid) DO UPDATE \
             SET created = excluded.created, until = excluded.until \
             WHERE request_keys.signer = excluded.signer",
        )
        .bind(org.to_string())
        .bind(keyid.to_string())
        .bind(to_b64u(&key.public))
        .bind(key.signer.to_string())
        .bind(to_db(now))
        .bind(to_db(key.until))
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The request key of this id.
    pub async fn request_key(&self, org: &OrgId, keyid: &KeyId) -> Stored<Option<RequestKeyRow>> {
        let row: Option<(String, String, i64)> = sqlx::query_as(
            "SELECT public, signer, until FROM request_keys WHERE org = $1 AND keyid = $2",
        )
        .bind(org.to_string())
        .bind(keyid.to_string())
        .fetch_optional(&self.read)
        .await?;
        row.map(|(public, signer, until)| {
            Ok(RequestKeyRow {
                public: from_b64u(&public)
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or_else(|| corrupt("a request key"))?,
                signer: parse(&signer, "a request key's signer")?,
                until: from_db(until),
            })
        })
        .transpose()
    }

    /// Notes that a ledger key signed in at `now`.
    pub async fn key_used(&self, org: &OrgId, keyid: &KeyId, now: u64) -> Stored<()> {
        sqlx::query(
            "INSERT INTO key_uses (org, keyid, signed_in) VALUES ($1, $2, $3) \
             ON CONFLICT (org, keyid) DO UPDATE SET signed_in = excluded.signed_in",
        )
        .bind(org.to_string())
        .bind(keyid.to_string())
        .bind(to_db(now))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// When each ledger key of the organisation last signed in.
    pub async fn key_uses(&self, org: &OrgId) -> Stored<Vec<(KeyId, u64)>> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT keyid, signed_in FROM key_uses WHERE org = $1 ORDER BY keyid")
                .bind(org.to_string())
                .fetch_all(&self.read)
                .await?;
        rows.iter()
            .map(|(keyid, at)| Ok((parse(keyid, "a key that signed in")?, from_db(*at))))
            .collect()
    }

    pub(super) async fn sweep_keys(&self, now: u64) -> Stored<()> {
        for sql in [
            "DELETE FROM nonces WHERE expires < $1",
            "DELETE FROM request_keys WHERE until < $1",
        ] {
            sqlx::query(sql)
                .bind(to_db(now))
                .execute(&self.write)
                .await?;
        }
        Ok(())
    }
}
