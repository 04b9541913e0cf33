//! The end user's windows on a real X server, with XTEST in the place of the user's hands.
#![allow(clippy::unwrap_used)]
#![allow(missing_docs)]

mod banner;
mod desktop;
mod notice;
mod prompt;
