//! From damage to messages for one viewer: a pure value, see the crate's page for its loop.

use std::io;

use crate::damage::Region;
use crate::diff;
use crate::encode::Stream;
use crate::flow::Flow;
use crate::geometry::{Rect, Size};
use crate::limits::{
    COPIES_PER_FRAME_MAX, EPOCH_INTERVAL_MS_MIN, FRAME_INTERVAL_MS_MAX, FRAME_INTERVAL_MS_MIN,
    MASKS_MAX, MESSAGE_BYTES_MAX, RECTS_PER_FRAME_MAX, VERSION, WINDOW_LOG_MAX,
};
use crate::message::{
    CursorShape, DeviceMessage, Features, MessageError, Output, Preference, ViewerMessage,
};
use crate::picture::{Picture, View, rows};
use crate::scroll;

/// Colour of masked areas: blue, green, red.
pub const MASK_COLOUR: [u8; 3] = [0x60, 0x58, 0x50];

const RECTS_WRITTEN_MAX: usize = 512;
const BAND_PIXELS: u64 = 64 * 1024;
const WINDOW_LOG_LEAST: u8 = 17;

/// What a display is, apart from its pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// In pixels.
    pub size: Size,
    /// Scale of text in percent.
    pub scale_percent: u16,
    /// Monitors.
    pub outputs: Vec<Output>,
}

/// Why a viewer's message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewerError {
    /// Not a message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Another version of the screen protocol.
    #[error(
        "the viewer speaks version {0} of the screen protocol, this device {VERSION}; update the older one"
    )]
    Version(u8),
}

/// The encoder of one viewer.
pub struct Pipeline {
    display: Display,
    shown: Picture,
    pending: Region,
    masks: Vec<Rect>,
    stream: Option<Stream>,
    greeted: bool,
    display_is_news: bool,
    epoch: u32,
    epoch_at_ms: Option<u64>,
    frame: u32,
    frame_at_ms: Option<u64>,
    flow: Flow,
    cursor: Option<CursorShape>,
    cursor_shape_is_news: bool,
    cursor_position: Option<(u16, u16)>,
    preference: Preference,
    rate_kbit_max: u32,
    frame_bytes: u64,
    features: Features,
}

impl Pipeline {
    /// A pipeline for a viewer that knows nothing yet: everything is pending.
    pub fn new(display: Display) -> Self {
        let mut pipeline = Self {
            shown: Picture::default(),
            pending: Region::new(),
            masks: Vec::new(),
            stream: None,
            greeted: false,
            display_is_news: true,
            epoch: 0,
            epoch_at_ms: None,
            frame: 0,
            frame_at_ms: None,
            flow: Flow::default(),
            cursor: None,
            cursor_shape_is_news: false,
            cursor_position: None,
            preference: Preference::default(),
            rate_kbit_max: 0,
            frame_bytes: 0,
            features: Features::default(),
            display,
        };
        pipeline.pend_everything();
        pipeline
    }

    /// The display has another size, scale or outputs.
    pub fn on_display(&mut self, display: Display) {
        if display != self.display {
            self.display = display;
            self.display_is_news = true;
            self.lose_viewer();
        }
    }

    /// Pixels changed there.
    pub fn on_damage(&mut self, damage: &Region) {
        self.pending.add_region(damage, self.display.size);
    }

    /// Replaces the areas that no picture may show. To hide a window set the mask before it is
    /// mapped, and take the mask away after it is gone. At most [`MASKS_MAX`] are kept apart.
    pub fn set_masks(&mut self, masks: &[Rect]) {
        if masks == self.masks {
            return;
        }
        for mask in self.masks.iter().chain(masks) {
            self.pending.add(*mask, self.display.size);
        }
        self.masks = masks.iter().take(MASKS_MAX).copied().collect();
        for mask in masks.iter().skip(MASKS_MAX) {
            self.masks[MASKS_MAX - 1] = self.masks[MASKS_MAX - 1].union(*mask);
        }
    }

    /// The pointer looks different.
    pub fn on_cursor_shape(&mut self, shape: &CursorShape) {
        if self.cursor.as_ref() != Some(shape) {
            self.cursor = Some(shape.clone());
            self.cursor_shape_is_news = true;
        }
    }

    /// The pointer moved, other than by this viewer's own input.
    pub fn on_cursor_position(&mut self, x: u16, y: u16) {
        self.cursor_position = Some((x, y));
    }

    /// A message of the viewer came.
    pub fn on_message(&mut self, bytes: &[u8], now_ms: u64) -> Result<(), ViewerError> {
        match ViewerMessage::parse(bytes)? {
            ViewerMessage::Hello { version, features } => {
                if version != VERSION {
                    return Err(ViewerError::Version(version));
                }
                self.features = features;
            }
            ViewerMessage::Ack { epoch, frame } => {
                if epoch == self.epoch {
                    self.flow.on_ack(frame, now_ms);
                }
            }
            ViewerMessage::NeedEpoch => self.lose_viewer(),
            ViewerMessage::Quality {
                preference,
                rate_kbit_max,
            } => {
                self.preference = preference;
                self.rate_kbit_max = rate_kbit_max;
            }
        }
        Ok(())
    }

