//! Refusals of the service.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: Problem,
}

/// Why something was refused: a code for programs, a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// `snake_case`, stable between versions.
    #[schema(example = "not_signed")]
    pub code: String,
    /// What was wrong, where, and what to do.
    #[schema(example = "This request carries no signature. Sign in and sign each request.")]
    pub text: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.text, self.code)
    }
}

impl std::error::Error for Problem {}

impl ErrorBody {
    /// A refusal with this code and sentence.
    pub fn new(code: &str, text: impl Into<String>) -> Self {
        Self {
            error: Problem {
                code: code.to_owned(),
                text: text.into(),
            },
        }
    }
}
