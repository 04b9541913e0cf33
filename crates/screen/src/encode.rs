//! The lossless encoder: one zstd stream per epoch, flushed per update.

use std::io;

use zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation, OutBuffer};

use crate::geometry::Rect;
use crate::picture::{PIXEL_BYTES, View, rows};

const LEVEL: i32 = 1;
const HASH_LOG: u32 = 18;
const CHUNK_BYTES: usize = 64 * 1024;

/// Compresses the pixels of one epoch.
pub struct Stream {
    encoder: Encoder<'static>,
    scratch: Vec<u8>,
    pixels: Vec<u8>,
    out: Vec<u8>,
}

impl Stream {
    /// A fresh stream whose history reaches back 2^`window_log` bytes.
    pub fn new(window_log: u8) -> io::Result<Self> {
        let mut encoder = Encoder::new(LEVEL)?;
        encoder.set_parameter(CParameter::WindowLog(window_log.into()))?;
        encoder.set_parameter(CParameter::HashLog(HASH_LOG))?;
        encoder.set_parameter(CParameter::ContentSizeFlag(false))?;
        encoder.set_parameter(CParameter::ChecksumFlag(false))?;
        Ok(Self {
            encoder,
            scratch: vec![0; CHUNK_BYTES],
            pixels: Vec::new(),
            out: Vec::new(),
        })
    }

    /// Adds the pixels of a rectangle of the picture.
    pub fn add(&mut self, picture: View<'_>, rect: Rect) -> io::Result<()> {
        self.pixels.clear();
        for y in rows(rect) {
            let row = picture.row(rect.x, y, rect.width);
            let (pixels, _) = row.as_chunks::<PIXEL_BYTES>();
            self.pixels
                .extend(pixels.iter().flat_map(|[b, g, r, _]| [*b, *g, *r]));
        }
        let mut input = InBuffer::around(&self.pixels);
        while input.pos() < self.pixels.len() {
            let mut output = OutBuffer::around(&mut self.scratch[..]);
            self.encoder.run(&mut input, &mut output)?;
            self.out.extend_from_slice(output.as_slice());
        }
        Ok(())
    }

    /// Bytes that came out since the last flush. Up to a block of input may still be inside.
    pub fn out_bytes(&self) -> usize {
        self.out.len()
    }

    /// Gives all bytes that the viewer needs for every pixel added so far.
    pub fn flush(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let mut output = OutBuffer::around(&mut self.scratch[..]);
            let left = self.encoder.flush(&mut output)?;
            self.out.extend_from_slice(output.as_slice());
            if left == 0 {
                return Ok(std::mem::take(&mut self.out));
            }
        }
    }
}
