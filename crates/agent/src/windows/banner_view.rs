//! What the banner looks like.

use iced::widget::text::Wrapping;
use iced::widget::{Space, Text, button, column, container, mouse_area, row};
use iced::{Background, Border, Color, Element, Font, Length, Size, alignment, color, mouse};

use super::message::{BannerRequest, Rect};
use super::prompt_view::part;
use super::style::{self, Look, bold, dress, framed, ours, theirs};
use super::text::one_line;

/// Size of the window in logical pixels.
pub const SIZE: Size = Size::new(640.0, 52.0);
const PADDING: f32 = 14.0;
const END: Size = Size::new(84.0, 36.0);
const NAME_CHARS_MAX: usize = 40;
const UNTIL_CHARS_MAX: usize = 24;

const LIVE: Color = color!(0xff6b6b);
const WAITING: Color = color!(0xffc14e);

/// What may be said on the banner.
#[derive(Debug, Clone)]
pub enum Said {
    /// End was pressed.
    End,
}

/// The request's texts, fit to be shown.
#[derive(Debug)]
pub struct Words {
    who: String,
    organisation: String,
    doing: String,
    until: String,
    attended: bool,
    paused: bool,
}

impl Words {
    /// Escapes and cuts.
    pub fn new(request: &BannerRequest) -> Self {
        let mut doing: Vec<&str> = request.scopes.iter().map(|scope| scope.short()).collect();
        doing.dedup();
        let doing = if request.paused {
            "paused, nothing is seen or done".to_owned()
        } else {
            doing.join(", ")
        };
        Self {
            who: one_line(&request.who, NAME_CHARS_MAX),
            organisation: one_line(&request.organisation, NAME_CHARS_MAX),
            doing,
            attended: request.attended,
            until: one_line(&request.until, UNTIL_CHARS_MAX),
            paused: request.paused,
        }
    }
}

/// Seconds as `m:ss` or `h:mm:ss`.
pub fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// Where the End button is.
pub fn end_button(window: Rect, scale: f32) -> Rect {
    let width = window.w as f32 / scale;
    let height = window.h as f32 / scale;
    part(
        window,
        scale,
        width - PADDING - END.width,
        (height - END.height) / 2.0,
        END,
    )
}

/// The whole banner.
pub fn view(words: &Words, elapsed_s: u64, font: Font) -> Element<'_, Said> {
    let light = if words.paused { WAITING } else { LIVE };
    let dot = container(Space::new().width(12).height(12)).style(move |_| container::Style {
        background: Some(Background::Color(light)),
        border: Border {
            radius: 6.0.into(),
            ..Border::default()
        },
        ..container::Style::default()
    });
    let names = row![
        theirs(&words.who, 15.0)
            .font(bold(font))
            .wrapping(Wrapping::None),
        rest(theirs(&words.organisation, 15.0)),
    ]
    .spacing(10);
    let until = if words.attended {
        "until"
    } else {
        "unattended, until"
    };
    let facts = row![
        quiet(ours(until, 12.5)),
        quiet(theirs(&words.until, 12.5)),
        rest(quiet(ours(format!("·  {}", words.doing), 12.5))),
    ]
    .spacing(5);
    let middle = container(column![names, facts].spacing(1))
        .width(Length::Fill)
        .clip(true);
    let time = ours(clock(elapsed_s), 15.0).font(bold(font));
    let label = container(ours("End", 15.0).font(bold(font))).center(Length::Fill);
    let end = button(label)
        .width(END.width)
        .height(END.height)
        .padding(0)
        .on_press(Said::End);
    let parts = row![dot, middle, time, dress(end, Look::Ending, false)]
        .spacing(14)
        .align_y(alignment::Vertical::Center);
    let bar = container(parts)
        .padding([0.0, PADDING])
        .center_y(Length::Fill)
        .width(Length::Fill)
        .style(framed(style::NIGHT, style::PAPER, style::NIGHT_MUTED, 0.0));
    mouse_area(bar).interaction(mouse::Interaction::Grab).into()
}

fn quiet(words: Text<'_>) -> Text<'_> {
    words.color(style::NIGHT_MUTED).wrapping(Wrapping::None)
}

/// The last part of a line, cut where the room ends.
fn rest(words: Text<'_>) -> Element<'_, Said> {
    container(words.wrapping(Wrapping::None))
        .width(Length::Fill)
        .clip(true)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_time_is_written_as_on_a_clock() {
        assert_eq!(clock(9), "0:09");
        assert_eq!(clock(754), "12:34");
        assert_eq!(clock(36_061), "10:01:01");
    }
}
