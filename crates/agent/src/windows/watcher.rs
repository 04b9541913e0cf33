//! Watches the window from a thread of its own and puts it back when something is in its way.

use std::sync::Arc;
use std::time::Instant;

use iced::futures::channel::mpsc;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::Visibility;

use super::restore::Budget;
use super::stage::{Hidden, Sight, Stage};

/// Milliseconds of a clock that only goes forward.
pub fn now_ms(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Sends every change of sight; the stream ends with the X connection.
pub fn watch(stage: Arc<Stage>) -> mpsc::UnboundedReceiver<Sight> {
    let (sender, receiver) = mpsc::unbounded();
    std::thread::spawn(move || {
        let mut watcher = Watcher {
            start: Instant::now(),
            budget: Budget::new(0),
            shown: false,
            last: None,
            sender,
        };
        while watcher.step(&stage).is_some() {}
    });
    receiver
}

struct Watcher {
    start: Instant,
    budget: Budget,
    shown: bool,
    last: Option<Sight>,
    sender: mpsc::UnboundedSender<Sight>,
}

impl Watcher {
    fn step(&mut self, stage: &Stage) -> Option<()> {
        let conn = &stage.screen.conn;
        let mut obscured_meanwhile = self.take_in(stage, &conn.wait_for_event().ok()?);
        while let Some(event) = conn.poll_for_event().ok()? {
            obscured_meanwhile |= self.take_in(stage, &event);
        }
        if !self.shown {
            return Some(());
        }
        let sight = stage.look().ok()?;
        if obscured_meanwhile {
            self.tell(Sight {
                hidden: Some(sight.hidden.unwrap_or(Hidden::Covered)),
                ..sight
            })?;
        }
        self.tell(sight)?;
        if sight.hidden.is_some() && self.budget.take(now_ms(self.start)) {
            stage.restore().ok()?;
            self.tell(stage.look().ok()?)?;
        }
        Some(())
    }

    /// Whether the event tells that the window was out of sight, if only for an instant.
    fn take_in(&mut self, stage: &Stage, event: &Event) -> bool {
        match event {
            Event::MapNotify(event) if event.window == stage.window => {
                self.shown = true;
                false
            }
            Event::UnmapNotify(event) => event.window == stage.window,
            Event::VisibilityNotify(event) if event.window == stage.window => {
                let obscured = event.state != Visibility::UNOBSCURED;
                stage.said_obscured(obscured);
                obscured
            }
            _ => false,
        }
    }

    fn tell(&mut self, sight: Sight) -> Option<()> {
        if self.last == Some(sight) {
            return Some(());
        }
        self.last = Some(sight);
        self.sender.unbounded_send(sight).ok()
    }
}
