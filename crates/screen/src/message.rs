//! The messages of the screen stream: binary, one per frame of the channel, numbers big-endian.
//!
//! ```text
//! to the viewer                                                 to the device
//!
//! hello, display, epoch 1                                       hello
//! rects .. rects, cursor shape, cursor position, frame end 1    ack 1:1
//! copy, rects, frame end 2                                      ack 1:2
//! display, epoch 2, rects .., frame end 1                       ack 2:1
//!                                                               need epoch, quality
//! ```
//!
//! Everything between two frame ends is painted at once, at the second of them. `display` blanks
//! the picture to black in its new size and must be followed by `epoch`. `epoch` also blanks
//! it, starts a new zstd stream and counts frames from 1 again; `display` and `epoch` come only
//! at the start of an update.
//!
//! | byte 0 | message | rest |
//! |---|---|---|
//! | 1 | hello (both ways) | `u8` version, `u8` features: bit 0 JPEG, 1 VP8, 2 VP9, 3 H.264, 4 AV1 |
//! | 2 | display | `u16` width, `u16` height, `u16` scale in percent, `u8` outputs, then for each: rect, `u8` 1 if primary else 0, `u8` bytes of name, name (UTF-8) |
//! | 3 | epoch | `u32` number (from 1), `u8` log2 of the zstd window |
//! | 4 | rects | `u16` count, rects, then a piece of the epoch's zstd stream (may be empty) |
//! | 5 | copy | rect to copy from, `u16` x, `u16` y to copy to |
//! | 6 | jpeg | rect, a JPEG of that size |
//! | 7 | video open | `u8` stream, `u8` codec (1 VP8, 2 VP9, 3 H.264, 4 AV1), rect |
//! | 8 | video frame | `u8` stream, `u8` flags (bit 0 key frame, bit 1 continued by the next message), `u32` time in ms, data |
//! | 9 | video close | `u8` stream |
//! | 10 | cursor shape | `u16` width, `u16` height, `u16` hot x, `u16` hot y, width x height pixels `R G B A`, alpha not multiplied; 0 x 0 hides it |
//! | 11 | cursor position | `u16` x, `u16` y |
//! | 12 | frame end | `u32` number (from 1 in each epoch) |
//! | 13 | ack (to the device) | `u32` epoch, `u32` frame: painted |
//! | 14 | need epoch (to the device) | nothing: the viewer lost the thread, start over |
//! | 15 | quality (to the device) | `u8` 0 automatic, 1 exact, 2 fluent; `u32` most kbit/s, 0 for no bound |
//!
//! A rect is `u16` x, `u16` y, `u16` width, `u16` height, not empty and within the display.
//!
//! The rects of an epoch form one queue and its pieces of zstd one stream (RFC 8878) without
//! content size or checksum: what it decompresses to are the pixels `B G R` of the queued rects,
//! row after row. The queue must be complete when a copy, jpeg, video frame or frame end comes;
//! a byte more than the queue asks for is an error. The device flushes the stream at each of
//! these points.

mod read;
mod write;

use crate::geometry::Rect;

/// What a peer can do beyond lossless rectangles; bits of the hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Features(pub u8);

impl Features {
    /// JPEG pictures.
    pub const JPEG: u8 = 1;
    /// VP8 video.
    pub const VP8: u8 = 2;
    /// VP9 video.
    pub const VP9: u8 = 4;
    /// H.264 video.
    pub const H264: u8 = 8;
    /// AV1 video.
    pub const AV1: u8 = 16;

    /// Whether every bit of `features` is there.
    pub fn has(self, features: u8) -> bool {
        self.0 & features == features
    }
}

/// One monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where it is on the display.
    pub rect: Rect,
    /// Whether it is the main one.
    pub primary: bool,
    /// Its name as the system gives it; words of the device, not trusted.
    pub name: String,
}

/// The shape of the pointer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CursorShape {
    /// Columns; 0 when hidden.
    pub width: u16,
    /// Rows; 0 when hidden.
    pub height: u16,
    /// Column that points.
    pub hot_x: u16,
    /// Row that points.
    pub hot_y: u16,
    /// Pixels `R G B A`, row after row, alpha not multiplied.
    pub rgba: Vec<u8>,
}

