//! The database under stress: full disks, restarts, expiry.

use api::ids::SessionId;
use api::session::{Session, SessionState};
use tempfile::TempDir;
use trust::bytes::{Hash, KeyId, Nonce, OrgId};

use super::{SessionRow, Store, WaitingRow};

const ORG: OrgId = OrgId([255; 32]);
const HOUR_MS: u64 = 3_600_000;

async fn open(dir: &TempDir) -> Store {
    Store::open(&dir.path().join("db")).await.unwrap()
}

/// Lets the database grow by `more` pages and no further.
async fn limit_pages(store: &Store, more: u32) {
    let pages: u32 = sqlx::query_scalar("PRAGMA page_count")
        .fetch_one(&store.write)
        .await
        .unwrap();
    let sql = format!("PRAGMA max_page_count = {}", pages + more);
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .execute(&store.write)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_no_leaf_is_lost_or_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    store.make_org(&ORG, "genesis", 0).await.unwrap();
    limit_pages(&store, 20).await;
    let leaf = "x".repeat(10_000);
    let mut written = 1;
    let error = loop {
        let hash = Hash([u8::try_from(written).unwrap(); 32]);
        match store.append_leaf(&ORG, written, &hash, &leaf).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("full"), "{error}");
    assert!(written > 3, "some leaves fitted");
    store.close().await;
    let store = open(&dir).await;
    assert_eq!(
        store.leaves(&ORG, 0, 1000, 1000).await.unwrap().len() as u64,
        written
    );
    store
        .append_leaf(&ORG, written, &Hash([200; 32]), &leaf)
        .await
        .unwrap();
    assert_eq!(
        store.leaf_index(&ORG, &Hash([200; 32])).await.unwrap(),
        Some(written)
    );
}

#[tokio::test]
async fn a_place_in_the_ledger_is_taken_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    assert!(store.make_org(&ORG, "genesis", 0).await.unwrap());
    assert!(!store.make_org(&ORG, "genesis", 0).await.unwrap());
    store
        .append_leaf(&ORG, 1, &Hash([2; 32]), "a")
        .await
        .unwrap();
    assert!(
        store
            .append_leaf(&ORG, 1, &Hash([3; 32]), "b")
            .await
            .is_err(),
        "the same place"
    );
    assert!(
        store
            .append_leaf(&ORG, 2, &Hash([2; 32]), "a")
            .await
            .is_err(),
        "the same leaf"
    );
    assert_eq!(store.leaves(&ORG, 0, 9, 9).await.unwrap(), ["genesis", "a"]);
}

#[tokio::test]
async fn a_nonce_is_spent_once_until_it_expires() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let nonce = Nonce([1; 16]);
    assert!(store.spend_nonce("a", &nonce, 100).await.unwrap());
    assert!(!store.spend_nonce("a", &nonce, 100).await.unwrap());
    assert!(
        store.spend_nonce("b", &nonce, 100).await.unwrap(),
        "another key's"
    );
    store.sweep(100).await.unwrap();
    assert!(
        !store.spend_nonce("a", &nonce, 100).await.unwrap(),
        "still accepted elsewhere"
    );
    store.sweep(101).await.unwrap();
    assert!(store.spend_nonce("a", &nonce, 200).await.unwrap());
}

#[tokio::test]
async fn of_many_who_spend_one_nonce_at_once_one_succeeds() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let nonce = Nonce([1; 16]);
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.spend_nonce("a", &nonce, 100).await.unwrap() })
        })
        .collect();
    let mut spent = 0;
    for task in tasks {
        spent += usize::from(task.await.unwrap());
    }
    assert_eq!(spent, 1);
}

fn session(state: SessionState, created: u64, id: u8) -> SessionRow {
    let view = Session {
        session: SessionId::from_random([id; 16]),
        by: KeyId([2; 32]),
        device: KeyId([3; 32]),
        state,
        created,
        paired: None,
        ended: None,
        why: None,
    };
    SessionRow {
        org: ORG,
        joined: false,
        warrant: None,
        view,
    }
}

#[tokio::test]
async fn calls_and_parted_sessions_that_nobody_follows_up_are_over_and_paired_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let ids: Vec<SessionId> = (1..=3).map(|id| SessionId::from_random([id; 16])).collect();
    for id in 1..=3 {
        store
            .put_session(&session(SessionState::Calling, 0, id))
            .await
            .unwrap();
    }
    assert!(store.session_paired(&ids[1], true, 0).await.unwrap());
    assert!(store.session_paired(&ids[2], true, 0).await.unwrap());
    assert!(store.session_paired(&ids[2], false, 0).await.unwrap());
    let mut states = Vec::new();
    for now in [60_000, HOUR_MS / 2, HOUR_MS + 1] {
        store.sweep(now).await.unwrap();
        let mut now = Vec::new();
        for id in &ids {
            now.push(store.session(id).await.unwrap().unwrap().view.state);
        }
        states.push(now);
    }
    use SessionState::{Calling, Ended, Paired, Parted};
    assert_eq!(
        states,
        [
            [Calling, Paired, Parted],
            [Ended, Paired, Parted],
            [Ended, Paired, Ended]
        ]
    );
    assert!(
        !store.session_paired(&ids[0], true, HOUR_MS).await.unwrap(),
        "what has ended stays ended"
    );
    store.part_all_sessions(HOUR_MS).await.unwrap();
    assert_eq!(
        store.session(&ids[1]).await.unwrap().unwrap().view.state,
        Parted
    );
}

#[tokio::test]
async fn waiting_devices_are_counted_by_organisation_and_address_without_the_asker() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let row = |id: u8, address: &str| WaitingRow {
        keyid: KeyId([id; 32]),
        envelope: "e".into(),
        address: address.into(),
        first_seen: u64::from(id),
    };
    for (id, address) in [(1, "a"), (2, "a"), (3, "b")] {
        store.put_waiting(&ORG, &row(id, address)).await.unwrap();
    }
    assert_eq!(
        store
            .waiting_counts(&ORG, &KeyId([9; 32]), "a")
            .await
            .unwrap(),
        (3, 2)
    );
    assert_eq!(
        store
            .waiting_counts(&ORG, &KeyId([1; 32]), "a")
            .await
            .unwrap(),
        (2, 1)
    );
    let again = store
        .put_waiting(
            &ORG,
            &WaitingRow {
                first_seen: 50,
                ..row(1, "b")
            },
        )
        .await
        .unwrap();
    assert_eq!(
        (again.first_seen, again.address.as_str()),
        (1, "b"),
        "it waits since it first asked"
    );
    store.sweep(31 * 24 * HOUR_MS).await.unwrap();
    assert_eq!(store.waiting(&ORG).await.unwrap(), []);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (99, 'later', TRUE, x'00', 0)";
    sqlx::query(sql).execute(&store.write).await.unwrap();
    store.close().await;
    let error = Store::open(&dir.path().join("db")).await.unwrap_err();
    assert!(error.to_string().contains("99"), "{error}");
}
