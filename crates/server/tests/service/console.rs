//! `GET /v1/console`.

use api::signal::console::ToConsole;
use trust::statement::Target;

use crate::support::{Member, OrgFixture, Socket, TestServer};

#[tokio::test]
async fn a_page_hears_of_the_ledger_and_of_devices() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let device = org.device().await;
    let member = Member::sign_in(&org, &org.admin).await;
    let mut console = Socket::console(&server, &org, &member.request_key).await;
    assert_eq!(console.read::<ToConsole>().await, ToConsole::Ready {});
    assert_eq!(
        console.read::<ToConsole>().await,
        ToConsole::Ledger { size: 2 }
    );
    let agent = Socket::agent(&server, &org, &device).await;
    let device_id = device.id();
    let online = |wanted: bool| move |message: &ToConsole| matches!(message, ToConsole::Device(d) if d.online == wanted && d.keyid == device_id);
    console.read_until(online(true)).await;
    drop(agent);
    console.read_until(online(false)).await;
    org.technician().await;
    console
        .read_until(|message: &ToConsole| *message == ToConsole::Ledger { size: 3 })
        .await;
}

#[tokio::test]
async fn a_revoked_member_s_page_is_closed_at_once() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    let member = Member::sign_in(&org, &technician).await;
    let mut console = Socket::console(&server, &org, &member.request_key).await;
    assert_eq!(console.read::<ToConsole>().await, ToConsole::Ready {});
    org.revoke(Target::Key(technician.id())).await;
    assert_eq!(console.refusal().await, "revoked");
}

#[tokio::test]
async fn a_ledger_key_opens_no_page_by_itself() {
    let server = TestServer::start().await;
    let org = OrgFixture::make(&server).await;
    let mut console = Socket::console(&server, &org, &org.admin).await;
    assert_eq!(console.refusal().await, "not_signed_in");
}
