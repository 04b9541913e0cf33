//! Putting a window where it belongs, and back there.

use anyhow::Result;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConfigureWindowAux, ConnectionExt as _, StackMode};

use super::message::Rect;
use super::stage::Stage;

/// Puttings-back at once; a program that fights over the top gets no endless fight.
const RESTORES_AT_ONCE: u32 = 10;
/// Time in milliseconds after which one more is allowed.
const RESTORE_EVERY_MS: u64 = 200;

/// Which of the two windows it is: that decides its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In the middle of the first monitor, below any banner.
    Prompt = 1,
    /// At the upper edge, in the middle unless another window of ours is there.
    Banner = 2,
}

impl Stage {
    /// Finds the place and moves the window there.
    pub fn place(&self) -> Result<()> {
        let monitors = self.screen.monitors()?;
        let others = self.others()?;
        let banners = others
            .iter()
            .filter(|other| other.banner)
            .map(|other| other.rect);
        let all = others.iter().map(|other| other.rect);
        let Some(monitor) = monitors.first() else {
            return Ok(());
        };
        let place = match self.kind {
            Kind::Prompt => prompt_place(monitor, &banners.collect::<Vec<_>>(), self.wanted()),
            Kind::Banner => banner_place(monitor, &all.collect::<Vec<_>>(), self.wanted()),
        };
        self.move_to(place)
    }

    /// Gives the window another size, then its place.
    pub fn resize(&self, w: u32, h: u32) -> Result<()> {
        if let Ok(mut wanted) = self.wanted.lock() {
            (wanted.w, wanted.h) = (w, h);
        }
        self.place()
    }

    /// Puts the window back on top, in its place and size.
    pub fn restore(&self) -> Result<()> {
        let wanted = self.wanted();
        let yields = self
            .others()?
            .iter()
            .any(|other| other.window < self.window && other.rect.meets(&wanted));
        let monitors = self.screen.monitors()?;
        if yields || !monitors.iter().any(|monitor| monitor.holds(&wanted)) {
            self.place()?;
        }
        if self
            .screen
            .conn
            .get_window_attributes(self.window)?
            .reply()?
            .map_state
            == x11rb::protocol::xproto::MapState::UNMAPPED
        {
            self.screen.conn.map_window(self.window)?.check()?;
        }
        self.move_to(self.wanted())
    }

    /// The user takes hold of the banner, `offset` pixels from its left edge.
    pub fn grip(&self, offset: i32) {
        if let Ok(mut grip) = self.grip.lock() {
            *grip = Some(offset);
        }
    }

    /// Moves the banner along the edge of its monitor, after the pointer.
    pub fn drag(&self) -> Result<()> {
        let Some(offset) = self.grip.lock().ok().and_then(|grip| *grip) else {
            return Ok(());
        };
        let pointer = self.screen.conn.query_pointer(self.screen.root)?.reply()?;
        let wanted = self.wanted();
        let monitors = self.screen.monitors()?;
        let Some(monitor) = monitors.iter().find(|monitor| monitor.holds(&wanted)) else {
            return self.place();
        };
        let x = i32::from(pointer.root_x) - offset;
        let x = x
            .min(monitor.right().saturating_sub_unsigned(wanted.w))
            .max(monitor.x);
        self.move_to(Rect { x, ..wanted })
    }

    /// The user lets go of the banner.
    pub fn release(&self) {
        if let Ok(mut grip) = self.grip.lock() {
            *grip = None;
        }
    }

    fn move_to(&self, place: Rect) -> Result<()> {
        if let Ok(mut wanted) = self.wanted.lock() {
            *wanted = place;
        }
        let change = ConfigureWindowAux::new()
            .x(place.x)
            .y(place.y)
            .width(place.w)
            .height(place.h)
            .stack_mode(StackMode::ABOVE);
        self.screen.conn.configure_window(self.window, &change)?;
        self.screen.conn.flush()?;
        Ok(())
    }
}

