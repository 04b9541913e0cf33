//! `/v1/orgs/{org}/approvals`.

use api::approval::{AnswerApproval, Approval, Approvals, AskApproval};
use api::limits::{APPROVAL_MS_MAX, APPROVALS_PER_TECHNICIAN_MAX};
use api::signal::console::ToConsole;
use reqwest::{Method, Response, StatusCode};
use trust::envelope::{PayloadType, Signature, pae};
use trust::scope::Scope;
use trust::statement::{Policy, Role, Say, Target};
use trust::{Blob, KeyId, SigningKey, WarrantId};

use crate::support::member::refused;
use crate::support::org::admit;
use crate::support::{Member, OrgFixture, Socket, TestServer, now_ms, unique16, unique32};

const MINUTE_MS: u64 = 60_000;

/// A technician, a device, and a lead whom a policy names as approver.
struct Desk {
    server: TestServer,
    org: OrgFixture,
    technician: SigningKey,
    device: KeyId,
    lead: SigningKey,
}

impl Desk {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let mut org = OrgFixture::make(&server).await;
        let technician = org.technician().await;
        let device = org.device().await.id();
        let lead = lead(&mut org, "leads").await;
        org.append(policy("leads")).await;
        Self {
            server,
            org,
            technician,
            device,
            lead,
        }
    }

    async fn member(&self, key: &SigningKey) -> Member {
        Member::sign_in(&self.org, key).await
    }

    fn wish(&self) -> AskApproval {
        AskApproval {
            warrant: WarrantId(unique16()),
            device: self.device,
            until: now_ms() + 10 * MINUTE_MS,
            sealed: Blob(vec![7; 900]),
        }
    }
}

async fn lead(org: &mut OrgFixture, group: &str) -> SigningKey {
    let key = SigningKey::from_seed(unique32());
    let Say::Admit(mut admission) = admit(Role::Technician, &key) else {
        unreachable!("admit admits");
    };
    admission.subjects[0].person = Some("lea".to_owned());
    admission.groups = vec![group.to_owned()];
    org.append(Say::Admit(admission)).await;
    key
}

fn policy(approvers: &str) -> Say {
    Say::Policy(Policy {
        name: "asks".to_owned(),
        technicians: "all".to_owned(),
        devices: "all".to_owned(),
        approvers: Some(approvers.to_owned()),
        scopes: vec![Scope::View],
        max_seconds: 3600,
        unattended: true,
        approvals: 1,
        hours: None,
        openings_per_hour: None,
        devices_per_hour: None,
        attended_when_stale: false,
        read_under: Vec::new(),
        write_under: Vec::new(),
        shell_as: Vec::new(),
        ticket_required: false,
    })
}

fn signature(key: &SigningKey) -> AnswerApproval {
    AnswerApproval::Approve(Signature {
        keyid: key.id(),
        sig: Blob(key.sign(&pae(PayloadType::Warrant, b"{}")).to_vec()),
        webauthn: None,
    })
}

