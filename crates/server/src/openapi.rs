//! The OpenAPI document.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

const DESCRIPTION: &str = "Bodies are JSON, read strictly. Every request but those under service, organisations, sockets \
and operator, the reading and answering of one invite, and the \
taking of one join code, is signed: RFC 9421, docs/protocol.md 2.2. There is no password, \
cookie or bearer token.";

/// Everything but the paths.
pub fn head() -> OpenApi {
    let signature = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
        "signature",
        "HTTP Message Signature (RFC 9421) with Ed25519 by a signed-in request key; with the header fields \
         signature-input and content-digest.",
    )));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Wayleave service")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .build(),
        )
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("request_signature", signature)
                .build(),
        ))
        .build()
}

/// The document as text; ends with a line break.
pub fn text(document: &OpenApi) -> String {
    let mut text = document
        .to_pretty_json()
        .expect("the document has string keys and no fallible parts");
    text.push('\n');
    text
}

/// Answers with the document.
pub async fn answer(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