/// The middle of what the banners leave free; smaller where there is less room.
fn prompt_place(monitor: &Rect, banners: &[Rect], size: Rect) -> Rect {
    let top = banners
        .iter()
        .filter(|banner| banner.meets(monitor))
        .map(Rect::bottom)
        .max()
        .unwrap_or(monitor.y);
    let free = monitor.bottom().saturating_sub(top).max(1).unsigned_abs();
    let (w, h) = (size.w.min(monitor.w), size.h.min(free));
    Rect {
        x: monitor.x + half(monitor.w - w),
        y: top + half(free - h),
        w,
        h,
    }
}

/// The first free place: down the middle, then the corners; the middle where none is free.
fn banner_place(monitor: &Rect, others: &[Rect], size: Rect) -> Rect {
    let (w, h) = (size.w.min(monitor.w), size.h.min(monitor.h));
    let middle = Rect {
        x: monitor.x + half(monitor.w - w),
        y: monitor.y,
        w,
        h,
    };
    let left = Rect {
        x: monitor.x,
        ..middle
    };
    let right = Rect {
        x: monitor.right().saturating_sub_unsigned(w),
        ..middle
    };
    let down = (0..4).map(|row| Rect {
        y: middle.y.saturating_add_unsigned(row * h),
        ..middle
    });
    down.chain([left, right])
        .find(|place| monitor.holds(place) && !others.iter().any(|other| other.meets(place)))
        .unwrap_or(middle)
}

fn half(length: u32) -> i32 {
    i32::try_from(length / 2).unwrap_or(0)
}

/// Bounds how often a window puts itself back. Time in milliseconds is an argument.
#[derive(Debug)]
pub struct Budget {
    left: u32,
    at_ms: u64,
}

impl Budget {
    /// A full budget.
    pub fn new(now_ms: u64) -> Self {
        Self {
            left: RESTORES_AT_ONCE,
            at_ms: now_ms,
        }
    }

    /// Takes one, if one is left.
    pub fn take(&mut self, now_ms: u64) -> bool {
        let earned = now_ms.saturating_sub(self.at_ms) / RESTORE_EVERY_MS;
        self.at_ms += earned * RESTORE_EVERY_MS;
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(earned).min(RESTORES_AT_ONCE);
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONITOR: Rect = Rect {
        x: 100,
        y: 0,
        w: 1400,
        h: 700,
    };
    const BANNER: Rect = Rect {
        x: 0,
        y: 0,
        w: 400,
        h: 40,
    };

    #[test]
    fn a_banner_stands_at_the_upper_edge_and_beside_others() {
        let first = banner_place(&MONITOR, &[], BANNER);
        assert_eq!(
            first,
            Rect {
                x: 600,
                y: 0,
                w: 400,
                h: 40
            }
        );
        let second = banner_place(&MONITOR, &[first], BANNER);
        assert_eq!(
            second,
            Rect {
                x: 600,
                y: 40,
                w: 400,
                h: 40
            }
        );
        let prompt = Rect {
            x: 550,
            y: 40,
            w: 500,
            h: 660,
        };
        assert_eq!(banner_place(&MONITOR, &[first, prompt], BANNER).x, 100);
    }

    #[test]
    fn a_prompt_stands_in_the_middle_below_the_banner() {
        let size = Rect {
            x: 0,
            y: 0,
            w: 500,
            h: 300,
        };
        assert_eq!(
            prompt_place(&MONITOR, &[], size),
            Rect {
                x: 550,
                y: 200,
                w: 500,
                h: 300
            }
        );
        let banner = banner_place(&MONITOR, &[], BANNER);
        let tall = Rect { h: 900, ..size };
        assert_eq!(
            prompt_place(&MONITOR, &[banner], tall),
            Rect {
                x: 550,
                y: 40,
                w: 500,
                h: 660
            }
        );
    }

    #[test]
    fn putting_back_is_bounded_and_recovers() {
        let mut budget = Budget::new(0);
        assert_eq!((0..50).filter(|_| budget.take(0)).count(), 10);
        assert!(!budget.take(199));
        assert!(budget.take(200));
        assert!(!budget.take(200));
    }
}
