//! Frames and messages: the bytes that are accepted, what they mean, and the bytes that are not.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{hex, hold};
use crate::control;
use crate::frame::Stream::{Chat, Clipboard, Control, Files, Input, Shell};
use crate::frame::{Frame, Stream};
use crate::limits::{self, DATA_BYTES_MAX, FRAME_PAYLOAD_BYTES_MAX, INPUT_TEXT_BYTES_MAX};
use crate::message::{ToDevice, ToTechnician};

#[derive(Serialize)]
struct Vectors {
    limits: BTreeMap<&'static str, u64>,
    streams: BTreeMap<&'static str, StreamLimits>,
    frames: Vec<GoodFrame>,
    refused_frames: Vec<BadFrame>,
    messages: Vec<GoodMessage>,
    refused_messages: Vec<BadMessage>,
}

#[derive(Serialize)]
struct StreamLimits {
    number: u8,
    message_bytes_max: usize,
    window_bytes: u32,
}

#[derive(Serialize)]
struct GoodFrame {
    bytes: String,
    stream: Stream,
    id: u16,
    more: bool,
    end: bool,
    payload: String,
}

#[derive(Serialize)]
struct BadFrame {
    why: &'static str,
    bytes: String,
}

#[derive(Serialize)]
struct GoodMessage {
    to: &'static str,
    stream: Stream,
    bytes: String,
}

#[derive(Serialize)]
struct BadMessage {
    why: &'static str,
    to: &'static str,
    stream: Stream,
    bytes: String,
}

const DEVICE: &str = "device";
const TECHNICIAN: &str = "technician";
const HASH: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

/// The bounds that both ends must share, by the names of `web/src/session/limits.ts`.
fn bounds() -> BTreeMap<&'static str, u64> {
    let all = [
        ("CHAT_TEXT_BYTES_MAX", limits::CHAT_TEXT_BYTES_MAX),
        ("CLIPBOARD_TEXT_BYTES_MAX", limits::CLIPBOARD_TEXT_BYTES_MAX),
        ("CODE_BYTES_MAX", limits::CODE_BYTES_MAX),
        ("COMMAND_BYTES_MAX", limits::COMMAND_BYTES_MAX),
        ("DATA_BYTES_MAX", limits::DATA_BYTES_MAX),
        ("DISPLAYS_MAX", limits::DISPLAYS_MAX.into()),
        ("ENTRIES_MAX", limits::ENTRIES_MAX),
        ("FILE_NAME_BYTES_MAX", limits::FILE_NAME_BYTES_MAX),
        ("FRAME_BYTES_MAX", limits::FRAME_BYTES_MAX),
        ("FRAME_HEAD_BYTES", limits::FRAME_HEAD_BYTES),
        ("HOSTNAME_BYTES_MAX", limits::HOSTNAME_BYTES_MAX),
        ("INPUT_TEXT_BYTES_MAX", limits::INPUT_TEXT_BYTES_MAX),
        ("LIVE_IDS_MAX", limits::LIVE_IDS_MAX),
        ("MESSAGE_1_BYTES", limits::MESSAGE_1_BYTES),
        ("MESSAGE_2_BYTES", limits::MESSAGE_2_BYTES),
        ("PATH_BYTES_MAX", limits::PATH_BYTES_MAX),
        (
            "REVOCATIONS_PER_CHANNEL_MAX",
            limits::REVOCATIONS_PER_CHANNEL_MAX,
        ),
        (
            "REVOCATIONS_PER_MESSAGE_MAX",
            limits::REVOCATIONS_PER_MESSAGE_MAX,
        ),
        ("COUNTS_MAX", limits::COUNTS_MAX),
        ("SCOPES_MAX", limits::SCOPES_MAX),
        ("SENTENCE_BYTES_MAX", limits::SENTENCE_BYTES_MAX),
        ("TERMINAL_CELLS_MAX", limits::TERMINAL_CELLS_MAX.into()),
        ("TERMINAL_TYPE_BYTES_MAX", limits::TERMINAL_TYPE_BYTES_MAX),
    ];
    all.into_iter()
        .map(|(name, bound)| (name, bound as u64))
        .collect()
}

