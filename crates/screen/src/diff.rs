//! Which pixels really changed: systems report damage in rectangles larger than the change.

use crate::geometry::Rect;
use crate::picture::{PIXEL_BYTES, View, rows, same_colours};

const CELL_SIDE: u16 = 16;
const RECTS_WANTED_MAX: usize = 2048;

/// Rectangles within `area` (which must lie in both pictures) that together hold every pixel
/// that differs. They do not overlap.
pub fn changed(shown: View<'_>, new: View<'_>, area: Rect) -> Vec<Rect> {
    let mut cell = CELL_SIDE;
    loop {
        let rects = changed_cells(shown, new, area, cell);
        if rects.len() <= RECTS_WANTED_MAX {
            return rects
                .into_iter()
                .map(|rect| trim(shown, new, rect))
                .collect();
        }
        cell = cell.saturating_mul(2);
    }
}

fn changed_cells(shown: View<'_>, new: View<'_>, area: Rect, cell: u16) -> Vec<Rect> {
    let mut done: Vec<Rect> = Vec::new();
    let mut open: Vec<Rect> = Vec::new();
    let mut top = area.y;
    while u32::from(top) < area.bottom() {
        let height = cell.min(area.y + area.height - top);
        let band = Rect::new(area.x, top, area.width, height);
        let mut above = std::mem::take(&mut open).into_iter().peekable();
        for run in changed_runs(shown, new, band, cell) {
            while let Some(ended) = above.next_if(|known| known.x < run.x) {
                done.push(ended);
            }
            let known = above.next_if(|known| known.x == run.x && known.width == run.width);
            open.push(known.unwrap_or(run).union(run));
        }
        done.extend(above);
        top += height;
    }
    done.extend(open);
    done
}

fn changed_runs(shown: View<'_>, new: View<'_>, band: Rect, cell: u16) -> Vec<Rect> {
    let step = usize::from(cell) * PIXEL_BYTES;
    let mut flags = vec![false; usize::from(band.width).div_ceil(usize::from(cell))];
    for y in rows(band) {
        let old_row = shown.row(band.x, y, band.width);
        let new_row = new.row(band.x, y, band.width);
        if old_row == new_row {
            continue;
        }
        let cells = old_row.chunks(step).zip(new_row.chunks(step));
        for (flag, (old_cell, new_cell)) in flags.iter_mut().zip(cells) {
            *flag = *flag || !same_colours(old_cell, new_cell);
        }
    }
    let mut runs: Vec<Rect> = Vec::new();
    for (index, _) in flags.iter().enumerate().filter(|(_, flag)| **flag) {
        let x = band.x + index as u16 * cell;
        let width = cell.min(band.x + band.width - x);
        match runs.last_mut().filter(|run| run.right() == u32::from(x)) {
            Some(run) => run.width += width,
            None => runs.push(Rect::new(x, band.y, width, band.height)),
        }
    }
    runs
}

/// Cuts rows and columns without change from the four sides of a rectangle that has one.
fn trim(shown: View<'_>, new: View<'_>, rect: Rect) -> Rect {
    let row_differs = |y: &u16| {
        !same_colours(
            shown.row(rect.x, *y, rect.width),
            new.row(rect.x, *y, rect.width),
        )
    };
    let (Some(top), Some(bottom)) = (
        rows(rect).find(row_differs),
        rows(rect).rev().find(row_differs),
    ) else {
        return rect;
    };
    let column_differs =
        |x: &u16| (top..=bottom).any(|y| !same_colours(shown.row(*x, y, 1), new.row(*x, y, 1)));
    let columns = rect.x..rect.x + rect.width;
    let (Some(left), Some(right)) = (
        columns.clone().find(column_differs),
        columns.rev().find(column_differs),
    ) else {
        return rect;
    };
    Rect::new(left, top, right - left + 1, bottom - top + 1)
}

/// What of `area` no rectangle of `holes` covers.
pub fn without(area: Rect, holes: &[Rect]) -> Vec<Rect> {
    let mut pieces = vec![area];
    for hole in holes {
        pieces = pieces
            .into_iter()
            .flat_map(|piece| around(piece, piece.intersection(*hole)))
            .collect();
    }
    pieces
}

fn around(piece: Rect, hole: Rect) -> Vec<Rect> {
    if hole.is_empty() {
        return vec![piece];
    }
    let (left, top) = (u32::from(piece.x), u32::from(piece.y));
    let (hole_left, hole_top) = (u32::from(hole.x), u32::from(hole.y));
    [
        Rect::between(left, top, piece.right(), hole_top),
        Rect::between(left, hole_top, hole_left, hole.bottom()),
        Rect::between(hole.right(), hole_top, piece.right(), hole.bottom()),
        Rect::between(left, hole.bottom(), piece.right(), piece.bottom()),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect()
}
