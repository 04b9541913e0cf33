//! Rectangles in pixels of the display; the origin is the top left corner.

/// A size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Size {
    /// A size of `width` columns and `height` rows.
    pub const fn new(width: u16, height: u16) -> Self {
        Self { width, height }
    }

    /// The number of pixels.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The rectangle that covers everything.
    pub fn rect(self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }
}

/// A rectangle of whole pixels. Empty when a side is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rect {
    /// First column.
    pub x: u16,
    /// First row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Rect {
    /// The rectangle at (`x`, `y`) of `width` columns and `height` rows.
    pub const fn new(x: u16, y: u16, width: u16, height: u16) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// The rectangle between two corners, the second exclusive; empty when they are swapped or
    /// lie outside of 16 bits.
    pub fn between(left: u32, top: u32, right: u32, bottom: u32) -> Self {
        let side = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
        Self {
            x: side(left),
            y: side(top),
            width: side(right.saturating_sub(left)),
            height: side(bottom.saturating_sub(top)),
        }
    }

    /// The visible part of a rectangle with signed coordinates, as X11 gives them.
    pub fn visible(x: i32, y: i32, width: u32, height: u32, size: Size) -> Self {
        let clamp = |value: i64, max: u16| value.clamp(0, i64::from(max)) as u32;
        Self::between(
            clamp(i64::from(x), size.width),
            clamp(i64::from(y), size.height),
            clamp(i64::from(x) + i64::from(width), size.width),
            clamp(i64::from(y) + i64::from(height), size.height),
        )
    }

    /// First column right of it.
    pub fn right(self) -> u32 {
        u32::from(self.x) + u32::from(self.width)
    }

    /// First row below it.
    pub fn bottom(self) -> u32 {
        u32::from(self.y) + u32::from(self.height)
    }

    /// The number of pixels.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Whether it covers no pixel.
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Whether it lies in a picture of that size.
    pub fn fits(self, size: Size) -> bool {
        self.right() <= u32::from(size.width) && self.bottom() <= u32::from(size.height)
    }

    /// Whether `other` lies in it.
    pub fn contains(self, other: Rect) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && self.right() >= other.right()
            && self.bottom() >= other.bottom()
    }

    /// What both cover; nothing is at the origin, so that it lies in every picture.
    pub fn intersection(self, other: Rect) -> Rect {
        let common = Rect::between(
            u32::from(self.x.max(other.x)),
            u32::from(self.y.max(other.y)),
            self.right().min(other.right()),
            self.bottom().min(other.bottom()),
        );
        if common.is_empty() {
            Rect::default()
        } else {
            common
        }
    }

    /// The smallest rectangle around both; an empty one does not count.
    pub fn union(self, other: Rect) -> Rect {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Rect::between(
            u32::from(self.x.min(other.x)),
            u32::from(self.y.min(other.y)),
            self.right().max(other.right()),
            self.bottom().max(other.bottom()),
        )
    }
}
