//! The relay between technician and device, with the real handshake: who listens in the middle gets no channel.

use trust::bytes::OrgId;
use wire::noise::{Initiator, Responder};
use wire::{Binding, Mode};

use super::desk::{self, PLANS};
use crate::cast;
use crate::device::{Channel, Said};
use crate::found::Rule;
use crate::world::World;

/// What the relay does to a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lie {
    None,
    /// Joins another device.
    OtherDevice,
    /// Answers himself, with his own channel key.
    OwnKey,
    /// Joins the same device as a member of another organisation.
    OtherOrganisation,
    /// Joins a device that goes by another id.
    OtherId,
    /// Changes a byte of the first message.
    First,
    /// Changes a byte of the answer.
    Answer,
    /// Plays an answer that was made for somebody else.
    Replay,
}

const LIES: [Lie; 8] = [
    Lie::None,
    Lie::OtherDevice,
    Lie::OwnKey,
    Lie::OtherOrganisation,
    Lie::OtherId,
    Lie::First,
    Lie::Answer,
    Lie::Replay,
];

/// A technician calls a device through a relay that may meddle; over a channel that came up he works.
pub fn call(w: &mut World) {
    let lie = if w.rng.percent(50) {
        Lie::None
    } else {
        LIES[w.rng.index(LIES.len())]
    };
    let plan = PLANS[w.rng.index(3)];
    let at = plan.device();
    let (drawn, name) = w.channel();
    let joined = shake(w, at, &name, lie);
    if joined.is_some() != (lie == Lie::None) {
        let text = format!("the relay: {lie:?}; a channel: {}", joined.is_some());
        w.broke(Rule::Taken, text);
    }
    let Some(remote) = joined else {
        return;
    };
    // The hash is drawn: the handshake's own is of the system's randomness, and a seed tells one story only.
    let channel = Channel {
        hash: drawn.hash,
        remote,
    };
    super::service::refresh(w, at);
    desk::meet(w, at);
    let seen = w.desk.truth.head();
    let warrant = desk::warrant(w, "tess", plan, seen, &name);
    let paper = desk::sign(&warrant, &desk::hands(w, "tess", plan));
    let counts = w.counts(&paper);
    if w.present_counted(at, &paper, &channel, &counts) == Said::Asking {
        w.answer(at, true);
    }
}

/// Both ends of a handshake; the device's view of the technician, if both have a channel.
fn shake(w: &mut World, at: usize, name: &str, lie: Lie) -> Option<trust::X25519Public> {
    let device = w.devices[at].name.clone();
    let binding = Binding {
        mode: Mode::Enrolled,
        org: w.org.id,
        device: cast::id(&device),
    };
    let (private, public) = (cast::channel_secret(name), cast::channel(&device));
    let ephemeral: [[u8; 32]; 2] = [w.rng.bytes(), w.rng.bytes()];
    let start = || Initiator::start(binding.clone(), &private, &public, &ephemeral[0]).ok();
    let (initiator, mut first) = start()?;
    let (mut theirs, mut secret) = (binding.clone(), cast::channel_secret(&device));
    match lie {
        Lie::OtherDevice => secret = cast::channel_secret(&w.devices[1 - at].name),
        Lie::OwnKey => secret = cast::channel_secret("the relay"),
        Lie::OtherOrganisation => theirs.org = OrgId(crate::org::sister(&w.org).digest.0),
        Lie::OtherId => theirs.device = cast::id(&w.devices[1 - at].name),
        Lie::First => flip(w, &mut first),
        _ => {}
    }
    let responder = Responder::new(theirs.clone(), &secret, &ephemeral[1]).ok()?;
    let (secured, mut answer) = responder.answer(&first).ok()?;
    match lie {
        Lie::Answer => flip(w, &mut answer),
        Lie::Replay => {
            let other = Responder::new(theirs, &secret, &w.rng.bytes()).ok()?;
            answer = other.answer(&start()?.1).ok()?.1;
        }
        _ => {}
    }
    let ours = initiator.finish(&answer).ok()?;
    (ours.channel == secured.channel).then_some(secured.remote)
}

fn flip(w: &mut World, message: &mut [u8]) {
    let at = w.rng.index(message.len());
    message[at] ^= 1 << w.rng.below(8);
}
