//! A machine that is not enrolled, somebody at it, and a technician on the phone: real service, command line, agent and screen.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;
use trust::statement::{Say, Target};
use trust::{Nameplate, Scope};
use wayleave_tests::org::{policy, revoke};
use wayleave_tests::random;
use wayleave_tests::stage::{BANNER, Cli, Desktop, Middle, PROMPT, Process, Swap, World, program};
use wire::join_code::{JoinCode, Secret};

struct Stage {
    desktop: Desktop,
    world: World,
    cli: Cli,
    tess: trust::KeyId,
    runs: std::cell::Cell<u32>,
}

impl Stage {
    async fn start() -> Self {
        Self::with(World::start().await).await
    }

    async fn with(mut world: World) -> Self {
        let desktop = Desktop::start().await;
        let cli = Cli::at(&world.dir.path().join("tess"), world.org.id);
        let answer = cli.technician_init(&world.service.url, "Tess").await;
        let tess = world.org.admit_answer(&answer, "tess", &["support"]).await;
        let joined = policy("guests", "support", "joined", &[Scope::View, Scope::Shell]);
        world.org.say(Say::Policy(joined)).await;
        Self {
            desktop,
            world,
            cli,
            tess,
            runs: 0.into(),
        }
    }

    /// The technician has a code made that opens a shell, and reads it.
    async fn code(&self, command: &str) -> (Process, String) {
        let mut asking = self.cli.start(&["join", "--shell", "--", command]);
        let line = asking.line(|line| line.contains("join_code")).await;
        let told: Value = serde_json::from_str(&line).unwrap();
        (asking, told["join_code"].as_str().unwrap().to_owned())
    }

    /// Somebody types a code at a machine that has never heard of the organisation.
    fn guest(&self, code: &str) -> Process {
        let dir = self.machine();
        std::fs::create_dir_all(dir.join("home")).unwrap();
        let mut command = Command::new(program("wayleave-agent"));
        command
            .arg("join")
            .args(code.split(' '))
            .args(["--server", &self.world.service.url])
            .args(["--display", &self.desktop.display])
            .arg("--dir")
            .arg(dir.join("state"))
            .arg("--files-root")
            .arg(dir.join("home"))
            .env("HOME", dir.join("home"))
            .env("SHELL", "/bin/sh")
            .env("DISPLAY", &self.desktop.display)
            .env("WAYLEAVE_LOG", "debug")
            .env("NO_COLOR", "1")
            .current_dir(dir.join("home"));
        Process::start("wayleave-agent join", command)
    }

    fn machine(&self) -> PathBuf {
        self.world.dir.path().join("guest")
    }

    /// Another machine, which has no failures behind it; the technician's own are forgotten, too.
    fn forget_failures(&self) {
        self.runs.set(self.runs.get() + 1);
        let old = self.machine();
        if old.exists() {
            std::fs::rename(&old, old.with_extension(self.runs.get().to_string())).unwrap();
        }
        for file in files(&self.world.dir.path().join("tess")) {
            if file.ends_with("joins") {
                std::fs::remove_file(file).unwrap();
            }
        }
    }

    fn allow(&self) {
        let prompt = self.desktop.window(PROMPT);
        self.desktop
            .press_until_gone(PROMPT, Desktop::allow(prompt));
    }

    fn marker(&self) -> PathBuf {
        self.world.dir.path().join("marker")
    }

    /// The twin: the right code opens, once somebody allows it.
    async fn must_open(&self) {
        let (mut asking, code) = self
            .code(&format!("touch {}", self.marker().display()))
            .await;
        let mut guest = self.guest(&code);
        self.allow();
        assert_eq!(asking.ended().await, Some(0), "{}", asking.text());
        assert_eq!(guest.ended().await, Some(0), "{}", guest.text());
        std::fs::remove_file(self.marker()).unwrap();
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .into_iter()
        .flat_map(|entry| match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path()),
            false => vec![entry.path()],
        })
        .collect()
}

