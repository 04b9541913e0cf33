//! Join codes as the service sees them: a nameplate, and two ends that find each other by it.

use api::ids::SessionId;
use api::join::{JoinOpened, JoinTaken, TakeJoin};
use api::limits::JOINS_PER_TECHNICIAN_MAX;
use api::session::{Session, SessionState, Sessions};
use api::signal::relay::ToRelayEnd;
use reqwest::{Response, StatusCode};
use trust::proof::Purpose;
use trust::statement::Target;
use trust::{KeyId, Nameplate, SigningKey};

use crate::support::member::refused;
use crate::support::socket::proof;
use crate::support::{Member, OrgFixture, Socket, TestServer, unique32};

struct Scene {
    server: TestServer,
    org: OrgFixture,
    technician: SigningKey,
    member: Member,
}

impl Scene {
    async fn start() -> Self {
        let server = TestServer::start().await;
        let mut org = OrgFixture::make(&server).await;
        let technician = org.technician().await;
        let member = Member::sign_in(&org, &technician).await;
        Self {
            server,
            org,
            technician,
            member,
        }
    }

    async fn open(&self) -> JoinOpened {
        let answer = self.member.post("/joins", &()).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        answer.json().await.unwrap()
    }

    async fn take(&self, nameplate: Nameplate, device: KeyId) -> Response {
        let url = format!("{}/v1/joins/{nameplate}", self.server.url);
        let body = serde_json::to_vec(&TakeJoin { device }).unwrap();
        self.org.http.post(url).body(body).send().await.unwrap()
    }

    async fn wait(&self, opened: &JoinOpened) -> Socket {
        let key = &self.member.request_key;
        Socket::relay(&self.server, &self.org, opened.session, key).await
    }

    /// A machine that the ledger does not know, on the relay.
    async fn come(&self, session: SessionId, key: &SigningKey) -> Socket {
        let mut socket = Socket::connect(&self.server, &format!("/v1/relay/{session}")).await;
        let nonce = socket.hello().await;
        let mut proof = proof(
            &self.server.url,
            self.org.id,
            Purpose::Relay,
            Some(session),
            nonce,
        );
        proof.key = Some(key.public().clone());
        socket.prove(&proof, key).await;
        socket
    }

    async fn met(&self) -> (JoinOpened, SigningKey, Socket, Socket) {
        let opened = self.open().await;
        let mut technician = self.wait(&opened).await;
        let guest = SigningKey::from_seed(unique32());
        let taken = self.take(opened.nameplate, guest.id()).await;
        let taken: JoinTaken = taken.json().await.unwrap();
        assert_eq!((taken.org, taken.session), (self.org.id, opened.session));
        let mut device = self.come(opened.session, &guest).await;
        assert_eq!(technician.read::<ToRelayEnd>().await, ToRelayEnd::Paired {});
        assert_eq!(device.read::<ToRelayEnd>().await, ToRelayEnd::Paired {});
        (opened, guest, technician, device)
    }

    async fn session(&self, session: SessionId) -> Session {
        let list: Sessions = self.member.read("/sessions").await;
        let mut sessions = list.sessions.into_iter();
        sessions.find(|s| s.session == session).unwrap()
    }
}

#[tokio::test]
async fn who_comes_with_the_nameplate_meets_the_technician_and_what_they_say_passes_as_it_is() {
    let scene = Scene::start().await;
    let (opened, guest, mut technician, mut device) = scene.met().await;
    technician.send_binary(vec![1, 2]).await;
    device.send_binary(vec![3]).await;
    assert_eq!(device.binary().await, [1, 2]);
    assert_eq!(technician.binary().await, [3]);
    let session = scene.session(opened.session).await;
    assert_eq!(
        (session.by, session.device, session.state),
        (scene.technician.id(), guest.id(), SessionState::Paired)
    );
}

#[tokio::test]
async fn a_nameplate_is_taken_once() {
    let scene = Scene::start().await;
    let (opened, _, _technician, _device) = scene.met().await;
    let other = SigningKey::from_seed(unique32());
    let again = scene.take(opened.nameplate, other.id()).await;
    assert_eq!(refused(again).await, (404, "unknown_join_code".into()));
    // Nor does another key get into its session.
    let mut socket = scene.come(opened.session, &other).await;
    assert_eq!(socket.refusal().await, "unknown_session");
}

