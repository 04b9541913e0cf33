//! A session with real programs and nobody at the seat: the command line sees the screen, runs commands, moves files.
#![allow(clippy::unwrap_used)]

use trust::Scope;
use trust::receipt::Event;
use trust::statement::Say;
use wayleave_tests::org::policy;
use wayleave_tests::random;
use wayleave_tests::stage::{Agent, BANNER, Cli, Desktop, Picture, Spot, World};
use wayleave_tests::technician::Technician;

async fn command_line(world: &mut World) -> Cli {
    let cli = Cli::at(&world.dir.path().join("tess"), world.org.id);
    let answer = cli.technician_init(&world.service.url, "Tess").await;
    world.org.admit_answer(&answer, "tess", &["support"]).await;
    world
        .org
        .say(Say::Policy(policy("all", "support", "office", &Scope::ALL)))
        .await;
    cli
}

/// The newest events, once the last session is receipted as closed: the agent writes that after the client has gone.
async fn last_events(agent: &Agent, count: usize) -> Vec<Event> {
    let mut receipts = agent.receipts();
    for _ in 0..200 {
        if receipts.len() >= count && receipts.last().is_some_and(|last| last.ev == Event::Close) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        receipts = agent.receipts();
    }
    receipts[receipts.len() - count..]
        .iter()
        .map(|receipt| receipt.ev)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_runs_commands_and_copies_files_both_ways_byte_for_byte() {
    let mut world = World::start().await;
    let cli = command_line(&mut world).await;
    let mut agent = world.device("desk", &["office"]).await;
    agent.wait_for_ledger(world.org.state.head().size).await;
    let device = agent.id().to_string();

    let said = cli
        .run(&[
            "shell",
            &device,
            "--unattended",
            "--",
            "echo here: $HOME; exit 7",
        ])
        .await;
    assert_eq!(said.code, 7, "{}", said.err);
    let printed = String::from_utf8_lossy(&said.out).into_owned();
    assert!(
        printed.contains(&format!("here: {}", agent.home().display())),
        "{printed}"
    );

    let bytes: Vec<u8> = (0..40_000).flat_map(|_| random::<16>()).collect();
    let (here, back) = (
        world.dir.path().join("here.bin"),
        world.dir.path().join("back.bin"),
    );
    std::fs::write(&here, &bytes).unwrap();
    let (here, back) = (here.display().to_string(), back.display().to_string());
    cli.run(&["cp", "--unattended", &here, &format!("{device}:there.bin")])
        .await
        .well();
    assert_eq!(
        std::fs::read(agent.home().join("there.bin")).unwrap(),
        bytes
    );
    cli.run(&["cp", "--unattended", &format!("{device}:there.bin"), &back])
        .await
        .well();
    assert_eq!(std::fs::read(&back).unwrap(), bytes);

    // Three sessions, each with its beginning and its end, in one chain.
    assert_eq!(
        last_events(&agent, 6).await,
        [Event::Open, Event::Close].repeat(3)
    );
    assert_eq!(agent.count(Event::Deny), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_of_the_command_line_is_the_x_servers_own() {
    let desktop = Desktop::start().await;
    let mut world = World::start().await;
    let cli = command_line(&mut world).await;
    let mut agent = world.device_on(&desktop, "desk", &["office"]).await;
    agent.wait_for_ledger(world.org.state.head().size).await;

    // A session of somebody else keeps the banner in its place.
    let dora = world.org.technician("Dora", &["support"]).await;
    let dora = Technician::sign_in(&world.org, &world.service.url, dora).await;
    dora.wait_for_display(&agent).await;
    let mut channel = dora.open(&world.org, &agent, &[Scope::View]).await;
    let banner = desktop.window(BANNER);

    let file = world.dir.path().join("screen.png");
    let name = file.display().to_string();
    let device = agent.id().to_string();
    cli.run(&["connect", &device, "--unattended", "--screenshot", &name])
        .await
        .well();
    let (seen, shown) = (Picture::read(&file), desktop.picture());
    assert_eq!((seen.width, seen.height), (shown.width, shown.height));
    assert!(colours(&shown) > 4, "the screen shows nothing to compare");
    assert_eq!(differing(&seen, &shown, banner), 0);
    assert_eq!(differing(&channel.picture().await, &shown, banner), 0);
    channel.bye().await;
    desktop.window_gone(BANNER);
}

fn colours(picture: &Picture) -> usize {
    let pixels: std::collections::BTreeSet<&[u8]> = picture.rgb.chunks(3).collect();
    pixels.len()
}

/// How many pixels differ, apart from a clock that goes on in the banner.
fn differing(a: &Picture, b: &Picture, banner: Spot) -> usize {
    let inside = |at: usize| {
        let (x, y) = (
            (at % a.width as usize) as i32,
            (at / a.width as usize) as i32,
        );
        let (left, top) = (i32::from(banner.x), i32::from(banner.y));
        (left..left + i32::from(banner.width)).contains(&x)
            && (top..top + i32::from(banner.height)).contains(&y)
    };
    let pixels = a.rgb.chunks(3).zip(b.rgb.chunks(3)).enumerate();
    pixels.filter(|(at, (a, b))| a != b && !inside(*at)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_policy_explain_allows_opens_and_what_it_does_not_allow_does_not() {
    let mut world = World::start().await;
    let cli = Cli::at(&world.dir.path().join("tess"), world.org.id);
    let answer = cli.technician_init(&world.service.url, "Tess").await;
    let tess = world
        .org
        .admit_answer(&answer, "tess", &["support"])
        .await
        .to_string();
    let narrow = policy("files", "support", "office", &[Scope::FilesRead]);
    world.org.say(Say::Policy(narrow)).await;
    let mut agent = world.device("desk", &["office"]).await;
    agent.wait_for_ledger(world.org.state.head().size).await;
    let device = agent.id().to_string();
    let explain = ["policy", "explain", &tess, &device, "shell", "--unattended"];
    let shell = ["shell", &device, "--unattended", "--", "true"];

    let told = cli.run(&explain).await;
    assert_eq!((told.code, told.refusal().as_str()), (3, "not_allowed"));
    let explained = told.json();
    assert!(explained["allowed_by"].is_null());
    let miss = &explained["policies"][0]["misses"][0];
    assert_eq!(miss["code"], "uncovered");
    assert_eq!(
        miss["remedy"],
        "do without it, or an admin allows it in the policy"
    );
    assert_eq!(cli.run(&shell).await.refusal(), "uncovered");

    let wide = policy("shells", "support", "office", &[Scope::Shell]);
    world.org.say(Say::Policy(wide)).await;
    agent.wait_for_ledger(world.org.state.head().size).await;
    let told = cli.run(&explain).await.well();
    assert_eq!(told.json()["allowed_by"], "shells");
    cli.run(&shell).await.well();
}
