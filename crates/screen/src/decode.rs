//! The decoder of the technician's side, for a device that may be hostile.
//!
//! Sizes are checked before memory is taken, rectangles before they are painted, and the
//! stream gives no byte more than its rectangles ask for.

use std::collections::VecDeque;

use zstd::stream::raw::{DParameter, Decoder as Decompressor, InBuffer, Operation, OutBuffer};

use crate::damage::Region;
use crate::geometry::{Rect, Size};
use crate::limits::{COPIES_PER_FRAME_MAX, FRAME_COVERS_MAX, RECTS_PER_FRAME_MAX, VERSION};
use crate::message::{CursorShape, DeviceMessage, MessageError};
use crate::picture::{PIXEL_BYTES, Picture, rows};
use crate::pipeline::Display;

const SCRATCH_BYTES: usize = 64 * 1024;

/// Why the device's message was refused. The viewer then asks for a new epoch, or gives up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not a message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Another version of the screen protocol.
    #[error(
        "the device speaks version {0} of the screen protocol, this viewer {VERSION}; update the older one"
    )]
    Version(u8),
    /// Right message, wrong moment.
    #[error("the device sent {0} at the wrong moment")]
    Order(&'static str),
    /// A rectangle leaves the display.
    #[error("the device sent a rectangle outside of its display")]
    Outside,
    /// More rectangles or pixels in one update than a display can need.
    #[error("the device sent an update without end")]
    Endless,
    /// Pixels do not match their rectangles.
    #[error("the device sent {0} pixels than its rectangles hold")]
    Pixels(&'static str),
    /// The zstd stream is broken.
    #[error("the device's pixel stream is broken: {0}")]
    Stream(String),
    /// A kind of message that this decoder cannot show.
    #[error("the device sent {0}, which this viewer did not offer to decode")]
    Unsupported(&'static str),
}

/// An update that was painted; acknowledge it once it is on the screen.
#[derive(Clone, Debug)]
pub struct Painted {
    /// Epoch of the frame.
    pub epoch: u32,
    /// Its number.
    pub frame: u32,
    /// Where the picture changed.
    pub region: Region,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Silent,
    Greeted,
    NeedsEpoch,
    Running,
    Lost,
}

/// Picture, cursor and stream of one display.
pub struct Decoder {
    phase: Phase,
    display: Option<Display>,
    back: Picture,
    front: Picture,
    stream: Option<PixelStream>,
    epoch: u32,
    frame: u32,
    update: Update,
    cursor: CursorShape,
    cursor_position: Option<(u16, u16)>,
}

#[derive(Default)]
struct Update {
    started: bool,
    changed: Region,
    rects: usize,
    copies: usize,
    pixels: u64,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder that waits for the device's hello.
    pub fn new() -> Self {
        Self {
            phase: Phase::Silent,
            display: None,
            back: Picture::default(),
            front: Picture::default(),
            stream: None,
            epoch: 0,
            frame: 0,
            update: Update::default(),
            cursor: CursorShape::default(),
            cursor_position: None,
        }
    }

    /// The picture as of the last frame end.
    pub fn picture(&self) -> &Picture {
        &self.front
    }

    /// What the device said of its display.
    pub fn display(&self) -> Option<&Display> {
        self.display.as_ref()
    }

    /// The shape of the pointer.
    pub fn cursor(&self) -> &CursorShape {
        &self.cursor
    }

    /// Where the pointer is, if the device said so.
    pub fn cursor_position(&self) -> Option<(u16, u16)> {
        self.cursor_position
    }

    /// Takes one message; gives what was painted when it ends an update. After an error
    /// everything until the next epoch is skipped.
    pub fn apply(&mut self, bytes: &[u8]) -> Result<Option<Painted>, DecodeError> {
        let result = self.take(bytes);
        if result.is_err() && self.phase != Phase::Silent {
            self.phase = Phase::Lost;
            self.stream = None;
            self.update = Update::default();
        }
        result
    }

    fn take(&mut self, bytes: &[u8]) -> Result<Option<Painted>, DecodeError> {
        let message = DeviceMessage::parse(bytes)?;
        match (&message, self.phase) {
            (DeviceMessage::Hello { version, .. }, Phase::Silent) => {
                if *version != VERSION {
                    return Err(DecodeError::Version(*version));
                }
                self.phase = Phase::Greeted;
                return Ok(None);
            }
            (DeviceMessage::Hello { .. }, _) => return Err(DecodeError::Order("a second hello")),
            (_, Phase::Silent) => return Err(DecodeError::Order("a message before its hello")),
            (DeviceMessage::Display { .. } | DeviceMessage::Epoch { .. }, _) => {}
            (_, Phase::Lost) => return Ok(None),
            (_, Phase::Running) => {}
            _ => return Err(DecodeError::Order("a message before an epoch")),
        }
        self.paint(message)
    }

    fn paint(&mut self, message: DeviceMessage<'_>) -> Result<Option<Painted>, DecodeError> {
        match message {
            DeviceMessage::Display {
                width,
                height,
                scale_percent,
                outputs,
            } => self.set_display(Display {
                size: Size::new(width, height),
                scale_percent,
                outputs,
            })?,
            DeviceMessage::Epoch { number, window_log } => self.start_epoch(number, window_log)?,
            DeviceMessage::Rects { rects, data } => self.queue(&rects, data)?,
            DeviceMessage::Copy { from, x, y } => self.copy(from, x, y)?,
            DeviceMessage::CursorShape(shape) => self.cursor = shape,
            DeviceMessage::CursorPosition { x, y } => self.cursor_position = Some((x, y)),
            DeviceMessage::FrameEnd { frame } => return self.end_frame(frame).map(Some),
            DeviceMessage::Jpeg { .. } => return Err(DecodeError::Unsupported("a JPEG picture")),
            DeviceMessage::VideoOpen { .. }
            | DeviceMessage::VideoFrame { .. }
            | DeviceMessage::VideoClose { .. } => return Err(DecodeError::Unsupported("video")),
            DeviceMessage::Hello { .. } => return Err(DecodeError::Order("a second hello")),
        }
        Ok(None)
    }

    fn set_display(&mut self, display: Display) -> Result<(), DecodeError> {
        if self.update.started {
            return Err(DecodeError::Order("a display within an update"));
        }
        self.display = Some(display);
        self.stream = None;
        self.phase = Phase::NeedsEpoch;
        Ok(())
    }

    fn start_epoch(&mut self, number: u32, window_log: u8) -> Result<(), DecodeError> {
        let Some(display) = &self.display else {
            return Err(DecodeError::Order("an epoch before its display"));
        };
        if self.update.started {
            return Err(DecodeError::Order("an epoch within an update"));
        }
        if number <= self.epoch {
            return Err(DecodeError::Order("an epoch out of order"));
        }
        self.back = Picture::new(display.size);
        self.stream = Some(PixelStream::new(window_log)?);
        self.update = Update {
            started: true,
            ..Update::default()
        };
        self.update.changed.add(display.size.rect(), display.size);
        self.epoch = number;
        self.frame = 0;
        self.phase = Phase::Running;
        Ok(())
    }

    fn queue(&mut self, rects: &[Rect], data: &[u8]) -> Result<(), DecodeError> {
        let size = self.back.size();
        let stream = self
            .stream
            .as_mut()
            .ok_or(DecodeError::Order("rects before an epoch"))?;
        self.update.started = true;
        for rect in rects {
            if !rect.fits(size) {
                return Err(DecodeError::Outside);
            }
            self.update.rects += 1;
            self.update.pixels += rect.pixels();
            self.update.changed.add(*rect, size);
        }
        if self.update.rects > RECTS_PER_FRAME_MAX
            || self.update.pixels > FRAME_COVERS_MAX * size.pixels()
        {
            return Err(DecodeError::Endless);
        }
        stream.queue.extend(rects);
        stream.feed(data, &mut self.back)
    }

    fn copy(&mut self, from: Rect, x: u16, y: u16) -> Result<(), DecodeError> {
        let size = self.back.size();
        let to = Rect::new(x, y, from.width, from.height);
        if !from.fits(size) || !to.fits(size) {
            return Err(DecodeError::Outside);
        }
        self.check_complete()?;
        self.update.started = true;
        self.update.copies += 1;
        if self.update.copies > COPIES_PER_FRAME_MAX {
            return Err(DecodeError::Endless);
        }
        self.back.copy(from, x, y);
        self.update.changed.add(to, size);
        Ok(())
    }

    fn end_frame(&mut self, frame: u32) -> Result<Painted, DecodeError> {
        self.check_complete()?;
        if frame != self.frame.wrapping_add(1) {
            return Err(DecodeError::Order("a frame end out of order"));
        }
        self.frame = frame;
        let region = std::mem::take(&mut self.update).changed;
        if self.front.size() == self.back.size() {
            for rect in region.rects() {
                self.front.paste(*rect, self.back.view());
            }
        } else {
            self.front = self.back.clone();
        }
        Ok(Painted {
            epoch: self.epoch,
            frame,
            region,
        })
    }

    fn check_complete(&self) -> Result<(), DecodeError> {
        match &self.stream {
            Some(stream) if !stream.queue.is_empty() => Err(DecodeError::Pixels("fewer")),
            _ => Ok(()),
        }
    }
}

struct PixelStream {
    decompressor: Decompressor<'static>,
    scratch: Vec<u8>,
    queue: VecDeque<Rect>,
    rows_done: u16,
    row: Vec<u8>,
}

impl PixelStream {
    fn new(window_log: u8) -> Result<Self, DecodeError> {
        let mut decompressor = Decompressor::new().map_err(broken)?;
        decompressor
            .set_parameter(DParameter::WindowLogMax(window_log.into()))
            .map_err(broken)?;
        Ok(Self {
            decompressor,
            scratch: vec![0; SCRATCH_BYTES],
            queue: VecDeque::new(),
            rows_done: 0,
            row: Vec::new(),
        })
    }

    fn feed(&mut self, data: &[u8], picture: &mut Picture) -> Result<(), DecodeError> {
        if data.is_empty() {
            return Ok(());
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut input = InBuffer::around(data);
        loop {
            let mut output = OutBuffer::around(&mut scratch[..]);
            let hint = self
                .decompressor
                .run(&mut input, &mut output)
                .map_err(broken)?;
            let written = output.as_slice().len();
            self.paint(output.as_slice(), picture)?;
            if hint == 0 {
                return Err(DecodeError::Stream("it ended".to_owned()));
            }
            if input.pos() == data.len() && written < SCRATCH_BYTES {
                break;
            }
        }
        self.scratch = scratch;
        Ok(())
    }

    fn paint(&mut self, mut bytes: &[u8], picture: &mut Picture) -> Result<(), DecodeError> {
        while !bytes.is_empty() {
            let Some(rect) = self.queue.front().copied() else {
                return Err(DecodeError::Pixels("more"));
            };
            let missing = usize::from(rect.width) * 3 - self.row.len();
            let (part, rest) = bytes.split_at(missing.min(bytes.len()));
            self.row.extend_from_slice(part);
            bytes = rest;
            if part.len() < missing {
                return Ok(());
            }
            let y = rect.y + self.rows_done;
            let target = picture.row_mut(rect.x, y, rect.width);
            for (pixel, bgr) in target
                .chunks_exact_mut(PIXEL_BYTES)
                .zip(self.row.chunks_exact(3))
            {
                pixel[..3].copy_from_slice(bgr);
            }
            self.row.clear();
            self.rows_done += 1;
            if self.rows_done == rect.height {
                self.rows_done = 0;
                self.queue.pop_front();
            }
        }
        Ok(())
    }
}

fn broken(error: std::io::Error) -> DecodeError {
    DecodeError::Stream(error.to_string())
}

/// The picture as PNG (RGB, 8 bits).
pub fn to_png(picture: &Picture) -> Result<Vec<u8>, png::EncodingError> {
    let size = picture.size();
    let mut rgb = Vec::with_capacity(size.pixels() as usize * 3);
    for y in rows(size.rect()) {
        let row = picture.view().row(0, y, size.width);
        let pixels = row.chunks_exact(PIXEL_BYTES);
        rgb.extend(pixels.flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]));
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size.width.into(), size.height.into());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(out)
}
