//! Many streams on one channel: who goes first, who waits, and what never grows.

use trust::scope::Scope;

use super::{NOW, Pair, Rogue};
use crate::chat::Chat;
use crate::error::ChannelError;
use crate::files;
use crate::frame::{Frame, Stream};
use crate::host::Event as HostEvent;
use crate::input::Input;
use crate::limits::{
    DATA_BYTES_MAX, FRAME_CUT_BYTES, FRAME_PAYLOAD_BYTES_MAX, LIVE_IDS_MAX, message_bytes_max,
    window_bytes,
};
use crate::message::{ToDevice, ToTechnician};
use crate::mux::{Credit, MuxError, SendError};
use crate::piece::Piece;
use crate::viewer::Event as ViewerEvent;

const ALL: &[Scope] = &Scope::ALL;

fn put() -> ToDevice {
    ToDevice::Files(Piece::Head(files::Request::Put {
        path: "a".into(),
        size: 1,
        replace: false,
    }))
}

fn get() -> ToDevice {
    ToDevice::Files(Piece::Head(files::Request::Get {
        path: "a".into(),
        offset: 0,
    }))
}

fn data() -> ToDevice {
    ToDevice::Files(Piece::Data(vec![7; DATA_BYTES_MAX]))
}

fn reply_data() -> ToTechnician {
    ToTechnician::Files(Piece::Data(vec![7; DATA_BYTES_MAX]))
}

