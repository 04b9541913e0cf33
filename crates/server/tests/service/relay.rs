//! `GET /v1/relay/{session}`.

use api::ids::SessionId;
use api::session::{MakeSession, SessionMade, SessionState};
use api::signal::agent::ToAgent;
use api::signal::relay::ToRelayEnd;
use reqwest::StatusCode;
use trust::WarrantId;
use trust::proof::Purpose;
use trust::statement::Target;

use crate::sessions::{Scene, scene};
use crate::support::org::revoke;
use crate::support::socket::proof;
use crate::support::{Member, Socket, TestServer, unique16};

async fn paired(scene: &mut Scene) -> (SessionId, Socket, Socket) {
    let session = scene.call().await;
    let (technician, device) = join(scene, session).await;
    (session, technician, device)
}

async fn join(scene: &Scene, session: SessionId) -> (Socket, Socket) {
    let mut technician = Socket::relay(
        &scene.server,
        &scene.org,
        session,
        &scene.member.request_key,
    )
    .await;
    let mut device = Socket::relay(&scene.server, &scene.org, session, &scene.device).await;
    assert_eq!(technician.read::<ToRelayEnd>().await, ToRelayEnd::Paired {});
    assert_eq!(device.read::<ToRelayEnd>().await, ToRelayEnd::Paired {});
    (technician, device)
}