    /// What the viewer prefers.
    pub fn preference(&self) -> Preference {
        self.preference
    }

    /// What the viewer can decode beyond lossless rectangles.
    pub fn viewer_features(&self) -> Features {
        self.features
    }

    /// The region to capture now, empty when only the cursor is news; `None` when there is
    /// nothing to send or no credit to send it.
    pub fn wants(&self, now_ms: u64) -> Option<&Region> {
        let ready = self.has_news()
            && self.flow.has_credit()
            && self.wait_ms(now_ms).is_none_or(|wait_ms| wait_ms == 0);
        ready.then_some(&self.pending)
    }

    /// Milliseconds until [`Pipeline::wants`] may change by time alone; `None` when it does not.
    pub fn wait_ms(&self, now_ms: u64) -> Option<u64> {
        if !self.has_news() || !self.flow.has_credit() {
            return None;
        }
        let left = |since: Option<u64>, interval: u64| {
            since.map_or(0, |at| (at + interval).saturating_sub(now_ms).min(interval))
        };
        let epoch_left = match self.stream {
            Some(_) => 0,
            None => left(self.epoch_at_ms, EPOCH_INTERVAL_MS_MIN),
        };
        Some(left(self.frame_at_ms, self.frame_interval_ms()).max(epoch_left))
    }

    /// Encodes one update from a picture of the display in which the region that
    /// [`Pipeline::wants`] named is up to date. Empty when no pixel differs, or when the picture
    /// has another size than the display was said to have.
    pub fn encode(&mut self, new: View<'_>, now_ms: u64) -> io::Result<Vec<Vec<u8>>> {
        if new.size() != self.display.size {
            return Ok(Vec::new());
        }
        let mut messages = Vec::new();
        if self.stream.is_none() {
            self.start_epoch(&mut messages, now_ms)?;
        }
        self.encode_cursor(&mut messages);
        self.encode_region(new, &mut messages)?;
        if messages.is_empty() {
            return Ok(messages);
        }
        self.frame += 1;
        self.frame_at_ms = Some(now_ms);
        messages.push(DeviceMessage::FrameEnd { frame: self.frame }.to_bytes());
        self.frame_bytes = messages.iter().map(|message| message.len() as u64).sum();
        self.flow.on_sent(self.frame, self.frame_bytes, now_ms);
        Ok(messages)
    }

    /// Whether an update could be sent. While no viewer has credit, wait for viewers alone and
    /// leave the display's events where they are.
    pub fn has_credit(&self) -> bool {
        self.flow.has_credit()
    }

    /// Time from the last update to the next: bytes x 8 / (kbit/s) are milliseconds.
    fn frame_interval_ms(&self) -> u64 {
        (self.frame_bytes * 8)
            .checked_div(self.rate_kbit_max.into())
            .unwrap_or(0)
            .clamp(FRAME_INTERVAL_MS_MIN, FRAME_INTERVAL_MS_MAX)
    }

    fn has_news(&self) -> bool {
        self.stream.is_none()
            || !self.pending.is_empty()
            || self.cursor_shape_is_news
            || self.cursor_position.is_some()
    }

    fn pend_everything(&mut self) {
        self.pending = Region::new();
        self.pending
            .add(self.display.size.rect(), self.display.size);
    }

    fn lose_viewer(&mut self) {
        self.stream = None;
        self.flow.forget();
        self.cursor_shape_is_news = self.cursor.is_some();
        self.pend_everything();
    }

    fn start_epoch(&mut self, messages: &mut Vec<Vec<u8>>, now_ms: u64) -> io::Result<()> {
        let window_log = window_log(self.display.size);
        self.stream = Some(Stream::new(window_log)?);
        self.epoch += 1;
        self.epoch_at_ms = Some(now_ms);
        self.frame = 0;
        self.shown = Picture::new(self.display.size);
        if !self.greeted {
            self.greeted = true;
            let hello = DeviceMessage::Hello {
                version: VERSION,
                features: Features::default(),
            };
            messages.push(hello.to_bytes());
        }
        if self.display_is_news {
            self.display_is_news = false;
            let display = DeviceMessage::Display {
                width: self.display.size.width,
                height: self.display.size.height,
                scale_percent: self.display.scale_percent,
                outputs: self.display.outputs.clone(),
            };
            messages.push(display.to_bytes());
        }
        let epoch = DeviceMessage::Epoch {
            number: self.epoch,
            window_log,
        };
        messages.push(epoch.to_bytes());
        Ok(())
    }

