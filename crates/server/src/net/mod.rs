//! The listener: TLS by rustls, HTTP/1.1 and HTTP/2 by hyper, addresses from the connection and the listed proxies.

mod address;
pub mod outside;
mod room;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::app::{Address, stopped};

use room::{Place, Room};
pub use tls::acceptor;

const TLS_TIMEOUT: Duration = Duration::from_secs(10);
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long requests may go on after a stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection's place among all; a WebSocket keeps it after its HTTP connection is over.
#[derive(Clone)]
pub struct Held {
    _place: Arc<Place>,
}

/// Whose connection it is.
struct Client {
    peer: IpAddr,
    proxies: Arc<[IpAddr]>,
    held: Held,
}

/// Where connections come from and go to.
pub struct Front {
    /// Accepts.
    pub listener: TcpListener,
    /// None: plain HTTP.
    pub tls: Option<TlsAcceptor>,
    /// Answers.
    pub router: Router,
    /// Whose `X-Forwarded-For` counts.
    pub proxies: Arc<[IpAddr]>,
    /// Raised once: no new connections, running requests end.
    pub stop: watch::Receiver<bool>,
}

impl Front {
    /// Serves until `stop`.
    pub async fn serve(self) {
        let room = Room::new(self.proxies.clone());
        let mut connections = JoinSet::new();
        let mut stop = self.stop.clone();
        loop {
            let Some(permit) = room.permit().await else {
                break;
            };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = stopped(&mut stop) => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    // Without a place the connection is dropped here.
                    if let Some(place) = room.enter(permit, peer.ip()) {
                        connections.spawn(self.connection(
                            stream,
                            peer,
                            Held {
                                _place: Arc::new(place),
                            },
                        ));
                    }
                }
                Err(error) => {
                    // Out of file descriptors, mostly: some will come back.
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIMEOUT, all_ended).await.is_err() {
            tracing::warn!("requests were still running and are cut");
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        held: Held,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (tls, router, stop) = (self.tls.clone(), self.router.clone(), self.stop.clone());
        let client = Client {
            peer: peer.ip(),
            proxies: self.proxies.clone(),
            held,
        };
        async move {
            // Input and its echo are small messages: none may wait for another.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection was gone at once");
                return;
            }
            match tls {
                None => http(stream, router, client, stop).await,
                Some(tls) => match tokio::time::timeout(TLS_TIMEOUT, tls.accept(stream)).await {
                    Ok(Ok(stream)) => http(stream, router, client, stop).await,
                    Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
                    Err(_) => tracing::debug!("no TLS in time"),
                },
            }
        }
    }
}

async fn http<S>(stream: S, router: Router, client: Client, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let address = address::of_client(client.peer, request.headers(), &client.proxies);
        request.extensions_mut().insert(Address(address));
        request.extensions_mut().insert(client.held.clone());
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(100);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection broke");
    }
}
