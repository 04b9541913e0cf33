//! The clipboard of a real display: text comes and goes, whoever owns it.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use support::xvfb::Xvfb;
use wayleave_agent::clipboard::Selection;

/// Serves a text until told to stop.
struct Owner {
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Owner {
    fn of(display: &str, text: &str) -> Self {
        let (stop, stopped) = channel();
        let mut selection = Selection::open(display).unwrap();
        selection.own(text.to_owned()).unwrap();
        let thread = std::thread::spawn(move || {
            while stopped.try_recv().is_err() {
                selection.serve().unwrap();
                let fd = selection.fd();
                let mut fds = [rustix::event::PollFd::from_borrowed_fd(
                    fd,
                    rustix::event::PollFlags::IN,
                )];
                let soon = rustix::event::Timespec {
                    tv_sec: 0,
                    tv_nsec: 5_000_000,
                };
                let _ = rustix::event::poll(&mut fds, Some(&soon));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        self.thread.take().unwrap().join().unwrap();
    }
}

#[test]
fn what_somebody_else_copied_is_noticed_and_read() {
    let xvfb = Xvfb::start();
    let mut ours = Selection::open(&xvfb.display).unwrap();
    assert_eq!(ours.read().unwrap(), None);
    assert!(!ours.serve().unwrap());
    let text = "Grüße, 漢字 😀\n".repeat(3);
    let owner = Owner::of(&xvfb.display, &text);
    assert_eq!(ours.read().unwrap(), Some(text));
    assert!(ours.serve().unwrap());
    drop(owner);
    assert_eq!(ours.read().unwrap(), None);
}

#[test]
fn what_a_technician_puts_there_is_pasted_by_others_until_somebody_copies() {
    let xvfb = Xvfb::start();
    let long = "x".repeat(1_000_000);
    let owner = Owner::of(&xvfb.display, &long);
    let mut other = Selection::open(&xvfb.display).unwrap();
    assert_eq!(
        other.read().unwrap().map(|text| text.len()),
        Some(long.len())
    );
    other.own("mine".to_owned()).unwrap();
    assert_eq!(other.read().unwrap().as_deref(), Some("mine"));
    drop(owner);
    assert_eq!(other.read().unwrap().as_deref(), Some("mine"));
}
