//! Invitations.

use std::sync::Arc;

use api::error::ErrorBody;
use api::ids::InviteId;
use api::invite::{Invite, InviteMade, InviteState, InviteView, Invites, MakeInvite};
use api::limits::{INVITE_MS, INVITES_PER_ORG_MAX};
use api::signal::console::ToConsole;
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use trust::envelope::Envelope;
use trust::proof::InviteAnswer;
use trust::text::is_line;

use super::id;
use crate::app::{Address, App};
use crate::auth::Signed;
use crate::clock::{now_ms, random};
use crate::error::{Answer, Refusal};
use crate::extract::{Body, Path};
use crate::ledger::{Org, Standing};
use crate::rates::Rate;
use crate::store::InviteRow;

/// Makes an invite.
#[utoipa::path(post, path = "/v1/orgs/{org}/invites", tag = "invites", params(("org" = String, Path)),
    request_body = MakeInvite, security(("request_signature" = [])),
    responses((status = 201, body = InviteMade), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn make(
    State(app): State<Arc<App>>,
    signed: Signed,
) -> Answer<(StatusCode, Json<InviteMade>)> {
    signed.caller.admin()?;
    let MakeInvite { note } = signed.json()?;
    if !is_line(&note) {
        return Err(Refusal::bad(
            "bad_note",
            "the note is one line of 1 to 200 characters",
        ));
    }
    let (org, now) = (&signed.caller.org, now_ms());
    if app.store.invites_open(&org.id(), now).await? >= INVITES_PER_ORG_MAX {
        return Err(Refusal::conflict(
            "too_many_invites",
            "200 invites are open. Delete some that nobody needs.",
        ));
    }
    let row = InviteRow {
        invite: InviteId::from_random(random()),
        org: org.id(),
        note,
        created: now,
        expires: now + INVITE_MS,
        answer: None,
    };
    app.store.put_invite(&row, &signed.caller.keyid).await?;
    org.hint(ToConsole::Invites {});
    Ok((
        StatusCode::CREATED,
        Json(InviteMade {
            invite: row.invite,
            expires: row.expires,
        }),
    ))
}

/// All invites with their answers.
#[utoipa::path(get, path = "/v1/orgs/{org}/invites", tag = "invites", params(("org" = String, Path)),
    security(("request_signature" = [])),
    responses((status = 200, body = Invites), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn list(State(app): State<Arc<App>>, signed: Signed) -> Answer<Json<Invites>> {
    signed.caller.admin()?;
    let (org, now) = (&signed.caller.org, now_ms());
    let rows = app.store.invites(&org.id()).await?;
    let invites = rows.into_iter().map(|row| Invite {
        state: state(org, &row, now),
        invite: row.invite,
        note: row.note,
        created: row.created,
        expires: row.expires,
        answer: row.answer,
    });
    Ok(Json(Invites {
        invites: invites.collect(),
    }))
}

/// Deletes an invite. Who was admitted through it stays admitted: only the ledger takes that back.
#[utoipa::path(delete, path = "/v1/orgs/{org}/invites/{invite}", tag = "invites",
    params(("org" = String, Path), ("invite" = String, Path)), security(("request_signature" = [])),
    responses((status = 204, description = "Deleted"), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn drop_invite(
    State(app): State<Arc<App>>,
    Path(ids): Path<(String, String)>,
    signed: Signed,
) -> Answer<StatusCode> {
    signed.caller.admin()?;
    let org = &signed.caller.org;
    if !app.store.drop_invite(&org.id(), &id(&ids.1)?).await? {
        return Err(unknown());
    }
    org.hint(ToConsole::Invites {});
    Ok(StatusCode::NO_CONTENT)
}

/// How far an invite has come.
#[utoipa::path(get, path = "/v1/invites/{invite}", tag = "invites", params(("invite" = String, Path)),
    responses((status = 200, body = InviteView), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    Path(invite): Path<String>,
) -> Answer<Json<InviteView>> {
    app.take(Rate::Invite, address)?;
    let row = app.store.invite(&id(&invite)?).await?.ok_or_else(unknown)?;
    view(&app, &row)
}

/// Leaves the invited person's public keys, once. The body is an envelope of type `invite_answer`.
#[utoipa::path(put, path = "/v1/invites/{invite}", tag = "invites", params(("invite" = String, Path)),
    request_body(content = String, content_type = "application/json", description = "Envelope of type invite_answer"),
    responses((status = 200, body = InviteView), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn answer(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    Path(invite): Path<String>,
    Body(body): Body,
) -> Answer<Json<InviteView>> {
    app.take(Rate::Invite, address)?;
    let mut row = app.store.invite(&id(&invite)?).await?.ok_or_else(unknown)?;
    let envelope =
        Envelope::parse(&body).map_err(|e| Refusal::bad("bad_envelope", e.to_string()))?;
    let answer = InviteAnswer::verify(&envelope)
        .map_err(|e| Refusal::unproven("bad_signature", e.to_string()))?;
    if answer.org != row.org || answer.invite != row.invite.to_string() {
        return Err(Refusal::unproven(
            "other_invite",
            "These keys answer another invite.",
        ));
    }
    if now_ms() >= row.expires {
        return Err(Refusal::conflict(
            "invite_expired",
            "This invite has expired. Ask for a new one.",
        ));
    }
    let text = envelope.to_text();
    if row.answer.as_ref() != Some(&text) && !app.store.answer_invite(&row.invite, &text).await? {
        let text = "Somebody has answered this invite already. If it was not you, ask the admin for a new one and say so.";
        return Err(Refusal::conflict("invite_answered", text));
    }
    row.answer = Some(text);
    app.org(&row.org)?.hint(ToConsole::Invites {});
    view(&app, &row)
}

fn view(app: &App, row: &InviteRow) -> Answer<Json<InviteView>> {
    let org = app.org(&row.org)?;
    Ok(Json(InviteView {
        org: row.org,
        state: state(&org, row, now_ms()),
    }))
}

fn state(org: &Org, row: &InviteRow, now: u64) -> InviteState {
    let answered_by = row.answer.as_ref().and_then(|text| {
        let envelope = Envelope::parse(text.as_bytes()).ok()?;
        Some(InviteAnswer::verify(&envelope).ok()?.key.id())
    });
    match answered_by {
        Some(keyid) if matches!(org.standing(&keyid, now), Standing::Member(_)) => {
            InviteState::Admitted
        }
        _ if now >= row.expires => InviteState::Expired,
        Some(_) => InviteState::Answered,
        None => InviteState::Open,
    }
}

fn unknown() -> Refusal {
    Refusal::missing(
        "unknown_invite",
        "There is no such invite. Ask for a new one.",
    )
}
