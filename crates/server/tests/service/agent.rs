//! `GET /v1/agent` of an admitted device.

use api::device::{Devices, Display, DisplayState};
use api::signal::agent::{FromAgent, ToAgent};
use trust::proof::Purpose;
use trust::statement::Target;
use trust::{Nonce, SigningKey, State};

use crate::support::socket::proof;
use crate::support::{Member, OrgFixture, Socket, TestServer, unique32};

async fn connected(server: &TestServer, org: &mut OrgFixture) -> (SigningKey, Socket) {
    let device = org.device().await;
    let mut agent = Socket::agent(server, org, &device).await;
    agent
        .read_until(|message: &ToAgent| *message == ToAgent::Receipts { have: 0 })
        .await;
    (device, agent)
}

#[tokio::test]
async fn an_agent_gets_the_ledger_and_what_comes_after() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (_, mut agent) = connected(&server, &mut org).await;
    agent.write(&FromAgent::Ledger { from: 0 }).await;
    let is_ledger = |message: &ToAgent| matches!(message, ToAgent::Ledger { .. });
    let ToAgent::Ledger {
        from: 0,
        leaves,
        more: false,
        ..
    } = agent.read_until(is_ledger).await
    else {
        panic!()
    };
    let mut folded = State::genesis(org.id, leaves[0].as_bytes()).unwrap();
    leaves[1..]
        .iter()
        .for_each(|leaf| drop(folded.append(leaf.as_bytes())));
    assert_eq!(folded.head(), org.state.head());
    org.technician().await;
    let ToAgent::Ledger {
        from: 2, leaves, ..
    } = agent.read_until(is_ledger).await
    else {
        panic!()
    };
    folded.append(leaves[0].as_bytes());
    assert_eq!(folded.head(), org.state.head());
}

#[tokio::test]
async fn an_agent_that_holds_more_than_the_service_is_told_that_data_was_lost() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (_, mut agent) = connected(&server, &mut org).await;
    agent.write(&FromAgent::Ledger { from: 3 }).await;
    assert_eq!(agent.refusal().await, "ledger_behind");
}

#[tokio::test]
async fn presence_and_display_are_seen() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (device, mut agent) = connected(&server, &mut org).await;
    let display = Display {
        state: DisplayState::None,
        why: Some("The screen is locked.".into()),
    };
    agent.write(&FromAgent::Display(display.clone())).await;
    // Answered in order: the display was taken before.
    agent.write(&FromAgent::Ledger { from: 2 }).await;
    agent
        .read_until(|message: &ToAgent| matches!(message, ToAgent::Ledger { .. }))
        .await;
    let member = Member::sign_in(&org, &org.admin).await;
    let devices: Devices = member.read("/devices").await;
    assert_eq!(devices.devices.len(), 1);
    let seen = &devices.devices[0];
    assert_eq!(
        (seen.keyid, seen.online, seen.display.clone()),
        (device.id(), true, Some(display))
    );
    drop(agent);
    let mut online = true;
    while online {
        let devices: Devices = member.read("/devices").await;
        online = devices.devices[0].online;
        assert!(devices.devices[0].last_seen.is_some());
    }
}

#[tokio::test]
async fn a_revocation_reaches_the_other_agents_and_closes_the_revoked_one() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (first, mut revoked) = connected(&server, &mut org).await;
    let (_, mut other) = connected(&server, &mut org).await;
    org.revoke(Target::Key(first.id())).await;
    let is_revocation = |message: &ToAgent| matches!(message, ToAgent::Revocations { .. });
    let ToAgent::Revocations { envelopes } = other.read_until(is_revocation).await else {
        panic!()
    };
    assert!(
        envelopes[0].contains(&org.admin.id().to_string()),
        "signed by the admin"
    );
    let ToAgent::Revocations { .. } = revoked.read_until(is_revocation).await else {
        panic!()
    };
    assert_eq!(revoked.refusal().await, "revoked");
    let mut again = Socket::agent(&server, &org, &first).await;
    assert_eq!(again.refusal().await, "revoked");
}

#[tokio::test]
async fn a_newer_connection_of_a_device_replaces_the_older() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (device, mut older) = connected(&server, &mut org).await;
    let mut newer = Socket::agent(&server, &org, &device).await;
    assert_eq!(older.refusal().await, "replaced");
    newer
        .read_until(|message: &ToAgent| *message == ToAgent::Receipts { have: 0 })
        .await;
    let devices: Devices = Member::sign_in(&org, &org.admin)
        .await
        .read("/devices")
        .await;
    assert!(devices.devices[0].online);
}

#[tokio::test]
async fn a_proof_for_another_connection_service_purpose_or_key_is_refused() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let device = org.device().await;
    let stranger = SigningKey::from_seed(unique32());
    let honest = |nonce| proof(&server.url, org.id, Purpose::Agent, None, nonce);
    let cases = [
        (honest(Nonce([1; 16])), &device, "other_nonce"),
        (
            proof(
                "https://other.example",
                org.id,
                Purpose::Agent,
                None,
                Nonce([0; 16]),
            ),
            &device,
            "other_service",
        ),
        (
            proof(&server.url, org.id, Purpose::Console, None, Nonce([0; 16])),
            &device,
            "other_purpose",
        ),
        (
            proof(
                &server.url,
                trust::OrgId([1; 32]),
                Purpose::Agent,
                None,
                Nonce([0; 16]),
            ),
            &device,
            "unknown_organisation",
        ),
        (honest(Nonce([0; 16])), &stranger, "unknown_key"),
        (honest(Nonce([0; 16])), &org.admin, "not_a_device"),
    ];
    for (mut payload, key, code) in cases {
        let mut socket = Socket::connect(&server, "/v1/agent").await;
        let nonce = socket.hello().await;
        if payload.nonce == Nonce([0; 16]) {
            payload.nonce = nonce;
        }
        socket.prove(&payload, key).await;
        assert_eq!(socket.refusal().await, code);
    }
    let mut agent = Socket::agent(&server, &org, &device).await;
    agent
        .read_until(|message: &ToAgent| *message == ToAgent::Receipts { have: 0 })
        .await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_closes_the_socket_with_a_reason() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (_, mut agent) = connected(&server, &mut org).await;
    agent.write(&serde_json::json!({"obey": {}})).await;
    assert_eq!(agent.refusal().await, "bad_message");
    assert!(
        agent
            .closed()
            .await
            .unwrap()
            .reason
            .contains("unknown variant")
    );
}

#[tokio::test]
async fn an_agent_is_told_that_the_service_restarts() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let (_, mut agent) = connected(&server, &mut org).await;
    server.stop().await;
    assert_eq!(agent.refusal().await, "restarting");
    assert_eq!(u16::from(agent.closed().await.unwrap().code), 1012);
}
