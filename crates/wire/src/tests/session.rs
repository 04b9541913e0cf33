//! The order of a session, the scopes in it, and its end.

use trust::scope::Scope;

use super::{NOW, Pair, Rogue, UNTIL, head, new_host, new_viewer, opened};
use crate::chat::Chat;
use crate::clipboard::Clipboard;
use crate::control::ReceiptHead;
use crate::error::{ChannelError, End};
use crate::files;
use crate::frame::{Frame, Stream};
use crate::host::Event as HostEvent;
use crate::input::Input;
use crate::limits::{
    HANDSHAKE_MS_MAX, JUDGE_MS_MAX, OPEN_MS_MAX, QUEUE_MESSAGES_MAX, REVOCATIONS_PER_CHANNEL_MAX,
};
use crate::message::{MessageError, ToDevice, ToTechnician};
use crate::mux::SendError;
use crate::noise::HandshakeError;
use crate::piece::Piece;
use crate::scope::Denied;
use crate::shell;
use crate::viewer::Event as ViewerEvent;

fn key() -> ToDevice {
    ToDevice::Input(Input::Key {
        down: true,
        keysym: 0x61,
    })
}

#[test]
fn a_session_opens_and_ends_in_order() {
    let mut pair = Pair::new();
    pair.pump();
    let [
        HostEvent::Secured {
            channel,
            technician,
        },
    ] = pair.at_host[..]
    else {
        panic!("{:?}", pair.at_host)
    };
    assert_eq!(pair.at_viewer, [ViewerEvent::Secured { channel }]);
    pair.host.greet(head(), vec!["r1".into()], NOW).unwrap();
    pair.pump();
    assert_eq!(
        pair.at_viewer[1..],
        [
            ViewerEvent::Head(head()),
            ViewerEvent::Revocations(vec!["r1".into()])
        ]
    );
    let seen = ReceiptHead {
        n: 4,
        hash: trust::bytes::Hash([1; 32]),
    };
    pair.viewer.send_revocations(vec!["r2".into()]).unwrap();
    pair.viewer
        .open(
            "{\"payloadType\":\"..\"}".into(),
            vec!["c1".into()],
            Some(seen),
            NOW,
        )
        .unwrap();
    pair.pump();
    let open = HostEvent::Open {
        warrant: "{\"payloadType\":\"..\"}".into(),
        counts: vec!["c1".into()],
        seen_receipt: Some(seen),
        channel,
        technician,
    };
    assert_eq!(
        pair.at_host[1..],
        [HostEvent::Revocations(vec!["r2".into()]), open]
    );
    pair.host.asking(NOW + 60_000).unwrap();
    pair.host.opened(opened(&[Scope::View])).unwrap();
    pair.pump();
    assert_eq!(
        pair.at_viewer[3..],
        [
            ViewerEvent::Asking {
                until: NOW + 60_000
            },
            ViewerEvent::Opened(opened(&[Scope::View]))
        ]
    );
    pair.viewer.bye();
    pair.pump_to_the_end();
    assert_eq!(pair.at_viewer.last(), Some(&ViewerEvent::Over(End::Bye)));
    assert_eq!(pair.at_host.last(), Some(&HostEvent::Over(End::Bye)));
}

#[test]
fn a_refusal_reaches_the_technician_and_nothing_opens() {
    let mut pair = Pair::greeted();
    pair.viewer
        .open("{}".into(), Vec::new(), None, NOW)
        .unwrap();
    pair.pump();
    pair.host
        .refuse("not_admitted", "This key was never admitted.");
    pair.pump_to_the_end();
    let refused = End::Refused {
        code: "not_admitted".into(),
        text: "This key was never admitted.".into(),
    };
    assert_eq!(pair.at_viewer.last(), Some(&ViewerEvent::Over(refused)));
    assert_eq!(pair.viewer.send(0, key(), false), Err(SendError::NoSession));
    assert_eq!(
        pair.host.opened(opened(&[Scope::View])),
        Err(SendError::NoSession)
    );
}

