//! `wayleave console`: the web console's static files from this binary, on this computer only.
//!
//! It holds no key and signs nothing. Its port is fixed because an origin is part of what a key vouches for; a port that
//! somebody else has is never shared or replaced by another. The page finds the service by `/console.json`.

mod assets;
mod guard;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::get;
use clap::Args;
use tokio::net::TcpListener;

use crate::failure::refused;
use crate::server_url::ServerUrl;

/// Where to serve, and for which service.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The service that the page talks to
    #[arg(long, value_name = "URL")]
    server: ServerUrl,
    /// The port: part of the origin that admin keys vouch for
    #[arg(long, default_value_t = 7171, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
}

/// Serves until it is stopped.
pub async fn run(arguments: Arguments) -> Result<()> {
    let listeners = listen(arguments.port).await?;
    println!(
        "The console is at http://localhost:{}  (Ctrl-C ends it)",
        arguments.port
    );
    let app = app(arguments.port, &arguments.server);
    let serving = listeners.into_iter().map(|listener| {
        let app = app.clone();
        async move { axum::serve(listener, app).await }
    });
    tokio::select! {
        result = futures_util::future::try_join_all(serving) => result.map(|_| ()).context("the console stopped"),
        signal = tokio::signal::ctrl_c() => signal.context("the console stopped"),
    }
}

/// The routes: one description for the page, and files.
fn app(port: u16, server: &ServerUrl) -> Router {
    let description = serde_json::json!({ "server": server }).to_string();
    let json = [(axum::http::header::CONTENT_TYPE, "application/json")];
    let server = server.clone();
    Router::new()
        .route(
            "/console.json",
            get(move || async move { (json, description.clone()) }),
        )
        .fallback(assets::asset)
        .layer(axum::middleware::from_fn(move |request, next| {
            guard::pass(port, server.clone(), request, next)
        }))
}

/// Both loopback addresses: a browser may try either for `localhost`, and neither may be somebody else's.
async fn listen(port: u16) -> Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in [
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
    ] {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(e) if e.kind() == ErrorKind::AddrInUse => {
                return Err(refused(
                    "port_taken",
                    format!(
                        "Port {port} is taken by another program, which could show you its own page there. Find out which one, and \
                         stop it; the console does not move to another port, because its address is part of what your keys vouch for."
                    ),
                ));
            }
            // A computer without IPv6.
            Err(e)
                if address.is_ipv6()
                    && matches!(
                        e.kind(),
                        ErrorKind::AddrNotAvailable | ErrorKind::Unsupported
                    ) => {}
            Err(e) => {
                return Err(e).with_context(|| format!("the console cannot listen on {address}"));
            }
        }
    }
    Ok(listeners)
}
