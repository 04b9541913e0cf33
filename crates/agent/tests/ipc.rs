//! Frames between keeper and helper: they go round, and what is none is refused within bounds.
#![allow(clippy::unwrap_used)]

use trust::Scope;
use wayleave_agent::ipc::{Answer, Frame, IpcError, Message, ToHelper, ToKeeper};
use wayleave_agent::limits::IPC_FRAME_BYTES_MAX;
use wire::frame::Stream;

fn message() -> Message {
    let bytes = vec![1, 2, 3];
    Message {
        session: 7,
        ticket: 9,
        stream: Stream::Files,
        id: 3,
        end: true,
        bytes,
    }
}

#[tokio::test]
async fn frames_go_round() {
    let frames = [
        Frame::Control(ToHelper::Start {
            session: 1,
            scopes: vec![Scope::View],
            bounds: trust::Bounds::default(),
        }),
        Frame::Control(ToHelper::Banner { banner: None }),
        Frame::Message(message()),
        Frame::Taken {
            session: 1,
            stream: Stream::Shell,
            id: 2,
            bytes: 3,
        },
        Frame::Done {
            session: 1,
            ticket: 2,
        },
    ];
    let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
    let mut from = bytes.as_slice();
    for frame in frames {
        assert_eq!(Frame::read(&mut from).await.unwrap(), Some(frame));
    }
    assert_eq!(Frame::<ToHelper>::read(&mut from).await.unwrap(), None);
    let answer = Frame::Control(ToKeeper::Answer {
        session: 1,
        answer: Answer::Allowed {},
    });
    let bytes = answer.encode();
    assert_eq!(Frame::<ToKeeper>::parse(&bytes[4..]).unwrap(), answer);
    // One direction's words are none of the other's.
    assert!(Frame::<ToHelper>::parse(&bytes[4..]).is_err());
}

#[tokio::test]
async fn a_length_above_the_bound_is_refused_before_anything_is_allocated() {
    let long = u32::try_from(IPC_FRAME_BYTES_MAX + 1)
        .unwrap()
        .to_be_bytes();
    let refused = Frame::<ToKeeper>::read(&mut long.as_slice()).await;
    assert!(matches!(refused, Err(IpcError::TooLong(_))));
    let refused = Frame::<ToKeeper>::read(&mut [0, 0, 0, 9, 4].as_slice()).await;
    assert!(matches!(refused, Err(IpcError::Gone(_))));
}

#[test]
fn every_cut_and_every_changed_byte_is_refused_or_another_frame() {
    let whole = Frame::<ToHelper>::Message(message()).encode()[4..].to_vec();
    for len in 0..13 {
        assert!(Frame::<ToHelper>::parse(&whole[..len]).is_err(), "{len}");
    }
    for at in 0..whole.len() {
        for value in 0..=255 {
            let mut changed = whole.clone();
            changed[at] = value;
            // Neither panics nor passes for the same.
            let parsed = Frame::<ToHelper>::parse(&changed);
            assert!(
                value == whole[at] || parsed.ok() != Some(Frame::Message(message())),
                "{at} {value}"
            );
        }
    }
    for bad in [
        &[][..],
        &[0],
        &[5, 0],
        &[3, 0, 0, 0, 1, 9, 0, 0, 0, 0, 0, 1],
        &[4, 0, 0, 0, 1],
        b"\x01{}",
    ] {
        assert!(Frame::<ToHelper>::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn any_bytes_are_a_frame_or_an_error() {
    let frames = [
        Frame::<ToHelper>::Message(message()).encode(),
        Frame::Control(ToHelper::Start {
            session: 1,
            scopes: vec![Scope::View],
            bounds: trust::Bounds::default(),
        })
        .encode(),
    ];
    bolero::check!()
        .with_iterations(4_000)
        .with_type::<(u8, u16, u8, Vec<u8>)>()
        .for_each(|(pick, at, cut, with)| {
            // Without the length, which the socket's reader takes off.
            let good = frames
                .get(usize::from(*pick))
                .map_or(&[][..], |frame| &frame[4..]);
            let at = usize::from(*at) % (good.len() + 1);
            let end = (at + usize::from(*cut)).min(good.len());
            let bytes = [&good[..at], with, &good[end..]].concat();
            if let Ok(frame) = Frame::<ToHelper>::parse(&bytes) {
                assert_eq!(Frame::parse(&frame.encode()[4..]).unwrap(), frame);
            }
            if let Ok(frame) = Frame::<ToKeeper>::parse(&bytes) {
                assert_eq!(Frame::parse(&frame.encode()[4..]).unwrap(), frame);
            }
        });
}
