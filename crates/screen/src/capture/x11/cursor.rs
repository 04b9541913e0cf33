//! The shape of the pointer, by XFixes.

use x11rb::protocol::xfixes::GetCursorImageReply;

use crate::geometry::Rect;
use crate::limits::CURSOR_SIDE_MAX;
use crate::message::CursorShape;

/// The cursor as the protocol has it: cropped around the hot spot, alpha not multiplied.
pub fn shape(image: &GetCursorImageReply) -> CursorShape {
    let pixels = usize::from(image.width) * usize::from(image.height);
    let visible = image.cursor_image.iter().any(|argb| argb >> 24 != 0);
    if !visible || pixels != image.cursor_image.len() {
        return CursorShape::default();
    }
    let crop = crop(image);
    let mut rgba = Vec::with_capacity(crop.pixels() as usize * 4);
    for y in crop.y..crop.y + crop.height {
        let start = usize::from(y) * usize::from(image.width) + usize::from(crop.x);
        let row = &image.cursor_image[start..start + usize::from(crop.width)];
        rgba.extend(row.iter().copied().flat_map(straight));
    }
    CursorShape {
        width: crop.width,
        height: crop.height,
        hot_x: image.xhot.saturating_sub(crop.x).min(crop.width - 1),
        hot_y: image.yhot.saturating_sub(crop.y).min(crop.height - 1),
        rgba,
    }
}

fn crop(image: &GetCursorImageReply) -> Rect {
    let start = |side: u16, hot: u16| {
        let spare = side.saturating_sub(CURSOR_SIDE_MAX);
        hot.saturating_sub(CURSOR_SIDE_MAX / 2).min(spare)
    };
    Rect::new(
        start(image.width, image.xhot),
        start(image.height, image.yhot),
        image.width.min(CURSOR_SIDE_MAX),
        image.height.min(CURSOR_SIDE_MAX),
    )
}

fn straight(argb: u32) -> [u8; 4] {
    let alpha = argb >> 24;
    let part = |shift: u32| {
        let value = (argb >> shift) & 0xff;
        (value * 255 + alpha / 2)
            .checked_div(alpha)
            .unwrap_or(0)
            .min(255) as u8
    };
    [part(16), part(8), part(0), alpha as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u16, height: u16, argb: u32) -> GetCursorImageReply {
        GetCursorImageReply {
            width,
            height,
            xhot: width - 1,
            yhot: 0,
            cursor_image: vec![argb; usize::from(width) * usize::from(height)],
            ..GetCursorImageReply::default()
        }
    }

    #[test]
    fn alpha_is_divided_out() {
        let shape = shape(&image(1, 1, 0x8040_2000));
        assert_eq!(shape.rgba, [128, 64, 0, 128]);
    }

    #[test]
    fn a_large_cursor_is_cropped_around_its_hot_spot() {
        let shape = shape(&image(200, 200, 0xffff_ffff));
        assert_eq!(
            (shape.width, shape.height),
            (CURSOR_SIDE_MAX, CURSOR_SIDE_MAX)
        );
        assert_eq!((shape.hot_x, shape.hot_y), (CURSOR_SIDE_MAX - 1, 0));
        assert_eq!(shape.rgba.len(), 4 * usize::from(CURSOR_SIDE_MAX).pow(2));
    }

    #[test]
    fn a_transparent_cursor_is_hidden() {
        assert_eq!(shape(&image(16, 16, 0)), CursorShape::default());
    }
}
