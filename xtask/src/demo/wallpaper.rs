//! The demo's wallpaper: drawn, so that no picture file has to be kept.

use anyhow::Result;

/// A calm gradient with two soft hills, as a PNG.
///
/// # Errors
/// When the encoder fails.
pub fn png(size: (u16, u16)) -> Result<Vec<u8>> {
    let (width, height) = (usize::from(size.0), usize::from(size.1));
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            rgb.extend(colour(x as f32 / width as f32, y as f32 / height as f32));
        }
    }
    super::screen::encode_png(size.0, size.1, &rgb)
}

/// The colour at (x, y), both from 0 to 1.
fn colour(x: f32, y: f32) -> [u8; 3] {
    let far = 0.62 + 0.05 * (x * 5.1).sin();
    let near = 0.78 + 0.07 * (x * 3.3 + 1.2).sin();
    let (from, to, share) = match y {
        y if y > near => ([23, 52, 64], [12, 30, 40], (y - near) / (1.0 - near)),
        y if y > far => ([44, 92, 104], [33, 72, 86], (y - far) / (near - far)),
        y => ([28, 44, 84], [226, 160, 122], (y / far).powi(2)),
    };
    std::array::from_fn(|channel| {
        let (from, to) = (from[channel] as f32, to[channel] as f32);
        (from + (to - from) * share.clamp(0.0, 1.0)).round() as u8
    })
}
