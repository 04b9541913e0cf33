//! `POST /v1/orgs/{org}/nonce` and `/sign-in`.

use api::ledger::LedgerPage;
use api::sign_in::Role;
use reqwest::StatusCode;
use trust::envelope::{Envelope, PayloadType};
use trust::statement::{self, Recovery, Roster, Say, Target};
use trust::{OrgId, SigningKey};

use crate::support::member::{HOUR_MS, post_sign_in, refused, sign_in_payload};
use crate::support::org::admit;
use crate::support::{Member, OrgFixture, Socket, TestServer, unique32};

#[tokio::test]
async fn an_admin_and_a_technician_sign_in() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    assert_eq!(
        Member::sign_in(&org, &org.admin).await.signed_in.role,
        Role::Admin
    );
    let member = Member::sign_in(&org, &technician).await;
    assert_eq!(member.signed_in.role, Role::Technician);
    assert_eq!(member.signed_in.keyid, member.request_key.id());
}

#[tokio::test]
async fn a_sign_in_is_refused_a_second_time() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let payload = sign_in_payload(&org, &SigningKey::from_seed(unique32())).await;
    assert_eq!(
        post_sign_in(&org, &payload, &org.admin).await.status(),
        StatusCode::OK
    );
    let second = refused(post_sign_in(&org, &payload, &org.admin).await).await;
    assert_eq!(second, (401, "spent_nonce".into()));
}

#[tokio::test]
async fn a_sign_in_for_another_service_organisation_or_time_is_refused() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let request_key = SigningKey::from_seed(unique32());
    let good = sign_in_payload(&org, &request_key).await;
    let mut server_url = good.clone();
    server_url.server = "https://other.example".into();
    let mut slash = good.clone();
    slash.server.push('/');
    let mut other_org = good.clone();
    other_org.org = OrgId([7; 32]);
    let mut nonce = good.clone();
    nonce.nonce.0[15] ^= 1;
    let mut too_long = good.clone();
    too_long.until = too_long.at + 12 * HOUR_MS + 1;
    let mut ahead = good.clone();
    (ahead.at, ahead.until) = (ahead.at + HOUR_MS, ahead.until + HOUR_MS);
    let mut over = good.clone();
    (over.at, over.until) = (over.at - 2 * HOUR_MS, over.at - HOUR_MS);
    let cases = [
        (server_url, "other_service"),
        (slash, "other_service"),
        (other_org, "other_organisation"),
        (nonce, "stale_nonce"),
        (too_long, "bad_time"),
        (ahead, "bad_time"),
        (over, "bad_time"),
    ];
    for (payload, code) in cases {
        assert_eq!(
            refused(post_sign_in(&org, &payload, &org.admin).await).await,
            (401, code.into())
        );
    }
    assert_eq!(
        post_sign_in(&org, &good, &org.admin).await.status(),
        StatusCode::OK,
        "the honest twin"
    );
}

#[tokio::test]
async fn a_stranger_a_device_and_a_revoked_technician_do_not_sign_in() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (technician, device) = (org.technician().await, org.device().await);
    let request_key = SigningKey::from_seed(unique32());
    let payload = sign_in_payload(&org, &request_key).await;
    let stranger = SigningKey::from_seed(unique32());
    assert_eq!(
        refused(post_sign_in(&org, &payload, &stranger).await).await,
        (401, "not_a_member".into())
    );
    assert_eq!(
        refused(post_sign_in(&org, &payload, &device).await).await,
        (401, "not_a_member".into())
    );
    Member::sign_in(&org, &technician).await;
    org.revoke(Target::Key(technician.id())).await;
    assert_eq!(
        refused(post_sign_in(&org, &payload, &technician).await).await,
        (401, "revoked".into())
    );
}

#[tokio::test]
async fn a_forged_signature_is_refused() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let payload = sign_in_payload(&org, &SigningKey::from_seed(unique32())).await;
    let honest = Envelope::sign(PayloadType::SignIn, &payload, &[&org.admin])
        .unwrap()
        .to_text();
    let stranger = SigningKey::from_seed(unique32());
    let theirs = Envelope::sign(PayloadType::SignIn, &payload, &[&stranger])
        .unwrap()
        .to_text();
    let forged = theirs.replace(&stranger.id().to_string(), &org.admin.id().to_string());
    let answer = org
        .http
        .post(org.at("/sign-in"))
        .body(forged)
        .send()
        .await
        .unwrap();
    assert_eq!(refused(answer).await, (401, "bad_signature".into()));
    let answer = org
        .http
        .post(org.at("/sign-in"))
        .body(honest)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_envelope_of_another_type_is_no_sign_in() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let payload = sign_in_payload(&org, &SigningKey::from_seed(unique32())).await;
    for other in [
        PayloadType::Warrant,
        PayloadType::Statement,
        PayloadType::Socket,
    ] {
        let envelope = Envelope::sign(other, &payload, &[&org.admin]).unwrap();
        let answer = org
            .http
            .post(org.at("/sign-in"))
            .body(envelope.to_text())
            .send()
            .await
            .unwrap();
        assert_eq!(refused(answer).await, (400, "bad_envelope".into()));
    }
}

