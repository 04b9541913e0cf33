//! Why a command failed, for people (a sentence) and for scripts (an exit code).

use std::fmt;
use std::process::ExitCode;

/// Who said no.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// This computer: keys, ledger or names do not fit, nothing was opened.
    Refused,
    /// The device judged no, or ended the session.
    Device,
    /// The service answered with a refusal.
    Service,
    /// The service or a witness did not answer.
    Unreachable,
}

/// A failure with a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Who said no.
    pub kind: Kind,
    /// `snake_case`, stable between versions.
    pub code: String,
    /// What was wrong and what to do.
    pub text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

/// A refusal of this computer.
pub fn refused(code: &str, text: impl Into<String>) -> anyhow::Error {
    named(Kind::Refused, code, text)
}

/// A failure of any kind.
pub fn named(kind: Kind, code: &str, text: impl Into<String>) -> anyhow::Error {
    Failure {
        kind,
        code: code.to_owned(),
        text: text.into(),
    }
    .into()
}

/// The named failure within an error, if there is one.
pub fn find(error: &anyhow::Error) -> Option<&Failure> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

/// Exit codes of docs/cli.md.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(match find(error).map(|f| f.kind) {
        None => 1,
        Some(Kind::Refused) => 3,
        Some(Kind::Device) => 4,
        Some(Kind::Service) => 5,
        Some(Kind::Unreachable) => 6,
    })
}

/// Tells the error on standard error: a sentence, or with `json` an object as the service's errors.
pub fn tell(error: &anyhow::Error, json: bool) {
    if json {
        let code = find(error).map_or("failed", |f| &f.code);
        let body = api::error::ErrorBody::new(code, format!("{error:#}"));
        eprintln!("{}", serde_json::to_string(&body).unwrap_or_default());
    } else {
        eprintln!("wayleave: {error:#}");
    }
}
