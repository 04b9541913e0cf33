//! Two ends of a channel in one process, in virtual time, with an attacker in between where a test says so.

mod flow;
mod handshake;
mod parsers;
mod rogue_device;
mod session;
mod tamper;
mod vectors;

use std::collections::VecDeque;

use trust::bytes::{Hash, KeyId, OrgId, X25519Public};
use trust::scope::Scope;

use crate::control::{Display, DisplayState, Head, Opened};
use crate::error::{ChannelError, End};
use crate::frame::{Frame, Stream};
use crate::host::{Event as HostEvent, Host};
use crate::noise::{Binding, Initiator, Mode, Transport, public_of};
use crate::viewer::{Event as ViewerEvent, Viewer};

pub(crate) const NOW: u64 = 1_800_000_000_000;
pub(crate) const UNTIL: u64 = NOW + 3_600_000;
pub(crate) const TECHNICIAN: [u8; 32] = [0x11; 32];
pub(crate) const DEVICE: [u8; 32] = [0x22; 32];

pub(crate) fn binding() -> Binding {
    Binding {
        mode: Mode::Enrolled,
        org: OrgId([0x33; 32]),
        device: KeyId([0x44; 32]),
    }
}

pub(crate) fn device_public() -> X25519Public {
    public_of(&DEVICE).unwrap()
}

pub(crate) fn new_host() -> Host {
    Host::new(binding(), &DEVICE, &[0x55; 32], NOW).unwrap()
}

pub(crate) fn new_viewer() -> Viewer {
    Viewer::new(binding(), &TECHNICIAN, &device_public(), &[0x66; 32], NOW).unwrap()
}

pub(crate) fn head() -> Head {
    Head {
        size: 3,
        root: Hash([7; 32]),
        receipt: None,
        hostname: "desk-7".into(),
    }
}

pub(crate) fn opened(scopes: &[Scope]) -> Opened {
    Opened {
        session: "s-1".into(),
        scopes: scopes.to_vec(),
        bounds: trust::Bounds::default(),
        until: UNTIL,
        attended: false,
        display: Display {
            state: DisplayState::Ready,
            why: None,
        },
    }
}

