//! Whether the domain in an organisation's roster is the organisation's: it says so itself, under `/.well-known/wayleave`.
//!
//! The roster is the organisation's own word. Without this a stranger could found an organisation "Your Bank", with the
//! bank's domain, and read a join code to somebody.

use serde::{Deserialize, Serialize};
use trust::OrgId;

use super::http::{Answer, Http};

/// What a domain says of an organisation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DomainProof {
    /// It names it.
    Proven,
    /// It did not answer: it is shown as not proven.
    Silent,
    /// It answered, and does not name it: nothing opens.
    Denied,
}

/// Who is asked about a domain.
#[derive(Clone)]
pub enum Domains {
    /// The domain itself.
    Web(Http),
    /// For tests: what it says.
    Told(DomainProof),
}

impl Domains {
    /// Asks the organisation's domain.
    pub(crate) async fn ask(&self, domain: &str, org: &OrgId) -> DomainProof {
        match self {
            Self::Web(http) => ask(http, &address(domain), org).await,
            Self::Told(proof) => *proof,
        }
    }
}

/// `{"organisations":[ORGID,..]}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WellKnown {
    organisations: Vec<OrgId>,
}

/// Where a domain tells of its organisations.
fn address(domain: &str) -> String {
    format!("https://{domain}/.well-known/wayleave")
}

/// Asks `address` over TLS. A redirect is an answer of somebody else, and so a denial.
pub async fn ask(http: &Http, address: &str, org: &OrgId) -> DomainProof {
    match http.well_known(address).await {
        Answer::None(why) => {
            tracing::warn!(address, why, "the organisation's domain does not answer");
            DomainProof::Silent
        }
        Answer::Other(status) => {
            tracing::warn!(address, status, "the domain does not tell of organisations");
            DomainProof::Denied
        }
        Answer::Document(bytes) => match trust::json::read::<WellKnown>(&bytes) {
            Ok(known) if known.organisations.contains(org) => DomainProof::Proven,
            Ok(_) | Err(_) => DomainProof::Denied,
        },
    }
}
