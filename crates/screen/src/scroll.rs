//! Finds areas that moved up or down, so that the viewer can copy what it already has.
//!
//! Rows are hashed, rows that occur once vote for how far they moved. A wrong guess costs bytes,
//! never pixels: what differs after the copies is sent.

use std::collections::HashMap;

use crate::geometry::Rect;
use crate::picture::{View, rows};

const WIDTH_MIN: u16 = 64;
const HEIGHT_MIN: u16 = 32;
const RUN_ROWS_MIN: u16 = 8;
const COPIES_MAX: usize = 8;
const SCROLL_BAR_WIDTH: u16 = 24;

/// A move of pixels within the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where they were.
    pub from: Rect,
    /// Upper row of where they are now; columns stay.
    pub y: u16,
}

/// Moves that bring `shown` nearer to `new` within `area`, to be done in this order.
pub fn moves(shown: View<'_>, new: View<'_>, area: Rect) -> Vec<Move> {
    if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
        return Vec::new();
    }
    let inset = if area.width > 4 * SCROLL_BAR_WIDTH {
        SCROLL_BAR_WIDTH
    } else {
        0
    };
    let hashed = Rect::new(area.x + inset, area.y, area.width - 2 * inset, area.height);
    let old = row_hashes(shown, hashed);
    let new = row_hashes(new, hashed);
    let Some(distance) = voted_distance(&old, &new) else {
        return Vec::new();
    };
    runs(&old, &new, distance)
        .into_iter()
        .map(|(start, end)| Move {
            from: Rect::new(
                area.x,
                area.y + (start as i32 + distance) as u16,
                area.width,
                (end - start) as u16,
            ),
            y: area.y + start as u16,
        })
        .collect()
}

/// How many rows below its new place most unique changed rows were before.
fn voted_distance(old: &[u64], new: &[u64]) -> Option<i32> {
    let old_rows = unique_rows(old);
    let new_rows = unique_rows(new);
    let mut votes: HashMap<i32, usize> = HashMap::new();
    let mut voters = 0;
    for (hash, row) in &new_rows {
        if old[*row] == *hash {
            continue;
        }
        voters += 1;
        if let Some(before) = old_rows.get(hash) {
            *votes.entry(*before as i32 - *row as i32).or_default() += 1;
        }
    }
    let (distance, count) = votes
        .into_iter()
        .max_by_key(|(distance, count)| (*count, -distance.abs(), *distance))?;
    (count * 3 > voters && count >= usize::from(RUN_ROWS_MIN) / 2).then_some(distance)
}

fn unique_rows(hashes: &[u64]) -> HashMap<u64, usize> {
    let mut rows: HashMap<u64, Option<usize>> = HashMap::new();
    for (row, hash) in hashes.iter().enumerate() {
        rows.entry(*hash)
            .and_modify(|known| *known = None)
            .or_insert(Some(row));
    }
    rows.into_iter()
        .filter_map(|(hash, row)| row.map(|row| (hash, row)))
        .collect()
}

/// Runs of rows that moved by `distance`, ordered so that no copy reads what an earlier one wrote.
fn runs(old: &[u64], new: &[u64], distance: i32) -> Vec<(usize, usize)> {
    let moved = |row: usize| {
        usize::try_from(row as i32 + distance)
            .ok()
            .and_then(|before| old.get(before))
            .is_some_and(|hash| *hash == new[row])
    };
    let mut runs = Vec::new();
    let mut start = None;
    for row in 0..=new.len() {
        match (row < new.len() && moved(row), start) {
            (true, None) => start = Some(row),
            (false, Some(first)) => {
                runs.push((first, row));
                start = None;
            }
            _ => {}
        }
    }
    runs.retain(|(start, end)| {
        end - start >= usize::from(RUN_ROWS_MIN) && old[*start..*end] != new[*start..*end]
    });
    runs.sort_by_key(|(start, end)| start.wrapping_sub(*end) as isize);
    runs.truncate(COPIES_MAX);
    runs.sort_by_key(|(start, _)| {
        if distance > 0 {
            *start as i64
        } else {
            -(*start as i64)
        }
    });
    runs
}

fn row_hashes(picture: View<'_>, area: Rect) -> Vec<u64> {
    rows(area)
        .map(|y| row_hash(picture.row(area.x, y, area.width)))
        .collect()
}

/// Four lanes, so that the multiplications overlap.
fn row_hash(row: &[u8]) -> u64 {
    const COLOURS: u64 = 0x00ff_ffff_00ff_ffff;
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut lanes = [1u64, 2, 3, 4];
    let (blocks, rest) = row.as_chunks::<32>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = (*lane ^ (u64::from_le_bytes(*word) & COLOURS)).wrapping_mul(FACTOR);
            *lane ^= *lane >> 29;
        }
    }
    let (pixels, _) = rest.as_chunks::<4>();
    for pixel in pixels {
        let word = u64::from(u32::from_le_bytes(*pixel)) & COLOURS;
        lanes[0] = (lanes[0] ^ word).wrapping_mul(FACTOR).rotate_left(23);
    }
    lanes.into_iter().fold(0, |sum: u64, lane| {
        (sum ^ lane).wrapping_mul(FACTOR).rotate_left(31)
    })
}
