//! A thief in the place of the service, an honest technician's browser with pages from `wayleave console`, an honest device:
//! nobody in between can show the one another, or touch what they say to each other.
#![allow(clippy::unwrap_used)]

use trust::receipt::Event;
use wayleave_tests::assault::{Assault, Case, case};
use wayleave_tests::org::technician_with_key;
use wayleave_tests::parley::Ingredient::{Nothing, Statement};
use wayleave_tests::stage::{Agent, Browser, Console, Saw, World};

struct Stage {
    assault: Assault,
    browser: Browser,
    agent: Agent,
    other: Agent,
    _console: Console,
}

impl Stage {
    async fn start() -> Self {
        let (mut world, console) = World::with_console().await;
        let browser = Browser::start(&console.url, world.org.id, &world.service.url, "Toni");
        let admit = technician_with_key(&browser.person, &browser.key, &["support"]);
        world.org.say(admit).await;
        let agent = world.device("desk", &["office"]).await;
        let other = world.device("till", &["office"]).await;
        let assault = Assault::on(world).await;
        Self {
            assault,
            browser,
            agent,
            other,
            _console: console,
        }
    }

    /// Prepares an attack; gives its answer.
    async fn arm(&mut self, case: &Case, is_twin: bool, leaked: &[String]) -> String {
        let target = self.assault.target(&self.agent);
        self.assault.run(case, is_twin, target, leaked).await.0
    }

    fn openings(&self) -> usize {
        self.agent.count(Event::Open) + self.other.count(Event::Open)
    }

    async fn connect(&mut self) -> Saw {
        let name = shown_as(&self.agent.id().to_string());
        self.browser.connect(&name).await
    }

    /// The same browser, the same device, and a thief who does nothing.
    async fn must_work(&mut self) {
        self.arm(&case("copy honestly", Nothing, ""), true, &[])
            .await;
        self.browser.open(false).await;
        let before = self.agent.count(Event::Open);
        let saw = self.connect().await;
        assert_eq!(saw, Saw::Opened, "the twin\n{}", self.text());
        assert_eq!(self.agent.count(Event::Open), before + 1);
    }

    fn text(&self) -> String {
        format!("{}\n{}", self.browser.text(), self.assault.attacker.text())
    }
}

/// A device whose name is sealed is called by the beginning of its key.
fn shown_as(keyid: &str) -> String {
    keyid.chars().take(8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_meets_only_the_device_that_its_own_ledger_names() {
    let mut stage = Stage::start().await;
    stage.must_work().await;
    let other = stage.other.id().to_string();
    let mut wrong = Vec::new();
    for (attack, leaked) in [
        ("join another device", vec![other]),
        ("answer as the device", vec![]),
    ] {
        stage.arm(&case(attack, Nothing, ""), false, &leaked).await;
        let before = stage.openings();
        let saw = stage.connect().await;
        if !matches!(&saw, Saw::Refused(text) if text.contains(' ')) || stage.openings() != before {
            wrong.push(format!("{attack}: {saw:?}"));
        }
    }
    // A device that no admin admitted stands in the ledger, and on no list. Its twin is admitted, and listed.
    let attack = case("admit a device of its own", Statement, "");
    for is_twin in [false, true] {
        let made_up = stage.arm(&attack, is_twin, &[]).await;
        let Saw::Devices(names) = stage.browser.open(false).await else {
            panic!("no devices\n{}", stage.text());
        };
        if names.contains(&shown_as(&made_up)) != is_twin {
            wrong.push(format!("a made-up device, admitted: {is_twin}: {names:?}"));
        }
        // Admitted or not, the thief has not the channel key that stands in the admission.
        let saw = stage.browser.connect(&shown_as(&made_up)).await;
        let is_refused = if is_twin {
            matches!(saw, Saw::Refused(_))
        } else {
            saw == Saw::Absent
        };
        if !is_refused {
            wrong.push(format!("connecting to it, admitted: {is_twin}: {saw:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n{}", wrong.join("\n"), stage.text());
    stage.must_work().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_refuses_another_organisation_and_another_history_by_name() {
    let mut stage = Stage::start().await;
    let mut wrong = Vec::new();
    // First with nothing folded yet, then with a ledger that it has seen.
    for (attack, fresh, says) in [
        (
            "show another organisation",
            true,
            "another organisation’s ledger",
        ),
        ("show another organisation", false, "rolled back"),
        ("take a leaf out", false, "not about the ledger"),
    ] {
        stage.arm(&case(attack, Nothing, ""), false, &[]).await;
        let before = stage.openings();
        let saw = stage.browser.open(fresh).await;
        if !matches!(&saw, Saw::Refused(text) if text.contains(says)) {
            wrong.push(format!("{attack}: {saw:?}"));
        }
        assert_eq!(stage.openings(), before, "{attack}");
        stage.must_work().await;
    }
    assert!(wrong.is_empty(), "\n{}\n{}", wrong.join("\n"), stage.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_to_or_from_the_browser_is_changed_reordered_reflected_or_replayed() {
    let mut stage = Stage::start().await;
    stage.must_work().await;
    let mut wrong = Vec::new();
    for attack in TAMPERING {
        stage.arm(&case(attack, Nothing, ""), false, &[]).await;
        let before = stage.agent.count(Event::Open);
        let saw = stage.connect().await;
        if !matches!(&saw, Saw::Refused(text) if text.contains(' ')) {
            wrong.push(format!("{attack}: {saw:?}"));
        }
        // Only what comes after the warrant can find an open session; it is over then.
        let opened = stage.agent.count(Event::Open) - before;
        let closed = stage.agent.count(Event::Close);
        if opened > 1 || closed != stage.agent.count(Event::Open) {
            wrong.push(format!("{attack}: {opened} opened, {closed} closed"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n{}", wrong.join("\n"), stage.text());
    stage.must_work().await;
}

/// To the device: 0 is the handshake, 1 the warrant. To the technician: 0 is the handshake, 1 the device's greeting, 2 its
/// verdict.
const TAMPERING: [&str; 13] = [
    "change 0 to device",
    "change 1 to device",
    "change 0 to technician",
    "change 1 to technician",
    "change 2 to technician",
    "reorder 1 to technician",
    "replay 0 to device",
    "replay 1 to device",
    "replay 0 to technician",
    "replay 1 to technician",
    "reflect 0 to device",
    "reflect 1 to device",
    "reflect 0 to technician",
];