async fn ask(member: &Member, wish: &AskApproval) {
    let answer = member.post("/approvals", wish).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

async fn answer(member: &Member, warrant: WarrantId, answer: &AnswerApproval) -> Response {
    let path = format!("/approvals/{warrant}/answer");
    member.post(&path, answer).await
}

async fn open(member: &Member) -> Vec<Approval> {
    member.read::<Approvals>("/approvals").await.approvals
}

#[tokio::test]
async fn a_request_reaches_the_approver_live_and_his_signature_comes_back() {
    let desk = Desk::new().await;
    let (technician, lead) = (
        desk.member(&desk.technician).await,
        desk.member(&desk.lead).await,
    );
    let mut console = Socket::console(&desk.server, &desk.org, &lead.request_key).await;
    let wish = desk.wish();
    ask(&technician, &wish).await;
    let is_hint = |message: &ToConsole| *message == ToConsole::Approvals {};
    console.read_until(is_hint).await;
    let [request] = &open(&lead).await[..] else {
        panic!("one request");
    };
    assert_eq!(
        (request.warrant, request.by, request.device, request.until),
        (wish.warrant, desk.technician.id(), desk.device, wish.until)
    );
    assert_eq!(request.sealed, wish.sealed);
    let mut waiting = Socket::console(&desk.server, &desk.org, &technician.request_key).await;
    waiting
        .read_until(|message: &ToConsole| *message == ToConsole::Ready {})
        .await;
    let approval = signature(&desk.lead);
    let answered = answer(&lead, wish.warrant, &approval).await;
    assert_eq!(answered.status(), StatusCode::NO_CONTENT);
    waiting.read_until(is_hint).await;
    let answers = &open(&technician).await[0].answers;
    assert_eq!(answers.len(), 1);
    assert_eq!(
        (answers[0].by, &answers[0].answer),
        (desk.lead.id(), &approval)
    );
}

#[tokio::test]
async fn an_approver_answers_once_and_nobody_answers_himself() {
    let desk = Desk::new().await;
    let (technician, lead) = (
        desk.member(&desk.technician).await,
        desk.member(&desk.lead).await,
    );
    let wish = desk.wish();
    ask(&technician, &wish).await;
    let own = answer(&technician, wish.warrant, &signature(&desk.technician)).await;
    assert_eq!(refused(own).await, (403, "own_request".into()));
    let of_another = answer(&lead, wish.warrant, &signature(&desk.technician)).await;
    assert_eq!(refused(of_another).await, (401, "other_key".into()));
    let refusal = AnswerApproval::Refuse(Blob(vec![1; 60]));
    let first = answer(&lead, wish.warrant, &refusal).await;
    assert_eq!(first.status(), StatusCode::NO_CONTENT);
    let second = answer(&lead, wish.warrant, &signature(&desk.lead)).await;
    assert_eq!(refused(second).await, (409, "already_answered".into()));
    assert_eq!(open(&technician).await[0].answers[0].answer, refusal);
}

#[tokio::test]
async fn who_is_no_approver_of_any_policy_does_not_answer() {
    let mut desk = Desk::new().await;
    let other = lead(&mut desk.org, "others").await;
    let (technician, admin) = (
        desk.member(&desk.technician).await,
        desk.member(&desk.org.admin).await,
    );
    let wish = desk.wish();
    ask(&technician, &wish).await;
    for (member, key) in [
        (&desk.member(&other).await, &other),
        (&admin, &desk.org.admin),
    ] {
        let answered = answer(member, wish.warrant, &signature(key)).await;
        assert_eq!(refused(answered).await, (403, "not_an_approver".into()));
    }
    desk.org.append(policy("admins")).await;
    let answered = answer(&admin, wish.warrant, &signature(&desk.org.admin)).await;
    assert_eq!(answered.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_answer_of_a_revoked_approver_is_neither_taken_nor_shown() {
    let mut desk = Desk::new().await;
    let (technician, lead) = (
        desk.member(&desk.technician).await,
        desk.member(&desk.lead).await,
    );
    let (before, after) = (desk.wish(), desk.wish());
    ask(&technician, &before).await;
    ask(&technician, &after).await;
    let answered = answer(&lead, before.warrant, &signature(&desk.lead)).await;
    assert_eq!(answered.status(), StatusCode::NO_CONTENT);
    desk.org.revoke(Target::Key(desk.lead.id())).await;
    let late = answer(&lead, after.warrant, &signature(&desk.lead)).await;
    assert_eq!(refused(late).await, (401, "revoked".into()));
    assert!(open(&technician).await.iter().all(|a| a.answers.is_empty()));
}

#[tokio::test]
async fn a_request_of_a_revoked_technician_or_about_a_revoked_warrant_is_gone() {
    let mut desk = Desk::new().await;
    let (technician, lead) = (
        desk.member(&desk.technician).await,
        desk.member(&desk.lead).await,
    );
    let (one, two) = (desk.wish(), desk.wish());
    ask(&technician, &one).await;
    ask(&technician, &two).await;
    assert_eq!(open(&lead).await.len(), 2);
    desk.org.revoke(Target::Warrant(one.warrant)).await;
    assert_eq!(open(&lead).await.len(), 1);
    let again = technician.post("/approvals", &one).await;
    assert_eq!(refused(again).await, (403, "kept_apart".into()));
    desk.org.revoke(Target::Key(desk.technician.id())).await;
    assert_eq!(open(&lead).await, []);
}

#[tokio::test]
async fn one_organisation_sees_and_answers_nothing_of_another() {
    let desk = Desk::new().await;
    let mut elsewhere = OrgFixture::make(&desk.server).await;
    let stranger = lead(&mut elsewhere, "leads").await;
    elsewhere.append(policy("leads")).await;
    let (technician, stranger_there) = (
        desk.member(&desk.technician).await,
        Member::sign_in(&elsewhere, &stranger).await,
    );
    let wish = desk.wish();
    ask(&technician, &wish).await;
    assert_eq!(open(&stranger_there).await, []);
    let answered = answer(&stranger_there, wish.warrant, &signature(&stranger)).await;
    assert_eq!(refused(answered).await, (404, "unknown_approval".into()));
    let path = format!("/v1/orgs/{}/approvals", desk.org.id);
    let headers = stranger_there.headers(&Method::GET, &path, b"");
    let read = stranger_there
        .send_with(Method::GET, &path, b"", &headers)
        .await;
    assert_eq!(refused(read).await, (401, "not_signed_in".into()));
}

#[tokio::test]
async fn a_warrant_is_asked_about_once_even_after_it_was_withdrawn() {
    let desk = Desk::new().await;
    let (technician, lead) = (
        desk.member(&desk.technician).await,
        desk.member(&desk.lead).await,
    );
    let wish = desk.wish();
    ask(&technician, &wish).await;
    let again = technician.post("/approvals", &wish).await;
    assert_eq!(refused(again).await, (409, "already_asked".into()));
    let path = format!("/approvals/{}", wish.warrant);
    assert_eq!(
        refused(lead.delete(&path).await).await,
        (404, "unknown_approval".into()),
        "only he who asked withdraws"
    );
    assert_eq!(
        technician.delete(&path).await.status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(open(&lead).await, []);
    let late = answer(&lead, wish.warrant, &signature(&desk.lead)).await;
    assert_eq!(refused(late).await, (404, "unknown_approval".into()));
    let again = technician.post("/approvals", &wish).await;
    assert_eq!(refused(again).await, (409, "already_asked".into()));
}

#[tokio::test]
async fn a_request_ends_with_its_warrant_and_after_an_hour_at_most() {
    let desk = Desk::new().await;
    let technician = desk.member(&desk.technician).await;
    let over = AskApproval {
        until: now_ms() - 1,
        ..desk.wish()
    };
    let late = technician.post("/approvals", &over).await;
    assert_eq!(
        refused(late).await,
        (400, "bad_request_for_approval".into())
    );
    let long = AskApproval {
        until: now_ms() + 10 * APPROVAL_MS_MAX,
        ..desk.wish()
    };
    ask(&technician, &long).await;
    let request = &open(&technician).await[0];
    assert_eq!(request.until, request.asked + APPROVAL_MS_MAX);
}

#[tokio::test]
async fn requests_are_bounded_in_number_and_size() {
    let desk = Desk::new().await;
    let technician = desk.member(&desk.technician).await;
    for _ in 0..APPROVALS_PER_TECHNICIAN_MAX {
        ask(&technician, &desk.wish()).await;
    }
    let more = technician.post("/approvals", &desk.wish()).await;
    assert_eq!(refused(more).await, (409, "too_many_approvals".into()));
    let long = AskApproval {
        sealed: Blob(vec![7; trust::limits::SEALED_WARRANT_BYTES_MAX + 1]),
        ..desk.wish()
    };
    let long = technician.post("/approvals", &long).await;
    assert_eq!(
        refused(long).await,
        (400, "bad_request_for_approval".into())
    );
    let lead = desk.member(&desk.lead).await;
    let warrant = open(&lead).await[0].warrant;
    let refusal = AnswerApproval::Refuse(Blob(vec![1; trust::limits::SEALED_BYTES_MAX + 1]));
    let answered = answer(&lead, warrant, &refusal).await;
    assert_eq!(refused(answered).await, (400, "bad_answer".into()));
    let path = format!("/approvals/{warrant}");
    assert_eq!(
        technician.delete(&path).await.status(),
        StatusCode::NO_CONTENT
    );
    ask(&technician, &desk.wish()).await;
}

#[tokio::test]
async fn only_a_technician_asks() {
    let desk = Desk::new().await;
    let admin = desk.member(&desk.org.admin).await;
    let asked = admin.post("/approvals", &desk.wish()).await;
    assert_eq!(refused(asked).await, (403, "technicians_only".into()));
    let unknown = AskApproval {
        device: KeyId([9; 32]),
        ..desk.wish()
    };
    let technician = desk.member(&desk.technician).await;
    let asked = technician.post("/approvals", &unknown).await;
    assert_eq!(refused(asked).await, (403, "kept_apart".into()));
}