#[tokio::test]
async fn a_ledger_key_is_no_request_key() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let payload = sign_in_payload(&org, &org.admin).await;
    assert_eq!(
        refused(post_sign_in(&org, &payload, &org.admin).await).await,
        (400, "bad_key".into())
    );
}

#[tokio::test]
async fn a_nonce_of_one_organisation_does_not_serve_another() {
    let server = TestServer::start().await;
    let (one, other) = (
        OrgFixture::make(&server).await,
        OrgFixture::make(&server).await,
    );
    let mut payload = sign_in_payload(&one, &SigningKey::from_seed(unique32())).await;
    payload.org = other.id;
    assert_eq!(
        refused(post_sign_in(&other, &payload, &other.admin).await).await,
        (401, "stale_nonce".into())
    );
}

#[tokio::test]
async fn nobody_takes_over_another_member_s_request_key() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    let admin = Member::sign_in(&org, &org.admin).await;
    let theft = sign_in_payload(&org, &admin.request_key).await;
    assert_eq!(
        refused(post_sign_in(&org, &theft, &technician).await).await,
        (401, "bad_key".into())
    );
    assert_eq!(
        admin.get("/invites").await.status(),
        StatusCode::OK,
        "still an admin's"
    );
    let renewal = sign_in_payload(&org, &admin.request_key).await;
    assert_eq!(
        post_sign_in(&org, &renewal, &org.admin).await.status(),
        StatusCode::OK
    );
}

/// Who lost every admin key has to know the ledger before he can recover, and needs nothing else.
#[tokio::test]
async fn a_recovery_key_reads_the_ledger_and_nothing_else() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let safe = SigningKey::from_seed(unique32());
    let payload = sign_in_payload(&org, &SigningKey::from_seed(unique32())).await;
    let unknown = refused(post_sign_in(&org, &payload, &safe).await).await;
    assert_eq!(unknown, (401, "not_a_member".into()));
    let roster = org.state.roster().clone();
    org.append(Say::Roster(Box::new(Roster {
        version: roster.version + 1,
        recovery: Some(Recovery {
            keys: vec![safe.public().clone()],
            delay: 72 * HOUR_MS,
        }),
        ..roster
    })))
    .await;
    let member = Member::sign_in(&org, &safe).await;
    assert_eq!(member.signed_in.role, Role::Recovery);
    let page: LedgerPage = member.read("/ledger?from=1").await;
    assert_eq!(page.leaves.len(), 1);
    let ledger_only = (403, "ledger_only".to_owned());
    for path in ["/devices", "/sessions", "/invites", "/devices?x=/ledger"] {
        assert_eq!(refused(member.get(path).await).await, ledger_only, "{path}");
    }
    let mut socket = Socket::console(&server, &org, &member.request_key).await;
    assert_eq!(socket.refusal().await, "ledger_only");
    let new = SigningKey::from_seed(unique32());
    let payload = sign_in_payload(&org, &SigningKey::from_seed(unique32())).await;
    let unknown = refused(post_sign_in(&org, &payload, &new).await).await;
    assert_eq!(unknown, (401, "not_a_member".into()));
    org.revoke(Target::Key(safe.id())).await;
    let gone = refused(member.get("/ledger").await).await;
    assert_eq!(gone, (401, "revoked".into()));
}

/// Who sets machines up sees which of them wait, to admit them, and not who is at work on others.
#[tokio::test]
async fn an_enroller_reads_the_ledger_and_the_devices_and_nothing_else() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let key = SigningKey::from_seed(unique32());
    let payload = sign_in_payload(&org, &SigningKey::from_seed(unique32())).await;
    let unknown = refused(post_sign_in(&org, &payload, &key).await).await;
    assert_eq!(unknown, (401, "not_a_member".into()));
    org.append(admit(statement::Role::Enroller, &key)).await;
    let member = Member::sign_in(&org, &key).await;
    assert_eq!(member.signed_in.role, Role::Enroller);
    let page: LedgerPage = member.read("/ledger?from=1").await;
    assert_eq!(page.leaves.len(), 1);
    assert_eq!(member.get("/devices").await.status(), StatusCode::OK);
    let devices_only = (403, "devices_only".to_owned());
    for path in ["/sessions", "/invites", "/drafts"] {
        assert_eq!(
            refused(member.get(path).await).await,
            devices_only,
            "{path}"
        );
    }
    let mut socket = Socket::console(&server, &org, &member.request_key).await;
    assert_eq!(socket.refusal().await, "devices_only");
    org.revoke(Target::Key(key.id())).await;
    let gone = refused(member.get("/devices").await).await;
    assert_eq!(gone, (401, "revoked".into()));
}
