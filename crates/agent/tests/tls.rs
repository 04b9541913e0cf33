//! The service's certificate: from the system's roots or the one given by hand, else nothing is said.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use support::service::Socket;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use trust::bytes::OrgId;
use trust::key::SigningKey;
use wayleave_agent::clock::os_random;
use wayleave_agent::socket::{Door, Identity, Service, SocketError};

fn acceptor(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_and_of_a_given_one_taken() {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &ca)
        .unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let acceptor = acceptor(leaf.der().clone(), private);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                let _kept_open = Socket::accept(stream).await;
            }
        }
    });

    let signing = SigningKey::from_seed(os_random());
    let identity = Identity {
        org: OrgId([0; 32]),
        key: &signing,
    };
    let unknown = Service::new(&url, None)
        .unwrap()
        .open(Door::Agent, &identity)
        .await;
    assert!(matches!(unknown, Err(SocketError::Connect(_))));

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    std::fs::write(&file, ca.pem()).unwrap();
    let known = Service::new(&url, Some(&file))
        .unwrap()
        .open(Door::Agent, &identity)
        .await;
    assert!(known.is_ok(), "{:?}", known.err());
}
