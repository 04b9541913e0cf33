//! By a technician with an honest warrant: what lies outside its scopes, the prompt, the banner, the time after End.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::symlink;

use trust::Scope;
use trust::receipt::Event;
use trust::statement::Say;
use wayleave_tests::channel::Channel;
use wayleave_tests::org::{policy, sign_warrant};
use wayleave_tests::random;
use wayleave_tests::stage::{Agent, BANNER, Desktop, PROMPT, World};
use wayleave_tests::technician::Technician;
use wire::input::Input;

struct Stage {
    world: World,
    agent: Agent,
    tess: Technician,
}

async fn stage(desktop: Option<&Desktop>) -> Stage {
    let mut world = World::start().await;
    world
        .org
        .say(Say::Policy(policy("all", "support", "office", &Scope::ALL)))
        .await;
    let tess = world.org.technician("Tess", &["support"]).await;
    let agent = match desktop {
        Some(desktop) => world.device_on(desktop, "desk", &["office"]).await,
        None => world.device("desk", &["office"]).await,
    };
    let tess = Technician::sign_in(&world.org, &world.service.url, tess).await;
    if desktop.is_some() {
        tess.wait_for_display(&agent).await;
    }
    Stage { world, agent, tess }
}

impl Stage {
    async fn open(&self, scopes: &[Scope]) -> Channel {
        self.tess.open(&self.world.org, &self.agent, scopes).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_outside_the_scopes_has_no_effect_and_inside_it_has() {
    let stage = stage(None).await;
    std::fs::write(stage.agent.home().join("secret.txt"), "secret").unwrap();
    let marker = stage.agent.home().join("marker");
    let command = format!("touch {}", marker.display());

    let mut channel = stage.open(&[Scope::View]).await;
    assert_eq!(channel.shell(&command).await, Err("denied".to_owned()));
    assert_eq!(channel.get("secret.txt").await, Err("denied".to_owned()));
    assert_eq!(channel.list("").await, Err("denied".to_owned()));
    assert_eq!(channel.put("marker", b"x").await, Err("denied".to_owned()));
    channel.bye().await;
    // Reading is not writing, and neither is a shell.
    let mut channel = stage.open(&[Scope::FilesRead]).await;
    assert_eq!(channel.put("marker", b"x").await, Err("denied".to_owned()));
    assert_eq!(channel.shell(&command).await, Err("denied".to_owned()));
    assert_eq!(channel.get("secret.txt").await.unwrap(), b"secret");
    channel.bye().await;
    let mut channel = stage.open(&[Scope::FilesWrite]).await;
    assert_eq!(channel.get("secret.txt").await, Err("denied".to_owned()));
    assert!(!marker.exists());
    channel.put("marker", b"x").await.unwrap();
    channel.bye().await;
    assert_eq!(std::fs::read(&marker).unwrap(), b"x");
    std::fs::remove_file(&marker).unwrap();

    let mut channel = stage.open(&[Scope::Shell]).await;
    channel.shell(&command).await.unwrap();
    assert!(marker.exists());
    channel.bye().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_the_granted_folder_or_to_the_agents_keys() {
    let stage = stage(None).await;
    let (home, state) = (stage.agent.home(), stage.agent.state());
    let outside = stage.world.dir.path().join("outside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("secret.txt"), "secret").unwrap();
    std::fs::create_dir_all(home.join("docs")).unwrap();
    std::fs::write(home.join("docs/open.txt"), "open").unwrap();
    symlink(outside.join("secret.txt"), home.join("link.txt")).unwrap();
    symlink(&outside, home.join("folder")).unwrap();
    symlink("/", home.join("root")).unwrap();
    symlink(&state, home.join("keys")).unwrap();
    symlink("/proc/self/root", home.join("proc")).unwrap();
    let mut channel = stage.open(&[Scope::FilesRead, Scope::FilesWrite]).await;
    let absolute = outside.join("secret.txt").display().to_string();
    let key = state.join("device.key").display().to_string();
    for path in [
        "link.txt",
        "folder/secret.txt",
        "root/etc/hostname",
        "../outside/secret.txt",
        "docs/../../outside/secret.txt",
        "keys/device.key",
        "../state/device.key",
        "proc/etc/hostname",
        "/proc/self/environ",
        "/proc/self/mem",
        "/dev/zero",
        absolute.as_str(),
        key.as_str(),
    ] {
        let got = channel.get(path).await;
        assert!(
            got.is_err(),
            "{path} was fetched: {} bytes",
            got.unwrap().len()
        );
        let put = channel.put(path, b"overwritten").await;
        // A link is replaced by a file, never followed; that stays inside.
        assert!(put.is_err() || path == "link.txt", "{path} was written");
    }
    for path in [
        "folder",
        "root",
        "..",
        "keys",
        "proc",
        "/proc/self/fd",
        "docs/..",
    ] {
        assert!(channel.list(path).await.is_err(), "{path} was listed");
    }
    assert_eq!(channel.get("docs/open.txt").await.unwrap(), b"open");
    channel.bye().await;
    assert_eq!(
        std::fs::read(outside.join("secret.txt")).unwrap(),
        b"secret"
    );
    assert_eq!(stage.agent.count(Event::Open), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_becomes_a_link_in_the_middle_of_a_race_is_not_followed() {
    let stage = stage(None).await;
    let home = stage.agent.home();
    let outside = stage.world.dir.path().join("outside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("file.txt"), "outside").unwrap();
    std::fs::create_dir_all(home.join("inside")).unwrap();
    std::fs::write(home.join("inside/file.txt"), "inside").unwrap();
    symlink(&outside, home.join("link")).unwrap();
    std::fs::rename(home.join("inside"), home.join("door")).unwrap();
    // `door` is a folder and a link in turns, as fast as the kernel swaps them.
    let (done, stop) = std::sync::mpsc::channel::<()>();
    let (door, link) = (home.join("door"), home.join("link"));
    let racer = std::thread::spawn(move || {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        while stop.try_recv().is_err() {
            renameat_with(CWD, &door, CWD, &link, RenameFlags::EXCHANGE).unwrap();
        }
    });
    let mut channel = stage.open(&[Scope::FilesRead, Scope::FilesWrite]).await;
    let mut fetched = 0;
    for _ in 0..100 {
        if let Ok(bytes) = channel.get("door/file.txt").await {
            assert_eq!(bytes, b"inside");
            fetched += 1;
        }
        let _ = channel.put("door/new.txt", b"x").await;
    }
    done.send(()).unwrap();
    racer.join().unwrap();
    channel.bye().await;
    assert!(!outside.join("new.txt").exists());
    assert_eq!(
        std::fs::read_dir(&outside).unwrap().count(),
        1,
        "something was left outside"
    );
    assert!(fetched > 0, "the race never let the honest side win");
}

#[tokio::test(flavor = "multi_thread")]
async fn input_without_control_moves_nothing_and_with_control_moves_the_pointer() {
    let desktop = Desktop::start().await;
    let stage = stage(Some(&desktop)).await;
    let before = desktop.pointer();
    let mut channel = stage.open(&[Scope::View]).await;
    channel
        .input(Input::Pointer {
            x: 321,
            y: 123,
            buttons: 0,
        })
        .await;
    channel.round_trip().await;
    channel.picture().await;
    assert_eq!(desktop.pointer(), before);
    channel.bye().await;

    let mut channel = stage.open(&[Scope::View, Scope::Control]).await;
    channel
        .input(Input::Pointer {
            x: 321,
            y: 123,
            buttons: 0,
        })
        .await;
    desktop.wait_for_pointer((321, 123));
    channel.bye().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_technician_with_control_cannot_press_allow_and_the_seat_can() {
    let desktop = Desktop::start().await;
    let stage = stage(Some(&desktop)).await;
    let mut hands = stage.open(&[Scope::View, Scope::Control]).await;
    hands
        .input(Input::Pointer {
            x: 5,
            y: 700,
            buttons: 0,
        })
        .await;
    desktop.wait_for_pointer((5, 700));

    let private: [u8; 32] = random();
    let noise = wire::public_of(&private).unwrap();
    let mut warrant =
        stage
            .world
            .org
            .warrant(&stage.tess.person, stage.agent.id(), noise, &[Scope::View]);
    warrant.attended = true;
    let warrant = sign_warrant(&warrant, &[&stage.tess.person.key]);
    let mut channel = stage.tess.call(&stage.agent, &private).await;
    channel.ask(&warrant.to_text()).await.unwrap();
    channel.asking().await;
    let prompt = desktop.window(PROMPT);
    let (x, y) = Desktop::allow(prompt);
    let (x, y) = (u16::try_from(x).unwrap(), u16::try_from(y).unwrap());
    // Long enough for Allow to take a press.
    for _ in 0..30 {
        hands.input(Input::Pointer { x, y, buttons: 1 }).await;
        hands.input(Input::Pointer { x, y, buttons: 0 }).await;
        hands.input(Input::Text("\t\r ".to_owned())).await;
        hands.round_trip().await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(
        desktop.find(PROMPT).is_some(),
        "the prompt was answered from afar"
    );
    assert_eq!(desktop.pointer(), (5, 700));
    assert_eq!(stage.agent.count(Event::Open), 1);

    desktop.press_until_gone(PROMPT, Desktop::allow(prompt));
    assert_eq!(channel.answer().await.code(), "opened");
    assert_eq!(stage.agent.count(Event::Open), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_technician_who_hides_the_banner_is_out_and_stays_out() {
    let desktop = Desktop::start().await;
    let stage = stage(Some(&desktop)).await;
    let private: [u8; 32] = random();
    let noise = wire::public_of(&private).unwrap();
    let warrant = stage.world.org.warrant(
        &stage.tess.person,
        stage.agent.id(),
        noise,
        &[Scope::View, Scope::Shell],
    );
    let warrant = sign_warrant(&warrant, &[&stage.tess.person.key]);
    let (mut channel, answer) = stage.tess.open_with(&stage.agent, &private, &warrant).await;
    assert_eq!(answer.code(), "opened", "{answer:?}");
    let banner = desktop.window(BANNER);
    desktop.kill_window(banner);
    assert_eq!(channel.over().await, "banner_lost");
    // The same warrant, key and all, after its end.
    let (_, again) = stage.tess.open_with(&stage.agent, &private, &warrant).await;
    assert_eq!(again.code(), "spent");
    assert_eq!(stage.agent.count(Event::Open), 1);
    assert_eq!(stage.agent.count(Event::Resume), 0);
    // Another warrant is another session: its banner is there.
    let channel = stage.open(&[Scope::View]).await;
    desktop.window(BANNER);
    channel.bye().await;
}
