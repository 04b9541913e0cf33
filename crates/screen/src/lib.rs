//! Screens: capture, encode and decode. No network, no clock, nothing of the other crates.
//!
//! A device captures a display and encodes it for each viewer; a viewer decodes. The messages
//! between them are in [`message`], every bound in [`limits`].
//!
//! # Driving a device
//!
//! [`capture::Capture`] is the only part that touches the system. [`pipeline::Pipeline`] is a pure value, one
//! for each viewer; time is an argument in milliseconds that never runs backwards. Whoever drives
//! them does so from one thread:
//!
//! ```no_run
//! # extern crate wayleave_screen as screen;
//! use std::time::Duration;
//! use screen::{capture::Capture, pipeline::Pipeline};
//!
//! # fn now_ms() -> u64 { 0 }
//! # fn send(_: Vec<u8>) {}
//! # fn received() -> Vec<Vec<u8>> { Vec::new() }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut capture = Capture::open(Some(":0"))?;
//! let mut pipeline = Pipeline::new(capture.display().clone());
//! loop {
//!     for message in received() {
//!         pipeline.on_message(&message, now_ms())?;
//!     }
//!     if pipeline.has_credit() {
//!         let changes = capture.poll()?;
//!         if let Some(display) = changes.display {
//!             pipeline.on_display(display);
//!         }
//!         pipeline.on_damage(&changes.damage);
//!         if let Some(shape) = &changes.cursor {
//!             pipeline.on_cursor_shape(shape);
//!         }
//!         if let Some(region) = pipeline.wants(now_ms())
//!             && let Some(picture) = capture.grab(region)?
//!         {
//!             pipeline.encode(picture, now_ms())?.into_iter().for_each(send);
//!         }
//!     }
//!     // Until the display, a viewer or the clock has something; see `Capture::fd` to wait for
//!     // the display and for viewers at once.
//!     let timeout = pipeline.wait_ms(now_ms()).map(Duration::from_millis);
//!     capture.wait(timeout)?;
//! }
//! # }
//! ```
//!
//! With several viewers every pipeline hears of every change, and the picture is grabbed for the
//! regions of all that want one.
//!
//! # Viewing
//!
//! [`decode::Decoder::apply`] takes each message in order and says when an update is painted;
//! the viewer shows [`decode::Decoder::picture`] and answers with an ack. After an error it
//! sends `need epoch` once and goes on.

pub mod capture;
pub mod damage;
pub mod decode;
mod diff;
mod encode;
mod flow;
pub mod geometry;
pub mod limits;
pub mod message;
pub mod picture;
pub mod pipeline;
mod scroll;
