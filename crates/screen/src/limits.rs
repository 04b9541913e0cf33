//! Every bound of the screen protocol.
//!
//! A workstation may be hostile to its technician and a technician to the workstation: both
//! ends check these before they allocate.

/// Version that both hellos carry.
pub const VERSION: u8 = 1;

/// Longest message in bytes: one message fits one frame of the channel.
pub const MESSAGE_BYTES_MAX: usize = 60_000;

/// Longest side of a display in pixels.
pub const DISPLAY_SIDE_MAX: u16 = 16_384;

/// Most pixels of a display (an 8K screen has 33.2 million).
pub const DISPLAY_PIXELS_MAX: u64 = 40_000_000;

/// Most outputs (monitors) of a display.
pub const OUTPUTS_MAX: usize = 32;

/// Longest name of an output in bytes of UTF-8.
pub const OUTPUT_NAME_BYTES_MAX: usize = 64;

/// Bounds of the scale of a display in percent.
pub const SCALE_PERCENT_MIN: u16 = 25;
/// Bounds of the scale of a display in percent.
pub const SCALE_PERCENT_MAX: u16 = 1000;

/// Most rectangles in one message.
pub const RECTS_PER_MESSAGE_MAX: usize = 1024;

/// Most rectangles in one picture update (from one frame end to the next).
pub const RECTS_PER_FRAME_MAX: usize = 16_384;

/// Most copies in one picture update.
pub const COPIES_PER_FRAME_MAX: usize = 256;

/// The rectangles of one update together cover at most this many times the display.
pub const FRAME_COVERS_MAX: u64 = 2;

/// Bounds of the zstd window as a power of two: 16 MiB at most.
pub const WINDOW_LOG_MIN: u8 = 10;
/// Bounds of the zstd window as a power of two: 16 MiB at most.
pub const WINDOW_LOG_MAX: u8 = 24;

/// Longest side of a cursor in pixels; larger cursors are cropped.
pub const CURSOR_SIDE_MAX: u16 = 120;

/// Most video streams open at a time.
pub const VIDEO_STREAMS_MAX: u8 = 8;

/// Least and most bytes that may be unacknowledged.
pub const IN_FLIGHT_BYTES_MIN: u64 = 16 * 1024;
/// Least and most bytes that may be unacknowledged.
pub const IN_FLIGHT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Most updates that may be unacknowledged.
pub const FRAMES_IN_FLIGHT_MAX: usize = 32;

/// Shortest time between two updates in milliseconds.
pub const FRAME_INTERVAL_MS_MIN: u64 = 8;

/// Longest time between two updates in milliseconds that a viewer's bound of the rate may ask for.
pub const FRAME_INTERVAL_MS_MAX: u64 = 10_000;

/// Shortest time between two epochs in milliseconds: a viewer cannot make us resend without end.
pub const EPOCH_INTERVAL_MS_MIN: u64 = 200;

/// Rectangles that a region of damage keeps apart before it merges them.
pub const REGION_RECTS_MAX: usize = 64;

/// Most masked rectangles.
pub const MASKS_MAX: usize = 64;
