//! Everything else: the console's static files.

use reqwest::StatusCode;

use crate::support::TestServer;
use crate::support::member::refused;

#[tokio::test]
async fn every_other_address_is_the_console_s_page_under_a_strict_policy() {
    let server = TestServer::start().await;
    for path in ["/", "/devices", "/join/abc"] {
        let answer = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert!(header("content-type").starts_with("text/html"));
        let policy = header("content-security-policy");
        let scripts = policy
            .split("; ")
            .find(|part| part.starts_with("script-src"))
            .unwrap();
        assert!(
            !scripts.contains("unsafe-inline") && !scripts.contains("'unsafe-eval'"),
            "{scripts}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("worker-src 'self'"),
            "{policy}"
        );
        // Witnesses are reached over TLS, or on the same machine where the service itself has none.
        assert!(
            policy.contains("connect-src 'self' https: http://localhost:* http://127.0.0.1:*;"),
            "{policy}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(
            answer
                .headers()
                .get("access-control-allow-origin")
                .is_none()
        );
    }
}

#[tokio::test]
async fn an_unknown_route_or_file_is_no_page() {
    let server = TestServer::start().await;
    for (path, code) in [
        ("/v1/nothing", "unknown_route"),
        ("/assets/none.js", "unknown_file"),
    ] {
        let answer = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
        assert_eq!(refused(answer).await, (404, code.into()));
    }
}
