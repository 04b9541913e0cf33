//! By a technician who is on the desk already, while another session asks the person there: his shell and his eyes.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use screen::decode::{Decoder, Painted};
use screen::message::{Features, ViewerMessage};
use trust::Scope;
use trust::receipt::Event;
use trust::statement::Say;
use wayleave_tests::beat::{BEAT, beat, moves_on};
use wayleave_tests::channel::Channel;
use wayleave_tests::org::{policy, sign_warrant};
use wayleave_tests::random;
use wayleave_tests::stage::{Agent, Desktop, PROMPT, Spot, World};
use wayleave_tests::technician::Technician;
use wire::{ToDevice, ToTechnician, ViewerEvent};

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
        let all = policy("all", "support", "office", &Scope::ALL);
        world.org.say(Say::Policy(all)).await;
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

    async fn open(&self, scope: Scope) -> Channel {
        self.tess.open(&self.world.org, &self.agent, &[scope]).await
    }

    /// Has the person at the seat asked about another session.
    async fn ask(&self) -> (Channel, Spot) {
        let private: [u8; 32] = random();
        let noise = wire::public_of(&private).unwrap();
        let (org, person) = (&self.world.org, &self.tess.person);
        let mut warrant = org.warrant(person, self.agent.id(), noise, &[Scope::View]);
        warrant.attended = true;
        let warrant = sign_warrant(&warrant, &[&person.key]);
        let mut channel = self.tess.call(&self.agent, &private).await;
        channel.ask(&warrant.to_text()).await.unwrap();
        channel.asking().await;
        (channel, self.desktop.window(PROMPT))
    }

    async fn refuse(&self, mut channel: Channel, prompt: Spot) {
        let place = Desktop::refuse(prompt);
        self.desktop.press_until_gone(PROMPT, place);
        assert_eq!(channel.answer().await.code(), "refused_by_user");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_stands_still_while_the_person_at_the_seat_is_asked_and_goes_on_afterwards() {
    let stage = Stage::start().await;
    let home = stage.agent.home();
    let mut hands = stage.open(Scope::Shell).await;
    let shell = tokio::spawn(async move { hands.shell(BEAT).await });
    moves_on(&home, "").await;

    let (channel, prompt) = stage.ask().await;
    let still = beat(&home);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(beat(&home), still, "the shell ran beside the prompt");
    assert!(stage.desktop.find(PROMPT).is_some());

    stage.refuse(channel, prompt).await;
    moves_on(&home, &still).await;
    std::fs::write(home.join("stop"), "").unwrap();
    assert!(shell.await.unwrap().is_ok());
    assert_eq!(stage.agent.count(Event::Open), 1);
}

/// What a technician sees, frame by frame.
struct Eyes {
    channel: Channel,
    decoder: Decoder,
}

impl Eyes {
    async fn open(channel: Channel) -> Self {
        let decoder = Decoder::new();
        let mut eyes = Self { channel, decoder };
        let (version, features) = (screen::limits::VERSION, Features::default());
        eyes.say(&ViewerMessage::Hello { version, features }).await;
        eyes
    }

    async fn say(&mut self, message: &ViewerMessage) {
        let message = ToDevice::Screen(message.to_bytes());
        self.channel.viewer.send(0, message, false).unwrap();
        self.channel.flush().await;
    }

    /// The colours of the next frame in this place.
    async fn frame(&mut self, spot: Spot) -> BTreeSet<[u8; 3]> {
        loop {
            let event = self.channel.next().await;
            let ViewerEvent::Message {
                message: ToTechnician::Screen(bytes),
                credit,
                ..
            } = event
            else {
                continue;
            };
            self.channel.viewer.consumed(credit);
            if let Some(Painted { epoch, frame, .. }) = self.decoder.apply(&bytes).unwrap() {
                self.say(&ViewerMessage::Ack { epoch, frame }).await;
                let picture = self.decoder.picture();
                return colours(picture.bytes(), 4, picture.size().width, spot);
            }
        }
    }
}

/// The colours of a picture in a place.
fn colours(bytes: &[u8], pixel: usize, width: u16, spot: Spot) -> BTreeSet<[u8; 3]> {
    let (left, top) = (spot.x as usize, spot.y as usize);
    let row = |y: usize| {
        let from = (y * usize::from(width) + left) * pixel;
        bytes[from..from + usize::from(spot.width) * pixel].chunks_exact(pixel)
    };
    let rows = (top..top + usize::from(spot.height)).flat_map(row);
    rows.map(|p| [p[0], p[1], p[2]]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_picture_shows_the_prompt_and_its_place_is_seen_again_afterwards() {
    let stage = Stage::start().await;
    let shown = |spot| colours(&stage.desktop.picture().rgb, 3, 1024, spot);
    let mut eyes = Eyes::open(stage.open(Scope::View).await).await;
    let (channel, prompt) = stage.ask().await;
    // Frames from before the question come first; then its place is one colour.
    let mut seen = BTreeSet::new();
    let mut masked = BTreeSet::new();
    while masked.len() != 1 {
        masked = eyes.frame(prompt).await;
        seen.extend(masked.iter().copied());
    }
    let asked = shown(prompt);

    stage.refuse(channel, prompt).await;
    while eyes.frame(prompt).await == masked {}
    let before = shown(prompt);
    let only_asked: Vec<_> = asked.difference(&before).collect();
    assert!(only_asked.len() > 2, "the person at the seat reads nothing");
    let told: Vec<_> = only_asked.iter().filter(|c| seen.contains(**c)).collect();
    assert!(told.is_empty(), "the prompt is on a picture: {told:?}");
}
