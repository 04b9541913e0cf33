//! Wakes a thread that sleeps in `poll(2)`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};

/// Shared by who wakes and who sleeps.
#[derive(Clone, Debug)]
pub struct Wakeup(Arc<OwnedFd>);

impl Wakeup {
    /// # Errors
    /// Where the process is out of descriptors.
    pub fn new() -> std::io::Result<Self> {
        let fd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self(Arc::new(fd)))
    }

    /// Ends the sleep that is on, or else the next one.
    pub fn wake(&self) {
        // Full only if it is to be woken already.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }

    /// Sleeps until woken, until `other` is readable, or for `timeout`.
    pub fn sleep(&self, other: Option<BorrowedFd<'_>>, timeout: Option<Duration>) {
        let own = self.0.as_fd();
        let mut fds = vec![PollFd::new(&own, PollFlags::IN)];
        fds.extend(other.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let _ = rustix::event::poll(&mut fds, timeout.as_ref());
        // Emptied before the thread looks what there is: what comes later wakes again.
        let _ = rustix::io::read(&*self.0, &mut [0; 8]);
    }
}
