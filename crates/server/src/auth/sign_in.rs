//! Signing in: an admin's or technician's ledger key vouches for a request key.

use std::sync::Arc;

use api::limits::{CLOCK_SKEW_S_MAX, NONCE_MS, REQUEST_KEY_MS_MAX};
use api::sign_in::SignedIn;
use trust::envelope::{Envelope, PayloadType};
use trust::proof::SignIn;

use super::member_role;
use crate::app::App;
use crate::clock::now_ms;
use crate::error::{Answer, Refusal};
use crate::ledger::Org;
use crate::store::RequestKeyRow;

const SKEW_MS: u64 = CLOCK_SKEW_S_MAX * 1000;

/// Takes an envelope of type `sign_in`.
pub async fn sign_in(app: &App, org: &Arc<Org>, body: &[u8]) -> Answer<SignedIn> {
    let now = now_ms();
    let envelope =
        Envelope::parse(body).map_err(|e| Refusal::bad("bad_envelope", e.to_string()))?;
    let payload: SignIn = envelope
        .read(PayloadType::SignIn)
        .map_err(|e| Refusal::bad("bad_envelope", e.to_string()))?;
    check_payload(app, org, &payload, now)?;
    let mut signers = envelope.claimed_signers();
    let (Some(signer), None) = (signers.next(), signers.next()) else {
        return Err(Refusal::bad(
            "bad_envelope",
            "a sign-in carries exactly one signature",
        ));
    };
    let role = member_role(org, &signer, now)?;
    let key = org.key(&signer);
    let verified = envelope
        .verify(PayloadType::SignIn, |id| {
            key.as_ref().filter(|key| key.id() == *id)
        })
        .map_err(|e| Refusal::unproven("bad_signature", e.to_string()))?;
    if verified.is_empty() {
        return Err(Refusal::unproven(
            "bad_signature",
            "the sign-in is not signed by a key of the ledger",
        ));
    }
    spend(app, &payload, now).await?;
    let until = payload.until.min(now + REQUEST_KEY_MS_MAX);
    let request_key = &payload.request_key;
    let public = request_key.public_bytes().try_into();
    let public = public.map_err(|_| Refusal::bad("bad_key", "a request key has 32 bytes"))?;
    let row = RequestKeyRow {
        public,
        signer,
        until,
    };
    let (org, keyid) = (org.id(), request_key.id());
    if !app.store.put_request_key(&org, &keyid, &row, now).await? {
        let text = "Another key has signed this request key in. Make a fresh one for each sign-in.";
        return Err(Refusal::unproven("bad_key", text));
    }
    app.store.key_used(&org, &signer, now).await?;
    Ok(SignedIn { keyid, role, until })
}

fn check_payload(app: &App, org: &Org, payload: &SignIn, now: u64) -> Answer<()> {
    if payload.server != app.public_url {
        let text = format!(
            "This sign-in was signed for another service; this one is {}.",
            app.public_url
        );
        return Err(Refusal::unproven("other_service", text));
    }
    if payload.org != org.id() {
        return Err(Refusal::unproven(
            "other_organisation",
            "This sign-in was signed for another organisation.",
        ));
    }
    if !app
        .nonces
        .is_fresh(&org.id(), &payload.nonce, now, NONCE_MS)
    {
        let text =
            "The nonce was not given out by this service in the last minute. Ask for a new one.";
        return Err(Refusal::unproven("stale_nonce", text));
    }
    if payload.at > now + SKEW_MS
        || payload.until <= now
        || payload.until > payload.at + REQUEST_KEY_MS_MAX
    {
        let text = "A request key is signed in now, until at most 12 hours later. Check the clock of this computer.";
        return Err(Refusal::unproven("bad_time", text));
    }
    let key = &payload.request_key;
    if !key.is_native() {
        return Err(Refusal::bad(
            "bad_key",
            "a request key is a plain ed25519 key without origins",
        ));
    }
    if org.key(&key.id()).is_some() {
        return Err(Refusal::bad(
            "bad_key",
            "a key of the ledger cannot be a request key: it signs nothing but envelopes",
        ));
    }
    Ok(())
}

async fn spend(app: &App, payload: &SignIn, now: u64) -> Answer<()> {
    let expires = now + NONCE_MS + SKEW_MS;
    if app
        .store
        .spend_nonce("sign-in", &payload.nonce, expires)
        .await?
    {
        return Ok(());
    }
    Err(Refusal::unproven(
        "spent_nonce",
        "This sign-in was used already. Ask for a new nonce.",
    ))
}
