//! The console's static files, embedded when the program is built.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

use crate::app::App;
use crate::error::Refusal;

#[derive(Embed)]
#[folder = "../../web/dist"]
struct Assets;

/// No inline script, no foreign code, no frames. Styles may be inline: a terminal writes its own. A revocation goes straight
/// to the organisation's witnesses, wherever they are; on a service without TLS they may be on the same machine.
const POLICY: &str = "default-src 'none'; script-src 'self'{wasm}; worker-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data: blob:; font-src 'self'; connect-src 'self' https:{loopback}; manifest-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const MISSING: &str = "<!doctype html><meta charset=utf-8><title>Wayleave</title>\
    <h1>The console is not built into this program</h1>\
    <p>Run this in the folder <code>web</code>, then build the service again:</p>\
    <pre>npm ci &amp;&amp; npm run build</pre>";

/// A file of the console; any other address is the console's own and gets its page.
pub async fn asset(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("v1/") || path == "v1" {
        return Refusal::missing(
            "unknown_route",
            "there is no such route; see /v1/openapi.json",
        )
        .into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "files are read with GET",
        )
        .into_response();
    }
    if let Some(file) = Assets::get(path) {
        return with_policy(serve(path, &file, &headers), &app);
    }
    if path.starts_with("assets/") {
        return Refusal::missing("unknown_file", "there is no such file; reload the page")
            .into_response();
    }
    match Assets::get("index.html") {
        Some(file) => with_policy(serve("index.html", &file, &headers), &app),
        None => with_policy(page(MISSING), &app),
    }
}

fn serve(path: &str, file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag: String = file.metadata.sha256_hash()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("\"{tag}\"");
    // The builder puts a hash of the content into the names below this folder.
    let caching = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut answer = if asked
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes())
    {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.data.clone().into_owned().into_response()
    };
    let headers = answer.headers_mut();
    let kind = HeaderValue::from_str(file.metadata.mimetype());
    headers.insert(
        CONTENT_TYPE,
        kind.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    answer
}

fn page(html: &'static str) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

fn with_policy(mut answer: Response, app: &App) -> Response {
    let needs_wasm = Assets::iter().any(|name| name.ends_with(".wasm"));
    let wasm = if needs_wasm {
        " 'wasm-unsafe-eval'"
    } else {
        ""
    };
    let loopback = if app.public_url.starts_with("https:") {
        ""
    } else {
        " http://localhost:* http://127.0.0.1:*"
    };
    let policy = POLICY
        .replace("{wasm}", wasm)
        .replace("{loopback}", loopback);
    if let Ok(value) = HeaderValue::from_str(&policy) {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, value);
    }
    answer
}