/// The code with another secret, and the check digit that goes with it.
fn wrong(code: &str) -> String {
    let digits = code.replace(' ', "");
    let (head, tail) = digits.split_at(14);
    let candidates = (0..100).map(|n| format!("{head}{n:02}"));
    let other = candidates.into_iter().find(|candidate| {
        !tail.starts_with(&candidate[14..15]) && JoinCode::parse(candidate).is_ok()
    });
    other.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_code_opens_an_attended_session_and_leaves_no_key_behind() {
    let stage = Stage::start().await;
    let command = format!("touch {}; sleep 600", stage.marker().display());
    let (mut asking, code) = stage.code(&command).await;
    let mut guest = stage.guest(&code);
    // Nothing runs before somebody agreed.
    let prompt = stage.desktop.window(PROMPT);
    assert!(!stage.marker().exists());
    guest.line(|line| line.contains("proof=Silent")).await;
    stage
        .desktop
        .press_until_gone(PROMPT, Desktop::allow(prompt));
    let banner = stage.desktop.window(BANNER);
    while !stage.marker().exists() {
        tokio::task::yield_now().await;
    }
    stage.desktop.press_until_gone(BANNER, Desktop::end(banner));
    assert_eq!(asking.ended().await, Some(255));
    asking.line(|line| line.contains("ended_by_user")).await;
    assert_eq!(guest.ended().await, Some(0), "{}", guest.text());
    let left = files(&stage.machine().join("state"));
    assert!(left.iter().any(|file| file.ends_with("receipts.log")));
    assert!(!left.iter().any(|file| file.ends_with("device.key")));

    // A screenshot goes the same way.
    let file = stage.world.dir.path().join("guest.png");
    let file = file.to_str().unwrap();
    let mut asking = stage.cli.start(&["join", "--screenshot", file]);
    let line = asking.line(|line| line.contains("join_code")).await;
    let told: Value = serde_json::from_str(&line).unwrap();
    let mut guest = stage.guest(told["join_code"].as_str().unwrap());
    stage.allow();
    assert_eq!(asking.ended().await, Some(0), "{}", asking.text());
    assert!(Path::new(file).exists());
    assert_eq!(guest.ended().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refuses_opens_nothing() {
    let stage = Stage::start().await;
    let (mut asking, code) = stage
        .code(&format!("touch {}", stage.marker().display()))
        .await;
    let mut guest = stage.guest(&code);
    let prompt = stage.desktop.window(PROMPT);
    stage
        .desktop
        .press_until_gone(PROMPT, Desktop::refuse(prompt));
    assert_eq!(asking.ended().await, Some(255));
    asking.line(|line| line.contains("refused_by_user")).await;
    guest.ended().await;
    assert!(!stage.marker().exists());
    stage.must_open().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_burns_the_code_at_both_ends_and_opens_nothing() {
    let stage = Stage::start().await;
    let (mut asking, code) = stage
        .code(&format!("touch {}", stage.marker().display()))
        .await;
    let mut guest = stage.guest(&wrong(&code));
    assert_eq!(asking.ended().await, Some(255));
    asking.line(|line| line.contains("join_code_burnt")).await;
    assert_eq!(guest.ended().await, Some(1), "{}", guest.text());
    // The right secret comes too late: here it is burnt, and elsewhere nobody waits any more.
    let mut again = stage.guest(&code);
    assert_eq!(again.ended().await, Some(1));
    again.line(|line| line.contains("used up")).await;
    stage.forget_failures();
    let mut elsewhere = stage.guest(&code);
    assert_eq!(elsewhere.ended().await, Some(1));
    elsewhere
        .line(|line| line.contains("No technician waits"))
        .await;
    assert!(stage.desktop.find(PROMPT).is_none() && !stage.marker().exists());
    stage.must_open().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_of_the_tongue_costs_nothing() {
    let stage = Stage::start().await;
    let (mut asking, code) = stage.code("true").await;
    let last = code.as_bytes()[code.len() - 1];
    let slip = format!("{}{}", &code[..code.len() - 1], (last - b'0' + 1) % 10);
    for _ in 0..4 {
        let mut guest = stage.guest(&slip);
        assert_eq!(guest.ended().await, Some(1));
        guest.line(|line| line.contains("nothing was tried")).await;
    }
    let mut guest = stage.guest(&code);
    stage.allow();
    assert_eq!(asking.ended().await, Some(0), "{}", asking.text());
    guest.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_failed_codes_both_ends_stop() {
    let stage = Stage::start().await;
    for _ in 0..3 {
        let (mut asking, code) = stage.code("true").await;
        let mut guest = stage.guest(&wrong(&code));
        assert_eq!(asking.ended().await, Some(255));
        assert_eq!(guest.ended().await, Some(1));
    }
    let stopped = stage.cli.run(&["join", "--shell", "--", "true"]).await;
    assert_eq!(stopped.refusal(), "join_stopped", "{}", stopped.err);
    let code = JoinCode {
        nameplate: Nameplate::new(7).unwrap(),
        secret: Secret::from_random(&random()),
    };
    let mut guest = stage.guest(&code.to_text());
    assert_eq!(guest.ended().await, Some(1));
    guest.line(|line| line.contains("within an hour")).await;
    stage.forget_failures();
    stage.must_open().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_in_the_middle_that_swaps_keys_gets_nothing() {
    let (world, middle): (World, Middle) = World::behind_a_middle().await;
    let stage = Stage::with(world).await;
    let swaps = [
        // The technician's noise key, the device's key, the device's noise key.
        (wire::pake::HELLO_BYTES, 48),
        (wire::pake::ANSWER_BYTES, 32),
        (wire::pake::ANSWER_BYTES, 64),
        // The points themselves, and the technician's confirmation.
        (wire::pake::HELLO_BYTES, 16),
        (wire::pake::ANSWER_BYTES, 0),
        (wire::pake::CONFIRMATION_BYTES, 0),
    ];
    for (bytes, at) in swaps {
        middle.swap(Some(Swap { bytes, at }));
        let (mut asking, code) = stage
            .code(&format!("touch {}", stage.marker().display()))
            .await;
        let mut guest = stage.guest(&code);
        assert_eq!(guest.ended().await, Some(1), "{}", guest.text());
        assert_eq!(asking.ended().await, Some(255), "{}", asking.text());
        assert_eq!(middle.swapped(), 1, "{bytes} {at}");
        assert!(stage.desktop.find(PROMPT).is_none() && !stage.marker().exists());
        stage.forget_failures();
    }
    middle.swap(None);
    stage.must_open().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_technician_who_is_revoked_has_no_code_and_without_a_policy_there_is_none_either() {
    let mut stage = Stage::start().await;
    let refused = stage
        .cli
        .run(&[
            "join",
            "--screenshot",
            "/nonexistent/x.png",
            "--scope",
            "control",
        ])
        .await;
    assert_eq!(refused.refusal(), "uncovered", "{}", refused.err);
    stage.must_open().await;
    stage.world.org.say(revoke(Target::Key(stage.tess))).await;
    let refused = stage.cli.run(&["join", "--shell", "--", "true"]).await;
    assert_ne!(refused.code, 0);
}
