//! What the relay can do to sealed messages: nothing but end the channel.

use proptest::prelude::*;
use trust::scope::Scope;

use super::{NOW, Pair};
use crate::chat::Chat;
use crate::error::{ChannelError, End};
use crate::host::Event as HostEvent;
use crate::message::{ToDevice, ToTechnician};
use crate::noise::TransportError;
use crate::viewer::Event as ViewerEvent;

fn say(at: u64) -> Chat {
    Chat::Say {
        text: format!("line {at}"),
        at,
    }
}

/// An open session with six lines under way each way.
fn busy() -> Pair {
    let mut pair = Pair::open(&[Scope::View]);
    for at in 0..6 {
        pair.viewer.send(0, ToDevice::Chat(say(at)), false).unwrap();
        pair.host
            .send(0, ToTechnician::Chat(say(at)), false)
            .unwrap();
    }
    pair.send_all();
    assert_eq!((pair.to_host.len(), pair.to_viewer.len()), (6, 6));
    pair
}

/// Delivers to the device until it gives up; the lines that it took, and why it gave up.
fn deliver(pair: &mut Pair) -> (usize, Option<ChannelError>) {
    let mut error = None;
    while let Some(bytes) = pair.to_host.pop_front() {
        let taken = pair.host.handle_bytes(&bytes, NOW);
        error = error.or(taken.err());
        pair.take_events();
    }
    let lines = pair
        .at_host
        .iter()
        .filter(|e| matches!(e, HostEvent::Message { .. }))
        .count();
    (lines, error)
}

const DEAD: Option<ChannelError> = Some(ChannelError::Transport(TransportError::Open));

#[test]
fn untouched_messages_arrive_in_order() {
    let mut pair = busy();
    assert_eq!(deliver(&mut pair), (6, None));
    let texts: Vec<_> = pair.at_host.iter().collect();
    for (at, event) in texts.iter().enumerate() {
        assert!(
            matches!(event, HostEvent::Message { message: ToDevice::Chat(line), .. } if *line == say(at as u64))
        );
    }
}

#[test]
fn a_flipped_bit_ends_the_channel() {
    let mut pair = busy();
    pair.to_host[2][5] ^= 1;
    assert_eq!(deliver(&mut pair), (2, DEAD));
}

#[test]
fn a_repeated_message_ends_the_channel() {
    let mut pair = busy();
    let again = pair.to_host[1].clone();
    pair.to_host.insert(2, again);
    assert_eq!(deliver(&mut pair), (2, DEAD));
}

#[test]
fn a_message_left_out_ends_the_channel() {
    let mut pair = busy();
    pair.to_host.remove(3);
    assert_eq!(deliver(&mut pair), (3, DEAD));
}

#[test]
fn swapped_messages_end_the_channel() {
    let mut pair = busy();
    pair.to_host.swap(0, 1);
    assert_eq!(deliver(&mut pair), (0, DEAD));
}

#[test]
fn a_reflected_message_ends_the_channel() {
    let mut pair = busy();
    let reflected = pair.to_viewer[0].clone();
    pair.to_host.push_front(reflected);
    assert_eq!(deliver(&mut pair), (0, DEAD));
    let mut pair = busy();
    let reflected = pair.to_host[0].clone();
    let told = pair.viewer.handle_bytes(&reflected, NOW);
    assert_eq!(told.err(), DEAD);
}

#[test]
fn a_message_of_another_channel_ends_the_channel() {
    let (mut pair, other) = (busy(), busy());
    pair.to_host.push_front(other.to_host[0].clone());
    assert_eq!(deliver(&mut pair), (0, DEAD));
}

#[test]
fn a_shorter_or_longer_message_ends_the_channel() {
    let mut pair = busy();
    pair.to_host[0].pop();
    assert_eq!(deliver(&mut pair), (0, DEAD));
    let mut pair = busy();
    pair.to_host[0].push(0);
    assert_eq!(deliver(&mut pair), (0, DEAD));
    let mut pair = busy();
    pair.to_host[0].clear();
    let error = ChannelError::Transport(TransportError::Length(0));
    assert_eq!(deliver(&mut pair), (0, Some(error)));
    let mut pair = busy();
    pair.to_host[0] = vec![0; 65_536];
    let error = ChannelError::Transport(TransportError::Length(65_536));
    assert_eq!(deliver(&mut pair), (0, Some(error)));
}

#[test]
fn nothing_counts_after_the_end() {
    let mut pair = busy();
    let genuine = pair.to_host[0].clone();
    pair.host.handle_bytes(b"noise", NOW).unwrap_err();
    assert_eq!(
        pair.host.handle_bytes(&genuine, NOW),
        Err(ChannelError::Over)
    );
    pair.take_events();
    assert!(matches!(
        pair.at_host.as_slice(),
        [HostEvent::Over(End::Failed(_))]
    ));
}

#[test]
fn the_technician_reads_why() {
    let mut pair = busy();
    pair.to_host[0][0] ^= 1;
    deliver(&mut pair);
    pair.send_all();
    while let Some(bytes) = pair.to_viewer.pop_front() {
        pair.viewer.handle_bytes(&bytes, NOW).unwrap();
        pair.take_events();
    }
    let Some(ViewerEvent::Over(End::Closed { code, text })) = pair.at_viewer.last() else {
        panic!("{:?}", pair.at_viewer)
    };
    assert_eq!(code, "tampered");
    assert!(text.contains("changed, repeated, reordered"), "{text}");
}

#[derive(Clone, Debug)]
enum Attack {
    Flip(usize, u8),
    Repeat,
    Drop,
    Swap,
    Reflect,
    Cut(usize),
    Insert(Vec<u8>),
}

fn attack() -> impl Strategy<Value = Attack> {
    prop_oneof![
        (any::<usize>(), 0u8..8).prop_map(|(at, bit)| Attack::Flip(at, bit)),
        Just(Attack::Repeat),
        Just(Attack::Drop),
        Just(Attack::Swap),
        Just(Attack::Reflect),
        any::<usize>().prop_map(Attack::Cut),
        prop::collection::vec(any::<u8>(), 0..100).prop_map(Attack::Insert),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_one_act_of_the_relay_ends_the_channel_there(at in 0usize..5, attack in attack()) {
        let mut pair = busy();
        let line = &mut pair.to_host;
        match attack {
            Attack::Flip(byte, bit) => {
                let byte = byte % line[at].len();
                line[at][byte] ^= 1 << bit;
            }
            Attack::Repeat if at == 0 => line.push_front(pair.to_viewer[5].clone()),
            Attack::Repeat => line.insert(at, line[at - 1].clone()),
            Attack::Drop => drop(line.remove(at)),
            Attack::Swap => line.swap(at, 5),
            Attack::Reflect => line.insert(at, pair.to_viewer[at].clone()),
            Attack::Cut(to) => {
                let to = to % line[at].len();
                line[at].truncate(to);
            }
            Attack::Insert(bytes) => line.insert(at, bytes),
        }
        let (lines, error) = deliver(&mut pair);
        prop_assert_eq!(lines, at);
        prop_assert!(matches!(error, Some(ChannelError::Transport(_))), "{:?}", error);
        prop_assert!(matches!(pair.at_host.last(), Some(HostEvent::Over(End::Failed(ChannelError::Transport(_))))));
    }
}
