//! `/v1/orgs/{org}/sessions`.

use api::ids::SessionId;
use api::session::{MakeSession, SessionMade, SessionState, Sessions};
use api::signal::agent::{FromAgent, ToAgent};
use reqwest::StatusCode;
use trust::statement::Target;
use trust::{KeyId, SigningKey};

use crate::support::member::refused;
use crate::support::{Member, OrgFixture, Socket, TestServer};

/// An organisation with a technician and a connected device.
pub struct Scene {
    pub server: TestServer,
    pub org: OrgFixture,
    pub technician: SigningKey,
    pub member: Member,
    pub device: SigningKey,
    pub agent: Socket,
}

pub async fn scene() -> Scene {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (technician, device) = (org.technician().await, org.device().await);
    let member = Member::sign_in(&org, &technician).await;
    let mut agent = Socket::agent(&server, &org, &device).await;
    agent
        .read_until(|message: &ToAgent| *message == ToAgent::Receipts { have: 0 })
        .await;
    Scene {
        server,
        org,
        technician,
        member,
        device,
        agent,
    }
}

impl Scene {
    /// Asks for a session; the agent hears of it.
    pub async fn call(&mut self) -> SessionId {
        let ask = MakeSession {
            device: self.device.id(),
            warrant: None,
        };
        let answer = self.member.post("/sessions", &ask).await;
        assert_eq!(
            answer.status(),
            StatusCode::CREATED,
            "{}",
            answer.text().await.unwrap()
        );
        let made: SessionMade = answer.json().await.unwrap();
        assert_eq!(made.relay, format!("/v1/relay/{}", made.session));
        self.agent
            .read_until(|message: &ToAgent| {
                *message
                    == ToAgent::Call {
                        session: made.session,
                    }
            })
            .await;
        made.session
    }

    pub async fn state(&self, session: SessionId) -> (SessionState, Option<String>) {
        let list: Sessions = self.member.read("/sessions").await;
        let found = list
            .sessions
            .into_iter()
            .find(|s| s.session == session)
            .unwrap();
        assert_eq!(
            (found.by, found.device),
            (self.technician.id(), self.device.id())
        );
        (found.state, found.why)
    }
}

#[tokio::test]
async fn a_technician_calls_a_connected_device() {
    let mut scene = scene().await;
    let session = scene.call().await;
    assert_eq!(scene.state(session).await, (SessionState::Calling, None));
}

#[tokio::test]
async fn an_admin_s_key_opens_no_session() {
    let scene = scene().await;
    let admin = Member::sign_in(&scene.org, &scene.org.admin).await;
    let ask = MakeSession {
        device: scene.device.id(),
        warrant: None,
    };
    assert_eq!(
        refused(admin.post("/sessions", &ask).await).await,
        (403, "technicians_only".into())
    );
}

#[tokio::test]
async fn an_absent_unknown_or_revoked_device_is_named_as_such() {
    let mut scene = scene().await;
    let absent = scene.org.device().await;
    let ask = |device: KeyId| MakeSession {
        device,
        warrant: None,
    };
    let answer = scene.member.post("/sessions", &ask(absent.id())).await;
    assert_eq!(refused(answer).await, (409, "device_offline".into()));
    let answer = scene.member.post("/sessions", &ask(KeyId([1; 32]))).await;
    assert_eq!(refused(answer).await, (403, "kept_apart".into()));
    scene.org.revoke(Target::Key(scene.device.id())).await;
    let answer = scene
        .member
        .post("/sessions", &ask(scene.device.id()))
        .await;
    assert_eq!(refused(answer).await, (403, "kept_apart".into()));
}

#[tokio::test]
async fn a_suspended_organisation_calls_nobody() {
    let mut scene = scene().await;
    scene.org.revoke(Target::All).await;
    let ask = MakeSession {
        device: scene.device.id(),
        warrant: None,
    };
    assert_eq!(
        refused(scene.member.post("/sessions", &ask).await).await,
        (403, "kept_apart".into())
    );
}

#[tokio::test]
async fn a_declined_session_is_over_with_the_reason() {
    let mut scene = scene().await;
    let session = scene.call().await;
    let mut technician = Socket::relay(
        &scene.server,
        &scene.org,
        session,
        &scene.member.request_key,
    )
    .await;
    let text = "Too many sessions.".to_owned();
    scene
        .agent
        .write(&FromAgent::Decline { session, text })
        .await;
    assert_eq!(technician.refusal().await, "session_ended");
    let why = Some("The workstation declined: Too many sessions.".to_owned());
    assert_eq!(scene.state(session).await, (SessionState::Ended, why));
}

#[tokio::test]
async fn a_device_cannot_decline_another_device_s_session() {
    let mut scene = scene().await;
    let session = scene.call().await;
    let other = scene.org.device().await;
    let mut other = Socket::agent(&scene.server, &scene.org, &other).await;
    other
        .write(&FromAgent::Decline {
            session,
            text: "No.".into(),
        })
        .await;
    other.write(&FromAgent::Ledger { from: 0 }).await;
    other
        .read_until(|message: &ToAgent| matches!(message, ToAgent::Ledger { .. }))
        .await;
    assert_eq!(scene.state(session).await.0, SessionState::Calling);
}

#[tokio::test]
async fn a_technician_ends_his_own_session_and_no_other_s() {
    let mut scene = scene().await;
    let session = scene.call().await;
    let other = scene.org.technician().await;
    let other = Member::sign_in(&scene.org, &other).await;
    let path = format!("/sessions/{session}");
    assert_eq!(
        refused(other.delete(&path).await).await,
        (403, "admins_only".into())
    );
    assert_eq!(
        scene.member.delete(&path).await.status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(scene.state(session).await.0, SessionState::Ended);
    let mut late = Socket::relay(
        &scene.server,
        &scene.org,
        session,
        &scene.member.request_key,
    )
    .await;
    assert_eq!(late.refusal().await, "session_ended");
}