    fn encode_cursor(&mut self, messages: &mut Vec<Vec<u8>>) {
        if std::mem::take(&mut self.cursor_shape_is_news)
            && let Some(shape) = &self.cursor
        {
            messages.push(DeviceMessage::CursorShape(shape.clone()).to_bytes());
        }
        if let Some((x, y)) = self.cursor_position.take() {
            messages.push(DeviceMessage::CursorPosition { x, y }.to_bytes());
        }
    }

    fn encode_region(&mut self, new: View<'_>, messages: &mut Vec<Vec<u8>>) -> io::Result<()> {
        let damage = self.pending.take();
        let mut copies = 0;
        let mut rects = Vec::new();
        for (index, area) in damage.rects().iter().enumerate() {
            for area in diff::without(*area, &damage.rects()[..index]) {
                for piece in diff::without(area, &self.masks) {
                    copies += self.copy_moved(new, piece, COPIES_PER_FRAME_MAX - copies, messages);
                    rects.extend(diff::changed(self.shown.view(), new, piece));
                }
                rects.extend(self.unmasked(area));
            }
        }
        self.encode_rects(new, rects, messages)
    }

    /// Where a mask lies on the area but the viewer still sees something else.
    fn unmasked(&self, area: Rect) -> Vec<Rect> {
        let is_plain = |rect: Rect| {
            let row = |y| {
                self.shown
                    .view()
                    .row(rect.x, y, rect.width)
                    .as_chunks::<4>()
                    .0
            };
            rows(rect).all(|y| row(y).iter().all(|pixel| pixel[..3] == MASK_COLOUR))
        };
        let size = self.display.size.rect();
        self.masks
            .iter()
            .map(|mask| mask.intersection(area).intersection(size))
            .filter(|rect| !rect.is_empty() && !is_plain(*rect))
            .collect()
    }

    fn copy_moved(
        &mut self,
        new: View<'_>,
        piece: Rect,
        copies_max: usize,
        messages: &mut Vec<Vec<u8>>,
    ) -> usize {
        let mut moves = scroll::moves(self.shown.view(), new, piece);
        moves.truncate(copies_max);
        for found in &moves {
            let (from, x, y) = (found.from, found.from.x, found.y);
            self.shown.copy(from, x, y);
            messages.push(DeviceMessage::Copy { from, x, y }.to_bytes());
        }
        moves.len()
    }

    /// Sends the rectangles as far as the credit goes; the others stay pending.
    fn encode_rects(
        &mut self,
        new: View<'_>,
        rects: Vec<Rect>,
        messages: &mut Vec<Vec<u8>>,
    ) -> io::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        let budget = usize::try_from(self.flow.budget()).unwrap_or(usize::MAX);
        let mut sent: Vec<Rect> = Vec::new();
        for band in rects.into_iter().flat_map(bands) {
            if stream.out_bytes() > budget || sent.len() == RECTS_PER_FRAME_MAX {
                self.pending.add(band, self.display.size);
                continue;
            }
            self.shown.paste(band, new);
            for mask in &self.masks {
                self.shown.fill(mask.intersection(band), MASK_COLOUR);
            }
            stream.add(self.shown.view(), band)?;
            sent.push(band);
        }
        if !sent.is_empty() {
            write_rects(&sent, &stream.flush()?, messages);
        }
        Ok(())
    }
}

/// The window holds a picture and a quarter, so that a window shown before is found again; both
/// ends pay for more in memory, and the browser in time.
fn window_log(size: Size) -> u8 {
    let bytes = size.pixels() * 3 * 5 / 4;
    let log = bytes.max(1).next_power_of_two().trailing_zeros() as u8;
    log.clamp(WINDOW_LOG_LEAST, WINDOW_LOG_MAX)
}

/// Cuts a large rectangle into bands, so that the encoder can stop between them.
fn bands(rect: Rect) -> impl Iterator<Item = Rect> {
    let height = (BAND_PIXELS / u64::from(rect.width.max(1))).clamp(1, u64::from(u16::MAX)) as u16;
    rows(rect)
        .step_by(usize::from(height))
        .map(move |y| Rect::new(rect.x, y, rect.width, height.min(rect.y + rect.height - y)))
}

/// Writes all rectangles before the first byte of the stream, which may fill further messages.
fn write_rects(rects: &[Rect], data: &[u8], messages: &mut Vec<Vec<u8>>) {
    let mut lists: Vec<&[Rect]> = rects.chunks(RECTS_WRITTEN_MAX).collect();
    let last = lists.pop().unwrap_or_default();
    for list in lists {
        messages.push(rects_message(list, &[]));
    }
    let room = MESSAGE_BYTES_MAX - 3;
    let (first, rest) = data.split_at(data.len().min(room - last.len() * 8));
    messages.push(rects_message(last, first));
    for piece in rest.chunks(room) {
        messages.push(rects_message(&[], piece));
    }
}

fn rects_message(rects: &[Rect], data: &[u8]) -> Vec<u8> {
    DeviceMessage::Rects {
        rects: rects.to_vec(),
        data,
    }
    .to_bytes()
}
