//! The pending region: where the display changed and the viewer does not know it yet.

use crate::geometry::{Rect, Size};
use crate::limits::REGION_RECTS_MAX;

/// A bounded set of rectangles. It may cover more than was added, never less.
#[derive(Clone, Debug, Default)]
pub struct Region {
    rects: Vec<Rect>,
}

impl Region {
    /// An empty region.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what of `rect` lies in a display of that size.
    pub fn add(&mut self, rect: Rect, size: Size) {
        let rect = rect.intersection(size.rect());
        if rect.is_empty() || self.rects.iter().any(|known| known.contains(rect)) {
            return;
        }
        self.rects.retain(|known| !rect.contains(*known));
        if self.rects.len() < REGION_RECTS_MAX {
            self.rects.push(rect);
            return;
        }
        let nearest = self
            .rects
            .iter_mut()
            .min_by_key(|known| known.union(rect).pixels() - known.pixels());
        if let Some(nearest) = nearest {
            *nearest = nearest.union(rect);
        }
    }

    /// Adds every rectangle of `other`.
    pub fn add_region(&mut self, other: &Region, size: Size) {
        for rect in &other.rects {
            self.add(*rect, size);
        }
    }

    /// Its rectangles; they may overlap.
    pub fn rects(&self) -> &[Rect] {
        &self.rects
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.rects.is_empty()
    }

    /// Forgets everything and gives what was there.
    pub fn take(&mut self) -> Region {
        std::mem::take(self)
    }
}
