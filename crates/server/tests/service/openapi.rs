//! The OpenAPI document: a snapshot, and what it promises.

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::member::refused;
use crate::support::{OrgFixture, TestServer};

/// `WAYLEAVE_BLESS=1` rewrites the snapshot.
#[test]
fn the_document_is_the_snapshot() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let document = wayleave_server::openapi();
    if std::env::var_os("WAYLEAVE_BLESS").is_some() {
        std::fs::write(&file, &document).unwrap();
    }
    let snapshot = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        document == snapshot,
        "the API differs from crates/server/openapi.json: run this test with WAYLEAVE_BLESS=1 and look at the difference"
    );
}

fn operations(document: &Value) -> Vec<(Method, String, bool)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            found.push((method, path.clone(), operation["security"].is_array()));
        }
    }
    found
}

#[tokio::test]
async fn every_documented_route_is_there_and_every_signed_one_refuses_the_unsigned() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let document = org
        .http
        .get(format!("{}/v1/openapi.json", server.url))
        .send()
        .await
        .unwrap();
    let document: Value = document.json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    let operations = operations(&document);
    assert_eq!(
        operations.iter().filter(|(.., signed)| *signed).count(),
        22,
        "signed operations"
    );
    for (method, path, signed) in operations {
        let address = path
            .replace("{org}", &org.id.to_string())
            .replace("{keyid}", &org.id.to_string())
            .replace("{session}", id)
            .replace("{invite}", id)
            .replace("{warrant}", id)
            .replace("{feed}", id)
            .replace("{draft}", &org.id.to_string());
        let address = if path.ends_with("/receipts") {
            format!("{address}?device={}", org.id)
        } else {
            address
        };
        let answer = org
            .http
            .request(method.clone(), format!("{}{address}", server.url))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        if signed {
            assert_eq!(
                refused(answer).await,
                (401, "not_signed".into()),
                "{method} {path}"
            );
        }
    }
}
