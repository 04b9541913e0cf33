//! A picture in memory: 4 bytes a pixel in the order blue, green, red, unused.

use crate::geometry::{Rect, Size};

/// Bytes of a pixel.
pub const PIXEL_BYTES: usize = 4;

/// Pixels somewhere in memory, row after row without gaps. The fourth byte means nothing.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    size: Size,
    bytes: &'a [u8],
}

impl<'a> View<'a> {
    /// Sees `bytes` as a picture; `None` when there are too few of them.
    pub fn new(size: Size, bytes: &'a [u8]) -> Option<Self> {
        let needed = byte_count(size);
        bytes.get(..needed).map(|bytes| Self { size, bytes })
    }

    /// Its size in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The pixels `x..x + width` of row `y`; they must lie in the picture.
    pub fn row(&self, x: u16, y: u16, width: u16) -> &'a [u8] {
        let start = offset(self.size, x, y);
        &self.bytes[start..start + usize::from(width) * PIXEL_BYTES]
    }
}

/// A picture that owns its pixels.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Picture {
    size: Size,
    bytes: Vec<u8>,
}

impl Picture {
    /// A black picture.
    pub fn new(size: Size) -> Self {
        Self {
            size,
            bytes: vec![0; byte_count(size)],
        }
    }

    /// Its size in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Its bytes, row after row.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its bytes, row after row, to write to.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// A view of all of it.
    pub fn view(&self) -> View<'_> {
        View {
            size: self.size,
            bytes: &self.bytes,
        }
    }

    /// The pixels `x..x + width` of row `y`; they must lie in the picture.
    pub fn row_mut(&mut self, x: u16, y: u16, width: u16) -> &mut [u8] {
        let start = offset(self.size, x, y);
        &mut self.bytes[start..start + usize::from(width) * PIXEL_BYTES]
    }

    /// Paints a rectangle, which must lie in the picture, in one colour.
    pub fn fill(&mut self, rect: Rect, bgr: [u8; 3]) {
        for y in rows(rect) {
            for pixel in self
                .row_mut(rect.x, y, rect.width)
                .chunks_exact_mut(PIXEL_BYTES)
            {
                pixel[..3].copy_from_slice(&bgr);
                pixel[3] = 0;
            }
        }
    }

    /// Takes over a rectangle, which must lie in both pictures.
    pub fn paste(&mut self, rect: Rect, from: View<'_>) {
        for y in rows(rect) {
            self.row_mut(rect.x, y, rect.width)
                .copy_from_slice(from.row(rect.x, y, rect.width));
        }
    }

    /// Copies a rectangle to where its top left corner is (`x`, `y`); both must lie in the
    /// picture and may overlap.
    pub fn copy(&mut self, from: Rect, x: u16, y: u16) {
        let length = usize::from(from.width) * PIXEL_BYTES;
        let mut copy_row = |row: u16| {
            let source = offset(self.size, from.x, from.y + row);
            let target = offset(self.size, x, y + row);
            self.bytes.copy_within(source..source + length, target);
        };
        if y > from.y {
            (0..from.height).rev().for_each(&mut copy_row);
        } else {
            (0..from.height).for_each(&mut copy_row);
        }
    }

    /// The colour of a pixel, which must lie in the picture: blue, green, red.
    pub fn pixel(&self, x: u16, y: u16) -> [u8; 3] {
        let start = offset(self.size, x, y);
        [
            self.bytes[start],
            self.bytes[start + 1],
            self.bytes[start + 2],
        ]
    }
}

/// Whether two rows show the same colours.
pub fn same_colours(left: &[u8], right: &[u8]) -> bool {
    left == right
        || left
            .chunks_exact(PIXEL_BYTES)
            .zip(right.chunks_exact(PIXEL_BYTES))
            .all(|(left, right)| left[..3] == right[..3])
}

/// The rows of a rectangle that lies in a picture.
pub fn rows(rect: Rect) -> std::ops::Range<u16> {
    rect.y..rect.y + rect.height
}

/// Bytes that a picture of that size takes.
pub fn byte_count(size: Size) -> usize {
    usize::from(size.width) * usize::from(size.height) * PIXEL_BYTES
}

fn offset(size: Size, x: u16, y: u16) -> usize {
    (usize::from(y) * usize::from(size.width) + usize::from(x)) * PIXEL_BYTES
}
