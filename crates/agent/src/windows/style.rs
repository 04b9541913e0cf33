//! Colours and small parts that both windows share. Contrast of text is 7:1 or better.

use iced::widget::text::{Shaping, Wrapping};
use iced::widget::{Button, Text, button, container, text};
use iced::{Background, Border, Color, Font, Shadow, Theme, color, font};

/// Text.
pub const INK: Color = color!(0x1a2330);
/// Text of lesser weight.
pub const MUTED: Color = color!(0x4a5563);
/// The window.
pub const PAPER: Color = color!(0xffffff);
/// The quiet parts of the window.
pub const MIST: Color = color!(0xf3f5f8);
/// Thin lines.
pub const LINE: Color = color!(0xd3d9e0);
/// Titles, and what gives something away.
pub const BLUE: Color = color!(0x0b4f94);
/// What ends things.
pub const RED: Color = color!(0xa51d24);
/// The same under the pointer.
pub const RED_DEEP: Color = color!(0x7f1217);
/// What waits.
pub const AMBER: Color = color!(0x8a5300);
/// The banner.
pub const NIGHT: Color = color!(0x16202c);
/// The same under the pointer.
pub const SLATE: Color = color!(0x33435a);
/// Text of lesser weight on the banner.
pub const NIGHT_MUTED: Color = color!(0xbcc7d4);

/// `font` in bold.
pub fn bold(font: Font) -> Font {
    Font {
        weight: font::Weight::Bold,
        ..font
    }
}

/// Words of ours.
pub fn ours<'a>(words: impl text::IntoFragment<'a>, size: f32) -> Text<'a> {
    text(words).size(size)
}

/// Words of a peer, escaped already: in any script, never in one paragraph with ours.
pub fn theirs<'a>(words: &'a str, size: f32) -> Text<'a> {
    text(words)
        .size(size)
        .shaping(Shaping::Advanced)
        .wrapping(Wrapping::WordOrGlyph)
}

/// How a button stands in relation to the keyboard and the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// White with a line around it, for what gives something away.
    Outlined,
    /// Dark, for the safe choice.
    Strong,
    /// Filled with the colour of ending.
    Ending,
}

/// Gives a button its look; `focused` draws the keyboard's ring.
pub fn dress<'a, M>(button: Button<'a, M>, look: Look, focused: bool) -> Button<'a, M> {
    button.style(move |_: &Theme, status| dressed(look, focused, status))
}

fn dressed(look: Look, focused: bool, status: button::Status) -> button::Style {
    let over = matches!(status, button::Status::Hovered | button::Status::Pressed);
    let off = status == button::Status::Disabled;
    let (ground, ink, line) = match look {
        _ if off => (MIST, MUTED, LINE),
        Look::Outlined if over => (BLUE, PAPER, BLUE),
        Look::Outlined => (PAPER, BLUE, BLUE),
        Look::Strong if over => (SLATE, PAPER, SLATE),
        Look::Strong => (NIGHT, PAPER, NIGHT),
        Look::Ending if over => (RED_DEEP, PAPER, RED_DEEP),
        Look::Ending => (RED, PAPER, RED),
    };
    let border = if focused {
        Border {
            color: color!(0xe08a00),
            width: 3.0,
            radius: 8.0.into(),
        }
    } else {
        Border {
            color: line,
            width: 1.0,
            radius: 8.0.into(),
        }
    };
    button::Style {
        background: Some(Background::Color(ground)),
        text_color: ink,
        border,
        shadow: Shadow::default(),
        snap: true,
    }
}

/// A plain area of one colour.
pub fn area(ground: Color, ink: Color) -> impl Fn(&Theme) -> container::Style {
    move |_| container::Style {
        background: Some(Background::Color(ground)),
        text_color: Some(ink),
        ..container::Style::default()
    }
}

/// An area with a thin line around it.
pub fn framed(
    ground: Color,
    ink: Color,
    line: Color,
    radius: f32,
) -> impl Fn(&Theme) -> container::Style {
    move |_| container::Style {
        background: Some(Background::Color(ground)),
        text_color: Some(ink),
        border: Border {
            color: line,
            width: 1.0,
            radius: radius.into(),
        },
        ..container::Style::default()
    }
}

/// The one theme: light, whatever the desktop's.
pub fn theme() -> Theme {
    let palette = iced::theme::Palette {
        background: PAPER,
        text: INK,
        primary: BLUE,
        success: BLUE,
        warning: AMBER,
        danger: RED,
    };
    Theme::custom("Wayleave".to_owned(), palette)
}
