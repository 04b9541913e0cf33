//! `/v1/orgs/{org}/invites` and `/v1/invites/{invite}`.

use api::invite::{InviteMade, InviteState, InviteView, Invites, MakeInvite};
use reqwest::{Response, StatusCode};
use trust::envelope::{Envelope, PayloadType};
use trust::proof::InviteAnswer;
use trust::statement::Role;
use trust::{Hash, OrgId, SigningKey, X25519Public};

use crate::support::member::refused;
use crate::support::org::admit;
use crate::support::{Member, OrgFixture, TestServer, unique32};

async fn invite(member: &Member) -> InviteMade {
    let answer = member
        .post(
            "/invites",
            &MakeInvite {
                note: "for Bob".into(),
            },
        )
        .await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json().await.unwrap()
}

fn answer(org: OrgId, invite: &str, key: &SigningKey) -> String {
    let payload = InviteAnswer {
        org,
        invite: invite.to_owned(),
        role: Role::Technician,
        key: key.public().clone(),
        directory_to: X25519Public([5; 32]),
        name: Hash([6; 32]),
        label: None,
    };
    Envelope::sign(PayloadType::InviteAnswer, &payload, &[key])
        .unwrap()
        .to_text()
}

async fn put(org: &OrgFixture, made: &InviteMade, body: String) -> Response {
    org.http
        .put(format!("{}/v1/invites/{}", org.url, made.invite))
        .body(body)
        .send()
        .await
        .unwrap()
}

async fn state(org: &OrgFixture, made: &InviteMade) -> InviteState {
    let address = format!("{}/v1/invites/{}", org.url, made.invite);
    let view: InviteView = org
        .http
        .get(address)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(view.org, org.id);
    view.state
}

#[tokio::test]
async fn an_invited_person_leaves_keys_and_is_admitted() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let member = Member::sign_in(&org, &org.admin).await;
    let made = invite(&member).await;
    assert_eq!(state(&org, &made).await, InviteState::Open);
    let key = SigningKey::from_seed(unique32());
    let envelope = answer(org.id, &made.invite.to_string(), &key);
    assert_eq!(
        put(&org, &made, envelope.clone()).await.status(),
        StatusCode::OK
    );
    assert_eq!(state(&org, &made).await, InviteState::Answered);
    let list: Invites = member.read("/invites").await;
    assert_eq!(list.invites.len(), 1);
    assert_eq!(
        (
            list.invites[0].note.as_str(),
            list.invites[0].answer.as_ref()
        ),
        ("for Bob", Some(&envelope))
    );
    org.append(admit(Role::Technician, &key)).await;
    assert_eq!(state(&org, &made).await, InviteState::Admitted);
}

#[tokio::test]
async fn an_invite_is_answered_once() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let made = invite(&Member::sign_in(&org, &org.admin).await).await;
    let first = answer(
        org.id,
        &made.invite.to_string(),
        &SigningKey::from_seed(unique32()),
    );
    let second = answer(
        org.id,
        &made.invite.to_string(),
        &SigningKey::from_seed(unique32()),
    );
    assert_eq!(
        put(&org, &made, first.clone()).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        refused(put(&org, &made, second).await).await,
        (409, "invite_answered".into())
    );
    assert_eq!(
        put(&org, &made, first).await.status(),
        StatusCode::OK,
        "a lost answer is sent again"
    );
}

#[tokio::test]
async fn an_answer_to_another_invite_or_organisation_is_refused() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let member = Member::sign_in(&org, &org.admin).await;
    let (made, other) = (invite(&member).await, invite(&member).await);
    let key = SigningKey::from_seed(unique32());
    let theirs = answer(org.id, &other.invite.to_string(), &key);
    assert_eq!(
        refused(put(&org, &made, theirs).await).await,
        (401, "other_invite".into())
    );
    let elsewhere = answer(OrgId([1; 32]), &made.invite.to_string(), &key);
    assert_eq!(
        refused(put(&org, &made, elsewhere).await).await,
        (401, "other_invite".into())
    );
}

#[tokio::test]
async fn a_deleted_invite_is_gone() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let member = Member::sign_in(&org, &org.admin).await;
    let made = invite(&member).await;
    let path = format!("/invites/{}", made.invite);
    assert_eq!(member.delete(&path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        refused(member.delete(&path).await).await,
        (404, "unknown_invite".into())
    );
    let body = answer(
        org.id,
        &made.invite.to_string(),
        &SigningKey::from_seed(unique32()),
    );
    assert_eq!(
        refused(put(&org, &made, body).await).await,
        (404, "unknown_invite".into())
    );
}

#[tokio::test]
async fn a_note_of_two_lines_or_an_unknown_member_is_refused() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let member = Member::sign_in(&org, &org.admin).await;
    let two = member
        .post(
            "/invites",
            &MakeInvite {
                note: "a\nb".into(),
            },
        )
        .await;
    assert_eq!(refused(two).await, (400, "bad_note".into()));
    let more = member
        .post(
            "/invites",
            &serde_json::json!({"note": "a", "role": "admin"}),
        )
        .await;
    assert_eq!(refused(more).await, (400, "bad_body".into()));
}