#[test]
fn nothing_but_control_passes_before_the_session_is_open() {
    for stream in [
        Stream::Screen,
        Stream::Input,
        Stream::Clipboard,
        Stream::Chat,
        Stream::Files,
        Stream::Shell,
    ] {
        for rogue in [Rogue::secured, Rogue::greeted] {
            let mut rogue = rogue();
            assert_eq!(rogue.say(stream, 0, b"x"), Err(ChannelError::Early(stream)));
            assert_eq!(rogue.end(), Some(End::Failed(ChannelError::Early(stream))));
        }
        let mut judging = Rogue::greeted();
        judging
            .say(Stream::Control, 0, br#"{"open":{"warrant":""}}"#)
            .unwrap();
        let piece = Frame {
            stream,
            id: 0,
            more: true,
            end: false,
            payload: b"x",
        };
        assert_eq!(
            judging.frame(&piece),
            Err(ChannelError::Early(stream)),
            "not even a piece"
        );
    }
    let mut open = Rogue::open(&[Scope::Control]);
    open.say(Stream::Input, 0, &[5]).unwrap();
    assert!(matches!(
        open.host.poll_event(),
        Some(HostEvent::Message {
            message: ToDevice::Input(Input::ReleaseAll),
            ..
        })
    ));
}

#[test]
fn a_message_at_the_wrong_time_ends_the_channel() {
    let open = br#"{"open":{"warrant":""}}"#;
    let window = br#"{"window":{"stream":"files","id":1,"bytes":1}}"#;
    assert_eq!(
        Rogue::secured().say(Stream::Control, 0, open),
        Err(ChannelError::Unexpected("open"))
    );
    assert_eq!(
        Rogue::greeted().say(Stream::Control, 0, window),
        Err(ChannelError::Unexpected("window"))
    );
    let mut twice = Rogue::greeted();
    twice.say(Stream::Control, 0, open).unwrap();
    assert_eq!(
        twice.say(Stream::Control, 0, open),
        Err(ChannelError::Unexpected("open"))
    );
    assert_eq!(
        Rogue::open(&[]).say(Stream::Control, 0, open),
        Err(ChannelError::Unexpected("open"))
    );
    Rogue::open(&[]).say(Stream::Control, 0, window).unwrap();
}

#[test]
fn a_message_that_is_none_ends_the_channel_with_its_place() {
    let mut rogue = Rogue::greeted();
    let told = rogue.say(Stream::Control, 0, br#"{"open":{"warrant":"","extra":1}}"#);
    let Err(ChannelError::Message(MessageError {
        stream: Stream::Control,
        why,
    })) = told
    else {
        panic!("{told:?}")
    };
    assert!(why.contains("unknown field `extra`"), "{why}");
    let mut rogue = Rogue::open(&[Scope::Control]);
    assert!(matches!(
        rogue.say(Stream::Input, 0, &[9]),
        Err(ChannelError::Message(_))
    ));
    assert!(matches!(
        Rogue::open(&[]).raw(&[0, 0, 0, 4]),
        Err(ChannelError::Frame(_))
    ));
}

#[test]
fn verdicts_are_possible_only_while_a_warrant_is_judged() {
    let mut host = new_host();
    assert_eq!(host.greet(head(), vec![], NOW), Err(SendError::NoSession));
    let mut pair = Pair::greeted();
    assert_eq!(pair.host.opened(opened(&[])), Err(SendError::NoSession));
    assert_eq!(pair.host.asking(NOW), Err(SendError::NoSession));
    assert_eq!(
        pair.host.greet(head(), vec![], NOW),
        Err(SendError::NoSession),
        "a second greeting"
    );
    let mut early = Pair::new();
    early.pump();
    assert_eq!(
        early.viewer.open("{}".into(), Vec::new(), None, NOW),
        Err(SendError::NoSession),
        "before the head"
    );
}

#[test]
fn on_close_what_waits_is_dropped() {
    let mut pair = Pair::open(&[Scope::View, Scope::FilesRead]);
    for _ in 0..50 {
        pair.host
            .send(0, ToTechnician::Screen(vec![1; 50_000]), false)
            .unwrap();
    }
    pair.host
        .close("ended", "The person at the machine pressed End.");
    assert_eq!(
        pair.host.send(0, ToTechnician::Screen(vec![]), false),
        Err(SendError::NoSession)
    );
    pair.send_all();
    assert_eq!(pair.to_viewer.len(), 1, "only the last word");
    pair.pump_to_the_end();
    let closed = End::Closed {
        code: "ended".into(),
        text: "The person at the machine pressed End.".into(),
    };
    assert_eq!(
        pair.at_viewer,
        [
            ViewerEvent::Secured {
                channel: pair.channel()
            },
            ViewerEvent::Over(closed.clone())
        ]
    );
    assert_eq!(pair.at_host.last(), Some(&HostEvent::Over(closed)));
}

#[test]
fn a_paused_session_sends_and_does_nothing_until_it_goes_on() {
    let mut pair = Pair::open(&[Scope::View, Scope::Control]);
    let picture = || ToTechnician::Screen(vec![1; 10]);
    pair.host.send(0, picture(), false).unwrap();
    pair.host.pause("stale", "No witness.").unwrap();
    assert_eq!(
        pair.host.pause("stale", "No witness."),
        Err(SendError::NoSession),
        "it stands still already"
    );
    pair.viewer.send(0, key(), false).unwrap();
    pair.pump();
    let paused = ViewerEvent::Paused {
        code: "stale".into(),
        text: "No witness.".into(),
    };
    assert_eq!(pair.at_viewer[1..], [paused]);
    assert!(pair.host.permit(&key()).is_err());

    pair.host.resume().unwrap();
    assert_eq!(pair.host.resume(), Err(SendError::NoSession));
    pair.pump();
    assert_eq!(pair.at_viewer[2], ViewerEvent::Resumed);
    let shown = &pair.at_viewer[3];
    assert!(
        matches!(shown, ViewerEvent::Message { message, .. } if *message == picture()),
        "what waited was not lost"
    );
    assert!(pair.host.permit(&key()).is_ok());
}

#[test]
fn what_waited_in_a_paused_session_is_dropped_when_it_is_closed() {
    let mut pair = Pair::open(&[Scope::View]);
    pair.host.pause("stale", "No witness.").unwrap();
    pair.host
        .send(0, ToTechnician::Screen(vec![1]), false)
        .unwrap();
    pair.host.close("stale", "No witness came.");
    pair.send_all();
    assert_eq!(pair.to_viewer.len(), 1, "only the last word");
}

#[test]
fn only_an_open_session_can_be_paused() {
    let mut pair = Pair::greeted();
    assert_eq!(pair.host.pause("stale", "No."), Err(SendError::NoSession));
    assert_eq!(pair.host.resume(), Err(SendError::NoSession));
}

#[test]
fn events_not_yet_taken_are_dropped_on_close() {
    let mut rogue = Rogue::open(&[Scope::Control]);
    rogue.say(Stream::Input, 0, &[5]).unwrap();
    rogue.host.close("ended", "End.");
    assert!(matches!(rogue.end(), Some(End::Closed { .. })));
}

#[test]
fn a_program_that_takes_no_events_loses_the_channel_not_memory() {
    let mut rogue = Rogue::open(&[Scope::Control]);
    let error = (0..1000).find_map(|_| rogue.say(Stream::Input, 0, &[5]).err());
    assert_eq!(error, Some(ChannelError::Events));
}

#[test]
fn a_technician_who_pings_and_never_reads_is_cut() {
    let mut rogue = Rogue::open(&[]);
    let mut told = Ok(());
    for nonce in 0..=QUEUE_MESSAGES_MAX {
        told = rogue.say(
            Stream::Control,
            0,
            format!(r#"{{"ping":{{"nonce":{nonce}}}}}"#).as_bytes(),
        );
    }
    assert_eq!(told, Err(ChannelError::Unread));
    let mut reads = Rogue::open(&[]);
    for nonce in 0..=QUEUE_MESSAGES_MAX {
        reads
            .say(
                Stream::Control,
                0,
                format!(r#"{{"ping":{{"nonce":{nonce}}}}}"#).as_bytes(),
            )
            .unwrap();
        assert_eq!(reads.drain().len(), 1);
    }
}

#[test]
fn a_flood_of_revocations_is_cut() {
    let mut rogue = Rogue::greeted();
    let message = br#"{"revocations":{"envelopes":["","","","","","","","","",""]}}"#;
    for _ in 0..REVOCATIONS_PER_CHANNEL_MAX / 10 {
        rogue.say(Stream::Control, 0, message).unwrap();
        rogue.host.poll_event().unwrap();
    }
    let one_more = br#"{"revocations":{"envelopes":[""]}}"#;
    assert_eq!(
        rogue.say(Stream::Control, 0, one_more),
        Err(ChannelError::Revocations)
    );
}

#[test]
fn many_revocations_arrive_in_several_messages() {
    let mut pair = Pair::greeted();
    let envelopes: Vec<_> = (0..100).map(|n| format!("envelope {n}")).collect();
    pair.viewer.send_revocations(envelopes.clone()).unwrap();
    pair.pump();
    let arrived: Vec<_> = pair
        .at_host
        .into_iter()
        .flat_map(|e| {
            if let HostEvent::Revocations(r) = e {
                r
            } else {
                panic!("{e:?}")
            }
        })
        .collect();
    assert_eq!(arrived, envelopes);
}

#[test]
fn a_ping_comes_back() {
    let mut pair = Pair::open(&[]);
    pair.viewer.ping(77).unwrap();
    pair.pump();
    assert_eq!(
        pair.at_viewer.last(),
        Some(&ViewerEvent::Pong { nonce: 77 })
    );
}

#[test]
fn a_technician_who_takes_too_long_is_given_up() {
    let mut silent = new_host();
    assert_eq!(silent.poll_timeout(), Some(NOW + HANDSHAKE_MS_MAX));
    silent.handle_timeout(NOW + HANDSHAKE_MS_MAX - 1);
    assert!(!silent.is_over());
    silent.handle_timeout(NOW + HANDSHAKE_MS_MAX);
    assert_eq!(
        silent.poll_event(),
        Some(HostEvent::Over(End::Failed(ChannelError::Late(
            "the handshake"
        ))))
    );
    let mut greeted = Pair::greeted().host;
    greeted.handle_timeout(NOW + OPEN_MS_MAX);
    assert_eq!(
        greeted.poll_event(),
        Some(HostEvent::Over(End::Failed(ChannelError::Late(
            "the technician's warrant"
        ))))
    );
}

#[test]
fn a_device_that_takes_too_long_is_given_up() {
    let mut silent = new_viewer();
    silent.handle_timeout(NOW + HANDSHAKE_MS_MAX);
    assert!(silent.is_over());
    let mut pair = Pair::greeted();
    pair.viewer
        .open("{}".into(), Vec::new(), None, NOW)
        .unwrap();
    pair.pump();
    pair.host.asking(NOW + 60_000).unwrap();
    pair.pump();
    pair.viewer.handle_timeout(NOW + 60_000);
    assert!(!pair.viewer.is_over(), "a person is still being asked");
    pair.viewer.handle_timeout(NOW + 60_000 + 2 * JUDGE_MS_MAX);
    assert!(pair.viewer.is_over());
}

#[test]
fn a_session_ends_when_its_time_is_over() {
    let mut pair = Pair::open(&[Scope::View]);
    pair.host.handle_timeout(UNTIL - 1);
    assert!(!pair.host.is_over());
    pair.host.handle_timeout(UNTIL);
    pair.pump_to_the_end();
    assert!(
        matches!(pair.at_viewer.last(), Some(ViewerEvent::Over(End::Closed { code, .. })) if code == "until")
    );
}

#[test]
fn a_failed_handshake_ends_both_sides_by_name() {
    let mut host = new_host();
    let error = ChannelError::Handshake(HandshakeError::Message1Length(5));
    assert_eq!(host.handle_bytes(b"hello", NOW), Err(error.clone()));
    assert_eq!(host.poll_event(), Some(HostEvent::Over(End::Failed(error))));
    assert_eq!(host.poll_transmit(), None, "there is nobody to tell");
    let mut viewer = new_viewer();
    let error = ChannelError::Handshake(HandshakeError::Message2Length(5));
    assert_eq!(viewer.handle_bytes(b"hello", NOW), Err(error.clone()));
    assert_eq!(
        viewer.poll_event(),
        Some(ViewerEvent::Over(End::Failed(error)))
    );
}

fn one_of_each() -> Vec<(ToDevice, Option<Scope>)> {
    let file = |request| ToDevice::Files(Piece::Head(request));
    let path = || "a".to_owned();
    let digest = files::Digest {
        size: 0,
        sha256: trust::bytes::Hash([0; 32]),
    };
    let say = Chat::Say {
        text: "hi".into(),
        at: NOW,
    };
    vec![
        (ToDevice::Screen(vec![1]), Some(Scope::View)),
        (key(), Some(Scope::Control)),
        (
            ToDevice::Clipboard(Clipboard::Get {}),
            Some(Scope::ClipboardRead),
        ),
        (
            ToDevice::Clipboard(Clipboard::Set { text: path() }),
            Some(Scope::ClipboardWrite),
        ),
        (
            ToDevice::Clipboard(Clipboard::Offer { bytes: 1 }),
            Some(Scope::ClipboardWrite),
        ),
        (ToDevice::Chat(say), None),
        (
            file(files::Request::List { path: path() }),
            Some(Scope::FilesRead),
        ),
        (
            file(files::Request::Get {
                path: path(),
                offset: 0,
            }),
            Some(Scope::FilesRead),
        ),
        (
            file(files::Request::Put {
                path: path(),
                size: 1,
                replace: false,
            }),
            Some(Scope::FilesWrite),
        ),
        (file(files::Request::Done(digest)), Some(Scope::FilesWrite)),
        (file(files::Request::Cancel {}), None),
        (
            ToDevice::Files(Piece::Data(vec![1])),
            Some(Scope::FilesWrite),
        ),
        (
            ToDevice::Shell(Piece::Head(shell::Request::Resize { cols: 1, rows: 1 })),
            Some(Scope::Shell),
        ),
        (ToDevice::Shell(Piece::Data(vec![1])), Some(Scope::Shell)),
    ]
}

#[test]
fn each_message_takes_effect_under_its_own_scope_only() {
    for (message, needs) in one_of_each() {
        for scope in Scope::ALL {
            let permitted = Pair::open(&[scope]).host.permit(&message);
            match needs {
                Some(needs) if needs != scope => {
                    assert_eq!(permitted, Err(Denied { needs }), "{message:?}")
                }
                _ => assert_eq!(permitted, Ok(()), "{message:?}"),
            }
        }
    }
}

#[test]
fn nothing_takes_effect_after_the_end() {
    let mut pair = Pair::open(&Scope::ALL);
    pair.host.permit(&key()).unwrap();
    pair.host.close("ended", "End.");
    assert_eq!(
        pair.host.permit(&key()),
        Err(Denied {
            needs: Scope::Control
        })
    );
}

#[test]
fn the_device_sends_no_picture_without_the_scope() {
    let mut pair = Pair::open(&[Scope::Shell]);
    let denied = SendError::Denied(Denied { needs: Scope::View });
    assert_eq!(
        pair.host.send(0, ToTechnician::Screen(vec![1]), false),
        Err(denied)
    );
    let offer = ToTechnician::Clipboard(Clipboard::Offer { bytes: 3 });
    let denied = SendError::Denied(Denied {
        needs: Scope::ClipboardRead,
    });
    assert_eq!(pair.host.send(0, offer, false), Err(denied));
    let mut pair = Pair::open(&[Scope::View]);
    pair.host
        .send(0, ToTechnician::Screen(vec![1]), false)
        .unwrap();
}
