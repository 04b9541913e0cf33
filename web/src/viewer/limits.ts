/** Every bound of the screen protocol: the mirror of `crates/screen/src/limits.rs`. */

export const VERSION = 1
export const MESSAGE_BYTES_MAX = 60_000
export const DISPLAY_SIDE_MAX = 16_384
export const DISPLAY_PIXELS_MAX = 40_000_000
export const OUTPUTS_MAX = 32
export const OUTPUT_NAME_BYTES_MAX = 64
export const SCALE_PERCENT_MIN = 25
export const SCALE_PERCENT_MAX = 1000
export const RECTS_PER_MESSAGE_MAX = 1024
export const RECTS_PER_FRAME_MAX = 16_384
export const COPIES_PER_FRAME_MAX = 256
/** The rectangles of one update together cover at most this many times the display. */
export const FRAME_COVERS_MAX = 2
export const WINDOW_LOG_MIN = 10
export const WINDOW_LOG_MAX = 24
export const CURSOR_SIDE_MAX = 120
export const VIDEO_STREAMS_MAX = 8

/** Areas that the viewer repaints apart; more are joined. */
export const PAINT_AREAS_MAX = 64
/** Broken streams after which the viewer gives the device up. */
export const LOSSES_MAX = 16
/** Longest text of one input message in bytes of UTF-8. */
export const TEXT_BYTES_MAX = 4096
