//! `GET /healthz`, `/readyz`, `/metrics`, and what every answer carries.

use reqwest::{Method, StatusCode};

use crate::support::member::refused;
use crate::support::{OrgFixture, TestServer};

#[tokio::test]
async fn a_running_service_is_alive_ready_and_measured() {
    let server = TestServer::start().await;
    OrgFixture::make(&server).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            reqwest::get(format!("{}{path}", server.url))
                .await
                .unwrap()
                .status(),
            StatusCode::OK
        );
    }
    let text = reqwest::get(format!("{}/metrics", server.url))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let made = r#"wayleave_http_answers_total{method="POST",route="/v1/orgs",status="201"} 1"#;
    assert!(text.contains(made), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn metrics_with_a_listener_of_their_own_are_nowhere_else() {
    let server = TestServer::start_with("metrics_listen = \"127.0.0.1:0\"").await;
    let answer = reqwest::get(format!("{}/metrics", server.url))
        .await
        .unwrap();
    assert_eq!(refused(answer).await, (404, "unknown_route".into()));
}

#[tokio::test]
async fn metrics_are_not_for_strangers_behind_a_proxy() {
    let server = TestServer::start().await;
    let ask = reqwest::Client::new().get(format!("{}/metrics", server.url));
    let answer = ask
        .header("x-forwarded-for", "192.0.2.1")
        .send()
        .await
        .unwrap();
    assert_eq!(refused(answer).await, (404, "unknown_route".into()));
}

#[tokio::test]
async fn every_answer_of_the_api_is_guarded_and_open_to_every_page() {
    let server = TestServer::start().await;
    let http = reqwest::Client::new();
    let answer = http
        .get(format!("{}/v1/server", server.url))
        .send()
        .await
        .unwrap();
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .map(|v| v.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    assert_eq!(header("access-control-allow-origin"), "*");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    assert!(header("content-security-policy").contains("default-src 'none'"));
    let asked = http
        .request(Method::OPTIONS, format!("{}/v1/orgs", server.url))
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), StatusCode::NO_CONTENT);
    let allowed = asked
        .headers()
        .get("access-control-allow-headers")
        .unwrap()
        .to_str()
        .unwrap();
    assert!(allowed.contains("signature-input"));
    assert!(
        asked
            .headers()
            .get("access-control-allow-credentials")
            .is_none()
    );
}

#[tokio::test]
async fn too_many_organisations_from_one_address_are_refused() {
    let server = TestServer::start().await;
    let http = reqwest::Client::new();
    let mut codes = Vec::new();
    for _ in 0..21 {
        codes.push(
            refused(
                http.post(format!("{}/v1/orgs", server.url))
                    .body("x")
                    .send()
                    .await
                    .unwrap(),
            )
            .await
            .0,
        );
    }
    assert_eq!(codes.iter().filter(|code| **code == 400).count(), 20);
    assert_eq!(codes[20], 429);
}

#[tokio::test]
async fn every_refusal_is_a_sentence_whatever_was_wrong() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let http = reqwest::Client::new();
    let cases = [
        (
            Method::PATCH,
            "/v1/server".to_owned(),
            (405, "wrong_method"),
        ),
        (
            Method::GET,
            "/v1/agent".to_owned(),
            (400, "not_a_websocket"),
        ),
        (
            Method::GET,
            format!("/v1/orgs/{}/ledger?from=x", org.id),
            (400, "bad_query"),
        ),
        (
            Method::GET,
            format!("/v1/orgs/{}/ledger?frmo=1", org.id),
            (400, "bad_query"),
        ),
        (
            Method::GET,
            "/v1/invites/%ff".to_owned(),
            (400, "bad_address"),
        ),
        (Method::GET, "/v1/invites/AAAA".to_owned(), (400, "bad_id")),
        (Method::POST, "/devices".to_owned(), (405, "method")),
    ];
    for (method, path, (status, code)) in cases {
        let answer = http
            .request(method, format!("{}{path}", server.url))
            .send()
            .await
            .unwrap();
        assert_eq!(refused(answer).await, (status, code.to_owned()), "{path}");
    }
    let large = vec![b' '; api::limits::BODY_BYTES_MAX + 1];
    let answer = http
        .post(org.at("/sign-in"))
        .body(large)
        .send()
        .await
        .unwrap();
    assert_eq!(refused(answer).await, (413, "bad_body".into()));
}