#[tokio::test]
async fn messages_are_copied_both_ways_as_they_are_and_in_order() {
    let mut scene = scene().await;
    let (session, mut technician, mut device) = paired(&mut scene).await;
    assert_eq!(scene.state(session).await.0, SessionState::Paired);
    let messages: Vec<Vec<u8>> = [0, 1, 17, 65_535, 3]
        .iter()
        .map(|len| (0..*len).map(|at| (at % 251) as u8).collect())
        .collect();
    for message in &messages {
        technician.send_binary(message.clone()).await;
        device
            .send_binary(message.iter().rev().copied().collect())
            .await;
    }
    for message in &messages {
        assert_eq!(device.binary().await, *message);
        assert_eq!(
            technician.binary().await,
            message.iter().rev().copied().collect::<Vec<u8>>()
        );
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_read_stops_the_sender_and_nothing_is_lost() {
    let mut scene = scene().await;
    let (_, mut technician, mut device) = paired(&mut scene).await;
    let count = 400u32;
    let sender = tokio::spawn(async move {
        for n in 0..count {
            let mut message = vec![0; 65_000];
            message[..4].copy_from_slice(&n.to_be_bytes());
            device.send_binary(message).await;
        }
        device
    });
    // 26 MB do not fit into the buffers between: the sender waits until somebody reads.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!sender.is_finished());
    for n in 0..count {
        assert_eq!(technician.binary().await[..4], n.to_be_bytes());
    }
    sender.await.unwrap();
}

#[tokio::test]
async fn when_one_end_goes_the_other_is_told() {
    let mut scene = scene().await;
    let (session, technician, mut device) = paired(&mut scene).await;
    drop(technician);
    let frame = device.closed().await.unwrap();
    assert_eq!(frame.reason.as_str(), "The technician's connection ended.");
    while scene.state(session).await.0 != SessionState::Parted {}
}

#[tokio::test]
async fn both_ends_may_come_back_and_the_agent_is_called_again() {
    let mut scene = scene().await;
    let (session, technician, mut device) = paired(&mut scene).await;
    drop(technician);
    device.closed().await;
    let mut technician = Socket::relay(
        &scene.server,
        &scene.org,
        session,
        &scene.member.request_key,
    )
    .await;
    scene
        .agent
        .read_until(|message: &ToAgent| *message == ToAgent::Call { session })
        .await;
    let mut device = Socket::relay(&scene.server, &scene.org, session, &scene.device).await;
    assert_eq!(technician.read::<ToRelayEnd>().await, ToRelayEnd::Paired {});
    assert_eq!(device.read::<ToRelayEnd>().await, ToRelayEnd::Paired {});
    technician.send_binary(vec![1]).await;
    assert_eq!(device.binary().await, [1]);
}

#[tokio::test]
async fn a_newer_connection_of_one_end_replaces_the_pair() {
    let mut scene = scene().await;
    let (session, mut technician, mut device) = paired(&mut scene).await;
    let _newer = Socket::relay(
        &scene.server,
        &scene.org,
        session,
        &scene.member.request_key,
    )
    .await;
    assert_eq!(
        technician.closed().await.unwrap().reason.as_str(),
        "One end connected anew."
    );
    device.closed().await.unwrap();
}

#[tokio::test]
async fn a_revoked_technician_device_or_everything_cuts_the_pair() {
    let cases: [fn(&Scene) -> Target; 3] = [
        |s| Target::Key(s.technician.id()),
        |s| Target::Key(s.device.id()),
        |_| Target::All,
    ];
    for target in cases {
        let mut scene = scene().await;
        let (_, mut technician, mut device) = paired(&mut scene).await;
        let target = target(&scene);
        scene.org.revoke(target).await;
        for end in [&mut technician, &mut device] {
            let frame = end.closed().await.unwrap();
            assert_eq!(u16::from(frame.code), 4403, "{}", frame.reason);
        }
    }
}

#[tokio::test]
async fn a_revoked_warrant_cuts_the_session_that_named_it_and_no_other() {
    let mut scene = scene().await;
    let warrant = WarrantId(unique16());
    let ask = MakeSession {
        device: scene.device.id(),
        warrant: Some(warrant),
    };
    let made: SessionMade = scene
        .member
        .post("/sessions", &ask)
        .await
        .json()
        .await
        .unwrap();
    let (mut technician, _device) = join(&scene, made.session).await;
    let (_, mut other, mut other_device) = paired(&mut scene).await;
    scene.org.append(revoke(Target::Warrant(warrant))).await;
    assert_eq!(
        technician.closed().await.unwrap().reason.as_str(),
        "The warrant was revoked."
    );
    other.send_binary(vec![1]).await;
    assert_eq!(other_device.binary().await, [1]);
}

#[tokio::test]
async fn an_admin_cuts_a_session() {
    let mut scene = scene().await;
    let (session, mut technician, mut device) = paired(&mut scene).await;
    let admin = Member::sign_in(&scene.org, &scene.org.admin).await;
    assert_eq!(
        admin.delete(&format!("/sessions/{session}")).await.status(),
        StatusCode::NO_CONTENT
    );
    for end in [&mut technician, &mut device] {
        assert_eq!(
            end.closed().await.unwrap().reason.as_str(),
            "An admin ended the session."
        );
    }
    let why = Some("An admin ended the session.".to_owned());
    assert_eq!(scene.state(session).await, (SessionState::Ended, why));
}

#[tokio::test]
async fn nobody_else_gets_in() {
    let mut scene = scene().await;
    let session = scene.call().await;
    let (other_device, other_technician) = (scene.org.device().await, scene.org.technician().await);
    let other_member = Member::sign_in(&scene.org, &other_technician).await;
    let admin = Member::sign_in(&scene.org, &scene.org.admin).await;
    for key in [
        &other_device,
        &other_member.request_key,
        &admin.request_key,
        &scene.technician,
    ] {
        let mut socket = Socket::relay(&scene.server, &scene.org, session, key).await;
        assert_eq!(socket.refusal().await, "unknown_session");
    }
    let unknown = SessionId::from_random(unique16());
    let mut socket = Socket::relay(&scene.server, &scene.org, unknown, &scene.device).await;
    assert_eq!(socket.refusal().await, "unknown_session");
    join(&scene, session).await;
}

#[tokio::test]
async fn a_proof_for_another_session_or_a_replayed_one_is_refused() {
    let mut scene = scene().await;
    let (session, other) = (scene.call().await, scene.call().await);
    let (url, org) = (scene.server.url.clone(), scene.org.id);
    let connect = async |server: &TestServer| {
        let mut socket = Socket::connect(server, &format!("/v1/relay/{session}")).await;
        let nonce = socket.hello().await;
        (socket, nonce)
    };
    let (mut socket, nonce) = connect(&scene.server).await;
    socket
        .prove(
            &proof(&url, org, Purpose::Relay, Some(other), nonce),
            &scene.device,
        )
        .await;
    assert_eq!(socket.refusal().await, "other_session");
    let (mut socket, nonce) = connect(&scene.server).await;
    socket
        .prove(
            &proof(&url, org, Purpose::Relay, None, nonce),
            &scene.device,
        )
        .await;
    assert_eq!(socket.refusal().await, "other_session");
    let (_first, used) = connect(&scene.server).await;
    let (mut socket, _) = connect(&scene.server).await;
    socket
        .prove(
            &proof(&url, org, Purpose::Relay, Some(session), used),
            &scene.device,
        )
        .await;
    assert_eq!(socket.refusal().await, "other_nonce");
}

#[tokio::test]
async fn text_after_pairing_and_anything_before_it_ends_the_socket() {
    let mut scene = scene().await;
    let session = scene.call().await;
    let mut early = Socket::relay(
        &scene.server,
        &scene.org,
        session,
        &scene.member.request_key,
    )
    .await;
    early.send_binary(vec![1]).await;
    assert_eq!(early.refusal().await, "bad_message");
    let (_, mut technician, mut device) = paired(&mut scene).await;
    technician.write(&serde_json::json!({"hello": {}})).await;
    assert!(
        device
            .closed()
            .await
            .unwrap()
            .reason
            .contains("something else than a binary message")
    );
}
