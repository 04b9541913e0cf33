//! The thread itself.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use screen::capture::{Capture, CaptureError};
use screen::damage::Region;
use screen::geometry;
use screen::pipeline::Pipeline;
use wire::ToTechnician;

use super::{Job, Pointers};
use crate::helper::Outbox;
use crate::ipc::{Frame, Number, ToKeeper};
use crate::wakeup::Wakeup;
use crate::windows::message::Rect;

/// Looks at the display, apart from pictures: while somebody is here, and else.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOK_EVERY_IDLE: Duration = Duration::from_secs(10);
/// Looks at the pointer: while it moves, and else.
const POINTER_EVERY: Duration = Duration::from_millis(33);
const POINTER_EVERY_IDLE: Duration = Duration::from_millis(250);
/// Looks at a display that does not tell what changed.
const BLIND_EVERY: Duration = Duration::from_millis(100);
const POINTER_RESTS_AFTER: Duration = Duration::from_secs(2);

pub(super) struct Looker {
    display: Option<String>,
    out: Outbox,
    pointers: Pointers,
    jobs: Receiver<Job>,
    wakeup: Wakeup,
    started: Instant,
    capture: Option<Capture>,
    /// What was said of the display last: why there is none, or that there is one.
    told: Option<Option<String>>,
    look_at: Instant,
    sessions: BTreeMap<Number, Viewer>,
    masks: Vec<Rect>,
    is_held: bool,
    pointer: Pointer,
}

struct Viewer {
    sees: bool,
    pipeline: Option<Pipeline>,
}

struct Pointer {
    at: Option<(u16, u16)>,
    moved: Instant,
    look_at: Instant,
}

impl Looker {
    pub(super) fn new(
        display: Option<String>,
        out: Outbox,
        pointers: Pointers,
        jobs: Receiver<Job>,
        wakeup: Wakeup,
    ) -> Self {
        let now = Instant::now();
        Self {
            display,
            out,
            pointers,
            jobs,
            wakeup,
            started: now,
            capture: None,
            told: None,
            look_at: now,
            sessions: BTreeMap::new(),
            masks: Vec::new(),
            is_held: false,
            pointer: Pointer {
                at: None,
                moved: now,
                look_at: now,
            },
        }
    }

    /// None once nobody listens any more.
    pub(super) fn turn(&mut self) -> Option<()> {
        self.take_jobs()?;
        if self.look_at <= Instant::now() {
            self.look()?;
        }
        match self.show() {
            // What came meanwhile is taken before the next sleep.
            Ok(true) => {}
            Ok(false) => self.wait(),
            Err(error) => self.lose(error)?,
        }
        Some(())
    }

