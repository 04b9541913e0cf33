//! Witnesses: asked over HTTP by the service's publisher.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use api::ledger::{Appended, LedgerPage};
use api::witness::{CosignAnswer, CosignRequest};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use trust::statement::{Role, WitnessEntry};
use trust::witness::{Witness, WitnessRefusal};
use trust::{Note, OrgId, SigningKey, freshness};

use crate::support::org::admit;
use crate::support::{Member, OrgFixture, TestServer, now_ms, soon, unique32};

struct TestWitness {
    key: SigningKey,
    seen: Mutex<HashMap<OrgId, Witness>>,
    forges: bool,
}

async fn cosign(
    State(witness): State<Arc<TestWitness>>,
    Path(org): Path<String>,
    Json(ask): Json<CosignRequest>,
) -> Result<Json<CosignAnswer>, (StatusCode, String)> {
    let org: OrgId = org.parse().unwrap();
    let mut seen = witness.seen.lock().unwrap();
    let of_org = seen.entry(org).or_insert_with(|| Witness::new(org));
    let leaves: Vec<Vec<u8>> = ask.leaves.into_iter().map(String::into_bytes).collect();
    match of_org.extend(ask.from, &leaves, &ask.checkpoint) {
        Ok(note) if witness.forges => {
            let stranger = SigningKey::from_seed(unique32());
            Ok(Json(CosignAnswer::Cosignature(of_org.cosign(
                &note,
                "w1",
                &stranger,
                now_ms() / 1000,
            ))))
        }
        Ok(note) => Ok(Json(CosignAnswer::Cosignature(of_org.cosign(
            &note,
            "w1",
            &witness.key,
            now_ms() / 1000,
        )))),
        Err(WitnessRefusal::Position { have, .. }) => Ok(Json(CosignAnswer::Have(have))),
        Err(why) => Err((StatusCode::CONFLICT, why.to_string())),
    }
}

async fn start(forges: bool) -> WitnessEntry {
    let key = SigningKey::from_seed(unique32());
    let public = key.public().clone();
    let state = Arc::new(TestWitness {
        key,
        seen: Mutex::default(),
        forges,
    });
    let router = Router::new()
        .route("/v1/orgs/{org}/checkpoint", post(cosign))
        .with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    WitnessEntry {
        name: "w1".into(),
        key: public,
        holds_revocations: true,
        url: Some(url),
    }
}

fn is_fresh(org: &OrgFixture, note: &str) -> bool {
    let checkpoint = Note::parse(&org.id, note)
        .unwrap()
        .verify(&org.id, org.state.roster())
        .unwrap();
    freshness::check(&org.state, &checkpoint, now_ms()).is_ok()
}

#[tokio::test]
async fn a_statement_is_answered_with_a_checkpoint_that_the_witness_cosigned() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make_with(&server, vec![start(false).await], 1).await;
    for size in 2..5 {
        let key = SigningKey::from_seed(unique32());
        let appended: Appended = org.append(admit(Role::Device, &key)).await;
        assert_eq!(appended.size, size);
        assert!(
            is_fresh(&org, &appended.checkpoint),
            "{}",
            appended.checkpoint
        );
    }
}

#[tokio::test]
async fn a_checkpoint_without_its_witness_is_not_fresh_and_the_leaf_is_there() {
    let server = TestServer::start().await;
    let mut entry = start(false).await;
    entry.url = Some("http://127.0.0.1:9".into());
    let mut org = OrgFixture::make_with(&server, vec![entry], 1).await;
    let appended = org
        .append(admit(Role::Device, &SigningKey::from_seed(unique32())))
        .await;
    assert_eq!((appended.index, appended.size), (1, 2));
    assert!(!is_fresh(&org, &appended.checkpoint));
}

#[tokio::test]
async fn a_forged_cosignature_is_left_out() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make_with(&server, vec![start(true).await], 1).await;
    let appended = org
        .append(admit(Role::Device, &SigningKey::from_seed(unique32())))
        .await;
    assert!(
        !appended.checkpoint.contains("— w1 "),
        "{}",
        appended.checkpoint
    );
}

#[tokio::test]
async fn a_witness_on_an_internal_address_is_not_asked_unless_the_operator_says_so() {
    let server = TestServer::start().await;
    let entry = start(false).await;
    let org = OrgFixture::make_with(&server, vec![entry], 1).await;
    let member = Member::sign_in(&org, &org.admin).await;
    let cosigned = async |member: &Member| loop {
        let page: LedgerPage = member.read("/ledger").await;
        if page.checkpoint.contains("— w1 ") {
            break page;
        }
    };
    assert!(is_fresh(&org, &soon(cosigned(&member)).await.checkpoint));
    let closed = TestServer::start_public().await;
    let mut org = OrgFixture::make_with(&closed, vec![start(false).await], 1).await;
    let appended = org
        .append(admit(Role::Device, &SigningKey::from_seed(unique32())))
        .await;
    assert!(!is_fresh(&org, &appended.checkpoint));
}
