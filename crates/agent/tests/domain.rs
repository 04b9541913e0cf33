//! An organisation's domain is asked whether it knows the organisation: over TLS, without redirects.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use trust::bytes::OrgId;
use wayleave_agent::join::{DomainProof, Http, ask_domain};

const ORG: OrgId = OrgId([7; 32]);

/// A web server at `localhost` that gives one answer to everything.
struct Domain {
    address: String,
    ca: PathBuf,
    _dir: TempDir,
}

impl Domain {
    async fn answering(answer: String) -> Self {
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &ca)
            .unwrap();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], private)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap();
                assert!(request[..read].starts_with(b"GET /.well-known/wayleave HTTP/1.1\r\n"));
                stream.write_all(answer.as_bytes()).await.unwrap();
                let _ = stream.shutdown().await;
            }
        });
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        std::fs::write(&file, ca.pem()).unwrap();
        Self {
            address: format!("https://localhost:{port}/.well-known/wayleave"),
            ca: file,
            _dir: dir,
        }
    }

    async fn says(&self) -> DomainProof {
        let http = Http::new("https://support.example", Some(&self.ca)).unwrap();
        ask_domain(&http, &self.address, &ORG).await
    }
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn naming(orgs: &[OrgId]) -> String {
    ok(&serde_json::json!({ "organisations": orgs }).to_string())
}

#[tokio::test]
async fn a_domain_that_names_the_organisation_proves_it() {
    let domain = Domain::answering(naming(&[OrgId([1; 32]), ORG])).await;
    assert_eq!(domain.says().await, DomainProof::Proven);
}

#[tokio::test]
async fn a_domain_that_answers_otherwise_denies_it() {
    let elsewhere = Domain::answering(naming(&[ORG])).await;
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        elsewhere.address
    );
    let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let twice = format!(r#"{{"organisations":["{ORG}"],"organisations":["{ORG}"]}}"#);
    let extra = format!(r#"{{"organisations":["{ORG}"],"x":1}}"#);
    for answer in [
        naming(&[OrgId([1; 32])]),
        naming(&[]),
        redirect,
        missing.to_owned(),
        ok("<html>"),
        ok(&twice),
        ok(&extra),
        ok(&format!("{}{}", " ".repeat(70_000), ORG)),
    ] {
        let domain = Domain::answering(answer.clone()).await;
        assert_eq!(domain.says().await, DomainProof::Denied, "{answer:.80}");
    }
    assert_eq!(elsewhere.says().await, DomainProof::Proven);
}

#[tokio::test]
async fn a_domain_that_does_not_answer_proves_nothing() {
    let broken =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let broken = Domain::answering(broken.to_owned()).await;
    assert_eq!(broken.says().await, DomainProof::Silent);
    // A certificate of an authority that this machine does not know is no answer of the domain.
    let domain = Domain::answering(naming(&[ORG])).await;
    let http = Http::new("https://support.example", None).unwrap();
    assert_eq!(
        ask_domain(&http, &domain.address, &ORG).await,
        DomainProof::Silent
    );
    assert_eq!(domain.says().await, DomainProof::Proven);
}
