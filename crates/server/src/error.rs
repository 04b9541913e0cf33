//! Refusals: a status, a code for programs, a sentence for people.

use api::error::ErrorBody;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::store::StoreError;

/// Why a request or a socket's message is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: StatusCode,
    /// `snake_case`, stable.
    pub code: &'static str,
    /// What was wrong, where, and what to do.
    pub text: String,
}

/// Result of a handler.
pub type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal with this status.
    pub fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            code,
            text: sentence(text.into()),
        }
    }

    /// 400: the request itself cannot be read.
    pub fn bad(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, text)
    }

    /// 401: nobody vouches for it.
    pub fn unproven(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, text)
    }

    /// 403: known, and not allowed.
    pub fn forbidden(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, text)
    }

    /// 404.
    pub fn missing(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, text)
    }

    /// 409: does not fit the present state.
    pub fn conflict(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, text)
    }

    /// 429.
    pub fn too_often() -> Self {
        let text = "Too many requests came from this network address. Wait a minute and try again.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_often", text)
    }

    /// 503: shutting down.
    pub fn stopping() -> Self {
        let text = "The service is restarting. Connect again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "restarting", text)
    }
}

/// Messages of our own errors begin in lower case and end without a stop.
fn sentence(text: String) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return text;
    };
    let mut out: String = first.to_uppercase().chain(chars).collect();
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the database failed");
        let text = "The service could not read or write its database; what you asked for was not done. Try again, and \
                    tell the operator of the service if it stays so.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "database_failed", text)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorBody::new(self.code, self.text))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_error_becomes_a_sentence() {
        assert_eq!(
            Refusal::bad("x", "the key is gone").text,
            "The key is gone."
        );
        assert_eq!(Refusal::bad("x", "Why?").text, "Why?");
    }
}
