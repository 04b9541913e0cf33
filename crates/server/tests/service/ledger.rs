//! `POST /v1/orgs`, `GET` and `POST /v1/orgs/{org}/ledger`.

use api::ledger::{Appended, LedgerPage};
use api::org::ServerInfo;
use reqwest::StatusCode;
use trust::statement::{Role, Target};
use trust::{Note, OrgId, SigningKey, State};

use crate::support::member::refused;
use crate::support::org::{admit, genesis, revoke_key};
use crate::support::{Member, OrgFixture, TestServer, unique32};

#[tokio::test]
async fn an_organisation_is_made_once_and_its_checkpoint_verifies() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let member = Member::sign_in(&org, &org.admin).await;
    let page: LedgerPage = member.read("/ledger").await;
    assert_eq!(
        (page.size, page.leaves.len(), page.pending.len()),
        (1, 1, 0)
    );
    let note = Note::parse(&org.id, &page.checkpoint).unwrap();
    assert_eq!(
        note.verify(&org.id, org.state.roster()).unwrap().head,
        org.state.head()
    );
    let again = org
        .http
        .post(format!("{}/v1/orgs", server.url))
        .body(page.leaves[0].clone())
        .send()
        .await
        .unwrap();
    assert_eq!(refused(again).await, (409, "organisation_exists".into()));
}

#[tokio::test]
async fn a_genesis_for_another_log_key_is_refused() {
    let server = TestServer::start().await;
    let http = reqwest::Client::new();
    let address = format!("{}/v1/server", server.url);
    let mut info: ServerInfo = http
        .get(address)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let admin = SigningKey::from_seed(unique32());
    let post = |info: &ServerInfo| {
        let genesis = genesis(&admin, info, vec![], 0).to_text();
        http.post(format!("{}/v1/orgs", server.url))
            .body(genesis)
            .send()
    };
    let honest = info.clone();
    info.log_key = SigningKey::from_seed(unique32()).public().clone();
    assert_eq!(
        refused(post(&info).await.unwrap()).await,
        (400, "bad_genesis".into())
    );
    assert_eq!(post(&honest).await.unwrap().status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_closed_service_makes_listed_organisations_only() {
    let listed = OrgId([3; 32]);
    let server = TestServer::start_with(&format!("organisations = [\"{listed}\"]")).await;
    let http = reqwest::Client::new();
    let address = format!("{}/v1/server", server.url);
    let info: ServerInfo = http
        .get(address)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(!info.open);
    let genesis = genesis(&SigningKey::from_seed(unique32()), &info, vec![], 0);
    let answer = http
        .post(format!("{}/v1/orgs", server.url))
        .body(genesis.to_text())
        .send()
        .await
        .unwrap();
    assert_eq!(refused(answer).await, (403, "not_listed".into()));
}

#[tokio::test]
async fn statements_are_sequenced_and_every_reader_folds_the_same() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    org.device().await;
    org.revoke(Target::Key(technician.id())).await;
    let member = Member::sign_in(&org, &org.admin).await;
    let page: LedgerPage = member.read("/ledger").await;
    let mut folded = State::genesis(org.id, page.leaves[0].as_bytes()).unwrap();
    for leaf in &page.leaves[1..] {
        folded.append(leaf.as_bytes());
    }
    assert_eq!(folded.head(), org.state.head());
    assert_eq!(
        Note::parse(&org.id, &page.checkpoint).unwrap().head(),
        folded.head()
    );
    assert!(folded.is_key_revoked(&technician.id()));
}

#[tokio::test]
async fn a_statement_that_would_not_count_is_refused_with_the_reason() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    let stranger = SigningKey::from_seed(unique32());
    let key = SigningKey::from_seed(unique32());
    let no_power = org.statement_by(&technician, admit(Role::Technician, &key));
    let unknown = org.statement_by(&stranger, admit(Role::Technician, &key));
    let of_another = OrgFixture::make(&server)
        .await
        .statement(admit(Role::Technician, &key));
    for statement in [no_power, unknown, of_another] {
        assert_eq!(
            refused(org.post(&statement).await).await,
            (422, "statement_refused".into())
        );
    }
    let junk = org
        .http
        .post(org.at("/ledger"))
        .body("junk")
        .send()
        .await
        .unwrap();
    assert_eq!(refused(junk).await, (422, "statement_refused".into()));
    let stale = org.statement(admit(Role::Technician, &key));
    org.revoke(Target::Key(technician.id())).await;
    let answer = org.post(&stale).await;
    let text = answer.text().await.unwrap();
    assert!(text.contains("must be signed anew"), "{text}");
    let size = Member::sign_in(&org, &org.admin)
        .await
        .read::<LedgerPage>("/ledger")
        .await
        .size;
    assert_eq!(size, 3, "nothing of it was sequenced");
}

