//! A device's program that keeps no rule but the handshake: what the technician's end refuses.

use super::{DEVICE, NOW, binding, head, new_viewer, opened};
use crate::control::ToTechnician;
use crate::error::{ChannelError, End};
use crate::frame::{Frame, Stream};
use crate::limits::{DATA_BYTES_MAX, REVOCATIONS_PER_CHANNEL_MAX};
use crate::message::ToDevice;
use crate::mux::MuxError;
use crate::noise::{Responder, Transport};
use crate::piece::Piece;
use crate::shell;
use crate::viewer::{Event, Viewer};

struct RogueDevice {
    transport: Transport,
    viewer: Viewer,
}

impl RogueDevice {
    fn secured() -> Self {
        let mut viewer = new_viewer();
        let first = viewer.poll_transmit().unwrap();
        let responder = Responder::new(binding(), &DEVICE, &[0x55; 32]).unwrap();
        let (secured, answer) = responder.answer(&first).unwrap();
        viewer.handle_bytes(&answer, NOW).unwrap();
        assert!(matches!(viewer.poll_event(), Some(Event::Secured { .. })));
        let transport = secured.transport;
        Self { transport, viewer }
    }

    fn greeted() -> Self {
        let mut rogue = Self::secured();
        rogue.control(&ToTechnician::Head(head())).unwrap();
        assert_eq!(rogue.viewer.poll_event(), Some(Event::Head(head())));
        rogue
    }

    fn asked() -> Self {
        let mut rogue = Self::greeted();
        rogue
            .viewer
            .open("{}".into(), Vec::new(), None, NOW)
            .unwrap();
        rogue
    }

    fn open() -> Self {
        let mut rogue = Self::asked();
        rogue.control(&ToTechnician::Opened(opened(&[]))).unwrap();
        assert!(matches!(rogue.viewer.poll_event(), Some(Event::Opened(_))));
        rogue
    }

    fn control(&mut self, message: &ToTechnician) -> Result<(), ChannelError> {
        self.say(Stream::Control, 0, &message.encode())
    }

    fn say(&mut self, stream: Stream, id: u16, payload: &[u8]) -> Result<(), ChannelError> {
        let (more, end) = (false, false);
        let mut frame = Vec::new();
        Frame {
            stream,
            id,
            more,
            end,
            payload,
        }
        .write_to(&mut frame);
        let sealed = self.transport.seal(&frame).unwrap();
        self.viewer.handle_bytes(&sealed, NOW)
    }
}

fn refused() -> ToTechnician {
    ToTechnician::Refused {
        code: "no".into(),
        text: String::new(),
    }
}

#[test]
fn it_begins_no_stream_before_the_session_is_open() {
    for rogue in [
        RogueDevice::secured,
        RogueDevice::greeted,
        RogueDevice::asked,
    ] {
        let mut rogue = rogue();
        let told = rogue.say(Stream::Screen, 0, b"x");
        assert_eq!(told, Err(ChannelError::Early(Stream::Screen)));
        let end = End::Failed(ChannelError::Early(Stream::Screen));
        assert_eq!(rogue.viewer.poll_event(), Some(Event::Over(end)));
    }
    let mut rogue = RogueDevice::open();
    rogue.say(Stream::Screen, 0, b"x").unwrap();
    assert!(matches!(
        rogue.viewer.poll_event(),
        Some(Event::Message { .. })
    ));
}

#[test]
fn it_greets_once_and_first() {
    let again = RogueDevice::greeted().control(&ToTechnician::Head(head()));
    assert_eq!(again, Err(ChannelError::Unexpected("head")));
    let envelopes = vec![];
    let before = RogueDevice::secured().control(&ToTechnician::Revocations { envelopes });
    assert_eq!(before, Err(ChannelError::Unexpected("revocations")));
}

#[test]
fn it_judges_only_what_was_asked_and_once() {
    let opened = ToTechnician::Opened(opened(&[]));
    let unexpected = |name| Err(ChannelError::Unexpected(name));
    assert_eq!(
        RogueDevice::secured().control(&opened),
        unexpected("opened")
    );
    assert_eq!(
        RogueDevice::greeted().control(&opened),
        unexpected("opened")
    );
    assert_eq!(RogueDevice::open().control(&opened), unexpected("opened"));
    assert_eq!(
        RogueDevice::greeted().control(&refused()),
        unexpected("refused")
    );
    assert_eq!(
        RogueDevice::open().control(&refused()),
        unexpected("refused")
    );
    let asking = ToTechnician::Asking { until: NOW };
    assert_eq!(
        RogueDevice::greeted().control(&asking),
        unexpected("asking")
    );
    RogueDevice::asked().control(&refused()).unwrap();
}

#[test]
fn it_gives_no_credit_before_the_session_is_open() {
    let window = ToTechnician::Window {
        stream: Stream::Files,
        id: 1,
        bytes: 1,
    };
    let told = RogueDevice::asked().control(&window);
    assert_eq!(told, Err(ChannelError::Unexpected("window")));
    RogueDevice::open().control(&window).unwrap();
}

#[test]
fn it_opens_no_id() {
    let told = RogueDevice::open().say(Stream::Files, 1, b"\x01x");
    let unknown = MuxError::UnknownId {
        stream: Stream::Files,
        id: 1,
    };
    assert_eq!(told, Err(ChannelError::Mux(unknown)));
}

#[test]
fn it_presses_no_keys() {
    let told = RogueDevice::open().say(Stream::Input, 0, &[5]);
    assert!(matches!(told, Err(ChannelError::Message(_))));
}

#[test]
fn it_sends_no_more_than_its_credit() {
    let mut rogue = RogueDevice::open();
    let id = rogue.viewer.next_id(Stream::Shell);
    let message = ToDevice::Shell(Piece::Head(shell::Request::Resize { cols: 1, rows: 1 }));
    rogue.viewer.send(id, message, false).unwrap();
    let data = [&[1], [0; DATA_BYTES_MAX].as_slice()].concat();
    let told = (0..100).find_map(|_| {
        while rogue.viewer.poll_event().is_some() {}
        rogue.say(Stream::Shell, id, &data).err()
    });
    let over = MuxError::OverCredit {
        stream: Stream::Shell,
        id,
    };
    assert_eq!(told, Some(ChannelError::Mux(over)));
}

#[test]
fn its_flood_of_revocations_is_cut() {
    let mut rogue = RogueDevice::greeted();
    let ten = ToTechnician::Revocations {
        envelopes: vec![String::new(); 10],
    };
    for _ in 0..REVOCATIONS_PER_CHANNEL_MAX / 10 {
        rogue.control(&ten).unwrap();
        rogue.viewer.poll_event().unwrap();
    }
    let one = ToTechnician::Revocations {
        envelopes: vec![String::new()],
    };
    assert_eq!(rogue.control(&one), Err(ChannelError::Revocations));
}
