//! What a hostile device may send is refused by name, without panic and without growth.
#![allow(clippy::unwrap_used)]

use wayleave_screen::decode::{DecodeError, Decoder};
use wayleave_screen::geometry::Rect;
use wayleave_screen::limits::VERSION;
use wayleave_screen::message::{Codec, DeviceMessage, Features, MessageError, ViewerMessage};

fn hello() -> DeviceMessage<'static> {
    DeviceMessage::Hello {
        version: VERSION,
        features: Features::default(),
    }
}

fn display(width: u16, height: u16) -> DeviceMessage<'static> {
    DeviceMessage::Display {
        width,
        height,
        scale_percent: 100,
        outputs: Vec::new(),
    }
}

fn epoch(number: u32) -> DeviceMessage<'static> {
    DeviceMessage::Epoch {
        number,
        window_log: 20,
    }
}

fn rects(rects: &[Rect], data: &[u8]) -> Vec<u8> {
    DeviceMessage::Rects {
        rects: rects.to_vec(),
        data,
    }
    .to_bytes()
}

/// A decoder in its first epoch, 8 x 8 pixels.
fn ready() -> Decoder {
    let mut decoder = Decoder::new();
    for message in [hello(), display(8, 8), epoch(1)] {
        assert!(decoder.apply(&message.to_bytes()).unwrap().is_none());
    }
    decoder
}

fn refusal(message: &DeviceMessage<'_>) -> DecodeError {
    ready().apply(&message.to_bytes()).unwrap_err()
}

fn frame_end(frame: u32) -> Vec<u8> {
    DeviceMessage::FrameEnd { frame }.to_bytes()
}

/// A zstd frame whose blocks are not compressed; `last` ends it.
fn stored(bytes: &[u8], last: bool) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    let header = (bytes.len() as u32) << 3 | u32::from(last);
    out.extend(&header.to_le_bytes()[..3]);
    out.extend(bytes);
    out
}

#[test]
fn honest_pixels_are_painted_at_the_frame_end() {
    let mut decoder = ready();
    let message = rects(&[Rect::new(1, 1, 1, 1)], &stored(&[10, 20, 30], false));
    assert!(decoder.apply(&message).unwrap().is_none());
    assert!(decoder.picture().bytes().is_empty());
    let painted = decoder.apply(&frame_end(1)).unwrap().unwrap();
    assert_eq!((painted.epoch, painted.frame), (1, 1));
    assert_eq!(decoder.picture().pixel(1, 1), [10, 20, 30]);
    assert_eq!(decoder.picture().pixel(0, 0), [0, 0, 0]);
}

#[test]
fn more_pixels_than_asked_for_are_refused() {
    let message = rects(&[Rect::new(1, 1, 1, 1)], &stored(&[1, 2, 3, 4], false));
    let error = ready().apply(&message).unwrap_err();
    assert_eq!(error, DecodeError::Pixels("more"));
}

#[test]
fn fewer_pixels_than_promised_are_refused() {
    let mut decoder = ready();
    let message = rects(&[Rect::new(1, 1, 1, 1)], &stored(&[1, 2], false));
    decoder.apply(&message).unwrap();
    let error = decoder.apply(&frame_end(1)).unwrap_err();
    assert_eq!(error, DecodeError::Pixels("fewer"));
}

#[test]
fn a_bomb_stops_at_the_first_byte_too_many() {
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 1).unwrap();
    assert!(bomb.len() < 20_000);
    let message = rects(&[Rect::new(0, 0, 1, 1)], &bomb);
    let error = ready().apply(&message).unwrap_err();
    assert!(matches!(
        error,
        DecodeError::Pixels("more") | DecodeError::Stream(_)
    ));
}

#[test]
fn a_window_larger_than_announced_is_refused() {
    let mut data = stored(&[1, 2, 3], false);
    data[5] = 0xf8;
    let error = ready()
        .apply(&rects(&[Rect::new(0, 0, 1, 1)], &data))
        .unwrap_err();
    assert!(matches!(error, DecodeError::Stream(_)));
}

#[test]
fn a_stream_that_ends_is_refused() {
    let message = rects(&[Rect::new(0, 0, 1, 1)], &stored(&[1, 2, 3], true));
    let error = ready().apply(&message).unwrap_err();
    assert!(matches!(error, DecodeError::Stream(_)));
}

#[test]
fn rectangles_outside_are_refused() {
    let outside = [Rect::new(7, 7, 2, 1), Rect::new(65_535, 0, 65_535, 1)];
    for rect in outside {
        let error = ready().apply(&rects(&[rect], &[])).unwrap_err();
        assert_eq!(error, DecodeError::Outside);
        let copy = DeviceMessage::Copy {
            from: rect,
            x: 0,
            y: 0,
        };
        assert_eq!(refusal(&copy), DecodeError::Outside);
    }
    let copy = DeviceMessage::Copy {
        from: Rect::new(0, 0, 8, 8),
        x: 0,
        y: 1,
    };
    assert_eq!(refusal(&copy), DecodeError::Outside);
}

