//! Who may ask, and what an answer allows the page.

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::server_url::ServerUrl;

/// Lets a request pass that names exactly this place, and puts the policy on whatever is answered.
pub async fn pass(port: u16, server: ServerUrl, request: Request, next: Next) -> Response {
    let answer = match refusal(port, request.method(), request.headers()) {
        Some((status, text)) => (status, format!("{text}\n")).into_response(),
        None => next.run(request).await,
    };
    with_policy(answer, &server)
}

/// Exact names only: a page of another origin, or a name that an attacker points at this computer, gets nothing.
fn refusal(port: u16, method: &Method, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    let one = |name: HeaderName| {
        let mut all = headers.get_all(name).iter();
        (all.next(), all.next())
    };
    let (host, second) = one(HOST);
    if second.is_some()
        || host.is_none_or(|h| h.as_bytes() != format!("localhost:{port}").as_bytes())
    {
        return Some((
            StatusCode::MISDIRECTED_REQUEST,
            "This is the console of localhost alone.",
        ));
    }
    let own = format!("http://localhost:{port}");
    if headers
        .get_all(ORIGIN)
        .iter()
        .any(|o| o.as_bytes() != own.as_bytes())
    {
        return Some((StatusCode::FORBIDDEN, "Another page may not ask here."));
    }
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|s| s != b"same-origin" && s != b"none")
        && headers
            .get("sec-fetch-mode")
            .is_none_or(|m| m != "navigate")
    {
        return Some((StatusCode::FORBIDDEN, "Another page may not ask here."));
    }
    if headers.contains_key("service-worker") {
        return Some((StatusCode::FORBIDDEN, "The console has no service worker."));
    }
    if method != Method::GET && method != Method::HEAD {
        return Some((StatusCode::METHOD_NOT_ALLOWED, "Files are read with GET."));
    }
    None
}

fn with_policy(mut answer: Response, server: &ServerUrl) -> Response {
    let socket = server.websocket();
    // A revocation goes straight to the organisation's witnesses, wherever they are.
    let witnesses = if server.is_loopback() {
        "https: http://localhost:* http://127.0.0.1:*"
    } else {
        "https:"
    };
    // Styles may be inline: a terminal writes its own.
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:; font-src 'self'; connect-src 'self' {server} {socket} {witnesses}; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    let headers = answer.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, value);
    }
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
