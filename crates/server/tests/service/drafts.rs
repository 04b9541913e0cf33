//! `/v1/orgs/{org}/drafts`.

use api::draft::{Draft, Drafts};
use api::limits::DRAFTS_PER_ORG_MAX;
use api::signal::console::ToConsole;
use reqwest::{Method, Response, StatusCode};
use trust::envelope::Envelope;
use trust::statement::{Admin, Role, Roster, Say, Target};
use trust::{Hash, SigningKey};

use crate::support::member::refused;
use crate::support::org::{admit, revoke, revoke_key};
use crate::support::{Member, OrgFixture, Socket, TestServer, unique32};

/// An organisation of three admins, two of whom give power.
struct Board {
    server: TestServer,
    org: OrgFixture,
    bob: SigningKey,
    cyd: SigningKey,
}

impl Board {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let mut org = OrgFixture::make(&server).await;
        let (bob, cyd) = (
            SigningKey::from_seed(unique32()),
            SigningKey::from_seed(unique32()),
        );
        let mut roster = org.state.roster().clone();
        roster.version += 1;
        roster
            .admins
            .extend([admin("bob", &bob), admin("cyd", &cyd)]);
        org.append(Say::Roster(Box::new(roster))).await;
        let two = org.statement(Say::Roster(Box::new(Roster {
            version: 3,
            threshold: 2,
            ..org.state.roster().clone()
        })));
        let two = two.countersign(&bob).unwrap();
        assert_eq!(org.post(&two).await.status(), StatusCode::OK);
        org.state.append(two.as_bytes());
        Self {
            server,
            org,
            bob,
            cyd,
        }
    }

    async fn member(&self, key: &SigningKey) -> Member {
        Member::sign_in(&self.org, key).await
    }

    /// An admission signed by one of the two that it takes.
    fn half(&self, by: &SigningKey) -> Envelope {
        let device = SigningKey::from_seed(unique32());
        self.org.statement_by(by, admit(Role::Device, &device))
    }
}

fn admin(person: &str, key: &SigningKey) -> Admin {
    Admin {
        key: key.public().clone(),
        person: person.to_owned(),
        name: None,
        label: None,
        directory: None,
    }
}

async fn leave(member: &Member, envelope: &Envelope) -> Response {
    member
        .send(Method::POST, "/drafts", envelope.as_bytes())
        .await
}

async fn drafts(member: &Member) -> Vec<Draft> {
    member.read::<Drafts>("/drafts").await.drafts
}

#[tokio::test]
async fn a_draft_is_signed_by_a_second_admin_and_leaves_for_the_ledger() {
    let board = Board::new().await;
    let (ada, bob) = (
        board.member(&board.org.admin).await,
        board.member(&board.bob).await,
    );
    let half = board.half(&board.org.admin);
    let alone = board.org.post(&half).await;
    assert_eq!(refused(alone).await, (422, "statement_refused".into()));
    let mut console = Socket::console(&board.server, &board.org, &bob.request_key).await;
    let is_hint = |message: &ToConsole| *message == ToConsole::Drafts {};
    assert_eq!(leave(&ada, &half).await.status(), StatusCode::OK);
    console.read_until(is_hint).await;
    let [draft] = &drafts(&bob).await[..] else {
        panic!("one draft");
    };
    assert_eq!(draft.by, board.org.admin.id());
    let found = Envelope::parse(draft.envelope.as_bytes()).unwrap();
    assert_eq!(found.payload(), half.payload());
    let whole = found.countersign(&board.bob).unwrap();
    assert_eq!(board.org.post(&whole).await.status(), StatusCode::OK);
    console.read_until(is_hint).await;
    assert_eq!(drafts(&ada).await, []);
}

