//! Devices that wait for admission: `GET /v1/agent`, `GET /v1/orgs/{org}/devices`, `DELETE /v1/orgs/{org}/waiting/{keyid}`.

use api::device::Devices;
use api::signal::agent::{FromAgent, ToAgent};
use reqwest::StatusCode;
use trust::envelope::{Envelope, PayloadType};
use trust::proof::Enrol;
use trust::statement::Role;
use trust::{Nonce, OrgId, SigningKey, X25519Public};

use crate::support::member::refused;
use crate::support::org::admit;
use crate::support::{Member, OrgFixture, Socket, TestServer, unique16, unique32};

async fn waiting(server: &TestServer, org: &OrgFixture, key: &SigningKey) -> (Socket, String) {
    let mut agent = Socket::agent(server, org, key).await;
    let envelope = enrol(org.id, key, "pc-1");
    agent.write(&FromAgent::Enrol(envelope.clone())).await;
    agent
        .read_until(|message: &ToAgent| *message == ToAgent::Waiting {})
        .await;
    (agent, envelope)
}

fn enrol(org: OrgId, key: &SigningKey, hostname: &str) -> String {
    let payload = Enrol {
        org,
        key: key.public().clone(),
        noise: X25519Public([4; 32]),
        hostname: hostname.into(),
        nonce: Nonce(unique16()),
    };
    Envelope::sign(PayloadType::Enrol, &payload, &[key])
        .unwrap()
        .to_text()
}

#[tokio::test]
async fn a_new_device_waits_until_the_ledger_admits_it() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let key = SigningKey::from_seed(unique32());
    let (mut agent, envelope) = waiting(&server, &org, &key).await;
    let member = Member::sign_in(&org, &org.admin).await;
    let list: Devices = member.read("/devices").await;
    assert_eq!((list.devices.len(), list.waiting.len()), (0, 1));
    assert_eq!(
        (list.waiting[0].envelope.clone(), list.waiting[0].online),
        (envelope, true)
    );
    org.append(admit(Role::Device, &key)).await;
    agent
        .read_until(|message: &ToAgent| *message == ToAgent::Receipts { have: 0 })
        .await;
    let list: Devices = member.read("/devices").await;
    assert_eq!((list.devices.len(), list.waiting.len()), (1, 0));
    assert!(list.devices[0].online);
}

#[tokio::test]
async fn a_device_sees_its_own_admission_in_the_ledger_while_it_waits() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let key = SigningKey::from_seed(unique32());
    let (mut agent, _) = waiting(&server, &org, &key).await;
    agent.write(&FromAgent::Ledger { from: 0 }).await;
    let is_ledger = |message: &ToAgent| matches!(message, ToAgent::Ledger { .. });
    agent.read_until(is_ledger).await;
    org.append(admit(Role::Device, &key)).await;
    let ToAgent::Ledger {
        from: 1, leaves, ..
    } = agent.read_until(is_ledger).await
    else {
        panic!()
    };
    assert_eq!(leaves.len(), 1);
}

#[tokio::test]
async fn an_admin_drops_a_waiting_device() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let key = SigningKey::from_seed(unique32());
    let (mut agent, _) = waiting(&server, &org, &key).await;
    let member = Member::sign_in(&org, &org.admin).await;
    let path = format!("/waiting/{}", key.id());
    assert_eq!(member.delete(&path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(agent.refusal().await, "dropped");
    assert_eq!(
        refused(member.delete(&path).await).await,
        (404, "unknown_device".into())
    );
    assert_eq!(member.read::<Devices>("/devices").await.waiting.len(), 0);
}

#[tokio::test]
async fn an_enrolment_of_another_key_or_organisation_is_refused() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let (key, other) = (
        SigningKey::from_seed(unique32()),
        SigningKey::from_seed(unique32()),
    );
    let bad = [
        enrol(org.id, &other, "pc"),
        enrol(OrgId([1; 32]), &key, "pc"),
        enrol(org.id, &key, "a\nb"),
        "{}".into(),
    ];
    for envelope in bad {
        let mut agent = Socket::agent(&server, &org, &key).await;
        agent.write(&FromAgent::Enrol(envelope)).await;
        assert_eq!(agent.refusal().await, "bad_enrolment");
    }
    waiting(&server, &org, &key).await;
}
