//! A proven WebSocket to the service: connection, TLS, `hello`, `proof`.

use std::path::Path;
use std::sync::Arc;

use api::ids::SessionId;
use api::signal::relay::{FromRelayEnd, ToRelayEnd};
use futures_util::{SinkExt, StreamExt};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, WebSocketConfig};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use trust::bytes::OrgId;
use trust::envelope::{Envelope, PayloadType};
use trust::key::SigningKey;
use trust::proof::{Purpose, Socket};

use crate::clock::wall_ms;
use crate::limits::CONNECT_MAX;

/// A WebSocket to the service.
pub type Ws = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where the service is, and how to trust its certificate.
#[derive(Clone)]
pub struct Service {
    /// As people write it: `https://host[:port]`, without a trailing slash.
    pub url: String,
    ws_url: String,
    connector: Connector,
}

/// Who proves himself.
pub struct Identity<'a> {
    /// In which organisation.
    pub org: OrgId,
    /// The device's key.
    pub key: &'a SigningKey,
}

/// Which socket.
#[derive(Clone, Copy)]
pub enum Door {
    /// Signalling.
    Agent,
    /// One session's relay.
    Relay(SessionId),
}

/// Why there is no socket; a sentence for the log.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The address is not usable.
    #[error(
        "the service's address {0:?} is not usable: it is https://HOST[:PORT], or http:// on this machine only"
    )]
    Address(String),
    /// A certificate file is not usable.
    #[error("the certificates in {0} cannot be read: {1}")]
    Certificates(String, String),
    /// Too slow.
    #[error("the service did not answer in time")]
    Timeout,
    /// The network or TLS.
    #[error("the service cannot be reached: {0}")]
    Connect(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    /// The service said no.
    #[error("the service refused: {text} ({code})")]
    Refused {
        /// For programs.
        code: String,
        /// A sentence.
        text: String,
    },
    /// The service closed the socket.
    #[error("the service closed the connection{}", .0.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    Closed(Option<String>),
    /// The join code, or somebody in between.
    #[error("{0}")]
    Join(#[from] wire::pake::PakeError),
    /// Not our protocol.
    #[error("the service does not speak the agent's protocol: {0}")]
    Protocol(String),
}

impl Service {
    /// Checks the address and loads the certificates: the system's, and those of `ca` (PEM).
    ///
    /// # Errors
    /// [`SocketError::Address`], [`SocketError::Certificates`].
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, SocketError> {
        let url = url.trim_end_matches('/').to_owned();
        let address = || SocketError::Address(url.clone());
        let uri: Uri = url.parse().map_err(|_| address())?;
        let host = uri.host().ok_or_else(address)?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(address());
        }
        let (scheme, connector) = match uri.scheme_str() {
            Some("https") => ("wss", Connector::Rustls(tls(ca)?)),
            Some("http") if is_loopback(host) => ("ws", Connector::Plain),
            _ => return Err(address()),
        };
        let authority = uri.authority().ok_or_else(address)?;
        let ws_url = format!("{scheme}://{authority}");
        Ok(Self {
            url,
            ws_url,
            connector,
        })
    }

    /// Connects and proves who this device is.
    ///
    /// # Errors
    /// [`SocketError`].
    pub async fn open(&self, door: Door, identity: &Identity<'_>) -> Result<Ws, SocketError> {
        tokio::time::timeout(CONNECT_MAX, self.connect(door, identity))
            .await
            .map_err(|_| SocketError::Timeout)?
    }

    async fn connect(&self, door: Door, identity: &Identity<'_>) -> Result<Ws, SocketError> {
        let (path, purpose, session, bytes_max) = match door {
            Door::Agent => (
                "/v1/agent".to_owned(),
                Purpose::Agent,
                None,
                api::limits::SIGNAL_BYTES_MAX,
            ),
            Door::Relay(session) => {
                let path = format!("/v1/relay/{session}");
                (
                    path,
                    Purpose::Relay,
                    Some(session.to_string()),
                    api::limits::SIGNAL_UNPROVEN_BYTES_MAX,
                )
            }
        };
        let config = WebSocketConfig::default()
            .max_message_size(Some(bytes_max))
            .max_frame_size(Some(bytes_max))
            .write_buffer_size(0);
        let url = format!("{}{path}", self.ws_url);
        let connector = Some(self.connector.clone());
        let connecting =
            tokio_tungstenite::connect_async_tls_with_config(url, Some(config), true, connector);
        let (mut ws, _) = connecting.await.map_err(Box::new)?;
        let ToRelayEnd::Hello { nonce } = next(&mut ws).await? else {
            return Err(SocketError::Protocol(
                "its first message is not hello".to_owned(),
            ));
        };
        let proof = Socket {
            server: self.url.clone(),
            org: identity.org,
            purpose,
            session,
            nonce,
            at: wall_ms(),
            key: Some(identity.key.public().clone()),
        };
        let envelope = Envelope::sign(PayloadType::Socket, &proof, &[identity.key])
            .map_err(|error| SocketError::Protocol(error.to_string()))?;
        let text = api::signal::write(&FromRelayEnd::Proof(envelope.to_text()));
        ws.send(Message::text(text)).await.map_err(Box::new)?;
        Ok(ws)
    }
}

