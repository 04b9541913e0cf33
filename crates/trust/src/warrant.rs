//! The warrant: what a technician signs to open one session on one device.

use serde::{Deserialize, Serialize};

use crate::bounds::Bounds;
use crate::bytes::{Hash, KeyId, OrgId, Salt, WarrantId, X25519Public, sha256};
use crate::scope::{Scope, is_scope_list};
use crate::statement::Seen;
use crate::text::is_line;

/// A warrant's payload. Times in milliseconds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warrant {
    /// In which organisation.
    pub org: OrgId,
    /// Random; a device opens it once.
    pub id: WarrantId,
    /// On which device.
    pub device: KeyId,
    /// Whose session: this technician's key must have signed; further signatures are approvals.
    pub by: KeyId,
    /// The technician's static key on the channel, made for this warrant.
    pub noise: X25519Public,
    /// What.
    pub scopes: Vec<Scope>,
    /// Within which bounds; what is left open is as the policy has it.
    #[serde(default, skip_serializing_if = "Bounds::is_empty")]
    pub bounds: Bounds,
    /// Not before.
    pub from: u64,
    /// Not at or after.
    pub until: u64,
    /// Whether somebody at the device is asked.
    pub attended: bool,
    /// Why, in the technician's words.
    pub why: String,
    /// Ticket number or address, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The technician's name, opened against the commitment in the ledger.
    pub name: OpenedName,
    /// The ledger the technician knew.
    pub seen: Seen,
}

/// A name with the salt that opens its commitment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenedName {
    /// As colleagues know the person.
    pub name: String,
    /// 16 random bytes.
    pub salt: Salt,
}

impl OpenedName {
    /// The commitment that the ledger holds.
    pub fn commitment(&self) -> Hash {
        name_commitment(&self.salt, &self.name)
    }
}

/// Commits to a person's name: SHA-256 over a label, 16 bytes of salt and the name.
pub fn name_commitment(salt: &Salt, name: &str) -> Hash {
    sha256(&[b"wayleave/name/1\0", &salt.0, name.as_bytes()])
}

impl Warrant {
    /// Whether the texts and lists are sound.
    pub fn check_shape(&self) -> Result<(), &'static str> {
        if !is_scope_list(&self.scopes) {
            return Err("its scopes are empty or repeat");
        }
        if !is_line(&self.why)
            || !self.ticket.as_deref().is_none_or(is_line)
            || !is_line(&self.name.name)
        {
            return Err("its reason, ticket or name is not one line of 1 to 200 characters");
        }
        if self.from >= self.until || self.until > crate::limits::INTEGER_MAX {
            return Err("it ends before it begins");
        }
        self.bounds.check_shape(&self.scopes)
    }
}
