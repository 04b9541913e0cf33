//! What the service held: everything that its folder and its database say.

use std::path::Path;

use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use trust::bytes::from_b64u;
use trust::{OrgId, SigningKey};

pub struct Loot {
    /// Signs checkpoints of every organisation.
    pub log_key: SigningKey,
    /// Signs `"*"` and technicians' revocations, where the organisation gave the service one.
    pub stopper: Option<SigningKey>,
    pub org: OrgId,
    pub leaves: Vec<String>,
    /// The newest checkpoint, with its cosignatures.
    pub checkpoint: String,
}

impl Loot {
    pub async fn read(folder: &Path) -> Self {
        let config: toml::Value =
            toml::from_str(&std::fs::read_to_string(folder.join("server.toml")).unwrap()).unwrap();
        assert!(
            config.get("data_dir").is_some(),
            "this is not a service's folder"
        );
        let data = folder.join("data");
        let options = SqliteConnectOptions::new().filename(data.join("wayleave.db"));
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .unwrap();
        let checkpoint = sqlx::query("SELECT org, note FROM checkpoints")
            .fetch_one(&pool)
            .await
            .unwrap();
        let leaves = sqlx::query("SELECT envelope FROM leaves ORDER BY idx")
            .fetch_all(&pool)
            .await
            .unwrap();
        Self {
            log_key: key(&data.join("log.key")).unwrap(),
            stopper: key(&folder.join("stopper.key")),
            org: OrgId::parse(checkpoint.get::<&str, _>("org")).unwrap(),
            leaves: leaves.iter().map(|row| row.get("envelope")).collect(),
            checkpoint: checkpoint.get("note"),
        }
    }
}

fn key(file: &Path) -> Option<SigningKey> {
    let text = std::fs::read_to_string(file).ok()?;
    Some(SigningKey::from_seed(
        from_b64u(text.trim())?.try_into().ok()?,
    ))
}