#[tokio::test]
async fn the_same_statement_sent_again_gets_the_same_place() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let statement = org.statement(admit(Role::Technician, &SigningKey::from_seed(unique32())));
    let first: Appended = org.post(&statement).await.json().await.unwrap();
    let second: Appended = org.post(&statement).await.json().await.unwrap();
    assert_eq!((first.index, second.index, second.size), (1, 1, 2));
}

#[tokio::test]
async fn a_key_revokes_itself_without_signing_in() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    let itself = org.statement_by(&technician, revoke_key(technician.id()));
    let other = org.statement_by(&technician, revoke_key(org.admin.id()));
    assert_eq!(
        refused(org.post(&other).await).await,
        (422, "statement_refused".into())
    );
    assert_eq!(org.post(&itself).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn pages_begin_where_they_are_asked_to() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    for _ in 0..4 {
        org.device().await;
    }
    let member = Member::sign_in(&org, &org.admin).await;
    let all: LedgerPage = member.read("/ledger?from=0").await;
    let rest: LedgerPage = member.read("/ledger?from=3").await;
    let none: LedgerPage = member.read("/ledger?from=5").await;
    assert_eq!(all.leaves.len(), 5);
    assert_eq!(rest.leaves, all.leaves[3..]);
    assert_eq!((none.leaves.len(), none.size), (0, 5));
}

#[tokio::test]
async fn a_ledger_survives_a_restart() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    let before: LedgerPage = Member::sign_in(&org, &org.admin)
        .await
        .read("/ledger")
        .await;
    let server = server.restart().await;
    org.url.clone_from(&server.url);
    let after: LedgerPage = Member::sign_in(&org, &technician)
        .await
        .read("/ledger")
        .await;
    assert_eq!(after, before);
    org.device().await;
}

#[tokio::test]
async fn an_unknown_organisation_is_named_as_such() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let unknown = format!("{}/v1/orgs/{}/nonce", server.url, OrgId([1; 32]));
    assert_eq!(
        refused(org.http.post(unknown).send().await.unwrap()).await,
        (404, "unknown_organisation".into())
    );
    let nonsense = format!("{}/v1/orgs/nonsense/nonce", server.url);
    assert_eq!(
        refused(org.http.post(nonsense).send().await.unwrap()).await,
        (400, "bad_id".into())
    );
}

#[tokio::test]
async fn statements_from_one_address_are_limited_and_revocations_never() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    // The same bytes again are cheap to answer and counted all the same.
    let statement = org.statement(admit(Role::Technician, &SigningKey::from_seed(unique32())));
    let mut limited = false;
    for _ in 0..700 {
        let answer = org.post(&statement).await;
        limited = answer.status() == StatusCode::TOO_MANY_REQUESTS;
        if limited {
            break;
        }
    }
    assert!(limited);
    let revocation = org.statement(revoke_key(technician.id()));
    assert_eq!(org.post(&revocation).await.status(), StatusCode::OK);
}
