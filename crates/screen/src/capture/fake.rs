//! A display in memory that tests draw on.

use super::Changes;
use crate::damage::Region;
use crate::geometry::{Rect, Size};
use crate::message::CursorShape;
use crate::picture::{Picture, View};
use crate::pipeline::Display;

/// A display in memory. What is not grabbed stays old, as on a real one.
pub struct Screen {
    display: Display,
    drawn: Picture,
    grabbed: Picture,
    changes: Changes,
    pointer: (u16, u16),
}

impl Screen {
    /// A black display.
    pub fn new(size: Size) -> Self {
        let mut screen = Self {
            display: Display {
                size,
                scale_percent: 100,
                outputs: Vec::new(),
            },
            drawn: Picture::new(size),
            grabbed: Picture::new(size),
            changes: Changes::default(),
            pointer: (0, 0),
        };
        screen.damage(size.rect());
        screen
    }

    /// What is drawn at present, grabbed or not.
    pub fn drawn(&self) -> &Picture {
        &self.drawn
    }

    /// Paints the visible part of a rectangle in one colour: blue, green, red.
    pub fn fill(&mut self, rect: Rect, bgr: [u8; 3]) {
        let rect = rect.intersection(self.display.size.rect());
        self.drawn.fill(rect, bgr);
        self.damage(rect);
    }

    /// Paints the visible part of a rectangle pixel by pixel.
    pub fn draw(&mut self, rect: Rect, mut colour: impl FnMut(u16, u16) -> [u8; 3]) {
        let rect = rect.intersection(self.display.size.rect());
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                self.drawn.fill(Rect::new(x, y, 1, 1), colour(x, y));
            }
        }
        self.damage(rect);
    }

    /// Moves the content of a rectangle up by `distance` rows (down when negative); the rows
    /// that come in keep what they showed.
    pub fn scroll(&mut self, rect: Rect, distance: i32) {
        let rect = rect.intersection(self.display.size.rect());
        let shift = distance.unsigned_abs().min(u32::from(rect.height)) as u16;
        let rest = Rect {
            height: rect.height - shift,
            ..rect
        };
        if distance >= 0 {
            let from = Rect {
                y: rest.y + shift,
                ..rest
            };
            self.drawn.copy(from, rest.x, rest.y);
        } else {
            self.drawn.copy(rest, rest.x, rest.y + shift);
        }
        self.damage(rect);
    }

    /// Changes the size; the display is black afterwards.
    pub fn resize(&mut self, size: Size) {
        self.display.size = size;
        self.drawn = Picture::new(size);
        self.grabbed = Picture::new(size);
        self.changes.display = Some(self.display.clone());
        self.changes.damage = Region::new();
        self.damage(size.rect());
    }

    /// Changes the shape of the pointer.
    pub fn set_cursor(&mut self, shape: CursorShape) {
        self.changes.cursor = Some(shape);
    }

    /// Moves the pointer.
    pub fn set_pointer(&mut self, x: u16, y: u16) {
        self.pointer = (x, y);
    }

    /// See [`super::Capture::display`].
    pub fn display(&self) -> &Display {
        &self.display
    }

    /// See [`super::Capture::poll`].
    pub fn poll(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// See [`super::Capture::grab`].
    pub fn grab(&mut self, region: &Region) -> View<'_> {
        for rect in region.rects() {
            let rect = rect.intersection(self.display.size.rect());
            self.grabbed.paste(rect, self.drawn.view());
        }
        self.grabbed.view()
    }

    /// See [`super::Capture::pointer`].
    pub fn pointer(&self) -> (u16, u16) {
        self.pointer
    }

    fn damage(&mut self, rect: Rect) {
        self.changes.damage.add(rect, self.display.size);
    }
}
