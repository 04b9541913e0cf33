//! What travels end to end between technician and device: the channel of `docs/protocol.md`, section 1.
//!
//! Everything here is a pure value. [`Host`] (the device) and [`Viewer`] (the technician) take bytes, times and random
//! bytes as arguments; they give bytes to send and events to act on. The service in between sees only sealed messages.
//!
//! # Driving one end
//!
//! After *every* call that changes something (`handle_bytes`, `handle_timeout`, `send`, `consumed`, ..) take all events,
//! then send what there is to send, one message at a time and only as fast as the transport takes it:
//!
//! ```
//! # use trust::bytes::{KeyId, OrgId};
//! # use wayleave_wire::{Binding, Host, HostEvent, Mode, Viewer, ViewerEvent, public_of};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (device_key, technician_key, now) = ([1; 32], [2; 32], 1_700_000_000_000);
//! # let binding = Binding { mode: Mode::Enrolled, org: OrgId([3; 32]), device: KeyId([4; 32]) };
//! let mut viewer = Viewer::new(binding.clone(), &technician_key, &public_of(&device_key)?, &[5; 32], now)?;
//! let mut host = Host::new(binding, &device_key, &[6; 32], now)?;
//! loop {
//!     while let Some(message) = viewer.poll_transmit() {
//!         host.handle_bytes(&message, now)?; // a real program: socket.send(message).await
//!     }
//!     while let Some(message) = host.poll_transmit() {
//!         viewer.handle_bytes(&message, now)?;
//!     }
//!     while let Some(event) = viewer.poll_event() {
//!         match event {
//!             ViewerEvent::Secured { .. } => viewer.ping(1)?,
//!             ViewerEvent::Pong { .. } => viewer.bye(),
//!             ViewerEvent::Over(_) => return Ok(()),
//!             _ => {}
//!         }
//!     }
//!     // a real program waits here: for socket.recv() -> handle_bytes, for poll_timeout() -> handle_timeout
//! }
//! # }
//! ```
//!
//! An error of `handle_bytes` is the end of the channel: the last event is `Over`, and what `poll_transmit` still gives
//! tells the other side why. `Credit` comes with each message of files and shell and is given back by `consumed` when
//! the message has taken effect, so that no queue grows.

#![deny(missing_docs)]

pub mod attempts;
pub mod chat;
pub mod clipboard;
pub mod control;
pub mod error;
pub mod files;
pub mod frame;
pub mod host;
pub mod input;
pub mod join_code;
mod json;
mod kem;
pub mod limits;
mod link;
pub mod message;
pub mod mux;
pub mod noise;
pub mod pake;
pub mod piece;
mod resolver;
pub mod scope;
pub mod shell;
pub mod viewer;

#[cfg(test)]
mod tests;

pub use error::{ChannelError, End};
pub use frame::Stream;
pub use host::{Event as HostEvent, Host};
pub use message::{ToDevice, ToTechnician};
pub use mux::{Credit, SendError};
pub use noise::{Binding, HandshakeError, Mode, public_of};
pub use viewer::{Event as ViewerEvent, Viewer};