    fn take_jobs(&mut self) -> Option<()> {
        loop {
            match self.jobs.try_recv() {
                Ok(job) => self.take_job(job)?,
                Err(TryRecvError::Empty) => return Some(()),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
    }

    fn take_job(&mut self, job: Job) -> Option<()> {
        match job {
            Job::Start { session, sees } => {
                self.sessions.insert(
                    session,
                    Viewer {
                        sees,
                        pipeline: None,
                    },
                );
                self.equip_viewers();
                if self.capture.is_none() {
                    self.look_at = Instant::now();
                }
            }
            Job::Stop { session } => {
                self.sessions.remove(&session);
                if self.sessions.is_empty() {
                    self.capture = None;
                }
            }
            Job::Message {
                session,
                ticket,
                bytes,
            } => return self.on_message(session, ticket, &bytes),
            Job::Hold => self.is_held = true,
            Job::Mask(rects) => {
                self.is_held = false;
                self.masks = rects;
                self.apply_masks();
            }
            Job::Look => {
                self.look_at = Instant::now();
                self.told = None;
            }
        }
        Some(())
    }

    fn on_message(&mut self, session: Number, ticket: u32, bytes: &[u8]) -> Option<()> {
        let now_ms = self.now_ms();
        let pipeline = self
            .sessions
            .get_mut(&session)
            .and_then(|viewer| viewer.pipeline.as_mut());
        if let Some(Err(error)) = pipeline.map(|pipeline| pipeline.on_message(bytes, now_ms)) {
            let failed = ToKeeper::Failed {
                session,
                why: error.to_string(),
            };
            self.send(&Frame::Control(failed))?;
        }
        self.send(&Frame::Done { session, ticket })
    }

    /// Whether there is a display, and whether it is usable.
    fn look(&mut self) -> Option<()> {
        let is_watched = !self.sessions.is_empty();
        self.look_at = Instant::now()
            + if is_watched {
                LOOK_EVERY
            } else {
                LOOK_EVERY_IDLE
            };
        let found = if is_watched {
            self.check_capture()
        } else {
            self.probe()
        };
        match found {
            Ok(()) => self.tell(None),
            Err(error) => self.lose(error),
        }
    }

    fn probe(&self) -> Result<(), CaptureError> {
        screen::capture::probe(self.display.as_deref()).map(|_| ())
    }

    fn check_capture(&mut self) -> Result<(), CaptureError> {
        if self.capture.is_none() {
            let capture = Capture::open(self.display.as_deref())?;
            if let Some(locked) = capture.locked()? {
                return Err(locked);
            }
            for viewer in self.sessions.values_mut() {
                if let Some(pipeline) = &mut viewer.pipeline {
                    pipeline.on_display(capture.display().clone());
                }
            }
            self.capture = Some(capture);
            self.equip_viewers();
        }
        match self
            .capture
            .as_ref()
            .map(Capture::locked)
            .transpose()?
            .flatten()
        {
            Some(locked) => Err(locked),
            None => Ok(()),
        }
    }

    fn lose(&mut self, error: CaptureError) -> Option<()> {
        self.capture = None;
        self.look_at = self.look_at.max(Instant::now() + LOOK_EVERY);
        self.tell(Some(error.to_string()))
    }

    fn tell(&mut self, why: Option<String>) -> Option<()> {
        if self.told.as_ref() == Some(&why) {
            return Some(());
        }
        self.told = Some(why.clone());
        self.send(&Frame::Control(ToKeeper::Display { why }))
    }

    fn equip_viewers(&mut self) {
        let Some(capture) = &self.capture else { return };
        for viewer in self.sessions.values_mut().filter(|viewer| viewer.sees) {
            viewer
                .pipeline
                .get_or_insert_with(|| Pipeline::new(capture.display().clone()));
        }
        self.apply_masks();
    }

    fn apply_masks(&mut self) {
        let Some(capture) = &self.capture else { return };
        let size = capture.display().size;
        let visible = |r: &Rect| geometry::Rect::visible(r.x, r.y, r.w, r.h, size);
        let masks: Vec<_> = self
            .masks
            .iter()
            .map(visible)
            .filter(|rect| !rect.is_empty())
            .collect();
        self.pipelines()
            .for_each(|(_, pipeline)| pipeline.set_masks(&masks));
    }

    fn pipelines(&mut self) -> impl Iterator<Item = (Number, &mut Pipeline)> {
        self.sessions
            .iter_mut()
            .filter_map(|(number, viewer)| Some((*number, viewer.pipeline.as_mut()?)))
    }

    /// Sends what changed to everybody who has room for it. Gives whether anything was sent.
    fn show(&mut self) -> Result<bool, CaptureError> {
        if self.is_held || !self.pipelines().any(|(_, pipeline)| pipeline.has_credit()) {
            return Ok(false);
        }
        let now_ms = self.now_ms();
        let Some(capture) = &mut self.capture else {
            return Ok(false);
        };
        let changes = capture.poll()?;
        let is_resized = changes.display.is_some();
        for viewer in self.sessions.values_mut() {
            let Some(pipeline) = &mut viewer.pipeline else {
                continue;
            };
            if let Some(display) = &changes.display {
                pipeline.on_display(display.clone());
            }
            pipeline.on_damage(&changes.damage);
            if let Some(shape) = &changes.cursor {
                pipeline.on_cursor_shape(shape);
            }
        }
        if is_resized {
            self.apply_masks();
        }
        self.look_at_pointer()?;
        let mut region = Region::new();
        let mut wanting = Vec::new();
        let Some(capture) = &mut self.capture else {
            return Ok(false);
        };
        let size = capture.display().size;
        for (number, viewer) in &self.sessions {
            if let Some(wanted) = viewer
                .pipeline
                .as_ref()
                .and_then(|pipeline| pipeline.wants(now_ms))
            {
                region.add_region(wanted, size);
                wanting.push(*number);
            }
        }
        if wanting.is_empty() {
            return Ok(false);
        }
        let Some(picture) = capture.grab(&region)? else {
            return Ok(true);
        };
        for number in wanting {
            let pipeline = self
                .sessions
                .get_mut(&number)
                .and_then(|viewer| viewer.pipeline.as_mut());
            let Some(pipeline) = pipeline else { continue };
            match pipeline.encode(picture, now_ms) {
                Ok(messages) => {
                    for message in messages {
                        self.out
                            .say_blocking(number, 0, ToTechnician::Screen(message), false);
                    }
                }
                Err(error) => tracing::error!(%error, "a picture could not be encoded"),
            }
        }
        Ok(true)
    }

    /// A technician hears where the pointer is unless he put it there himself.
    fn look_at_pointer(&mut self) -> Result<(), CaptureError> {
        let now = Instant::now();
        if self.pointer.look_at > now {
            return Ok(());
        }
        let Some(capture) = &self.capture else {
            return Ok(());
        };
        let at = capture.pointer()?;
        if self.pointer.at != Some(at) {
            self.pointer.at = Some(at);
            self.pointer.moved = now;
            let own = self
                .pointers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            for (number, pipeline) in self.pipelines() {
                if own.get(&number) != Some(&at) {
                    pipeline.on_cursor_position(at.0, at.1);
                }
            }
        }
        let is_moving = now.duration_since(self.pointer.moved) < POINTER_RESTS_AFTER;
        self.pointer.look_at = now
            + if is_moving {
                POINTER_EVERY
            } else {
                POINTER_EVERY_IDLE
            };
        Ok(())
    }

    /// Sleeps until the display, the loop or the clock has something.
    fn wait(&mut self) {
        let now_ms = self.now_ms();
        let now = Instant::now();
        let mut timeout = self.look_at.saturating_duration_since(now);
        let is_shown = self.capture.is_some() && !self.is_held;
        let has_credit = is_shown && self.pipelines().any(|(_, pipeline)| pipeline.has_credit());
        if has_credit {
            timeout = timeout.min(self.pointer.look_at.saturating_duration_since(now));
            let waits: Vec<u64> = self
                .pipelines()
                .filter_map(|(_, p)| p.wait_ms(now_ms))
                .collect();
            for wait_ms in waits {
                timeout = timeout.min(Duration::from_millis(wait_ms));
            }
        }
        let display = self
            .capture
            .as_ref()
            .filter(|_| has_credit)
            .map(Capture::fd);
        if matches!(display, Some(None)) {
            // A display that tells nothing by itself.
            timeout = timeout.min(BLIND_EVERY);
        }
        self.wakeup.sleep(display.flatten(), Some(timeout));
    }

    fn send(&self, frame: &Frame<ToKeeper>) -> Option<()> {
        self.out.send_blocking(frame).then_some(())
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