fn streams() -> BTreeMap<&'static str, StreamLimits> {
    let of = |stream: Stream| StreamLimits {
        number: stream.number(),
        message_bytes_max: limits::message_bytes_max(stream),
        window_bytes: limits::window_bytes(stream),
    };
    Stream::SENDING_ORDER
        .into_iter()
        .map(|stream| (stream.name(), of(stream)))
        .collect()
}

fn frames() -> Vec<GoodFrame> {
    let largest = vec![0xab; FRAME_PAYLOAD_BYTES_MAX];
    let cases: [(Stream, u16, bool, bool, &[u8]); 9] = [
        (Stream::Control, 0, false, false, b"{\"bye\":{}}"),
        (Stream::Control, 0, true, false, b"{"),
        (Stream::Screen, 7, false, false, b""),
        (Stream::Input, 0, false, false, &[5]),
        (Stream::Clipboard, 0, false, false, b"{\"get\":{}}"),
        (Stream::Chat, 0, true, false, b"x"),
        (Stream::Files, 65_535, false, true, b""),
        (Stream::Shell, 258, false, false, &[1, 0]),
        (Stream::Screen, 0, true, false, &largest),
    ];
    cases
        .into_iter()
        .map(|(stream, id, more, end, payload)| {
            let frame = Frame {
                stream,
                id,
                more,
                end,
                payload,
            };
            let mut bytes = Vec::new();
            frame.write_to(&mut bytes);
            assert_eq!(Frame::parse(&bytes), Ok(frame));
            GoodFrame {
                bytes: hex(&bytes),
                stream,
                id,
                more,
                end,
                payload: hex(payload),
            }
        })
        .collect()
}

fn refused_frames() -> Vec<BadFrame> {
    let long = [vec![1, 0, 0, 0], vec![0; FRAME_PAYLOAD_BYTES_MAX + 1]].concat();
    let cases: [(&str, &[u8]); 13] = [
        ("empty", &[]),
        ("a head cut short", &[0, 0, 0]),
        ("above the largest frame", &long),
        ("a reserved stream", &[7, 0, 1, 0]),
        ("no such stream", &[255, 0, 0, 0]),
        ("an id on control", &[0, 0, 1, 0]),
        ("an id on input", &[2, 1, 0, 0, 5]),
        ("a display beyond the last", &[1, 0, 8, 0]),
        ("an undefined flag", &[1, 0, 0, 4]),
        ("more and end", &[5, 0, 1, 3, 1]),
        ("an end on control", &[0, 0, 0, 2, 1]),
        ("an end on screen", &[1, 0, 0, 2, 1]),
        ("a piece that brings nothing", &[1, 0, 0, 1]),
    ];
    cases
        .into_iter()
        .map(|(why, bytes)| {
            assert!(Frame::parse(bytes).is_err(), "{why}");
            BadFrame {
                why,
                bytes: hex(bytes),
            }
        })
        .collect()
}