#[test]
fn an_update_without_end_is_refused() {
    let mut decoder = ready();
    let message = rects(&[Rect::new(0, 0, 8, 8)], &[]);
    decoder.apply(&message).unwrap();
    decoder.apply(&message).unwrap();
    assert_eq!(decoder.apply(&message).unwrap_err(), DecodeError::Endless);
    let copy = DeviceMessage::Copy {
        from: Rect::new(0, 0, 1, 1),
        x: 1,
        y: 1,
    };
    let mut decoder = ready();
    let refused = (0..1000).find_map(|_| decoder.apply(&copy.to_bytes()).err());
    assert_eq!(refused, Some(DecodeError::Endless));
}

#[test]
fn what_was_not_offered_is_refused_by_name() {
    let jpeg = DeviceMessage::Jpeg {
        rect: Rect::new(0, 0, 8, 8),
        data: &[0xff],
    };
    assert_eq!(refusal(&jpeg), DecodeError::Unsupported("a JPEG picture"));
    let video = DeviceMessage::VideoOpen {
        stream: 0,
        codec: Codec::Vp9,
        rect: Rect::new(0, 0, 8, 8),
    };
    assert_eq!(refusal(&video), DecodeError::Unsupported("video"));
}

#[test]
fn messages_out_of_order_are_refused() {
    let mut decoder = Decoder::new();
    let early = decoder.apply(&display(8, 8).to_bytes()).unwrap_err();
    assert!(matches!(early, DecodeError::Order(_)));
    assert!(matches!(refusal(&hello()), DecodeError::Order(_)));
    assert!(matches!(refusal(&epoch(1)), DecodeError::Order(_)));
    assert!(matches!(refusal(&display(9, 9)), DecodeError::Order(_)));
    let late = ready().apply(&frame_end(2)).unwrap_err();
    assert!(matches!(late, DecodeError::Order(_)));
    let mut newer = hello().to_bytes();
    newer[1] = 9;
    let error = Decoder::new().apply(&newer).unwrap_err();
    assert_eq!(error, DecodeError::Version(9));
}

#[test]
fn a_display_beyond_the_bounds_is_refused_before_memory_is_taken() {
    for (width, height) in [(0, 8), (8, 0), (16_385, 1), (16_384, 16_384)] {
        let bytes = display(width, height).to_bytes();
        let error = DeviceMessage::parse(&bytes).unwrap_err();
        assert_eq!(error, MessageError::Bounds("display size"));
    }
}

#[test]
fn after_an_error_everything_is_skipped_until_the_next_epoch() {
    let mut decoder = ready();
    decoder.apply(&frame_end(1)).unwrap();
    decoder
        .apply(&rects(&[Rect::new(9, 9, 9, 9)], &[]))
        .unwrap_err();
    assert!(decoder.apply(&frame_end(2)).unwrap().is_none());
    assert!(decoder.apply(&epoch(2).to_bytes()).unwrap().is_none());
    let painted = decoder.apply(&frame_end(1)).unwrap().unwrap();
    assert_eq!((painted.epoch, painted.frame), (2, 1));
}

#[test]
fn any_bytes_are_parsed_exactly_or_refused() {
    bolero::check!().for_each(|bytes: &[u8]| {
        if let Ok(message) = DeviceMessage::parse(bytes) {
            let again = message.to_bytes();
            assert_eq!(DeviceMessage::parse(&again).as_ref(), Ok(&message));
            // The features of a newer peer are the only bits that we do not know.
            assert_eq!(again, bytes);
        }
        if let Ok(message) = ViewerMessage::parse(bytes) {
            assert_eq!(message.to_bytes(), bytes);
        }
    });
}

#[test]
fn any_messages_leave_the_decoder_alive() {
    bolero::check!()
        .with_type::<Vec<(u8, Vec<u8>)>>()
        .for_each(|messages| {
            let mut decoder = ready();
            for (kind, rest) in messages {
                let message = [&[kind % 16], &rest[..]].concat();
                let oversized = kind % 16 == 2 && rest.len() > 3 && (rest[0] > 0 || rest[2] > 0);
                if !oversized {
                    let _ = decoder.apply(&message);
                }
            }
            let number = u32::MAX;
            let revived = decoder.apply(&epoch(number).to_bytes());
            if revived.is_ok() {
                assert!(decoder.apply(&frame_end(1)).unwrap().is_some());
            }
        });
}
