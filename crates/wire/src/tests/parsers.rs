//! Every parser that faces a peer: no input makes it panic, and what it accepts it writes back the same.

use bolero::check;

use super::{DEVICE, NOW, TECHNICIAN, binding, device_public, new_host, new_viewer};
use crate::chat::Chat;
use crate::clipboard::Clipboard;
use crate::frame::{Frame, Stream};
use crate::input::Input;
use crate::limits::{
    CHAT_TEXT_BYTES_MAX, CLIPBOARD_TEXT_BYTES_MAX, DATA_BYTES_MAX, INPUT_TEXT_BYTES_MAX,
    INTEGER_MAX, PATH_BYTES_MAX,
};
use crate::message::{ToDevice, ToTechnician};
use crate::noise::{Initiator, Responder};
use crate::piece::Piece;
use crate::{control, files, shell};

const ITERATIONS: usize = 2000;

/// Real messages, so that damage reaches the deep branches.
const SEEDS: &[(Stream, &[u8])] = &[
    (Stream::Control, br#"{"open":{"warrant":"{}","seen_receipt":{"n":4,"hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}}"#),
    (Stream::Control, br#"{"revocations":{"envelopes":["{}","a"]}}"#),
    (Stream::Control, br#"{"window":{"stream":"shell","id":7,"bytes":65536}}"#),
    (Stream::Control, br#"{"opened":{"session":"s","scopes":["view"],"until":9,"attended":true,"display":{"state":"none","why":"Wayland"}}}"#),
    (Stream::Control, br#"{"closed":{"code":"ended","text":"End."}}"#),
    (Stream::Control, br#"{"bye":{}}"#),
    (Stream::Input, b"\x01\x01\x00\x00\x00\x61"),
    (Stream::Input, b"\x02\xc3\x9f"),
    (Stream::Input, b"\x03\x00\x01\x00\x02\x1f"),
    (Stream::Clipboard, br#"{"set":{"text":"a\u0000"}}"#),
    (Stream::Chat, br#"{"say":{"text":"hi","at":1}}"#),
    (Stream::Files, b"\0{\"put\":{\"path\":\"a/b\",\"size\":3,\"replace\":true}}"),
    (Stream::Files, b"\0{\"entries\":{\"entries\":[{\"name\":\"a\",\"kind\":\"file\",\"size\":1,\"modified\":2}],\"more\":false}}"),
    (Stream::Files, b"\x01data"),
    (Stream::Shell, b"\0{\"open\":{\"cols\":80,\"rows\":24,\"term\":\"xterm-256color\",\"command\":\"ls\"}}"),
    (Stream::Shell, b"\0{\"exit\":{\"code\":-1}}"),
];

fn damaged(seed: usize, edits: &[(u16, u8)]) -> (Stream, Vec<u8>) {
    let (stream, bytes) = SEEDS[seed % SEEDS.len()];
    let mut bytes = bytes.to_vec();
    for &(at, value) in edits {
        let at = usize::from(at) % (bytes.len() + 1);
        match value {
            0 => bytes.truncate(at),
            1..=60 => bytes.insert(at, value),
            _ if at < bytes.len() => bytes[at] = value,
            _ => bytes.push(value),
        }
    }
    (stream, bytes)
}

/// Parses as both directions; what is accepted must survive a round trip.
fn round_trip(stream: Stream, bytes: &[u8]) {
    if stream == Stream::Control {
        if let Ok(message) = control::ToDevice::parse(bytes) {
            assert_eq!(control::ToDevice::parse(&message.encode()), Ok(message));
        }
        if let Ok(message) = control::ToTechnician::parse(bytes) {
            assert_eq!(control::ToTechnician::parse(&message.encode()), Ok(message));
        }
        return;
    }
    if let Ok(message) = ToDevice::parse(stream, bytes.to_vec()) {
        assert_eq!(
            ToDevice::parse(stream, message.clone().encode()),
            Ok(message)
        );
    }
    if let Ok(message) = ToTechnician::parse(stream, bytes.to_vec()) {
        assert_eq!(
            ToTechnician::parse(stream, message.clone().encode()),
            Ok(message)
        );
    }
}

#[test]
fn the_seeds_are_messages() {
    for (stream, bytes) in SEEDS {
        let is_message = match stream {
            Stream::Control => {
                control::ToDevice::parse(bytes).is_ok()
                    || control::ToTechnician::parse(bytes).is_ok()
            }
            _ => {
                ToDevice::parse(*stream, bytes.to_vec()).is_ok()
                    || ToTechnician::parse(*stream, bytes.to_vec()).is_ok()
            }
        };
        assert!(is_message, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn any_bytes_are_a_frame_or_an_error() {
    check!()
        .with_iterations(ITERATIONS)
        .with_type::<Vec<u8>>()
        .for_each(|bytes: &Vec<u8>| {
            if let Ok(frame) = Frame::parse(bytes) {
                let mut again = Vec::new();
                frame.write_to(&mut again);
                assert_eq!(&again, bytes);
            }
        });
}

#[test]
fn any_bytes_are_a_message_or_an_error() {
    check!()
        .with_iterations(ITERATIONS)
        .with_type::<(u8, Vec<u8>)>()
        .for_each(|(number, bytes)| {
            if let Some(stream) = Stream::from_number(number % 7) {
                round_trip(stream, bytes);
            }
        });
}

#[test]
fn damaged_messages_are_messages_or_errors() {
    check!()
        .with_iterations(2 * ITERATIONS)
        .with_type::<(usize, Vec<(u16, u8)>)>()
        .for_each(|(seed, edits)| {
            let (stream, bytes) = damaged(*seed, &edits[..edits.len().min(4)]);
            round_trip(stream, &bytes);
        });
}

#[test]
fn any_input_bytes_are_input_or_an_error() {
    check!()
        .with_iterations(ITERATIONS)
        .with_type::<(u8, Vec<u8>)>()
        .for_each(|(kind, rest)| {
            let bytes = [&[kind % 8], rest.as_slice()].concat();
            if let Ok(input) = Input::parse(&bytes) {
                assert_eq!(input.encode(), bytes, "binary messages have one form");
            }
        });
}

#[test]
fn any_bytes_are_a_handshake_message_or_an_error() {
    let (_, first) = Initiator::start(binding(), &TECHNICIAN, &device_public(), &[1; 32]).unwrap();
    let answer = Responder::new(binding(), &DEVICE, &[2; 32])
        .unwrap()
        .answer(&first)
        .unwrap()
        .1;
    check!()
        .with_iterations(200)
        .with_type::<(bool, Vec<(u16, u8)>)>()
        .for_each(|(whole, edits)| {
            let damage = |genuine: &[u8]| {
                let mut bytes = if *whole { genuine.to_vec() } else { Vec::new() };
                bytes.resize(
                    if edits.len() % 5 == 4 {
                        edits.len()
                    } else {
                        bytes.len()
                    },
                    7,
                );
                for (at, value) in edits {
                    let len = bytes.len().max(1);
                    if let Some(byte) = bytes.get_mut(usize::from(*at) % len) {
                        *byte ^= value;
                    }
                }
                bytes
            };
            let to_device = damage(&first);
            let answered = Responder::new(binding(), &DEVICE, &[2; 32])
                .unwrap()
                .answer(&to_device);
            assert_eq!(answered.is_ok(), to_device == first);
            let (initiator, _) =
                Initiator::start(binding(), &TECHNICIAN, &device_public(), &[1; 32]).unwrap();
            assert!(
                initiator.finish(&damage(&answer)).is_err(),
                "an answer to another attempt, whole or not"
            );
        });
}

#[test]
fn any_first_bytes_leave_both_ends_unharmed() {
    check!()
        .with_iterations(200)
        .with_type::<Vec<Vec<u8>>>()
        .for_each(|messages: &Vec<Vec<u8>>| {
            let (mut host, mut viewer) = (new_host(), new_viewer());
            for bytes in messages {
                assert!(host.handle_bytes(bytes, NOW).is_err());
                assert!(viewer.handle_bytes(bytes, NOW).is_err());
            }
            assert_eq!(host.is_over(), !messages.is_empty());
        });
}

/// Which of these lengths a parser accepts.
fn accepted<const N: usize>(lens: [usize; N], parses: impl Fn(usize) -> bool) -> [bool; N] {
    lens.map(parses)
}

#[test]
fn bounds_of_texts_hold_at_their_edges() {
    let text = |len: usize| "x".repeat(len);
    let input = |len| Input::parse(&Input::Text(text(len)).encode()).is_ok();
    let edges = [0, 1, INPUT_TEXT_BYTES_MAX, INPUT_TEXT_BYTES_MAX + 1];
    assert_eq!(accepted(edges, input), [false, true, true, false]);
    let clipboard = |len| Clipboard::parse(&Clipboard::Set { text: text(len) }.encode()).is_ok();
    let edges = [0, CLIPBOARD_TEXT_BYTES_MAX, CLIPBOARD_TEXT_BYTES_MAX + 1];
    assert_eq!(accepted(edges, clipboard), [true, true, false]);
    let chat = |len, at| {
        Chat::parse(
            &Chat::Say {
                text: text(len),
                at,
            }
            .encode(),
        )
        .is_ok()
    };
    let edges = [0, CHAT_TEXT_BYTES_MAX, CHAT_TEXT_BYTES_MAX + 1];
    assert_eq!(accepted(edges, |len| chat(len, 1)), [false, true, false]);
    assert!(chat(1, INTEGER_MAX) && !chat(1, INTEGER_MAX + 1));
}

#[test]
fn bounds_of_files_and_shells_hold_at_their_edges() {
    let data =
        |len| files::ToDevice::parse(&Piece::<files::Request>::Data(vec![0; len]).encode()).is_ok();
    let edges = [0, 1, DATA_BYTES_MAX, DATA_BYTES_MAX + 1];
    assert_eq!(accepted(edges, data), [false, true, true, false]);
    let get = |path: String| {
        files::ToDevice::parse(&Piece::Head(files::Request::Get { path, offset: 0 }).encode())
    };
    let edges = [0, 1, PATH_BYTES_MAX, PATH_BYTES_MAX + 1];
    assert_eq!(
        accepted(edges, |len| get("p".repeat(len)).is_ok()),
        [false, true, true, false]
    );
    assert!(get("a\0b".into()).is_err());
    let size = |cols, rows| {
        shell::ToDevice::parse(&Piece::Head(shell::Request::Resize { cols, rows }).encode()).is_ok()
    };
    assert_eq!(
        [size(1, 1), size(2000, 2000), size(0, 1), size(1, 2001)],
        [true, true, false, false]
    );
}
