//! The listener with TLS.

use std::sync::Arc;

use api::org::ServerInfo;
use reqwest::Certificate;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};
use wayleave_server::Running;
use wayleave_server::config::Config;

use crate::support::soon;

#[tokio::test]
async fn pages_and_sockets_come_over_tls_and_plain_http_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(dir.path().join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let path = dir.path().display();
    let config = Config::parse(&format!(
        "listen = \"127.0.0.1:0\"\npublic_url = \"https://localhost:8443\"\ndata_dir = \"{path}/data\"\n\
         tls = {{ cert = \"{path}/cert.pem\", key = \"{path}/key.pem\" }}\n"
    ));
    let running = Running::start(config.unwrap()).await.unwrap();
    let port = running.address.port();

    let root = Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([root])
        .build()
        .unwrap();
    let answer = http
        .get(format!("https://localhost:{port}/v1/server"))
        .send()
        .await
        .unwrap();
    assert!(answer.headers().contains_key("strict-transport-security"));
    let info: ServerInfo = answer.json().await.unwrap();
    assert_eq!(info.public_url, "https://localhost:8443");
    assert!(
        http.get(format!("http://localhost:{port}/v1/server"))
            .send()
            .await
            .is_err()
    );

    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let tls = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = Connector::Rustls(Arc::new(tls));
    let address = format!("wss://localhost:{port}/v1/agent");
    let connecting = connect_async_tls_with_config(address, None, false, Some(connector));
    let (mut socket, _) = soon(connecting).await.unwrap();
    let hello = soon(futures_util::StreamExt::next(&mut socket))
        .await
        .unwrap()
        .unwrap();
    assert!(
        hello
            .to_text()
            .unwrap()
            .starts_with(r#"{"hello":{"nonce":"#)
    );
    drop(socket);
    running.stop().await;
}

#[tokio::test]
async fn a_certificate_without_its_key_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (make(), make());
    std::fs::write(dir.path().join("cert.pem"), one.cert.pem()).unwrap();
    std::fs::write(dir.path().join("key.pem"), two.signing_key.serialize_pem()).unwrap();
    let path = dir.path().display();
    let config = Config::parse(&format!(
        "listen = \"127.0.0.1:0\"\npublic_url = \"https://localhost:8443\"\ndata_dir = \"{path}/data\"\n\
         tls = {{ cert = \"{path}/cert.pem\", key = \"{path}/key.pem\" }}\n"
    ));
    let error = Running::start(config.unwrap()).await.err().unwrap();
    assert!(
        error.to_string().contains("do not belong together"),
        "{error:#}"
    );
}

fn make() -> rcgen::CertifiedKey<rcgen::KeyPair> {
    rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap()
}
