//! The console's static files, embedded when the program is built.

use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "../../web/dist"]
struct Assets;

const MISSING: &str = "<!doctype html><meta charset=utf-8><title>Wayleave</title>\
    <h1>The console is not built into this program</h1>\
    <p>Run this in the folder <code>web</code>, then build <code>wayleave</code> again:</p>\
    <pre>npm ci &amp;&amp; npm run build</pre>";

/// A file of the console; any other address is the console's own and gets its page.
pub async fn asset(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Assets::get(path) {
        return serve(&file);
    }
    if path.starts_with("assets/") || path.starts_with("v1/") {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    }
    match Assets::get("index.html") {
        Some(file) => serve(&file),
        None => ([(CONTENT_TYPE, "text/html; charset=utf-8")], MISSING).into_response(),
    }
}

fn serve(file: &EmbeddedFile) -> Response {
    let kind = file.metadata.mimetype().to_owned();
    ([(CONTENT_TYPE, kind)], file.data.clone().into_owned()).into_response()
}