fn good_control() -> Vec<(&'static str, Stream, Vec<u8>)> {
    let to_device = [
        r#"{"open":{"warrant":"{\"payloadType\":\"x\"}"}}"#.to_owned(),
        format!(
            r#"{{"open":{{"warrant":"","seen_receipt":{{"n":9007199254740991,"hash":"{HASH}"}}}}}}"#
        ),
        r#"{"open":{"warrant":"","counts":["{}"]}}"#.into(),
        r#"{"revocations":{"envelopes":[]}}"#.into(),
        r#"{"revocations":{"envelopes":["a","b"]}}"#.into(),
        r#"{"window":{"stream":"files","id":1,"bytes":65536}}"#.into(),
        r#"{"ping":{"nonce":4294967295}}"#.into(),
        r#"{"bye":{}}"#.into(),
    ];
    let to_technician = [
        format!(r#"{{"head":{{"size":3,"root":"{HASH}","hostname":"desk-7"}}}}"#),
        format!(r#"{{"head":{{"size":0,"root":"{HASH}","receipt":{{"n":1,"hash":"{HASH}"}},"hostname":""}}}}"#),
        r#"{"revocations":{"envelopes":["a"]}}"#.into(),
        r#"{"window":{"stream":"shell","id":65535,"bytes":1}}"#.into(),
        r#"{"pong":{"nonce":0}}"#.into(),
        r#"{"asking":{"until":1800000000000}}"#.into(),
        r#"{"opened":{"session":"AQ","scopes":["view","control","clipboard_read","clipboard_write","files_read","files_write","shell"],"until":1800000000000,"attended":true,"display":{"state":"ready"}}}"#.into(),
        r#"{"opened":{"session":"AQ","scopes":["shell"],"until":1800000000000,"attended":false,"display":{"state":"none","why":"The screen is locked."}}}"#.into(),
        r#"{"opened":{"session":"AQ","scopes":["files_read","shell"],"bounds":{"read_under":["/home/anna/Documents","/srv"],"shell_as":"deploy"},"until":1800000000000,"attended":true,"display":{"state":"ready"}}}"#.into(),
        r#"{"refused":{"code":"not_admitted","text":"No."}}"#.into(),
        r#"{"paused":{"code":"stale","text":"No witness."}}"#.into(),
        r#"{"resumed":{}}"#.into(),
        r#"{"closed":{"code":"ended","text":""}}"#.into(),
    ];
    let with = |to: &'static str| move |text: String| (to, Stream::Control, text.into_bytes());
    to_device
        .into_iter()
        .map(with(DEVICE))
        .chain(to_technician.into_iter().map(with(TECHNICIAN)))
        .collect()
}

/// To whom, on which stream, the first bytes, and the text after them.
type Case = (&'static str, Stream, &'static [u8], &'static str);

const HEAD: &[u8] = &[0];

const GOOD_BINARY: &[Case] = &[
    (DEVICE, Input, &[1, 1, 0, 0, 0, 0x61], ""),
    (DEVICE, Input, &[1, 0, 1, 0, 0x6f, 0x22], ""),
    (DEVICE, Input, &[2], "ß€é漢😀"),
    (DEVICE, Input, &[3, 0x07, 0x80, 0x04, 0x38, 0x1f], ""),
    (DEVICE, Input, &[4, 0xff, 0x88, 0x00, 0x78], ""),
    (DEVICE, Input, &[5], ""),
    (DEVICE, Files, &[1, 0xff], ""),
    (TECHNICIAN, Files, &[1, 1, 2, 3], ""),
    (DEVICE, Shell, &[1], "ls\r"),
];

const GOOD_JSON: &[Case] = &[
    (DEVICE, Clipboard, &[], r#"{"set":{"text":"a"}}"#),
    (TECHNICIAN, Clipboard, &[], r#"{"offer":{"bytes":12}}"#),
    (DEVICE, Clipboard, &[], r#"{"get":{}}"#),
    (
        TECHNICIAN,
        Chat,
        &[],
        r#"{"say":{"text":"hello","at":1800000000000}}"#,
    ),
    (DEVICE, Files, HEAD, r#"{"list":{"path":""}}"#),
    (
        DEVICE,
        Files,
        HEAD,
        r#"{"get":{"path":"a/b.txt","offset":0}}"#,
    ),
    (
        DEVICE,
        Files,
        HEAD,
        r#"{"put":{"path":"c","size":3,"replace":false}}"#,
    ),
    (
        DEVICE,
        Files,
        HEAD,
        r#"{"done":{"size":3,"sha256":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}}"#,
    ),
    (DEVICE, Files, HEAD, r#"{"cancel":{}}"#),
    (
        TECHNICIAN,
        Files,
        HEAD,
        r#"{"entries":{"entries":[],"more":false}}"#,
    ),
    (
        TECHNICIAN,
        Files,
        HEAD,
        r#"{"entries":{"entries":[{"name":"b","kind":"file","size":3,"modified":9}],"more":true}}"#,
    ),
    (
        TECHNICIAN,
        Files,
        HEAD,
        r#"{"begin":{"size":3,"modified":1800000000000}}"#,
    ),
    (TECHNICIAN, Files, HEAD, r#"{"ready":{}}"#),
    (TECHNICIAN, Files, HEAD, r#"{"progress":{"bytes":2}}"#),
    (
        TECHNICIAN,
        Files,
        HEAD,
        r#"{"done":{"size":0,"sha256":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}}"#,
    ),
    (
        TECHNICIAN,
        Files,
        HEAD,
        r#"{"stored":{"size":3,"sha256":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}}"#,
    ),
    (
        TECHNICIAN,
        Files,
        HEAD,
        r#"{"failed":{"code":"not_found","text":"There is no such file."}}"#,
    ),
    (
        DEVICE,
        Shell,
        HEAD,
        r#"{"open":{"cols":80,"rows":24,"term":"xterm-256color"}}"#,
    ),
    (
        DEVICE,
        Shell,
        HEAD,
        r#"{"open":{"cols":80,"rows":24,"term":"xterm","command":"uname -a"}}"#,
    ),
    (DEVICE, Shell, HEAD, r#"{"resize":{"cols":2000,"rows":1}}"#),
    (DEVICE, Shell, HEAD, r#"{"signal":{"signal":"int"}}"#),
    (TECHNICIAN, Shell, HEAD, r#"{"started":{}}"#),
    (TECHNICIAN, Shell, HEAD, r#"{"exit":{"code":-1}}"#),
    (
        TECHNICIAN,
        Shell,
        HEAD,
        r#"{"failed":{"code":"no_shell","text":"It did not start."}}"#,
    ),
];

fn good_streams() -> impl Iterator<Item = (&'static str, Stream, Vec<u8>)> {
    let all = GOOD_BINARY.iter().chain(GOOD_JSON);
    all.map(|(to, stream, first, text)| (*to, *stream, [first, text.as_bytes()].concat()))
}

fn messages() -> Vec<GoodMessage> {
    let all = good_control().into_iter().chain(good_streams());
    all.map(|(to, stream, bytes)| {
        assert_eq!(
            written_again(to, stream, &bytes).as_deref(),
            Ok(bytes.as_slice())
        );
        let bytes = hex(&bytes);
        GoodMessage { to, stream, bytes }
    })
    .collect()
}

/// Parses and writes: each good message stands in the one form that is written.
fn written_again(to: &str, stream: Stream, bytes: &[u8]) -> Result<Vec<u8>, String> {
    match (stream, to) {
        (Stream::Control, DEVICE) => control::ToDevice::parse(bytes).map(|m| m.encode()),
        (Stream::Control, _) => control::ToTechnician::parse(bytes).map(|m| m.encode()),
        (_, DEVICE) => ToDevice::parse(stream, bytes.to_vec())
            .map(ToDevice::encode)
            .map_err(|e| e.why),
        _ => ToTechnician::parse(stream, bytes.to_vec())
            .map(ToTechnician::encode)
            .map_err(|e| e.why),
    }
}

/// Why it is refused, then as [`Case`].
type BadCase = (
    &'static str,
    &'static str,
    Stream,
    &'static [u8],
    &'static str,
);

const BAD_CONTROL: &[BadCase] = &[
    ("empty", DEVICE, Control, &[], ""),
    ("no object", DEVICE, Control, &[], "\"bye\""),
    ("no such message", DEVICE, Control, &[], r#"{"hello":{}}"#),
    (
        "a message of the other direction",
        DEVICE,
        Control,
        &[],
        r#"{"pong":{"nonce":1}}"#,
    ),
    (
        "a message of the other direction",
        TECHNICIAN,
        Control,
        &[],
        r#"{"ping":{"nonce":1}}"#,
    ),
    (
        "two messages",
        DEVICE,
        Control,
        &[],
        r#"{"bye":{},"ping":{"nonce":1}}"#,
    ),
    (
        "an unknown member",
        DEVICE,
        Control,
        &[],
        r#"{"bye":{"why":1}}"#,
    ),
    (
        "a duplicate member",
        DEVICE,
        Control,
        &[],
        r#"{"ping":{"nonce":1,"nonce":1}}"#,
    ),
    ("a member missing", DEVICE, Control, &[], r#"{"ping":{}}"#),
    (
        "null for an optional member",
        DEVICE,
        Control,
        &[],
        r#"{"open":{"warrant":"","seen_receipt":null}}"#,
    ),
    (
        "no count, said twice",
        DEVICE,
        Control,
        &[],
        r#"{"open":{"warrant":"","counts":[]}}"#,
    ),
    (
        "a fraction",
        DEVICE,
        Control,
        &[],
        r#"{"ping":{"nonce":1.5}}"#,
    ),
    (
        "a fraction that is whole",
        DEVICE,
        Control,
        &[],
        r#"{"ping":{"nonce":1.0}}"#,
    ),
    (
        "a negative number",
        DEVICE,
        Control,
        &[],
        r#"{"ping":{"nonce":-1}}"#,
    ),
    (
        "a number above its type",
        DEVICE,
        Control,
        &[],
        r#"{"ping":{"nonce":4294967296}}"#,
    ),
    (
        "an integer above 2^53 - 1",
        TECHNICIAN,
        Control,
        &[],
        r#"{"asking":{"until":9007199254740992}}"#,
    ),
    (
        "bytes after the object",
        DEVICE,
        Control,
        &[],
        r#"{"bye":{}}x"#,
    ),
    (
        "an unpaired surrogate",
        DEVICE,
        Control,
        &[],
        r#"{"open":{"warrant":"\ud800"}}"#,
    ),
    (
        "a stream by number",
        DEVICE,
        Control,
        &[],
        r#"{"window":{"stream":5,"id":1,"bytes":1}}"#,
    ),
    (
        "a hash of another length",
        TECHNICIAN,
        Control,
        &[],
        r#"{"head":{"size":3,"root":"AQ","hostname":""}}"#,
    ),
    (
        "an unknown scope",
        TECHNICIAN,
        Control,
        &[],
        r#"{"opened":{"session":"AQ","scopes":["root"],"until":1,"attended":true,"display":{"state":"ready"}}}"#,
    ),
    (
        "a folder with dots",
        TECHNICIAN,
        Control,
        &[],
        r#"{"opened":{"session":"AQ","scopes":["files_read"],"bounds":{"read_under":["/srv/.."]},"until":1,"attended":true,"display":{"state":"ready"}}}"#,
    ),
    (
        "a user without a shell",
        TECHNICIAN,
        Control,
        &[],
        r#"{"opened":{"session":"AQ","scopes":["view"],"bounds":{"shell_as":"deploy"},"until":1,"attended":true,"display":{"state":"ready"}}}"#,
    ),
    (
        "a reason beside a display",
        TECHNICIAN,
        Control,
        &[],
        r#"{"opened":{"session":"AQ","scopes":[],"until":1,"attended":true,"display":{"state":"ready","why":"?"}}}"#,
    ),
    (
        "a code that is no code",
        TECHNICIAN,
        Control,
        &[],
        r#"{"closed":{"code":"No way","text":""}}"#,
    ),
    (
        "a pause whose code is none",
        TECHNICIAN,
        Control,
        &[],
        r#"{"paused":{"code":"No way","text":""}}"#,
    ),
    (
        "more than that it goes on",
        TECHNICIAN,
        Control,
        &[],
        r#"{"resumed":{"now":1}}"#,
    ),
];

const BAD_STREAMS: &[BadCase] = &[
    (
        "a chat line of nothing",
        DEVICE,
        Chat,
        &[],
        r#"{"say":{"text":"","at":1}}"#,
    ),
    (
        "a clipboard length below zero",
        DEVICE,
        Clipboard,
        &[],
        r#"{"offer":{"bytes":-1}}"#,
    ),
    ("empty", DEVICE, Input, &[], ""),
    ("no such kind", DEVICE, Input, &[6], ""),
    (
        "a key neither down nor up",
        DEVICE,
        Input,
        &[1, 2, 0, 0, 0, 1],
        "",
    ),
    ("keysym 0", DEVICE, Input, &[1, 1, 0, 0, 0, 0], ""),
    ("a key too long", DEVICE, Input, &[1, 1, 0, 0, 0, 1, 0], ""),
    ("a text of nothing", DEVICE, Input, &[2], ""),
    ("a text that is not UTF-8", DEVICE, Input, &[2, 0xc3], ""),
    ("a text too long", DEVICE, Input, &LONG_TEXT, ""),
    (
        "a button that no mouse has",
        DEVICE,
        Input,
        &[3, 0, 0, 0, 0, 0x20],
        "",
    ),
    ("a wheel cut short", DEVICE, Input, &[4, 0, 0, 0], ""),
    ("input from a device", TECHNICIAN, Input, &[5], ""),
    ("empty", DEVICE, Files, &[], ""),
    ("no such piece", DEVICE, Files, &[2, 0], ""),
    ("data of nothing", DEVICE, Files, &[1], ""),
    ("data too long", DEVICE, Files, &[1; DATA_BYTES_MAX + 2], ""),
    (
        "a file without a path",
        DEVICE,
        Files,
        HEAD,
        r#"{"get":{"path":"","offset":0}}"#,
    ),
    (
        "a zero byte in a path",
        DEVICE,
        Files,
        HEAD,
        r#"{"list":{"path":"a\u0000"}}"#,
    ),
    (
        "a slash in a name",
        TECHNICIAN,
        Files,
        HEAD,
        r#"{"entries":{"entries":[{"name":"a/b","kind":"file","size":0,"modified":0}],"more":false}}"#,
    ),
    (
        "no columns",
        DEVICE,
        Shell,
        HEAD,
        r#"{"open":{"cols":0,"rows":24,"term":"xterm"}}"#,
    ),
    (
        "a terminal type with a space",
        DEVICE,
        Shell,
        HEAD,
        r#"{"open":{"cols":1,"rows":1,"term":"x term"}}"#,
    ),
    (
        "a command of nothing",
        DEVICE,
        Shell,
        HEAD,
        r#"{"open":{"cols":1,"rows":1,"term":"x","command":""}}"#,
    ),
    (
        "no such signal",
        DEVICE,
        Shell,
        HEAD,
        r#"{"signal":{"signal":"stop"}}"#,
    ),
];

/// A text of twos: one byte of kind, and one more than a text may have.
const LONG_TEXT: [u8; INPUT_TEXT_BYTES_MAX + 2] = [2; INPUT_TEXT_BYTES_MAX + 2];

fn refused_messages() -> Vec<BadMessage> {
    let all = BAD_CONTROL.iter().chain(BAD_STREAMS);
    all.map(|&(why, to, stream, first, text)| {
        let bytes = [first, text.as_bytes()].concat();
        assert!(written_again(to, stream, &bytes).is_err(), "{why}");
        let bytes = hex(&bytes);
        BadMessage {
            why,
            to,
            stream,
            bytes,
        }
    })
    .collect()
}

#[test]
fn vectors_of_frames_and_messages_hold() {
    let vectors = Vectors {
        limits: bounds(),
        streams: streams(),
        frames: frames(),
        refused_frames: refused_frames(),
        messages: messages(),
        refused_messages: refused_messages(),
    };
    hold("frames.json", &vectors);
}