/// The next text message. What the service says on leaving is the error.
///
/// # Errors
/// [`SocketError`].
pub async fn next<T: DeserializeOwned + Serialize>(ws: &mut Ws) -> Result<T, SocketError> {
    loop {
        match ws.next().await {
            Some(Ok(Message::Text(text))) => return parse(&text),
            Some(Ok(Message::Close(frame))) => return Err(SocketError::Closed(reason(frame))),
            Some(Ok(Message::Binary(_))) => {
                return Err(SocketError::Protocol(
                    "a binary message where a text is due".to_owned(),
                ));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(Box::new(error).into()),
            None => return Err(SocketError::Closed(None)),
        }
    }
}

/// Reads a text message; `error` of any socket is a refusal.
///
/// # Errors
/// [`SocketError`].
pub fn parse<T: DeserializeOwned + Serialize>(text: &str) -> Result<T, SocketError> {
    if let Ok(ToRelayEnd::Error { code, text }) = api::signal::parse(text, text.len()) {
        return Err(SocketError::Refused { code, text });
    }
    api::signal::parse(text, api::limits::SIGNAL_BYTES_MAX).map_err(SocketError::Protocol)
}

/// What a close frame says, on one line.
pub fn reason(frame: Option<CloseFrame>) -> Option<String> {
    let reason = frame?.reason;
    (!reason.is_empty()).then(|| trust::text::show_foreign(&reason, 200))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// TLS as the agent speaks it: the system's certificates, and those of `ca` (PEM).
///
/// # Errors
/// [`SocketError::Certificates`].
pub fn tls(ca: Option<&Path>) -> Result<Arc<rustls::ClientConfig>, SocketError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca {
        let failed = |why: String| SocketError::Certificates(path.display().to_string(), why);
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| failed(error.to_string()))?;
        if roots.add_parsable_certificates(certificates).0 == 0 {
            return Err(failed("there is no usable certificate in it".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SocketError::Protocol(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in [
            "http://localhost:7070",
            "http://127.0.0.1:1",
            "http://[::1]:80/",
            "https://a.example",
        ] {
            assert!(Service::new(good, None).is_ok(), "{good}");
        }
        for bad in [
            "http://a.example",
            "http://10.0.0.1",
            "ftp://a.example",
            "a.example",
            "https://a.example/x",
            "",
        ] {
            assert!(Service::new(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_of_the_service_is_a_refusal() {
        let text = r#"{"error":{"code":"dropped","text":"No."}}"#;
        let refused = parse::<api::signal::agent::ToAgent>(text);
        assert!(matches!(refused, Err(SocketError::Refused { code, .. }) if code == "dropped"));
    }
}
