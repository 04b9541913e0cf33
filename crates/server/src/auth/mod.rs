//! Who asks. There is no password, cookie or bearer token: a ledger key signs a request key in, the request key signs each
//! request and each socket's nonce, and both are looked up in the fold every time.

mod nonce;
mod request;
mod sign_in;
mod socket;

use std::sync::Arc;

use api::sign_in::Role;
use trust::PublicKey;
use trust::bytes::KeyId;

use crate::app::App;
use crate::clock::now_ms;
use crate::error::{Answer, Refusal};
use crate::ledger::{Org, Standing};

pub use nonce::SignInNonces;
pub use request::Signed;
pub use sign_in::sign_in;
pub use socket::{Prover, hello_nonce, prove};

/// What a request is for, as far as roles differ in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wish {
    ReadLedger,
    ReadDevices,
    Other,
}

/// A signed-in member, checked just now.
#[derive(Clone)]
pub struct Caller {
    /// His organisation.
    pub org: Arc<Org>,
    /// His ledger key.
    pub keyid: KeyId,
    /// What it is to the organisation.
    pub role: Role,
    /// His request key.
    pub request_key: PublicKey,
    /// Until when it may sign, in milliseconds since the epoch.
    pub until: u64,
}

impl Caller {
    /// The member behind a request key, if both are good now.
    pub async fn find(app: &App, org: Arc<Org>, request_keyid: &KeyId) -> Answer<Self> {
        let now = now_ms();
        let row = app
            .store
            .request_key(&org.id(), request_keyid)
            .await?
            .filter(|row| row.until > now);
        let row = row.ok_or_else(|| {
            let text = "This request key is not signed in, or its time is over. Sign in again.";
            Refusal::unproven("not_signed_in", text)
        })?;
        let request_key = PublicKey::native(&row.public)
            .map_err(|error| Refusal::unproven("bad_key", error.to_string()))?;
        let role = member_role(&org, &row.signer, now)?;
        Ok(Self {
            org,
            keyid: row.signer,
            role,
            request_key,
            until: row.until,
        })
    }

    /// Why this member no longer counts, if so: asked again on open sockets.
    pub fn lapsed(&self) -> Option<Refusal> {
        let now = now_ms();
        if now >= self.until {
            return Some(Refusal::unproven(
                "not_signed_in",
                "The request key's time is over. Sign in again.",
            ));
        }
        member_role(&self.org, &self.keyid, now).err()
    }

    /// Whoever found a recovery key learns what the ledger says, and not who is at work; an enroller, which devices wait.
    fn may(&self, wish: Wish) -> Answer<()> {
        match (self.role, wish) {
            (Role::Admin | Role::Technician, _)
            | (Role::Recovery | Role::Enroller, Wish::ReadLedger)
            | (Role::Enroller, Wish::ReadDevices) => Ok(()),
            (Role::Recovery, _) => Err(Refusal::forbidden(
                "ledger_only",
                "A recovery key reads the ledger and nothing else.",
            )),
            (Role::Enroller, _) => Err(Refusal::forbidden(
                "devices_only",
                "An enroller's key reads the ledger and the devices, and nothing else.",
            )),
        }
    }

    /// Admins only.
    pub fn admin(&self) -> Answer<()> {
        match self.role {
            Role::Admin => Ok(()),
            Role::Technician | Role::Recovery | Role::Enroller => Err(Refusal::forbidden(
                "admins_only",
                "Only an admin's key may do this.",
            )),
        }
    }
}

fn member_role(org: &Org, keyid: &KeyId, now: u64) -> Answer<Role> {
    match org.standing(keyid, now) {
        Standing::Member(role) => Ok(role),
        Standing::Revoked => Err(Refusal::unproven(
            "revoked",
            "This key was revoked. It opens nothing any more.",
        )),
        Standing::Device | Standing::None => {
            let text = "The organisation's ledger lists this key neither as admin, technician nor enroller in force.";
            Err(Refusal::unproven("not_a_member", text))
        }
    }
}