/// How a video stream is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Codec {
    /// VP8 (RFC 6386).
    Vp8 = 1,
    /// VP9.
    Vp9 = 2,
    /// H.264, Annex B.
    H264 = 3,
    /// AV1.
    Av1 = 4,
}

/// What the viewer prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Preference {
    /// The device judges.
    #[default]
    Automatic = 0,
    /// Every pixel exact, even if slower.
    Exact = 1,
    /// Fluent motion, even if blurred.
    Fluent = 2,
}

/// From the device to the viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceMessage<'a> {
    /// First message.
    Hello {
        /// [`crate::limits::VERSION`].
        version: u8,
        /// What the device may send.
        features: Features,
    },
    /// Size and outputs of the display; blanks the picture.
    Display {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
        /// Scale of text in percent.
        scale_percent: u16,
        /// Monitors.
        outputs: Vec<Output>,
    },
    /// Start of a zstd stream; blanks the picture.
    Epoch {
        /// Counts from 1.
        number: u32,
        /// log2 of the window in bytes.
        window_log: u8,
    },
    /// Rectangles to queue and the next piece of the stream with their pixels.
    Rects {
        /// Joins the queue.
        rects: Vec<Rect>,
        /// Next piece of the stream.
        data: &'a [u8],
    },
    /// Move pixels within the picture.
    Copy {
        /// Where they are.
        from: Rect,
        /// Left column of where they go.
        x: u16,
        /// Upper row of where they go.
        y: u16,
    },
    /// A photo.
    Jpeg {
        /// Where it goes.
        rect: Rect,
        /// The JPEG.
        data: &'a [u8],
    },
    /// A moving area starts.
    VideoOpen {
        /// Below [`crate::limits::VIDEO_STREAMS_MAX`].
        stream: u8,
        /// How it is coded.
        codec: Codec,
        /// Where it goes.
        rect: Rect,
    },
    /// A picture of a moving area, or a part of one.
    VideoFrame {
        /// An open stream.
        stream: u8,
        /// Whether it needs no earlier frame.
        key: bool,
        /// Whether the next message continues it.
        more: bool,
        /// When it was captured, in milliseconds since the stream opened.
        time_ms: u32,
        /// As the codec gave it.
        data: &'a [u8],
    },
    /// A moving area ends.
    VideoClose {
        /// An open stream.
        stream: u8,
    },
    /// The pointer looks different.
    CursorShape(CursorShape),
    /// The pointer is elsewhere.
    CursorPosition {
        /// Column of the hot spot.
        x: u16,
        /// Row of the hot spot.
        y: u16,
    },
    /// Paint now.
    FrameEnd {
        /// Counts from 1 in each epoch.
        frame: u32,
    },
}

/// From the viewer to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewerMessage {
    /// First message.
    Hello {
        /// [`crate::limits::VERSION`].
        version: u8,
        /// What the viewer can decode.
        features: Features,
    },
    /// The frame is on the viewer's screen.
    Ack {
        /// Epoch of the frame.
        epoch: u32,
        /// Its number.
        frame: u32,
    },
    /// Start over with a new epoch.
    NeedEpoch,
    /// What the viewer prefers.
    Quality {
        /// Exact or fluent.
        preference: Preference,
        /// Most kbit/s; 0 for no bound.
        rate_kbit_max: u32,
    },
}

/// Why a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// No bytes.
    #[error("the screen message is empty")]
    Empty,
    /// Over [`crate::limits::MESSAGE_BYTES_MAX`].
    #[error("the screen message has {0} bytes, more than {max}", max = crate::limits::MESSAGE_BYTES_MAX)]
    TooLong(usize),
    /// Byte 0 names no message in this direction.
    #[error("screen message kind {0} is not known here; the peer may be newer than this program")]
    UnknownKind(u8),
    /// It ends too early.
    #[error("the screen message ends in the middle of its {0}")]
    Short(&'static str),
    /// Bytes are left over.
    #[error("the screen message has {0} bytes too many")]
    Trailing(usize),
    /// A field holds what it must not.
    #[error("the screen message has a {0} out of bounds")]
    Bounds(&'static str),
}
