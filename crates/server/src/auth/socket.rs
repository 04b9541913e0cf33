//! The first message of a WebSocket: an envelope of type `socket` over the service's nonce.

use std::sync::Arc;

use api::ids::{KeyId, Nonce, SessionId};
use trust::PublicKey;
use trust::envelope::{Envelope, PayloadType};
use trust::proof::{Purpose, Socket};

use super::{Caller, Wish};
use crate::app::App;
use crate::clock::random;
use crate::error::{Answer, Refusal};
use crate::ledger::Org;

/// A nonce for `hello`.
pub fn hello_nonce() -> Nonce {
    Nonce(random())
}

/// Who is at the other end of a socket.
pub enum Prover {
    /// A device, admitted or not: whoever holds this key.
    Device {
        /// Where it belongs.
        org: Arc<Org>,
        /// Its key.
        key: PublicKey,
    },
    /// A signed-in member.
    Member(Caller),
}

/// Checks a proof for this purpose, nonce and session.
pub async fn prove(
    app: &App,
    text: &str,
    purpose: Purpose,
    nonce: &Nonce,
    session: Option<&SessionId>,
) -> Answer<Prover> {
    let envelope = Envelope::parse(text.as_bytes())
        .map_err(|e| Refusal::bad("bad_envelope", e.to_string()))?;
    let payload: Socket = envelope
        .read(PayloadType::Socket)
        .map_err(|e| Refusal::bad("bad_envelope", e.to_string()))?;
    check_payload(app, &payload, purpose, nonce, session)?;
    let org = app.org(&payload.org)?;
    let mut signers = envelope.claimed_signers();
    let (Some(signer), None) = (signers.next(), signers.next()) else {
        return Err(Refusal::bad(
            "bad_envelope",
            "a proof carries exactly one signature",
        ));
    };
    let (key, prover) = match purpose {
        Purpose::Agent => device(&org, &signer, payload.key)?,
        Purpose::Console => member(app, org, &signer).await?,
        // A machine that joins by a code states its key, as one that waits for admission does.
        Purpose::Relay if org.key(&signer).is_some() || payload.key.is_some() => {
            device(&org, &signer, payload.key)?
        }
        Purpose::Relay => member(app, org, &signer).await?,
    };
    let verified = envelope
        .verify(PayloadType::Socket, |id| (*id == key.id()).then_some(&key))
        .map_err(|e| Refusal::unproven("bad_signature", e.to_string()))?;
    if verified.is_empty() {
        return Err(Refusal::unproven(
            "bad_signature",
            "the proof is not signed by the key it names",
        ));
    }
    Ok(prover)
}

fn check_payload(
    app: &App,
    payload: &Socket,
    purpose: Purpose,
    nonce: &Nonce,
    session: Option<&SessionId>,
) -> Answer<()> {
    if payload.server != app.public_url {
        let text = format!(
            "This proof was signed for another service; this one is {}.",
            app.public_url
        );
        return Err(Refusal::unproven("other_service", text));
    }
    if payload.purpose != purpose {
        return Err(Refusal::unproven(
            "other_purpose",
            "This proof was signed for another kind of socket.",
        ));
    }
    if payload.nonce != *nonce {
        return Err(Refusal::unproven(
            "other_nonce",
            "This proof was signed for another connection.",
        ));
    }
    if payload.session != session.map(SessionId::to_string) {
        return Err(Refusal::unproven(
            "other_session",
            "This proof was signed for another session.",
        ));
    }
    Ok(())
}

fn device(
    org: &Arc<Org>,
    signer: &KeyId,
    stated: Option<PublicKey>,
) -> Answer<(PublicKey, Prover)> {
    let key = org.key(signer).or(stated.filter(|key| key.id() == *signer));
    let key = key.ok_or_else(|| {
        let text = "The ledger does not know the key that signed, and the proof does not state it.";
        Refusal::unproven("unknown_key", text)
    })?;
    Ok((
        key.clone(),
        Prover::Device {
            org: org.clone(),
            key,
        },
    ))
}

async fn member(app: &App, org: Arc<Org>, signer: &KeyId) -> Answer<(PublicKey, Prover)> {
    let caller = Caller::find(app, org, signer).await?;
    caller.may(Wish::Other)?;
    Ok((caller.request_key.clone(), Prover::Member(caller)))
}
