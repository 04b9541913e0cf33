//! `GET /v1/orgs/{org}/key-uses`.

use api::key_use::KeyUses;

use crate::support::member::refused;
use crate::support::{Member, OrgFixture, TestServer};

#[tokio::test]
async fn an_admin_reads_when_each_key_last_signed_in() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    let admin = Member::sign_in(&org, &org.admin).await;
    let first: KeyUses = admin.read("/key-uses").await;
    let ids: Vec<_> = first.keys.iter().map(|k| k.keyid).collect();
    assert_eq!(ids, [org.admin.id()]);

    Member::sign_in(&org, &technician).await;
    Member::sign_in(&org, &org.admin).await;
    let then: KeyUses = admin.read("/key-uses").await;
    let of = |uses: &KeyUses, id| uses.keys.iter().find(|k| k.keyid == id).unwrap().signed_in;
    assert_eq!(then.keys.len(), 2);
    assert!(of(&then, org.admin.id()) >= of(&first, org.admin.id()));
    assert!(of(&then, technician.id()) > 0);
}

#[tokio::test]
async fn who_is_no_admin_does_not_read_when_others_signed_in() {
    let server = TestServer::start().await;
    let mut org = OrgFixture::make(&server).await;
    let technician = org.technician().await;
    let member = Member::sign_in(&org, &technician).await;
    let answer = refused(member.get("/key-uses").await).await;
    assert_eq!(answer, (403, "admins_only".into()));
    let admin = Member::sign_in(&org, &org.admin).await;
    let other = OrgFixture::make(&server).await;
    let stranger = Member::sign_in(&other, &other.admin).await;
    let path = admin.path("/key-uses");
    let headers = stranger.headers(&reqwest::Method::GET, &path, b"");
    let answer = stranger
        .send_with(reqwest::Method::GET, &path, b"", &headers)
        .await;
    assert_eq!(answer.status().as_u16(), 401);
}