#[tokio::test]
async fn two_admins_revoke_a_third_by_a_draft() {
    let board = Board::new().await;
    let (ada, bob) = (
        board.member(&board.org.admin).await,
        board.member(&board.bob).await,
    );
    let half = board.org.statement(revoke_key(board.cyd.id()));
    assert_eq!(
        refused(board.org.post(&half).await).await,
        (422, "statement_refused".into())
    );
    assert_eq!(leave(&ada, &half).await.status(), StatusCode::OK);
    let found = Envelope::parse(drafts(&bob).await[0].envelope.as_bytes()).unwrap();
    let whole = found.countersign(&board.bob).unwrap();
    assert_eq!(board.org.post(&whole).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn signatures_that_come_side_by_side_are_joined() {
    let board = Board::new().await;
    let (ada, bob) = (
        board.member(&board.org.admin).await,
        board.member(&board.bob).await,
    );
    let half = board.half(&board.org.admin);
    assert_eq!(leave(&ada, &half).await.status(), StatusCode::OK);
    // Bob signs what he was handed elsewhere: without Ada's signature.
    let signatures = half.countersign(&board.bob).unwrap().signatures()[1..].to_vec();
    let only_bob = Envelope::assemble(half.payload_type(), half.payload(), signatures).unwrap();
    let joined: Draft = leave(&bob, &only_bob).await.json().await.unwrap();
    let joined = Envelope::parse(joined.envelope.as_bytes()).unwrap();
    assert_eq!(joined.claimed_signers().count(), 2);
    assert_eq!(board.org.post(&joined).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn signatures_of_strangers_are_not_kept() {
    let board = Board::new().await;
    let ada = board.member(&board.org.admin).await;
    let stranger = SigningKey::from_seed(unique32());
    let with_stranger = board.half(&board.org.admin).countersign(&stranger).unwrap();
    let kept: Draft = leave(&ada, &with_stranger).await.json().await.unwrap();
    let kept = Envelope::parse(kept.envelope.as_bytes()).unwrap();
    assert_eq!(
        kept.claimed_signers().collect::<Vec<_>>(),
        [board.org.admin.id()]
    );
}

#[tokio::test]
async fn only_an_admin_who_signed_it_leaves_a_draft() {
    let mut board = Board::new().await;
    let whole = board
        .org
        .statement(admit(Role::Technician, &board.cyd))
        .countersign(&board.bob)
        .unwrap();
    assert_eq!(
        board.org.post(&whole).await.status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let technician = SigningKey::from_seed(unique32());
    let whole = board
        .org
        .statement(admit(Role::Technician, &technician))
        .countersign(&board.bob)
        .unwrap();
    assert_eq!(board.org.post(&whole).await.status(), StatusCode::OK);
    board.org.state.append(whole.as_bytes());
    let technician = board.member(&technician).await;
    let half = board.half(&board.org.admin);
    let refusal = (403, "admins_only".to_owned());
    assert_eq!(refused(leave(&technician, &half).await).await, refusal);
    assert_eq!(refused(technician.get("/drafts").await).await, refusal);
    let bob = board.member(&board.bob).await;
    assert_eq!(
        refused(leave(&bob, &half).await).await,
        (401, "other_key".into())
    );
}

#[tokio::test]
async fn what_would_not_count_and_what_waits_for_nobody_is_no_draft() {
    let mut board = Board::new().await;
    let ada = board.member(&board.org.admin).await;
    let old = board.half(&board.org.admin);
    let device = board.org.statement(revoke(Target::All));
    assert_eq!(
        refused(leave(&ada, &device).await).await,
        (400, "revocation".into())
    );
    let stranger = SigningKey::from_seed(unique32());
    let forged = board.half(&stranger).to_text().replace(
        &stranger.id().to_string(),
        &board.org.admin.id().to_string(),
    );
    let forged = Envelope::parse(forged.as_bytes()).unwrap();
    assert_eq!(
        refused(leave(&ada, &forged).await).await,
        (422, "statement_refused".into())
    );
    assert_eq!(leave(&ada, &old).await.status(), StatusCode::OK);
    let of_cyd = board
        .org
        .statement_by(&board.cyd, revoke_key(board.cyd.id()));
    assert_eq!(board.org.post(&of_cyd).await.status(), StatusCode::OK);
    board.org.state.append(of_cyd.as_bytes());
    assert_eq!(
        refused(leave(&ada, &old).await).await,
        (422, "statement_refused".into()),
        "the ledger moved on"
    );
    assert_eq!(drafts(&ada).await.len(), 1, "it is shown, to be made anew");
}

#[tokio::test]
async fn a_revoked_admin_leaves_and_sees_nothing() {
    let mut board = Board::new().await;
    let bob = board.member(&board.bob).await;
    let half = board.half(&board.bob);
    assert_eq!(leave(&bob, &half).await.status(), StatusCode::OK);
    let revocation = board
        .org
        .statement_by(&board.bob, revoke_key(board.bob.id()));
    assert_eq!(board.org.post(&revocation).await.status(), StatusCode::OK);
    board.org.state.append(revocation.as_bytes());
    let again = board.half(&board.bob);
    assert_eq!(
        refused(leave(&bob, &again).await).await,
        (401, "revoked".into())
    );
    assert_eq!(
        refused(bob.get("/drafts").await).await,
        (401, "revoked".into())
    );
}

#[tokio::test]
async fn drafts_are_bounded_and_discarded() {
    let board = Board::new().await;
    let ada = board.member(&board.org.admin).await;
    for _ in 0..DRAFTS_PER_ORG_MAX {
        let left = leave(&ada, &board.half(&board.org.admin)).await;
        assert_eq!(left.status(), StatusCode::OK);
    }
    let more = leave(&ada, &board.half(&board.org.admin)).await;
    assert_eq!(refused(more).await, (409, "too_many_drafts".into()));
    let first: Hash = drafts(&ada).await[0].draft;
    let path = format!("/drafts/{first}");
    assert_eq!(ada.delete(&path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        refused(ada.delete(&path).await).await,
        (404, "unknown_draft".into())
    );
    let more = leave(&ada, &board.half(&board.org.admin)).await;
    assert_eq!(more.status(), StatusCode::OK);
}

#[tokio::test]
async fn another_organisation_sees_no_draft_of_this_one() {
    let board = Board::new().await;
    let elsewhere = OrgFixture::make(&board.server).await;
    let stranger = Member::sign_in(&elsewhere, &elsewhere.admin).await;
    let ada = board.member(&board.org.admin).await;
    let half = board.half(&board.org.admin);
    assert_eq!(leave(&ada, &half).await.status(), StatusCode::OK);
    assert_eq!(drafts(&stranger).await, []);
    let path = format!("/drafts/{}", drafts(&ada).await[0].draft);
    assert_eq!(
        refused(stranger.delete(&path).await).await,
        (404, "unknown_draft".into())
    );
    assert_eq!(drafts(&ada).await.len(), 1);
}
