//! Random drawing through pipeline and decoder: every pixel must arrive, and no masked one.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use wayleave_screen::capture::fake::Screen;
use wayleave_screen::decode::{Decoder, Painted};
use wayleave_screen::geometry::{Rect, Size};
use wayleave_screen::message::ViewerMessage;
use wayleave_screen::pipeline::{MASK_COLOUR, Pipeline};

const SECRET: [u8; 3] = [1, 254, 3];

#[derive(Clone, Debug)]
enum Step {
    Fill(Rect, [u8; 3]),
    Text(Rect, u32),
    Scroll(Rect, i32),
    Resize(Size),
    Update { acknowledge: bool, wait_ms: u64 },
    NeedEpoch,
    Mask(Vec<Rect>),
}

/// One device and one viewer with a channel that loses nothing.
struct Session {
    screen: Screen,
    pipeline: Pipeline,
    decoder: Decoder,
    unacknowledged: Vec<Painted>,
    masks: Vec<Rect>,
    now_ms: u64,
}

impl Session {
    fn new(size: Size) -> Self {
        let screen = Screen::new(size);
        let pipeline = Pipeline::new(screen.display().clone());
        Self {
            screen,
            pipeline,
            decoder: Decoder::new(),
            unacknowledged: Vec::new(),
            masks: Vec::new(),
            now_ms: 1_000,
        }
    }

    /// Gives the messages of one update, decoded already.
    fn update(&mut self) -> Option<Vec<Vec<u8>>> {
        let changes = self.screen.poll();
        if let Some(display) = changes.display {
            self.pipeline.on_display(display);
        }
        self.pipeline.on_damage(&changes.damage);
        let region = self.pipeline.wants(self.now_ms)?;
        let picture = self.screen.grab(region);
        let messages = self.pipeline.encode(picture, self.now_ms).unwrap();
        for (index, message) in messages.iter().enumerate() {
            let painted = self.decoder.apply(message).unwrap();
            assert_eq!(painted.is_some(), index + 1 == messages.len());
            self.unacknowledged.extend(painted);
        }
        Some(messages)
    }

    fn acknowledge(&mut self) {
        for painted in self.unacknowledged.drain(..) {
            let ack = ViewerMessage::Ack {
                epoch: painted.epoch,
                frame: painted.frame,
            };
            self.pipeline
                .on_message(&ack.to_bytes(), self.now_ms)
                .unwrap();
        }
    }

    fn settle(&mut self) {
        for _ in 0..1000 {
            self.now_ms += 250;
            self.acknowledge();
            let sent = self.update().is_some();
            if !sent {
                return;
            }
        }
        panic!("the pipeline never came to rest");
    }

