//! What a policy narrows, on a real workstation: folders, users, tickets, and single scopes.
#![allow(clippy::unwrap_used)]

use trust::receipt::{Body, Event, open_body};
use trust::statement::{Policy, Say};
use trust::{Bounds, Scope};
use wayleave_tests::channel::{Answer, Channel};
use wayleave_tests::org::policy;
use wayleave_tests::stage::{Agent, Desktop, World};
use wayleave_tests::technician::Technician;
use wire::control::Opened;
use wire::input::Input;

struct Stage {
    world: World,
    agent: Agent,
    tess: Technician,
}

async fn stage(desktop: Option<&Desktop>, policies: impl FnOnce(&Agent) -> Vec<Policy>) -> Stage {
    let mut world = World::start().await;
    let tess = world.org.technician("Tess", &["support"]).await;
    let agent = match desktop {
        Some(desktop) => world.device_on(desktop, "desk", &["office"]).await,
        None => world.device("desk", &["office"]).await,
    };
    for policy in policies(&agent) {
        world.org.say(Say::Policy(policy)).await;
    }
    let tess = Technician::sign_in(&world.org, &world.service.url, tess).await;
    if desktop.is_some() {
        tess.wait_for_display(&agent).await;
    }
    Stage { world, agent, tess }
}

impl Stage {
    async fn open(&self, scopes: &[Scope], bounds: Bounds) -> (Channel, Answer) {
        let change = |warrant: &mut trust::Warrant| warrant.bounds = bounds;
        self.tess
            .try_open(&self.world.org, &self.agent, scopes, change)
            .await
    }

    async fn opened(&self, scopes: &[Scope], bounds: Bounds) -> (Channel, Opened) {
        match self.open(scopes, bounds).await {
            (channel, Answer::Opened(opened)) => (channel, opened),
            (_, no) => panic!("{no:?}"),
        }
    }

    async fn say(&mut self, policy: Policy) {
        self.world.org.say(Say::Policy(policy)).await;
    }

    /// The body of the newest receipt of this kind.
    fn body(&self, ev: Event) -> Body {
        let receipts = self.agent.receipts();
        let receipt = receipts.iter().rfind(|r| r.ev == ev).unwrap();
        open_body(&self.world.org.audit, receipt).unwrap()
    }
}

fn path(agent: &Agent, name: &str) -> String {
    agent.home().join(name).to_str().unwrap().to_owned()
}

fn folders(agent: &Agent) -> Policy {
    let scopes = [Scope::FilesRead, Scope::FilesWrite];
    Policy {
        read_under: vec![path(agent, "docs")],
        write_under: vec![path(agent, "inbox")],
        ..policy("folders", "support", "office", &scopes)
    }
}

const FILES: [Scope; 2] = [Scope::FilesRead, Scope::FilesWrite];