#[tokio::test]
async fn a_nameplate_goes_with_its_technician() {
    let scene = Scene::start().await;
    let opened = scene.open().await;
    let mut technician = scene.wait(&opened).await;
    // Bytes before anybody came end the wait.
    technician.send_binary(vec![1]).await;
    assert_eq!(technician.refusal().await, "bad_message");
    let guest = SigningKey::from_seed(unique32());
    let taken = scene.take(opened.nameplate, guest.id()).await;
    assert_eq!(refused(taken).await, (404, "unknown_join_code".into()));
    scene.met().await;
}

#[tokio::test]
async fn a_joined_session_is_over_when_one_end_goes() {
    let scene = Scene::start().await;
    let (opened, guest, technician, mut device) = scene.met().await;
    drop(technician);
    let frame = device.closed().await.unwrap();
    assert_eq!(frame.reason.as_str(), "The technician's connection ended.");
    while scene.session(opened.session).await.state != SessionState::Ended {}
    let mut again = scene.come(opened.session, &guest).await;
    assert_eq!(again.refusal().await, "session_ended");
    assert_eq!(scene.wait(&opened).await.refusal().await, "session_ended");
}

#[tokio::test]
async fn only_technicians_hang_up_nameplates_and_only_so_many() {
    let scene = Scene::start().await;
    let admin = Member::sign_in(&scene.org, &scene.org.admin).await;
    let answer = admin.post("/joins", &()).await;
    assert_eq!(refused(answer).await, (403, "technicians_only".into()));
    let mut seen = Vec::new();
    for _ in 0..JOINS_PER_TECHNICIAN_MAX {
        seen.push(scene.open().await.nameplate);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len() as u64, JOINS_PER_TECHNICIAN_MAX);
    let full = scene.member.post("/joins", &()).await;
    assert_eq!(refused(full).await, (409, "too_many_joins".into()));
}

#[tokio::test]
async fn no_other_technician_waits_under_a_nameplate() {
    let mut scene = Scene::start().await;
    let other = scene.org.technician().await;
    let other = Member::sign_in(&scene.org, &other).await;
    let opened = scene.open().await;
    let session = opened.session;
    let mut socket = Socket::relay(&scene.server, &scene.org, session, &other.request_key).await;
    assert_eq!(socket.refusal().await, "unknown_session");
    // Nor a machine that did not take it.
    let guest = SigningKey::from_seed(unique32());
    let mut socket = scene.come(session, &guest).await;
    assert_eq!(socket.refusal().await, "unknown_session");
}

#[tokio::test]
async fn a_key_of_the_ledger_does_not_come_by_a_join_code() {
    let mut scene = Scene::start().await;
    let device = scene.org.device().await;
    for key in [device.id(), scene.technician.id(), scene.org.admin.id()] {
        let opened = scene.open().await;
        let taken = scene.take(opened.nameplate, key).await;
        assert_eq!(refused(taken).await, (403, "kept_apart".into()));
    }
    scene.met().await;
}

#[tokio::test]
async fn a_revoked_technician_or_machine_or_everything_cuts_a_joined_pair() {
    for target in 0..3 {
        let mut scene = Scene::start().await;
        let (_, guest, mut technician, mut device) = scene.met().await;
        match target {
            0 => scene.org.revoke(Target::Key(scene.technician.id())).await,
            1 => scene.org.revoke(Target::Key(guest.id())).await,
            _ => scene.org.revoke(Target::All).await,
        }
        for end in [&mut technician, &mut device] {
            assert!(end.closed().await.is_some());
        }
    }
}

#[tokio::test]
async fn whoever_tries_nameplates_is_stopped() {
    let scene = Scene::start().await;
    let guest = SigningKey::from_seed(unique32());
    let mut codes = Vec::new();
    for number in 0..40 {
        let nameplate = Nameplate::new(number).unwrap();
        codes.push(refused(scene.take(nameplate, guest.id()).await).await.1);
    }
    assert_eq!(codes.last().unwrap(), "too_often");
    assert_eq!(codes.first().unwrap(), "unknown_join_code");
}