    fn assert_same_pixels(&self) {
        let mut expected = self.screen.drawn().clone();
        for mask in &self.masks {
            let mask = mask.intersection(expected.size().rect());
            expected.fill(mask, MASK_COLOUR);
        }
        let shown = self.decoder.picture();
        assert_eq!(shown.size(), expected.size());
        for y in 0..expected.size().height {
            for x in 0..expected.size().width {
                assert_eq!(shown.pixel(x, y), expected.pixel(x, y), "at {x}, {y}");
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Fill(rect, colour) => self.screen.fill(rect, colour),
            Step::Text(rect, seed) => self.screen.draw(rect, |x, y| text(seed, x, y)),
            Step::Scroll(rect, distance) => self.screen.scroll(rect, distance),
            Step::Resize(size) => self.screen.resize(size),
            Step::Update {
                acknowledge,
                wait_ms,
            } => {
                self.now_ms += wait_ms;
                self.update();
                if acknowledge {
                    self.acknowledge();
                }
            }
            Step::NeedEpoch => {
                let message = ViewerMessage::NeedEpoch.to_bytes();
                self.pipeline.on_message(&message, self.now_ms).unwrap();
            }
            Step::Mask(masks) => {
                self.pipeline.set_masks(&masks);
                self.masks = masks;
            }
        }
    }
}

/// Something with rows that differ, two colours, and blank rows between lines.
fn text(seed: u32, x: u16, y: u16) -> [u8; 3] {
    let line = u32::from(y) / 12;
    let row = (u32::from(y) + line * 31 + seed).wrapping_mul(0x85eb_ca6b);
    let mixed = (u32::from(x) / 2 + (row >> 7)).wrapping_mul(0x9e37_79b9);
    if y % 12 < 9 && (mixed >> 13) & 3 == 0 {
        [20, 20, 20]
    } else {
        [240, 240, 240]
    }
}

fn rect() -> impl Strategy<Value = Rect> {
    (0..180u16, 0..140u16, 1..200u16, 1..160u16)
        .prop_map(|(x, y, width, height)| Rect::new(x, y, width, height))
}

fn step() -> impl Strategy<Value = Step> {
    let size = (1..200u16, 1..150u16).prop_map(|(width, height)| Size::new(width, height));
    prop_oneof![
        3 => (rect(), any::<[u8; 3]>()).prop_map(|(rect, colour)| Step::Fill(rect, colour)),
        4 => (rect(), any::<u32>()).prop_map(|(rect, seed)| Step::Text(rect, seed)),
        4 => (rect(), -40..40i32).prop_map(|(rect, distance)| Step::Scroll(rect, distance)),
        1 => size.prop_map(Step::Resize),
        6 => (any::<bool>(), 0..300u64)
            .prop_map(|(acknowledge, wait_ms)| Step::Update { acknowledge, wait_ms }),
        1 => Just(Step::NeedEpoch),
        2 => prop::collection::vec(rect(), 0..4).prop_map(Step::Mask),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_pixel_arrives(steps in prop::collection::vec(step(), 1..40)) {
        let mut session = Session::new(Size::new(200, 150));
        for step in steps {
            session.step(step);
        }
        session.settle();
        session.assert_same_pixels();
    }

    #[test]
    fn a_masked_pixel_never_leaves(
        mask in rect(),
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let mut session = Session::new(Size::new(200, 150));
        session.settle();
        session.pipeline.set_masks(&[mask]);
        for step in steps {
            if !matches!(step, Step::Mask(_) | Step::Scroll(..)) {
                session.step(step);
            }
            session.screen.fill(mask, SECRET);
            session.update();
            session.acknowledge();
            let shown = session.decoder.picture().bytes();
            prop_assert!(shown.chunks_exact(4).all(|pixel| pixel[..3] != SECRET));
        }
        session.pipeline.set_masks(&[]);
        session.settle();
        session.assert_same_pixels();
    }
}

#[test]
fn a_scroll_is_a_copy_and_a_few_rows() {
    let mut session = Session::new(Size::new(400, 300));
    session
        .screen
        .draw(Rect::new(0, 0, 400, 300), |x, y| text(7, x, y));
    session.settle();
    session.screen.scroll(Rect::new(0, 0, 400, 300), 12);
    session
        .screen
        .draw(Rect::new(0, 288, 400, 12), |x, y| text(99, x, y));
    session.now_ms += 100;
    let messages = session.update().unwrap();
    assert_eq!(messages[0][0], 5, "a copy comes first");
    let bytes: usize = messages.iter().map(Vec::len).sum();
    assert!(bytes < 2_000, "{bytes} bytes for 12 new rows");
    session.assert_same_pixels();
}

#[test]
fn without_acks_little_is_under_way_and_the_newest_pixels_come_next() {
    let mut session = Session::new(Size::new(200, 150));
    let mut updates = 0;
    for number in 0..500u32 {
        session.now_ms += 20;
        session
            .screen
            .draw(Rect::new(0, 0, 200, 150), |x, y| text(number * 977, x, y));
        updates += u32::from(session.update().is_some());
    }
    assert!((1..100).contains(&updates), "{updates} updates");
    session.settle();
    session.assert_same_pixels();
}

#[test]
fn a_still_display_sends_nothing() {
    let mut session = Session::new(Size::new(200, 150));
    session.settle();
    session.now_ms += 1_000;
    session.screen.fill(Rect::new(5, 5, 50, 50), [0, 0, 0]);
    assert_eq!(
        session.update(),
        Some(Vec::new()),
        "drawn, but no pixel differs"
    );
    session.now_ms += 10_000;
    assert!(session.update().is_none());
    assert_eq!(session.pipeline.wait_ms(session.now_ms), None);
}

#[test]
fn a_viewer_that_asks_for_epochs_without_end_gets_five_a_second() {
    let mut session = Session::new(Size::new(64, 64));
    let mut epochs = 0;
    for _ in 0..1000 {
        session.step(Step::NeedEpoch);
        session.now_ms += 1;
        let messages = session.update().unwrap_or_default();
        epochs += messages.iter().filter(|message| message[0] == 3).count();
    }
    assert!((5..=6).contains(&epochs), "{epochs} epochs");
}

#[test]
fn a_bound_of_the_rate_spaces_updates() {
    let mut session = Session::new(Size::new(200, 150));
    session.settle();
    let quality = ViewerMessage::Quality {
        preference: Default::default(),
        rate_kbit_max: 8,
    };
    let bytes = quality.to_bytes();
    session.pipeline.on_message(&bytes, session.now_ms).unwrap();
    session
        .screen
        .draw(Rect::new(0, 0, 200, 150), |x, y| text(3, x, y));
    let sent: usize = session.update().unwrap().iter().map(Vec::len).sum();
    session.acknowledge();
    session.screen.fill(Rect::new(0, 0, 9, 9), [9, 9, 9]);
    assert!(session.update().is_none());
    let expected = (sent as u64).min(10_000);
    assert_eq!(session.pipeline.wait_ms(session.now_ms), Some(expected));
}
