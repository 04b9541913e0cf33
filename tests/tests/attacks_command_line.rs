//! A thief in the place of the service, an honest technician's command line, an honest device: nobody in between can show
//! the one another, or touch what they say to each other.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use wayleave_tests::assault::{Assault, Case, case};
use wayleave_tests::parley::Ingredient::{Nothing, Statement};
use wayleave_tests::stage::{Agent, Cli, Ended, World};

struct Stage {
    assault: Assault,
    cli: Cli,
    agent: Agent,
    other: Agent,
}

impl Stage {
    async fn start() -> Self {
        let mut world = World::start().await;
        let cli = Cli::at(&world.dir.path().join("toni"), world.org.id);
        let answer = cli.technician_init(&world.service.url, "Toni").await;
        world.org.admit_answer(&answer, "toni", &["support"]).await;
        let agent = world.device("desk", &["office"]).await;
        let other = world.device("till", &["office"]).await;
        let assault = Assault::on(world).await;
        Self {
            assault,
            cli,
            agent,
            other,
        }
    }

    /// Prepares an attack; gives its answer.
    async fn arm(&mut self, case: &Case, is_twin: bool, leaked: &[String]) -> String {
        let target = self.assault.target(&self.agent);
        self.assault.run(case, is_twin, target, leaked).await.0
    }

    /// Runs a command on a device that leaves a file there.
    async fn touch(&self, device: &str, marker: &Path) -> Ended {
        let command = format!("touch {}", marker.display());
        self.cli
            .run(&["shell", device, "--unattended", "--", &command])
            .await
    }

    /// What the command that goes with an attack leaves behind.
    fn mark_of(&self, attack: &str) -> PathBuf {
        self.agent.home().join(attack.replace(' ', "-"))
    }

    async fn must_work(&mut self) {
        self.arm(&case("copy honestly", Nothing, ""), true, &[])
            .await;
        let marker = self.agent.home().join("marker");
        let ended = self.touch(&self.agent.id().to_string(), &marker).await;
        assert_eq!(
            ended.code,
            0,
            "the twin: {}\n{}",
            ended.err,
            self.assault.attacker.text()
        );
        assert!(marker.exists());
        std::fs::remove_file(marker).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_meets_only_the_device_that_its_own_ledger_names() {
    let mut stage = Stage::start().await;
    stage.must_work().await;
    let (device, other) = (stage.agent.id().to_string(), stage.other.id().to_string());
    let marker = stage.other.home().join("marker");
    let at_home = stage.agent.home().join("marker");
    let mut wrong = Vec::new();

    for (attack, leaked) in [
        ("join another device", vec![other]),
        ("answer as the device", vec![]),
    ] {
        stage.arm(&case(attack, Nothing, ""), false, &leaked).await;
        let ended = stage.touch(&device, &marker).await;
        if ended.code == 0 || ended.refusal().is_empty() {
            wrong.push(format!("{attack}: {} {}", ended.code, ended.err));
        }
    }
    // A device that no admin admitted stands in the ledger, and in no fold.
    let attack = case("admit a device of its own", Statement, "");
    let made_up = stage.arm(&attack, false, &[]).await;
    let ended = stage.touch(&made_up, &marker).await;
    if ended.refusal() != "unknown_device" {
        wrong.push(format!("a made-up device: {} {}", ended.code, ended.err));
    }
    // Its twin is admitted, and then lacks nothing but the channel key that the thief made up.
    let admitted = stage.arm(&attack, true, &[]).await;
    let ended = stage.touch(&admitted, &marker).await;
    if ["unknown_device", ""].contains(&ended.refusal().as_str()) {
        wrong.push(format!(
            "a device that an admin admitted: {} {}",
            ended.code, ended.err
        ));
    }
    assert!(
        !marker.exists() && !at_home.exists(),
        "a command ran where it should not"
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    stage.must_work().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_refuses_another_organisation_and_another_history_by_name() {
    let mut stage = Stage::start().await;
    let device = stage.agent.id().to_string();
    let marker = stage.agent.home().join("marker");
    let mut wrong = Vec::new();
    // First with nothing folded yet, then with a ledger that it has seen.
    for (attack, code) in [
        ("show another organisation", "other_genesis"),
        ("show another organisation", "shorter_ledger"),
        ("take a leaf out", "forked_ledger"),
    ] {
        stage.arm(&case(attack, Nothing, ""), false, &[]).await;
        let ended = stage.touch(&device, &marker).await;
        if ended.refusal() != code {
            wrong.push(format!("{attack}: {} {}", ended.code, ended.err));
        }
        assert!(!marker.exists(), "{attack}");
        stage.must_work().await;
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_changed_reordered_reflected_replayed_or_left_out_on_the_way() {
    let mut stage = Stage::start().await;
    let device = stage.agent.id().to_string();
    let mut wrong = Vec::new();
    for (attack, _) in TAMPERING {
        stage.arm(&case(attack, Nothing, ""), false, &[]).await;
        let ended = stage.touch(&device, &stage.mark_of(attack)).await;
        if ended.code == 0 || ended.refusal().is_empty() {
            wrong.push(format!("{attack}: {} {}", ended.code, ended.err));
        }
    }
    stage.must_work().await;
    // Each has a mark of its own: a command that was said may run after its technician has gone.
    for (attack, runs) in TAMPERING {
        if stage.mark_of(attack).exists() && !runs {
            wrong.push(format!("{attack}: the command ran"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What is done to which message, and whether the command had been said, whole and untouched, before.
///
/// To the device: 0 is the handshake, 1 the warrant, 2 the command. To the technician: 0 is the handshake, 1 the device's
/// greeting, 2 its verdict.
const TAMPERING: [(&str, bool); 19] = [
    ("change 0 to device", false),
    ("change 1 to device", false),
    ("change 2 to device", false),
    ("change 0 to technician", false),
    ("change 1 to technician", false),
    ("change 2 to technician", false),
    ("reorder 1 to technician", false),
    ("replay 0 to device", false),
    ("replay 1 to device", false),
    ("replay 0 to technician", false),
    ("replay 1 to technician", false),
    ("replay 2 to technician", true),
    ("reflect 0 to device", false),
    ("reflect 1 to device", false),
    ("reflect 2 to device", false),
    ("reflect 0 to technician", false),
    ("reflect 1 to technician", false),
    ("reflect 2 to technician", false),
    ("drop 0 to technician", false),
];