/// The messages at the device as (stream, id), their credit kept apart.
fn at_host(pair: &mut Pair) -> Vec<((Stream, u16), Credit)> {
    pair.at_host
        .drain(..)
        .filter_map(|event| match event {
            HostEvent::Message {
                id,
                message,
                credit,
                ..
            } => Some(((message.stream(), id), credit)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_key_press_waits_behind_one_frame_at_most() {
    let mut pair = Pair::open(ALL);
    let id = pair.viewer.next_id(Stream::Files);
    pair.viewer.send(id, put(), false).unwrap();
    for _ in 0..8 {
        pair.viewer.send(id, data(), false).unwrap();
    }
    let bulk = pair.viewer.poll_transmit().unwrap();
    assert!(bulk.len() < FRAME_CUT_BYTES + 64);
    pair.host.handle_bytes(&bulk, NOW).unwrap();
    pair.viewer
        .send(0, ToDevice::Input(Input::ReleaseAll), false)
        .unwrap();
    let next = pair.viewer.poll_transmit().unwrap();
    assert!(next.len() < 64, "the key press overtakes what waits");
    pair.host.handle_bytes(&next, NOW).unwrap();
    pair.take_events();
    let streams: Vec<_> = at_host(&mut pair)
        .into_iter()
        .map(|(key, _)| key.0)
        .collect();
    assert_eq!(streams, [Stream::Files, Stream::Input]);
}

#[test]
fn what_waits_is_sent_in_the_order_of_streams() {
    let mut pair = Pair::open(ALL);
    let get_id = pair.viewer.next_id(Stream::Files);
    pair.viewer.send(get_id, get(), false).unwrap();
    pair.pump();
    let say = Chat::Say {
        text: "hi".into(),
        at: NOW,
    };
    pair.host.send(get_id, reply_data(), false).unwrap();
    pair.host.send(0, ToTechnician::Chat(say), false).unwrap();
    pair.host
        .send(0, ToTechnician::Screen(vec![1; 40_000]), false)
        .unwrap();
    pair.viewer.ping(1).unwrap();
    pair.at_viewer.clear();
    pair.pump();
    let order: Vec<_> = pair
        .at_viewer
        .iter()
        .map(|event| match event {
            ViewerEvent::Message { message, .. } => message.stream(),
            _ => Stream::Control,
        })
        .collect();
    assert_eq!(
        order[..3],
        [Stream::Screen, Stream::Chat, Stream::Files],
        "{order:?}"
    );
    assert_eq!(order.len(), 4);
}

#[test]
fn two_transfers_take_turns() {
    let mut pair = Pair::open(ALL);
    for id in [1, 2] {
        pair.viewer.send(id, put(), false).unwrap();
        for _ in 0..4 {
            pair.viewer.send(id, data(), false).unwrap();
        }
    }
    pair.pump();
    let ids: Vec<_> = at_host(&mut pair)
        .into_iter()
        .map(|(key, _)| key.1)
        .collect();
    assert_eq!(ids, [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
}

#[test]
fn a_transfer_without_credit_stops_and_holds_up_nobody() {
    let mut pair = Pair::open(ALL);
    pair.viewer.send(1, put(), false).unwrap();
    let mut kept = Vec::new();
    let mut sent = 0;
    for _ in 0..200 {
        while pair.viewer.send(1, data(), false).is_ok() {
            sent += 1;
        }
        pair.pump();
        kept.extend(at_host(&mut pair));
    }
    let came: u32 = kept.iter().map(|(_, credit)| credit.bytes).sum();
    assert!(came <= window_bytes(Stream::Files), "{came}");
    assert!(kept.len() < sent, "some wait on the technician's side");
    pair.viewer.send(2, put(), false).unwrap();
    pair.viewer
        .send(0, ToDevice::Input(Input::ReleaseAll), false)
        .unwrap();
    pair.pump();
    let others: Vec<_> = at_host(&mut pair).into_iter().map(|(key, _)| key).collect();
    assert_eq!(others, [(Stream::Input, 0), (Stream::Files, 2)]);
    for (_, credit) in kept {
        pair.host.consumed(credit);
    }
    pair.pump();
    assert!(
        !at_host(&mut pair).is_empty(),
        "credit given back starts it again"
    );
}

#[test]
fn a_large_file_passes_both_ways_when_it_is_consumed() {
    let mut pair = Pair::open(ALL);
    pair.viewer.send(1, put(), false).unwrap();
    pair.viewer.send(2, get(), false).unwrap();
    pair.pump();
    let total = 3 * window_bytes(Stream::Files) as usize / DATA_BYTES_MAX;
    let (mut up, mut down, mut came_up, mut came_down) = (0, 0, 0, 0);
    while came_up < total || came_down < total {
        while up < total && pair.viewer.send(1, data(), false).is_ok() {
            up += 1;
        }
        while down < total && pair.host.send(2, reply_data(), false).is_ok() {
            down += 1;
        }
        pair.pump();
        for event in std::mem::take(&mut pair.at_host) {
            if let HostEvent::Message {
                message, credit, ..
            } = event
            {
                came_up += usize::from(message == data());
                pair.host.consumed(credit);
            }
        }
        for event in std::mem::take(&mut pair.at_viewer) {
            if let ViewerEvent::Message {
                message, credit, ..
            } = event
            {
                came_down += usize::from(message == reply_data());
                pair.viewer.consumed(credit);
            }
        }
    }
    assert_eq!((came_up, came_down), (total, total));
}

#[test]
fn a_full_queue_refuses_and_tells_when_there_is_room() {
    let mut pair = Pair::open(ALL);
    pair.viewer.send(1, put(), false).unwrap();
    let refused = loop {
        if let Err(error) = pair.viewer.send(1, data(), false) {
            break error;
        }
    };
    assert_eq!(refused, SendError::Full(Stream::Files));
    assert!(pair.viewer.room(Stream::Files, 1) < DATA_BYTES_MAX + 1);
    pair.pump();
    let room = ViewerEvent::Room {
        stream: Stream::Files,
        id: 1,
    };
    assert_eq!(pair.at_viewer.iter().filter(|e| **e == room).count(), 1);
    pair.viewer.send(1, data(), false).unwrap();
}

#[test]
fn a_message_of_any_length_arrives_whole() {
    for len in [
        0,
        1,
        FRAME_CUT_BYTES - 1,
        FRAME_CUT_BYTES,
        FRAME_CUT_BYTES + 1,
        3 * FRAME_CUT_BYTES,
        1_000_000,
    ] {
        let mut pair = Pair::open(ALL);
        let picture: Vec<u8> = (0..len).map(|n| n as u8).collect();
        pair.host
            .send(3, ToTechnician::Screen(picture.clone()), false)
            .unwrap();
        pair.pump();
        let Some(ViewerEvent::Message {
            id: 3,
            message: ToTechnician::Screen(came),
            ..
        }) = pair.at_viewer.pop()
        else {
            panic!("{len}")
        };
        assert!(came == picture, "{len}");
    }
}

#[test]
fn a_message_above_its_bound_is_not_sent() {
    let mut pair = Pair::open(ALL);
    let long = vec![0; message_bytes_max(Stream::Screen) + 1];
    assert_eq!(
        pair.host.send(0, ToTechnician::Screen(long), false),
        Err(SendError::TooLong(Stream::Screen))
    );
}

#[test]
fn a_message_that_grows_beyond_its_bound_ends_the_channel() {
    for stream in [Stream::Input, Stream::Chat, Stream::Shell, Stream::Control] {
        let mut rogue = Rogue::open(ALL);
        let piece = vec![b' '; 4000];
        let mut sent = 0;
        let error = loop {
            let told = rogue.frame(&Frame {
                stream,
                id: u16::from(stream == Stream::Shell),
                more: true,
                end: false,
                payload: &piece,
            });
            if let Err(error) = told {
                break error;
            }
            sent += piece.len();
        };
        assert_eq!(error, ChannelError::Mux(MuxError::TooLong(stream)));
        assert!(sent <= message_bytes_max(stream));
    }
}

#[test]
fn a_sender_beyond_his_credit_ends_the_channel() {
    let mut rogue = Rogue::open(ALL);
    let payload = [vec![1], vec![0; DATA_BYTES_MAX]].concat();
    rogue
        .say(
            Stream::Files,
            1,
            br#" {"cancel":{}}"#.map(|b| if b == b' ' { 0 } else { b }).as_slice(),
        )
        .unwrap();
    let error = loop {
        if let Err(error) = rogue.say(Stream::Files, 1, &payload) {
            break error;
        }
        while rogue.host.poll_event().is_some() {}
    };
    let over = MuxError::OverCredit {
        stream: Stream::Files,
        id: 1,
    };
    assert_eq!(error, ChannelError::Mux(over));
}

#[test]
fn ids_count_up_and_are_bounded() {
    let cancel = b"\0{\"cancel\":{}}";
    let mut rogue = Rogue::open(ALL);
    let unknown = |id| {
        Err(ChannelError::Mux(MuxError::UnknownId {
            stream: Stream::Files,
            id,
        }))
    };
    assert_eq!(
        Rogue::open(ALL).say(Stream::Files, 0, cancel),
        unknown(0),
        "ids count from 1"
    );
    rogue.say(Stream::Files, 5, cancel).unwrap();
    assert_eq!(rogue.say(Stream::Files, 4, cancel), unknown(4), "backwards");
    let mut rogue = Rogue::open(ALL);
    for id in 1..=LIVE_IDS_MAX as u16 {
        rogue.say(Stream::Shell, id, b"\x01x").unwrap();
        rogue.host.poll_event();
    }
    let error = rogue.say(Stream::Shell, LIVE_IDS_MAX as u16 + 1, b"\x01x");
    assert_eq!(
        error,
        Err(ChannelError::Mux(MuxError::TooManyIds(Stream::Shell)))
    );
}

#[test]
fn a_technician_learns_that_too_many_ids_are_live() {
    let mut pair = Pair::open(ALL);
    for _ in 0..LIVE_IDS_MAX {
        let id = pair.viewer.next_id(Stream::Files);
        pair.viewer.send(id, put(), false).unwrap();
    }
    let id = pair.viewer.next_id(Stream::Files);
    assert_eq!(
        pair.viewer.send(id, put(), false),
        Err(SendError::TooManyIds(Stream::Files))
    );
    pair.viewer.send(1, data(), true).unwrap();
    pair.pump();
    pair.host.send(1, reply_data(), true).unwrap();
    pair.pump();
    pair.viewer.send(id, put(), false).unwrap();
}

#[test]
fn an_id_is_gone_when_both_sides_have_ended_it() {
    let mut pair = Pair::open(ALL);
    let id = pair.viewer.next_id(Stream::Files);
    pair.viewer.send(id, get(), true).unwrap();
    let again = SendError::NotOpen {
        stream: Stream::Files,
        id,
    };
    assert_eq!(
        pair.viewer.send(id, get(), false),
        Err(again),
        "after the own END"
    );
    pair.pump();
    assert!(matches!(
        pair.at_host.last(),
        Some(HostEvent::Message { end: true, .. })
    ));
    pair.host.send(id, reply_data(), false).unwrap();
    pair.host.send(id, reply_data(), true).unwrap();
    pair.pump();
    assert!(matches!(
        pair.at_viewer.last(),
        Some(ViewerEvent::Message { end: true, .. })
    ));
    assert_eq!(pair.host.send(id, reply_data(), false), Err(again), "gone");
    assert_eq!(
        pair.viewer.send(id, get(), false),
        Err(again),
        "an id is not opened twice"
    );
    assert_eq!(pair.viewer.next_id(Stream::Files), id + 1);
}

#[test]
fn a_device_cannot_open_an_id() {
    let mut pair = Pair::open(ALL);
    let closed = SendError::NotOpen {
        stream: Stream::Files,
        id: 1,
    };
    assert_eq!(pair.host.send(1, reply_data(), false), Err(closed));
}

#[test]
fn a_frame_after_the_end_of_its_id_ends_the_channel() {
    let mut rogue = Rogue::open(ALL);
    let end = Frame {
        stream: Stream::Shell,
        id: 1,
        more: false,
        end: true,
        payload: b"\x01x",
    };
    rogue.frame(&end).unwrap();
    let after = MuxError::AfterEnd {
        stream: Stream::Shell,
        id: 1,
    };
    assert_eq!(rogue.frame(&end), Err(ChannelError::Mux(after)));
}

#[test]
fn credit_for_a_stream_without_credit_ends_the_channel() {
    let mut rogue = Rogue::open(ALL);
    let told = rogue.say(
        Stream::Control,
        0,
        br#"{"window":{"stream":"screen","id":0,"bytes":1}}"#,
    );
    assert_eq!(
        told,
        Err(ChannelError::Mux(MuxError::NoCredit(Stream::Screen)))
    );
}

#[test]
fn the_largest_frame_is_accepted() {
    let mut rogue = Rogue::open(ALL);
    rogue
        .say(Stream::Screen, 0, &vec![0; FRAME_PAYLOAD_BYTES_MAX])
        .unwrap();
    assert!(matches!(
        rogue.host.poll_event(),
        Some(HostEvent::Message { .. })
    ));
}
