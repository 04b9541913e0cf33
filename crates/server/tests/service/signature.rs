//! The signature on every request, on `GET` and `POST` below `/v1/orgs/{org}`.

use api::signature::{Target, sign};
use reqwest::{Method, StatusCode};
use trust::statement::Target as Revoked;
use trust::{Nonce, SigningKey};

use crate::support::member::refused;
use crate::support::{Member, OrgFixture, TestServer, now_ms, unique16, unique32};

async fn scene() -> (TestServer, OrgFixture, Member) {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let member = Member::sign_in(&org, &org.admin).await;
    (server, org, member)
}

#[tokio::test]
async fn a_signed_request_is_answered() {
    let (_server, _org, member) = scene().await;
    assert_eq!(member.get("/devices").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_unsigned_request_is_refused_whatever_it_bears() {
    let (_server, org, member) = scene().await;
    let plain = org.http.get(org.at("/devices")).send().await.unwrap();
    assert_eq!(refused(plain).await, (401, "not_signed".into()));
    for (name, value) in [
        (
            "authorization",
            format!("Bearer {}", member.signed_in.keyid),
        ),
        ("authorization", "Basic YWRhOmFkYQ==".to_owned()),
        ("cookie", format!("session={}", member.signed_in.keyid)),
        ("x-forwarded-user", "ada".to_owned()),
    ] {
        let answer = org
            .http
            .get(org.at("/devices"))
            .header(name, value)
            .send()
            .await
            .unwrap();
        assert_eq!(refused(answer).await, (401, "not_signed".into()), "{name}");
    }
    let in_address = format!("/devices?keyid={}", member.signed_in.keyid);
    let answer = org.http.get(org.at(&in_address)).send().await.unwrap();
    assert_eq!(refused(answer).await, (401, "not_signed".into()));
}

#[tokio::test]
async fn a_replayed_request_is_refused() {
    let (_server, _org, member) = scene().await;
    let path = member.path("/devices");
    let headers = member.headers(&Method::GET, &path, b"");
    assert_eq!(
        member
            .send_with(Method::GET, &path, b"", &headers)
            .await
            .status(),
        StatusCode::OK
    );
    let second = member.send_with(Method::GET, &path, b"", &headers).await;
    assert_eq!(refused(second).await, (401, "spent_nonce".into()));
}

#[tokio::test]
async fn a_replayed_request_is_refused_after_a_restart() {
    let (server, org, mut member) = scene().await;
    let path = member.path("/devices");
    // The public URL of this test's service holds its port, so the signature names the port to come.
    let headers = member.headers(&Method::GET, &path, b"");
    assert_eq!(
        member
            .send_with(Method::GET, &path, b"", &headers)
            .await
            .status(),
        StatusCode::OK
    );
    let spent = headers.signature_input.split("nonce=\"").nth(1).unwrap()[..22].to_owned();
    let server = server.restart().await;
    member = member.moved_to(&server.url);
    let target = Target {
        method: "GET",
        public_url: &server.url,
        path_and_query: &path,
    };
    let again = sign(
        &member.request_key,
        &target,
        b"",
        now_ms() / 1000,
        spent.parse().unwrap(),
    );
    let answer = member.send_with(Method::GET, &path, b"", &again).await;
    assert_eq!(refused(answer).await, (401, "spent_nonce".into()));
    assert_eq!(
        member.get("/devices").await.status(),
        StatusCode::OK,
        "a fresh nonce of {}",
        org.id
    );
}

#[tokio::test]
async fn an_altered_body_method_address_or_authority_is_refused() {
    let (_server, _org, member) = scene().await;
    let (path, body) = (member.path("/invites"), br#"{"note":"for Bob"}"#);
    let bad = (401, "bad_signature".to_owned());
    let headers = member.headers(&Method::POST, &path, body);
    let altered = member
        .send_with(Method::POST, &path, br#"{"note":"for Eve"}"#, &headers)
        .await;
    assert_eq!(refused(altered).await, bad, "body");
    let headers = member.headers(&Method::DELETE, &path, b"");
    assert_eq!(
        refused(member.send_with(Method::GET, &path, b"", &headers).await).await,
        bad,
        "method"
    );
    let headers = member.headers(&Method::GET, &member.path("/devices"), b"");
    assert_eq!(
        refused(member.send_with(Method::GET, &path, b"", &headers).await).await,
        bad,
        "address"
    );
    let headers = member.headers(&Method::GET, &path, b"");
    let query = format!("{path}?x=1");
    assert_eq!(
        refused(member.send_with(Method::GET, &query, b"", &headers).await).await,
        bad,
        "query"
    );
    let target = Target {
        method: "GET",
        public_url: "https://evil.example",
        path_and_query: &path,
    };
    let elsewhere = sign(
        &member.request_key,
        &target,
        b"",
        now_ms() / 1000,
        Nonce(unique16()),
    );
    assert_eq!(
        refused(member.send_with(Method::GET, &path, b"", &elsewhere).await).await,
        bad,
        "authority"
    );
    let honest = member.headers(&Method::POST, &path, body);
    assert_eq!(
        member
            .send_with(Method::POST, &path, body, &honest)
            .await
            .status(),
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn the_host_field_chooses_nothing() {
    let (server, org, member) = scene().await;
    let path = member.path("/devices");
    let target = Target {
        method: "GET",
        public_url: "http://evil.example",
        path_and_query: &path,
    };
    let headers = sign(
        &member.request_key,
        &target,
        b"",
        now_ms() / 1000,
        Nonce(unique16()),
    );
    let send = |headers: api::signature::SignatureHeaders, host: &'static str| {
        org.http
            .get(format!("{}{path}", server.url))
            .header("host", host)
            .header("content-digest", headers.content_digest)
            .header("signature-input", headers.signature_input)
            .header("signature", headers.signature)
            .send()
    };
    assert_eq!(
        refused(send(headers, "evil.example").await.unwrap()).await,
        (401, "bad_signature".into())
    );
    let honest = member.headers(&Method::GET, &path, b"");
    assert_eq!(
        send(honest, "evil.example").await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_expired_or_future_signature_is_refused() {
    let (_server, _org, member) = scene().await;
    let path = member.path("/devices");
    let target = Target {
        method: "GET",
        public_url: &member.url(),
        path_and_query: &path,
    };
    for created_s in [now_ms() / 1000 - 61, now_ms() / 1000 + 60] {
        let headers = sign(
            &member.request_key,
            &target,
            b"",
            created_s,
            Nonce(unique16()),
        );
        let answer = member.send_with(Method::GET, &path, b"", &headers).await;
        assert_eq!(refused(answer).await, (401, "bad_signature".into()));
    }
}

#[tokio::test]
async fn a_repeated_header_field_is_refused() {
    let (_server, org, member) = scene().await;
    let path = member.path("/devices");
    let (one, two) = (
        member.headers(&Method::GET, &path, b""),
        member.headers(&Method::GET, &path, b""),
    );
    let answer = org
        .http
        .get(org.at("/devices"))
        .header("content-digest", &one.content_digest)
        .header("signature-input", &one.signature_input)
        .header("signature-input", &two.signature_input)
        .header("signature", &one.signature)
        .send()
        .await
        .unwrap();
    assert_eq!(refused(answer).await, (401, "not_signed".into()));
}

#[tokio::test]
async fn a_key_that_was_never_signed_in_is_refused() {
    let (server, _org, member) = scene().await;
    let path = member.path("/devices");
    let target = Target {
        method: "GET",
        public_url: &server.url,
        path_and_query: &path,
    };
    let stranger = SigningKey::from_seed(unique32());
    let headers = sign(&stranger, &target, b"", now_ms() / 1000, Nonce(unique16()));
    let answer = member.send_with(Method::GET, &path, b"", &headers).await;
    assert_eq!(refused(answer).await, (401, "not_signed_in".into()));
}

#[tokio::test]
async fn a_request_key_of_one_organisation_opens_no_other() {
    let (server, _org, member) = scene().await;
    let other = OrgFixture::make(&server).await;
    let path = format!("/v1/orgs/{}/devices", other.id);
    let headers = member.headers(&Method::GET, &path, b"");
    let answer = member.send_with(Method::GET, &path, b"", &headers).await;
    assert_eq!(refused(answer).await, (401, "not_signed_in".into()));
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_its_next_request_on() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    let member = Member::sign_in(&org, &technician).await;
    assert_eq!(member.get("/devices").await.status(), StatusCode::OK);
    org.revoke(Revoked::Key(technician.id())).await;
    assert_eq!(
        refused(member.get("/devices").await).await,
        (401, "revoked".into())
    );
}

#[tokio::test]
async fn a_technician_may_not_do_what_admins_do() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    let member = Member::sign_in(&org, &technician).await;
    let admins_only = (403, "admins_only".to_owned());
    assert_eq!(refused(member.get("/invites").await).await, admins_only);
    assert_eq!(
        refused(
            member
                .delete(&format!("/waiting/{}", technician.id()))
                .await
        )
        .await,
        admins_only
    );
    let admin = Member::sign_in(&org, &org.admin).await;
    assert_eq!(admin.get("/invites").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_body_over_its_bound_is_refused() {
    let (_server, _org, member) = scene().await;
    let body = vec![b' '; api::limits::BODY_BYTES_MAX + 1];
    let answer = member.send(Method::POST, "/invites", &body).await;
    assert_eq!(refused(answer).await, (413, "bad_body".into()));
}