/// Both ends, with what is under way between them.
pub(crate) struct Pair {
    pub(crate) viewer: Viewer,
    pub(crate) host: Host,
    pub(crate) to_host: VecDeque<Vec<u8>>,
    pub(crate) to_viewer: VecDeque<Vec<u8>>,
    pub(crate) at_host: Vec<HostEvent>,
    pub(crate) at_viewer: Vec<ViewerEvent>,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self {
            viewer: new_viewer(),
            host: new_host(),
            to_host: VecDeque::new(),
            to_viewer: VecDeque::new(),
            at_host: Vec::new(),
            at_viewer: Vec::new(),
        }
    }

    /// A pair whose session is open with these scopes.
    pub(crate) fn open(scopes: &[Scope]) -> Self {
        let mut pair = Self::greeted();
        pair.viewer
            .open("{}".into(), Vec::new(), None, NOW)
            .unwrap();
        pair.pump();
        assert!(matches!(pair.at_host.pop(), Some(HostEvent::Open { .. })));
        pair.host.opened(opened(scopes)).unwrap();
        pair.pump();
        assert!(matches!(pair.at_viewer.pop(), Some(ViewerEvent::Opened(_))));
        pair
    }

    /// A pair whose device has told its head.
    pub(crate) fn greeted() -> Self {
        let mut pair = Self::new();
        pair.pump();
        assert!(matches!(
            pair.at_host.pop(),
            Some(HostEvent::Secured { .. })
        ));
        pair.host.greet(head(), vec![], NOW).unwrap();
        pair.pump();
        assert!(matches!(pair.at_viewer.pop(), Some(ViewerEvent::Head(_))));
        pair
    }

    /// Moves what both ends send onto the lines.
    pub(crate) fn send_all(&mut self) {
        while let Some(bytes) = self.viewer.poll_transmit() {
            self.to_host.push_back(bytes);
        }
        while let Some(bytes) = self.host.poll_transmit() {
            self.to_viewer.push_back(bytes);
        }
        self.take_events();
    }

    /// As [`Pair::pump`], where one side has said its last word.
    pub(crate) fn pump_to_the_end(&mut self) {
        self.send_all();
        while let Some(bytes) = self.to_host.pop_front() {
            if !self.host.is_over() {
                self.host.handle_bytes(&bytes, NOW).unwrap();
            }
        }
        while let Some(bytes) = self.to_viewer.pop_front() {
            if !self.viewer.is_over() {
                self.viewer.handle_bytes(&bytes, NOW).unwrap();
            }
        }
        self.take_events();
    }

    pub(crate) fn channel(&self) -> Hash {
        match self.at_viewer.first() {
            Some(ViewerEvent::Secured { channel }) => *channel,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn take_events(&mut self) {
        self.at_host
            .extend(std::iter::from_fn(|| self.host.poll_event()));
        self.at_viewer
            .extend(std::iter::from_fn(|| self.viewer.poll_event()));
    }

    /// Delivers everything, unchanged, until nothing moves.
    pub(crate) fn pump(&mut self) {
        loop {
            self.send_all();
            if let Some(bytes) = self.to_host.pop_front() {
                self.host.handle_bytes(&bytes, NOW).unwrap();
            } else if let Some(bytes) = self.to_viewer.pop_front() {
                self.viewer.handle_bytes(&bytes, NOW).unwrap();
            } else {
                return;
            }
            self.take_events();
        }
    }
}

/// A technician's program that keeps no rule but the handshake.
pub(crate) struct Rogue {
    pub(crate) transport: Transport,
    pub(crate) host: Host,
}

impl Rogue {
    /// After the handshake; the device has not greeted.
    pub(crate) fn secured() -> Self {
        let mut host = new_host();
        let (initiator, first) =
            Initiator::start(binding(), &TECHNICIAN, &device_public(), &[0x66; 32]).unwrap();
        host.handle_bytes(&first, NOW).unwrap();
        assert!(matches!(host.poll_event(), Some(HostEvent::Secured { .. })));
        let transport = initiator
            .finish(&host.poll_transmit().unwrap())
            .unwrap()
            .transport;
        Self { transport, host }
    }

    pub(crate) fn greeted() -> Self {
        let mut rogue = Self::secured();
        rogue.host.greet(head(), vec![], NOW).unwrap();
        rogue.drain();
        rogue
    }

    pub(crate) fn open(scopes: &[Scope]) -> Self {
        let mut rogue = Self::greeted();
        rogue
            .say(Stream::Control, 0, br#"{"open":{"warrant":"{}"}}"#)
            .unwrap();
        assert!(matches!(
            rogue.host.poll_event(),
            Some(HostEvent::Open { .. })
        ));
        rogue.host.opened(opened(scopes)).unwrap();
        rogue.drain();
        rogue
    }

    /// Reads what the device sends, so that the order of sealed messages holds.
    pub(crate) fn drain(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.host.poll_transmit())
            .map(|bytes| self.transport.open(&bytes).unwrap())
            .collect()
    }

    pub(crate) fn frame(&mut self, frame: &Frame<'_>) -> Result<(), ChannelError> {
        let mut bytes = Vec::new();
        frame.write_to(&mut bytes);
        self.raw(&bytes)
    }

    pub(crate) fn raw(&mut self, frame: &[u8]) -> Result<(), ChannelError> {
        let sealed = self.transport.seal(frame).unwrap();
        self.host.handle_bytes(&sealed, NOW)
    }

    pub(crate) fn say(
        &mut self,
        stream: Stream,
        id: u16,
        payload: &[u8],
    ) -> Result<(), ChannelError> {
        self.frame(&Frame {
            stream,
            id,
            more: false,
            end: false,
            payload,
        })
    }

    /// How the device's end ended.
    pub(crate) fn end(&mut self) -> Option<End> {
        match self.host.poll_event() {
            Some(HostEvent::Over(end)) => Some(end),
            _ => None,
        }
    }
}
