//! Requests for approval: carried between technician and approvers, sealed to both.

use std::sync::Arc;

use api::approval::{Answer as Given, AnswerApproval, Approvals, AskApproval};
use api::error::ErrorBody;
use api::limits::{ANSWER_BYTES_MAX, APPROVAL_MS_MAX};
use api::sign_in::Role;
use api::signal::console::ToConsole;
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use trust::bytes::{KeyId, WarrantId};
use trust::limits::{SEALED_BYTES_MAX, SEALED_WARRANT_BYTES_MAX};
use trust::statement;

use super::id;
use crate::app::{Address, App};
use crate::auth::{Caller, Signed};
use crate::clock::now_ms;
use crate::error::{Answer, Refusal};
use crate::extract::Path;
use crate::ledger::{Org, Standing};
use crate::rates::Rate;
use crate::store::{ApprovalRow, Put};

/// Asks the approvers about a warrant, once.
#[utoipa::path(post, path = "/v1/orgs/{org}/approvals", tag = "approvals", params(("org" = String, Path)),
    request_body = AskApproval, security(("request_signature" = [])),
    responses((status = 204, description = "Asked"), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn ask(
    State(app): State<Arc<App>>,
    Extension(address): Extension<Address>,
    signed: Signed,
) -> Answer<StatusCode> {
    app.take(Rate::Statement, address)?;
    let caller = &signed.caller;
    if caller.role != Role::Technician {
        return Err(Refusal::forbidden(
            "technicians_only",
            "Only a technician's key asks for approval.",
        ));
    }
    let wish: AskApproval = signed.json()?;
    let (org, now) = (&caller.org, now_ms());
    if wish.sealed.0.len() > SEALED_WARRANT_BYTES_MAX || wish.until <= now {
        let text = "the warrant is too long to be carried, or its time is over";
        return Err(Refusal::bad("bad_request_for_approval", text));
    }
    if let Some(why) = org.keeps_apart(&caller.keyid, &wish.device, Some(&wish.warrant), now) {
        return Err(Refusal::forbidden("kept_apart", why));
    }
    let row = ApprovalRow {
        org: org.id(),
        warrant: wish.warrant,
        by: caller.keyid,
        device: wish.device,
        asked: now,
        until: wish.until.min(now + APPROVAL_MS_MAX),
        sealed: wish.sealed,
    };
    match app.store.put_approval(&row).await? {
        Put::Done => {}
        Put::Known | Put::Gone => {
            let text = "Approval for this warrant was asked for already. Sign a new warrant.";
            return Err(Refusal::conflict("already_asked", text));
        }
        Put::Full => {
            let text = "10 requests of yours, or 100 of the organisation, wait for approval. Withdraw one that nobody needs.";
            return Err(Refusal::conflict("too_many_approvals", text));
        }
    }
    org.hint(ToConsole::Approvals {});
    Ok(StatusCode::NO_CONTENT)
}

/// What waits for approval, with the answers that came.
#[utoipa::path(get, path = "/v1/orgs/{org}/approvals", tag = "approvals", params(("org" = String, Path)),
    security(("request_signature" = [])),
    responses((status = 200, body = Approvals), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn list(State(app): State<Arc<App>>, signed: Signed) -> Answer<Json<Approvals>> {
    let (org, now) = (&signed.caller.org, now_ms());
    let mut approvals = app.store.approvals(&org.id(), now).await?;
    approvals.retain(|a| {
        org.keeps_apart(&a.by, &a.device, Some(&a.warrant), now)
            .is_none()
    });
    let is_member = |given: &Given| matches!(org.standing(&given.by, now), Standing::Member(_));
    for approval in &mut approvals {
        approval.answers.retain(is_member);
    }
    Ok(Json(Approvals { approvals }))
}

/// Approves or refuses, once. Whether an approval counts is for the workstation to say.
#[utoipa::path(post, path = "/v1/orgs/{org}/approvals/{warrant}/answer", tag = "approvals",
    params(("org" = String, Path), ("warrant" = String, Path)), request_body = AnswerApproval,
    security(("request_signature" = [])),
    responses((status = 204, description = "Answered"), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn answer(
    State(app): State<Arc<App>>,
    Path(ids): Path<(String, String)>,
    signed: Signed,
) -> Answer<StatusCode> {
    let caller = &signed.caller;
    let warrant: WarrantId = id(&ids.1)?;
    let answer: AnswerApproval = signed.json()?;
    let (org, now) = (&caller.org, now_ms());
    let row = app.store.approval(&org.id(), &warrant, now).await?;
    let row = row.ok_or_else(unknown)?;
    check_answer(caller, &row.by, &answer, now)?;
    let put = app
        .store
        .put_answer(&org.id(), &warrant, &caller.keyid, &answer, now)
        .await?;
    match put {
        Put::Done => {}
        Put::Known => {
            let text = "You have answered this request already. An answer is not taken back; revoke the warrant instead.";
            return Err(Refusal::conflict("already_answered", text));
        }
        Put::Full => {
            let text = "As many have answered this request as fit into one warrant.";
            return Err(Refusal::conflict("too_many_answers", text));
        }
        Put::Gone => return Err(unknown()),
    }
    org.hint(ToConsole::Approvals {});
    Ok(StatusCode::NO_CONTENT)
}

fn check_answer(
    caller: &Caller,
    technician: &KeyId,
    answer: &AnswerApproval,
    now: u64,
) -> Answer<()> {
    if caller.keyid == *technician {
        let text = "Nobody approves what he asks for himself.";
        return Err(Refusal::forbidden("own_request", text));
    }
    if !approves_something(&caller.org, &caller.keyid, now) {
        let text = "No policy in force names a group of approvers that this key is in.";
        return Err(Refusal::forbidden("not_an_approver", text));
    }
    let fits = match answer {
        AnswerApproval::Approve(signature) if signature.keyid != caller.keyid => {
            let text = "This signature is of another key than the one that is signed in.";
            return Err(Refusal::unproven("other_key", text));
        }
        AnswerApproval::Approve(signature) => {
            serde_json::to_vec(signature).is_ok_and(|json| json.len() <= ANSWER_BYTES_MAX)
        }
        AnswerApproval::Refuse(sealed) => sealed.0.len() <= SEALED_BYTES_MAX,
    };
    if !fits {
        return Err(Refusal::bad("bad_answer", "the answer is too long"));
    }
    Ok(())
}

/// Whether some policy counts this key among its approvers.
fn approves_something(org: &Org, keyid: &KeyId, now: u64) -> bool {
    org.state(|state| {
        let entry = state.in_force(keyid, statement::Role::Technician, now).ok();
        let is_in = |group: &str| match group {
            "admins" => state.admin(keyid).is_some(),
            group => entry.is_some_and(|e| e.groups.iter().any(|g| g == group)),
        };
        let mut groups = state
            .policies()
            .filter_map(|p| p.policy.approvers.as_deref());
        groups.any(is_in)
    })
}

/// Withdraws one's own request. Signatures that were handed out already stay signatures.
#[utoipa::path(delete, path = "/v1/orgs/{org}/approvals/{warrant}", tag = "approvals",
    params(("org" = String, Path), ("warrant" = String, Path)), security(("request_signature" = [])),
    responses((status = 204, description = "Withdrawn"), (status = "default", description = "Refused", body = ErrorBody)))]
pub async fn withdraw(
    State(app): State<Arc<App>>,
    Path(ids): Path<(String, String)>,
    signed: Signed,
) -> Answer<StatusCode> {
    let caller = &signed.caller;
    let warrant: WarrantId = id(&ids.1)?;
    let org = &caller.org;
    let withdrawn = app
        .store
        .withdraw_approval(&org.id(), &warrant, &caller.keyid, now_ms())
        .await?;
    if !withdrawn {
        return Err(unknown());
    }
    org.hint(ToConsole::Approvals {});
    Ok(StatusCode::NO_CONTENT)
}

fn unknown() -> Refusal {
    let text = "There is no such request for approval: it was withdrawn, or its time is over.";
    Refusal::missing("unknown_approval", text)
}
