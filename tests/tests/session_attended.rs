//! A session with somebody at the seat: he is asked, he allows or refuses, he ends it, and he sees that it runs.
#![allow(clippy::unwrap_used)]

use trust::Scope;
use trust::receipt::{Event, open_body};
use trust::statement::Say;
use trust::warrant::Warrant;
use wayleave_tests::channel::{Answer, Channel};
use wayleave_tests::org::{policy, sign_warrant};
use wayleave_tests::random;
use wayleave_tests::stage::{Agent, BANNER, Desktop, PROMPT, World};
use wayleave_tests::technician::Technician;

struct Stage {
    desktop: Desktop,
    world: World,
    agent: Agent,
    tess: Technician,
}

impl Stage {
    async fn start() -> Self {
        let desktop = Desktop::start().await;
        let mut world = World::start().await;
        world
            .org
            .say(Say::Policy(policy("all", "support", "office", &Scope::ALL)))
            .await;
        let tess = world.org.technician("Tess", &["support"]).await;
        let agent = world.device_on(&desktop, "desk", &["office"]).await;
        let tess = Technician::sign_in(&world.org, &world.service.url, tess).await;
        tess.wait_for_display(&agent).await;
        Self {
            desktop,
            world,
            agent,
            tess,
        }
    }

    fn warrant(&self, private: &[u8; 32], change: impl FnOnce(&mut Warrant)) -> trust::Envelope {
        let noise = wire::public_of(private).unwrap();
        let mut warrant =
            self.world
                .org
                .warrant(&self.tess.person, self.agent.id(), noise, &Scope::ALL);
        warrant.attended = true;
        change(&mut warrant);
        sign_warrant(&warrant, &[&self.tess.person.key])
    }

    /// Asks, and waits until the prompt is on the screen.
    async fn ask(&self) -> (Channel, [u8; 32], trust::Envelope) {
        let private: [u8; 32] = random();
        let warrant = self.warrant(&private, |_| {});
        let mut channel = self.tess.call(&self.agent, &private).await;
        channel.ask(&warrant.to_text()).await.unwrap();
        channel.asking().await;
        self.desktop.window(PROMPT);
        (channel, private, warrant)
    }

    async fn allowed(&self) -> (Channel, [u8; 32], trust::Envelope) {
        let (mut channel, private, warrant) = self.ask().await;
        let prompt = self.desktop.window(PROMPT);
        self.desktop
            .press_until_gone(PROMPT, Desktop::allow(prompt));
        let answer = channel.answer().await;
        assert_eq!(answer.code(), "opened", "{answer:?}");
        self.desktop.window(BANNER);
        (channel, private, warrant)
    }

    fn last_outcome(&self) -> (Event, String) {
        let receipt = self.agent.receipts().pop().unwrap();
        let body = open_body(&self.world.org.audit, &receipt).unwrap();
        (
            receipt.ev,
            body.outcome.map(|outcome| outcome.code).unwrap_or_default(),
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_allows_and_later_presses_end_and_the_warrant_opens_nothing_any_more() {
    let stage = Stage::start().await;
    let (mut channel, private, warrant) = stage.allowed().await;
    assert_eq!(stage.agent.count(Event::Open), 1);
    let Ok(printed) = channel.shell("echo allowed").await else {
        panic!("the shell was refused")
    };
    assert!(printed.contains("allowed"));

    let banner = stage.desktop.window(BANNER);
    stage.desktop.press_until_gone(BANNER, Desktop::end(banner));
    assert_eq!(channel.over().await, "ended_by_user");
    assert_eq!(
        stage.last_outcome(),
        (Event::Close, "ended_by_user".to_owned())
    );

    // Not with the same key, and not with another.
    for private in [private, random()] {
        let (_, again) = stage.tess.open_with(&stage.agent, &private, &warrant).await;
        assert!(
            ["spent", "other_channel"].contains(&again.code()),
            "{again:?}"
        );
    }
    assert_eq!(
        stage.agent.count(Event::Open) + stage.agent.count(Event::Resume),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_and_a_silent_seat_sees_the_question_once() {
    let stage = Stage::start().await;
    let (mut channel, private, warrant) = stage.ask().await;
    let prompt = stage.desktop.window(PROMPT);
    stage
        .desktop
        .press_until_gone(PROMPT, Desktop::refuse(prompt));
    assert_eq!(channel.answer().await.code(), "refused_by_user");
    assert_eq!(
        stage.last_outcome(),
        (Event::Deny, "refused_by_user".to_owned())
    );
    let (_, again) = stage.tess.open_with(&stage.agent, &private, &warrant).await;
    assert_eq!(again.code(), "spent");
    assert!(stage.desktop.find(PROMPT).is_none());
    assert_eq!(stage.agent.count(Event::Open), 0);

    // A technician who leaves takes his question along, and the answer comes too late.
    let (channel, private, warrant) = stage.ask().await;
    drop(channel);
    stage.desktop.window_gone(PROMPT);
    let (_, again) = stage.tess.open_with(&stage.agent, &private, &warrant).await;
    assert_eq!(again.code(), "spent");
    assert_eq!(stage.agent.count(Event::Open), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_banner_is_killed_or_covered_is_over() {
    let stage = Stage::start().await;
    let (mut channel, ..) = stage.allowed().await;
    stage.desktop.kill_window(stage.desktop.window(BANNER));
    assert_eq!(channel.over().await, "banner_lost");
    assert_eq!(
        stage.last_outcome(),
        (Event::Close, "banner_lost".to_owned())
    );

    let (mut channel, ..) = stage.allowed().await;
    let banner = stage.desktop.window(BANNER);
    // A rival that puts itself above again and again.
    let rival = stage.desktop.cover(banner);
    let over = channel.over();
    tokio::pin!(over);
    let code = loop {
        tokio::select! {
            code = &mut over => break code,
            () = tokio::time::sleep(std::time::Duration::from_millis(20)) => stage.desktop.raise(rival),
        }
    };
    assert_eq!(code, "banner_lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_resumes_over_the_same_key_without_another_question() {
    let stage = Stage::start().await;
    let (channel, private, warrant) = stage.allowed().await;
    drop(channel);
    stage.desktop.window_gone(BANNER);
    let (mut again, answer) = stage.tess.open_with(&stage.agent, &private, &warrant).await;
    assert!(matches!(answer, Answer::Opened(_)), "{answer:?}");
    assert!(!again.asked);
    assert_eq!(stage.agent.count(Event::Resume), 1);
    assert_eq!(stage.agent.count(Event::Open), 1);
    again.round_trip().await;

    // Over another key it is another's.
    let other: [u8; 32] = random();
    let (_, no) = stage.tess.open_with(&stage.agent, &other, &warrant).await;
    assert_eq!(no.code(), "other_channel");
    again.bye().await;
    let (_, no) = stage.tess.open_with(&stage.agent, &private, &warrant).await;
    assert_eq!(no.code(), "spent");
}
