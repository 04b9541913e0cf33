//! Statements that give power and wait for other admins' signatures.

use std::sync::Arc;

use api::draft::{Draft, Drafts};
use api::error::ErrorBody;
use api::limits::DRAFT_MS;
use api::signal::console::ToConsole;
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use trust::bytes::{Hash, KeyId, sha256};
use trust::envelope::{Envelope, PayloadType};
use trust::state::Inert;
use trust::statement::{Say, Statement};

use super::id;
use crate::app::{Address, App};
use crate::auth::Signed;
use crate::clock::now_ms;
use crate::error::{Answer, Refusal};
use crate::extract::Path;
use crate::ledger::Org;
use crate::rates::Rate;
use crate::store::{DraftRow, Put, StoreError};

/// Leaves a statement for the other admins it needs, or adds a signature to one that is here. The answer carries all
/// signatures; where they suffice, its envelope can be appended to the ledger. The body is an envelope of a statement.
#[utoipa::path(post, path = "/v1/orgs/{org}/drafts", tag = "drafts", params(("org" = String, Path)),
    request_body(content = String, content_type = "application/json", description = "Envelope of a statement"),
    security(("request_signature" = [])),
    responses((status = 200, body = Draft), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn leave(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    signed: Signed,
) -> Answer<Json<Draft>> {
    app.take(Rate::Statement, address)?;
    let caller = &signed.caller;
    caller.admin()?;
    let (org, now) = (&caller.org, now_ms());
    let envelope = Envelope::parse(signed.body())
        .map_err(|error| Refusal::bad("bad_envelope", error.to_string()))?;
    let statement: Statement = envelope
        .read(PayloadType::Statement)
        .map_err(|error| Refusal::bad("bad_envelope", error.to_string()))?;
    let is_revocation = matches!(statement.say, Say::Revoke(_));
    if is_revocation && org.state(|state| state.check(envelope.as_bytes())).is_ok() {
        let text = "This revocation needs no further signature and waits for nobody: append it to the ledger.";
        return Err(Refusal::bad("revocation", text));
    }
    if !envelope
        .claimed_signers()
        .any(|keyid| keyid == caller.keyid)
    {
        let text = "This draft is not signed by the key that is signed in.";
        return Err(Refusal::unproven("other_key", text));
    }
    let draft = sha256(&[envelope.payload()]);
    let _drafting = org.drafting.lock().await;
    let stored = app.store.draft(&org.id(), &draft, now).await?;
    let merged = merge(org, &statement, &envelope, stored.as_ref())?;
    check(org, &merged, is_revocation)?;
    let row = DraftRow {
        org: org.id(),
        draft,
        by: stored.as_ref().map_or(caller.keyid, |row| row.by),
        envelope: merged.to_text(),
        created: stored.as_ref().map_or(now, |row| row.created),
        expires: stored.as_ref().map_or(now + DRAFT_MS, |row| row.expires),
    };
    if app.store.put_draft(&row).await? == Put::Full {
        let text = "50 drafts wait for signatures. Discard some that nobody needs.";
        return Err(Refusal::conflict("too_many_drafts", text));
    }
    org.hint(ToConsole::Drafts {});
    Ok(Json(view(row)))
}

/// All signatures of both envelopes whose keys the ledger, or the new roster itself, knows.
fn merge(
    org: &Org,
    statement: &Statement,
    envelope: &Envelope,
    stored: Option<&DraftRow>,
) -> Answer<Envelope> {
    let unreadable =
        |error: trust::envelope::EnvelopeError| Refusal::bad("bad_envelope", error.to_string());
    let mut signatures = match stored {
        Some(row) => Envelope::parse(row.envelope.as_bytes())
            .map_err(unreadable)?
            .signatures()
            .to_vec(),
        None => Vec::new(),
    };
    let is_newcomer = |keyid: &KeyId| match &statement.say {
        Say::Roster(roster) => roster.admin(keyid).is_some(),
        _ => false,
    };
    for signature in envelope.signatures() {
        let is_new = !signatures.iter().any(|s| s.keyid == signature.keyid);
        let keyid = &signature.keyid;
        if is_new && (org.key(keyid).is_some() || is_newcomer(keyid)) {
            signatures.push(signature.clone());
        }
    }
    Envelope::assemble(PayloadType::Statement, envelope.payload(), signatures).map_err(unreadable)
}

/// A draft lacks admins' signatures and nothing else, or nothing at all.
fn check(org: &Org, envelope: &Envelope, is_revocation: bool) -> Answer<()> {
    match org.state(|state| state.check(envelope.as_bytes())) {
        Ok(()) => Ok(()),
        Err(Inert::TooFewAdmins { have, .. }) if have > 0 => Ok(()),
        // One admin alone does not revoke another.
        Err(Inert::NoAuthority) if is_revocation => Ok(()),
        Err(why) => {
            let text = format!("The statement would not count, however many sign it: {why}");
            Err(Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "statement_refused",
                text,
            ))
        }
    }
}

/// The drafts of the organisation, those included that the ledger has left behind.
#[utoipa::path(get, path = "/v1/orgs/{org}/drafts", tag = "drafts", params(("org" = String, Path)),
    security(("request_signature" = [])),
    responses((status = 200, body = Drafts), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn list(State(app): State<Arc<App>>, signed: Signed) -> Answer<Json<Drafts>> {
    signed.caller.admin()?;
    let org = &signed.caller.org;
    let rows = app.store.drafts(&org.id(), now_ms()).await?;
    Ok(Json(Drafts {
        drafts: rows.into_iter().map(view).collect(),
    }))
}

/// Discards a draft. Signatures that were handed out already stay signatures.
#[utoipa::path(delete, path = "/v1/orgs/{org}/drafts/{draft}", tag = "drafts",
    params(("org" = String, Path), ("draft" = String, Path)), security(("request_signature" = [])),
    responses((status = 204, description = "Discarded"), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn discard(
    State(app): State<Arc<App>>,
    Path(ids): Path<(String, String)>,
    signed: Signed,
) -> Answer<StatusCode> {
    signed.caller.admin()?;
    let org = &signed.caller.org;
    let draft: Hash = id(&ids.1)?;
    if !app.store.drop_draft(&org.id(), &draft).await? {
        let text =
            "There is no such draft: it is in the ledger, was discarded, or its time is over.";
        return Err(Refusal::missing("unknown_draft", text));
    }
    org.hint(ToConsole::Drafts {});
    Ok(StatusCode::NO_CONTENT)
}

/// A statement that the ledger carries is no draft any more.
pub(super) async fn sequenced(app: &App, org: &Org, leaf: &[u8]) -> Result<(), StoreError> {
    let Ok(envelope) = Envelope::parse(leaf) else {
        return Ok(());
    };
    let draft = sha256(&[envelope.payload()]);
    if app.store.drop_draft(&org.id(), &draft).await? {
        org.hint(ToConsole::Drafts {});
    }
    Ok(())
}

fn view(row: DraftRow) -> Draft {
    Draft {
        draft: row.draft,
        by: row.by,
        envelope: row.envelope,
        created: row.created,
        expires: row.expires,
    }
}