fn furnish(agent: &Agent) {
    for folder in ["docs/deep", "inbox"] {
        std::fs::create_dir_all(agent.home().join(folder)).unwrap();
    }
    for file in ["docs/open.txt", "docs/deep/open.txt", "secret.txt"] {
        std::fs::write(agent.home().join(file), file).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_reaches_the_folders_of_its_policy_and_its_receipt_says_so() {
    let stage = stage(None, |agent| vec![folders(agent)]).await;
    furnish(&stage.agent);
    let (mut channel, opened) = stage.opened(&FILES, Bounds::default()).await;
    let granted = Bounds {
        read_under: vec![path(&stage.agent, "docs")],
        write_under: vec![path(&stage.agent, "inbox")],
        shell_as: None,
    };
    assert_eq!(opened.bounds, granted);
    assert_eq!(stage.body(Event::Open).bounds, granted);
    assert_eq!(channel.list("").await.unwrap(), ["docs"]);
    assert_eq!(
        channel.get("docs/open.txt").await.unwrap(),
        b"docs/open.txt"
    );
    for outside in ["secret.txt", "inbox/x", "docs2"] {
        assert_eq!(
            channel.get(outside).await,
            Err("outside".to_owned()),
            "{outside}"
        );
    }
    for dots in ["docs/../secret.txt", "docs//open.txt", "/etc/hostname"] {
        assert_eq!(channel.get(dots).await, Err("path".to_owned()), "{dots}");
    }
    let put = |name: &str| format!("{name}/new.txt");
    assert_eq!(
        channel.put(&put("docs"), b"x").await,
        Err("outside".to_owned())
    );
    assert_eq!(channel.put(&put("inbox"), b"x").await, Ok(()));
    channel.bye().await;

    // The technician narrows it further, and asks for more than there is.
    let deep = Bounds {
        read_under: vec![path(&stage.agent, "docs/deep")],
        ..Bounds::default()
    };
    let (mut channel, _) = stage.opened(&[Scope::FilesRead], deep).await;
    assert_eq!(
        channel.get("docs/open.txt").await,
        Err("outside".to_owned())
    );
    assert!(channel.get("docs/deep/open.txt").await.is_ok());
    channel.bye().await;
    let more = Bounds {
        read_under: vec![stage.agent.home().to_str().unwrap().to_owned()],
        ..Bounds::default()
    };
    let (_, no) = stage.open(&[Scope::FilesRead], more.clone()).await;
    assert_eq!(no.code(), "uncovered");
    assert_eq!(stage.body(Event::Deny).bounds, more);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_session_keeps_its_folders_when_the_policy_grows_and_ends_when_it_shrinks() {
    let mut stage = stage(None, |agent| vec![folders(agent)]).await;
    furnish(&stage.agent);
    let (mut channel, _) = stage.opened(&FILES, Bounds::default()).await;
    stage
        .say(policy("folders", "support", "office", &FILES))
        .await;
    stage
        .agent
        .wait_for_ledger(stage.world.org.state.head().size)
        .await;
    channel.round_trip().await;
    assert_eq!(channel.get("secret.txt").await, Err("outside".to_owned()));
    // Whoever asks now gets what the policy allows now.
    let (mut anew, _) = stage.opened(&FILES, Bounds::default()).await;
    assert!(anew.get("secret.txt").await.is_ok());
    anew.bye().await;
    let narrow = Policy {
        read_under: vec![path(&stage.agent, "docs/deep")],
        ..folders(&stage.agent)
    };
    stage.say(narrow).await;
    assert_eq!(channel.over().await, "uncovered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_runs_as_whom_policy_and_warrant_name_and_as_nobody_else() {
    let stage = stage(None, |_| {
        vec![Policy {
            shell_as: vec!["daemon".to_owned(), "nosuchuser".to_owned()],
            ..policy("shells", "support", "office", &[Scope::Shell])
        }]
    })
    .await;
    let shell_as = |user: Option<&str>| Bounds {
        shell_as: user.map(str::to_owned),
        ..Bounds::default()
    };
    for user in [None, Some("root")] {
        let (_, no) = stage.open(&[Scope::Shell], shell_as(user)).await;
        assert_eq!(no.code(), "uncovered", "{user:?}");
    }
    let (mut channel, _) = stage
        .opened(&[Scope::Shell], shell_as(Some("nosuchuser")))
        .await;
    assert_eq!(channel.shell("id").await, Err("no_shell".to_owned()));
    channel.bye().await;
    let (mut channel, opened) = stage
        .opened(&[Scope::Shell], shell_as(Some("daemon")))
        .await;
    assert_eq!(opened.bounds.shell_as.as_deref(), Some("daemon"));
    assert_eq!(
        stage.body(Event::Open).bounds.shell_as.as_deref(),
        Some("daemon")
    );
    let keys = path(&stage.agent, "../state/device.key");
    let said = channel.shell(&format!("id -un; cat {keys}")).await;
    if rustix::process::geteuid().is_root() {
        let said = said.unwrap();
        assert!(said.starts_with("daemon"), "{said}");
        assert!(said.contains("Permission denied"), "{said}");
    } else {
        assert_eq!(said, Err("no_shell".to_owned()));
    }
    channel.bye().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_asks_for_a_ticket_opens_to_who_names_one() {
    let stage = stage(None, |_| {
        vec![Policy {
            ticket_required: true,
            ..policy("tickets", "support", "office", &[Scope::View])
        }]
    })
    .await;
    let (_, no) = stage.open(&[Scope::View], Bounds::default()).await;
    let Answer::No { code, text } = no else {
        panic!("opened without a ticket")
    };
    assert_eq!(code, "uncovered");
    assert_eq!(text, "No policy allows this: the policy asks for a ticket.");
    let (channel, answer) = stage
        .tess
        .try_open(&stage.world.org, &stage.agent, &[Scope::View], |warrant| {
            warrant.ticket = Some("T-1".to_owned());
        })
        .await;
    assert_eq!(answer.code(), "opened");
    channel.bye().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_view_alone_moves_nothing_and_one_clipboard_way_is_not_the_other() {
    let desktop = Desktop::start().await;
    let mut stage = stage(Some(&desktop), |_| {
        vec![
            policy("look", "support", "office", &[Scope::View]),
            policy("paste", "support", "office", &[Scope::ClipboardWrite]),
        ]
    })
    .await;
    let pointer = Input::Pointer {
        x: 321,
        y: 123,
        buttons: 0,
    };
    for beyond in [Scope::Control, Scope::ClipboardRead] {
        let (_, no) = stage.open(&[Scope::View, beyond], Bounds::default()).await;
        assert_eq!(no.code(), "uncovered", "{beyond}");
    }
    let before = desktop.pointer();
    let (mut look, _) = stage.opened(&[Scope::View], Bounds::default()).await;
    look.picture().await;
    look.input(pointer.clone()).await;
    look.set_clipboard("not allowed").await;
    look.round_trip().await;
    assert_eq!(desktop.pointer(), before);
    look.bye().await;
    let (mut paste, _) = stage
        .opened(&[Scope::ClipboardWrite], Bounds::default())
        .await;
    paste.set_clipboard("pasted").await;
    assert_eq!(paste.get_clipboard().await, None);

    // With the scopes the same steps work, and what was put is what is read.
    let all = [Scope::View, Scope::Control, Scope::ClipboardRead];
    stage.say(policy("look", "support", "office", &all)).await;
    stage
        .agent
        .wait_for_ledger(stage.world.org.state.head().size)
        .await;
    let (mut free, _) = stage.opened(&all, Bounds::default()).await;
    free.wait_for_clipboard("pasted").await;
    free.input(pointer).await;
    desktop.wait_for_pointer((321, 123));
    free.bye().await;
    paste.bye().await;
}
