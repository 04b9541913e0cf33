//! Three witnesses of which two make a ledger fresh, as real programs: who may be gone, and what they count.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use trust::statement::{Policy, Say};
use trust::{Envelope, Scope};
use wayleave_tests::org::{Person, policy, sign_warrant};
use wayleave_tests::random;
use wayleave_tests::stage::{Agent, Cli, Witness, World};
use wayleave_tests::technician::Technician;

/// As short as a ledger may be fresh, in milliseconds.
const MAX_AGE_MS: u64 = 10_000;

/// Asks for a session until the device says this, or does not in a long time.
async fn until_it_says(world: &World, agent: &Agent, tess: &Technician, wanted: &str) {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let (_, answer) = tess
            .try_open(&world.org, agent, &[Scope::View], |_| {})
            .await;
        if answer.code() == wanted {
            return;
        }
        assert!(Instant::now() < until, "{answer:?} and never {wanted}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_witnesses_may_be_gone_and_not_two() {
    let (mut world, [mut far, mut third]) = World::watched(MAX_AGE_MS).await;
    let tess = world.org.technician("Tess", &["support"]).await;
    let all = policy("all", "support", "office", &Scope::ALL);
    world.org.say(Say::Policy(all)).await;
    let mut agent = world.device("desk", &["office"]).await;
    agent.wait_for_ledger(world.org.state.head().size).await;
    let tess = Technician::sign_in(&world.org, &world.service.url, tess).await;
    until_it_says(&world, &agent, &tess, "opened").await;

    third.process.kill().await;
    let gone = Instant::now();
    // Longer than anything that the third said can count.
    while gone.elapsed() < Duration::from_millis(MAX_AGE_MS + 2_000) {
        until_it_says(&world, &agent, &tess, "opened").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    far.process.kill().await;
    until_it_says(&world, &agent, &tess, "stale").await;
    far.restart().await;
    until_it_says(&world, &agent, &tess, "opened").await;
}

/// Three desks of which one person may open two an hour.
struct Fleet {
    world: World,
    others: [Witness; 2],
    desks: Vec<Agent>,
}

impl Fleet {
    async fn new() -> Self {
        let (mut world, others) = World::watched(300_000).await;
        let counted = Policy {
            devices_per_hour: Some(2),
            ..policy("counted", "support", "office", &Scope::ALL)
        };
        world.org.say(Say::Policy(counted)).await;
        let mut desks = Vec::new();
        for name in ["desk-1", "desk-2", "desk-3"] {
            desks.push(world.device(name, &["office"]).await);
        }
        Self {
            world,
            others,
            desks,
        }
    }

    async fn settle(&mut self) {
        let size = self.world.org.state.head().size;
        for desk in &mut self.desks {
            desk.wait_for_ledger(size).await;
        }
    }

    fn witnesses(&mut self) -> [&mut Witness; 3] {
        let [far, third] = &mut self.others;
        [&mut self.world.witness, far, third]
    }

    /// A warrant for a desk, with the channel key that it names.
    fn warrant(&self, by: &Person, desk: usize) -> ([u8; 32], Envelope) {
        let private: [u8; 32] = random();
        let noise = wire::public_of(&private).unwrap();
        let device = self.desks[desk].id();
        let warrant = self.world.org.warrant(by, device, noise, &[Scope::Shell]);
        (private, sign_warrant(&warrant, &[&by.key]))
    }

    async fn counts(&mut self, warrant: &Envelope) -> Vec<Result<String, String>> {
        let org = self.world.org.id;
        let mut counts = Vec::new();
        for witness in self.witnesses() {
            counts.push(witness.count(org, warrant).await);
        }
        counts
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counted_policy_stops_the_command_line_at_its_number_of_devices() {
    let mut fleet = Fleet::new().await;
    let cli = Cli::at(&fleet.world.dir.path().join("tess"), fleet.world.org.id);
    let answer = cli.technician_init(&fleet.world.service.url, "Tess").await;
    let tess = fleet
        .world
        .org
        .admit_answer(&answer, "tess", &["support"])
        .await
        .to_string();
    fleet.settle().await;
    let desks: Vec<String> = fleet.desks.iter().map(|d| d.id().to_string()).collect();

    let told = cli
        .run(&[
            "policy",
            "explain",
            &tess,
            &desks[0],
            "shell",
            "--unattended",
        ])
        .await
        .well()
        .json();
    assert_eq!(told["policies"][0]["counts"]["need"], 2);
    assert_eq!(told["policies"][0]["counts"]["devices_per_hour"], 2);

    let shell = |desk: usize| ["shell", &desks[desk], "--unattended", "--", "true"];
    cli.run(&shell(0)).await.well();
    cli.run(&shell(1)).await.well();
    let refused = cli.run(&shell(2)).await;
    assert_eq!(refused.refusal(), "too_many_devices", "{}", refused.err);
    assert!(
        refused.err.contains("One more is possible at"),
        "{}",
        refused.err
    );
    cli.run(&shell(0)).await.well();

    // A witness that was killed counts on, and one that is gone is not missed.
    for witness in fleet.witnesses() {
        witness.process.kill().await;
        witness.restart().await;
    }
    assert_eq!(cli.run(&shell(2)).await.refusal(), "too_many_devices");
    fleet.others[1].process.kill().await;
    cli.run(&shell(1)).await.well();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_opens_a_counted_policy_with_counts_of_this_warrant_alone() {
    let mut fleet = Fleet::new().await;
    let tess = fleet.world.org.technician("Tess", &["support"]).await;
    let other = fleet.world.org.technician("Dora", &["support"]).await;
    fleet.settle().await;
    let (private, warrant) = fleet.warrant(&tess, 0);
    let (_, of_another) = fleet.warrant(&other, 1);
    let another: Vec<String> = fleet
        .counts(&of_another)
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(another.len(), 3);
    let counts: Vec<String> = fleet.counts(&warrant).await.into_iter().flatten().collect();
    let forged = fleet.warrant(&other, 2).1.countersign(&tess.key).unwrap();
    assert_eq!(
        fleet.counts(&forged).await.iter().flatten().count(),
        3,
        "signed by him it is his"
    );

    let url = fleet.world.service.url.clone();
    let tess = Technician::sign_in(&fleet.world.org, &url, tess).await;
    let desk = &fleet.desks[0];
    for too_few in [
        Vec::new(),
        another,
        counts[..1].to_vec(),
        vec![counts[0].clone(); 3],
    ] {
        let answer = tess.open_counted(desk, &private, &warrant, too_few).await;
        assert_eq!(answer.code(), "uncounted", "{answer:?}");
    }
    let answer = tess.open_counted(desk, &private, &warrant, counts).await;
    assert_eq!(answer.code(), "opened", "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_counts_persons_over_the_fleet_and_nobody_whom_the_ledger_does_not_admit() {
    let mut fleet = Fleet::new().await;
    let tess = fleet.world.org.technician("Tess", &["support"]).await;
    let dora = fleet.world.org.technician("Dora", &["support"]).await;
    fleet.settle().await;
    let stranger = Person::new("Tess");
    let mut codes = Vec::new();
    for (by, desk) in [
        (&stranger, 0),
        (&tess, 0),
        (&tess, 1),
        (&tess, 2),
        (&tess, 1),
        (&dora, 2),
    ] {
        let warrant = fleet.warrant(by, desk).1;
        let answers = fleet.counts(&warrant).await;
        codes.push(
            answers[0]
                .clone()
                .map_or_else(|code| code, |_| "counted".to_owned()),
        );
    }
    let expected = [
        "not_signed",
        "counted",
        "counted",
        "too_many_devices",
        "counted",
        "counted",
    ];
    assert_eq!(codes, expected);
}
