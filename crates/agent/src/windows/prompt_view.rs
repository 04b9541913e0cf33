//! What the prompt looks like: who is this, what could they do, how is it stopped.

use iced::widget::{Column, Space, button, column, container, row, rule, scrollable, sensor};
use iced::{Element, Font, Length, Size, alignment};

use super::message::{Permission, PromptRequest, Rect};
use super::style::{self, Look, area, bold, dress, framed, ours, theirs};
use super::text::{ascii_domain, one_line};

/// Width of the window in logical pixels.
pub const WIDTH: f32 = 640.0;
/// Height before the text was measured; less than any text, which would be stretched to it.
pub const HEIGHT_AT_FIRST: f32 = 240.0;
const PADDING: f32 = 28.0;
const FOOTER: f32 = 84.0;
const BUTTON: Size = Size::new(144.0, 48.0);
const BUTTON_GAP: f32 = 12.0;

const NAME_CHARS_MAX: usize = 80;
/// A folder is shown whole: what is cut off would look wider than it is.
const FOLDER_CHARS_MAX: usize = trust::limits::PATH_BYTES_MAX;
const WHY_CHARS_MAX: usize = 300;

/// The two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Let them in.
    Allow,
    /// Do not.
    Refuse,
}

/// The request's texts, fit to be shown.
#[derive(Debug)]
pub struct Words {
    who: String,
    who_words: Option<String>,
    organisation: String,
    domain: Option<String>,
    domain_is_proven: Option<bool>,
    device: String,
    scopes: Vec<(Permission, String)>,
    until: String,
    why: String,
    ticket: String,
}

impl Words {
    /// Escapes and cuts.
    pub fn new(request: &PromptRequest) -> Self {
        let name = |text: &str| one_line(text, NAME_CHARS_MAX);
        Self {
            who: name(&request.who),
            who_words: request.who_words.as_deref().map(name),
            organisation: name(&request.organisation),
            domain: request
                .domain
                .as_deref()
                .map(|domain| ascii_domain(domain, NAME_CHARS_MAX)),
            domain_is_proven: request.domain_is_proven,
            device: name(&request.device),
            scopes: request
                .scopes
                .iter()
                .map(|scope| (*scope, bound(*scope, request)))
                .collect(),
            until: name(&request.until),
            why: one_line(&request.why, WHY_CHARS_MAX),
            ticket: name(&request.ticket),
        }
    }
}

/// How far a permission goes, where that is less than its sentence says, or more.
fn bound(permission: Permission, request: &PromptRequest) -> String {
    let under = |folders: &[String]| {
        let folders: Vec<String> = folders
            .iter()
            .map(|f| one_line(f, FOLDER_CHARS_MAX))
            .collect();
        match folders.split_last() {
            None => String::new(),
            Some((last, [])) => format!("only in {last}"),
            Some((last, others)) => format!("only in {} and {last}", others.join(", ")),
        }
    };
    match permission {
        Permission::FetchFiles => under(&request.read_under),
        Permission::PutFiles => under(&request.write_under),
        Permission::RunCommands => request
            .shell_as
            .as_deref()
            .map(|user| format!("as the user {}", one_line(user, NAME_CHARS_MAX)))
            .unwrap_or_default(),
        Permission::See
        | Permission::Control
        | Permission::ReadClipboard
        | Permission::SetClipboard => String::new(),
    }
}

/// What the view needs beside the words.
pub struct Now {
    /// Whether Allow takes a press.
    pub armed: bool,
    /// Where the keyboard is.
    pub focus: Option<Choice>,
    /// Seconds until it refuses by itself.
    pub left_s: u64,
    /// The font in use.
    pub font: Font,
}

/// What the view may say.
#[derive(Debug, Clone)]
pub enum Said {
    /// A button was pressed.
    Press(Choice),
    /// The text above the buttons takes this much room.
    Measured(Size),
}

/// Height of the window for a text of this height.
pub fn height_for(text: Size) -> f32 {
    (text.height + FOOTER + 2.0).ceil()
}

/// Where the buttons are: they keep to the lower right corner.
pub fn buttons(window: Rect, scale: f32) -> (Rect, Rect) {
    let size = window_size(window, scale);
    let y = size.height - (FOOTER + BUTTON.height) / 2.0;
    let allow_x = size.width - PADDING - BUTTON.width;
    let at = |x: f32| part(window, scale, x, y, BUTTON);
    (at(allow_x), at(allow_x - BUTTON_GAP - BUTTON.width))
}

fn window_size(window: Rect, scale: f32) -> Size {
    Size::new(window.w as f32 / scale, window.h as f32 / scale)
}

/// A part of a window, from logical to screen pixels.
pub fn part(window: Rect, scale: f32, x: f32, y: f32, size: Size) -> Rect {
    Rect {
        x: window.x + (x * scale) as i32,
        y: window.y + (y * scale) as i32,
        w: (size.width * scale) as u32,
        h: (size.height * scale) as u32,
    }
}

/// The whole prompt.
pub fn view<'a>(words: &'a Words, now: &Now) -> Element<'a, Said> {
    let body = sensor(text(words, now.font))
        .on_show(Said::Measured)
        .on_resize(Said::Measured);
    container(column![
        scrollable(body).direction(slim()).height(Length::Fill),
        footer(now)
    ])
    .style(framed(style::PAPER, style::INK, style::MUTED, 0.0))
    .padding(1)
    .into()
}

fn text<'a>(words: &'a Words, font: Font) -> Element<'a, Said> {
    let head = column![
        ours("Allow remote support on this computer?", 21.0).font(bold(font)),
        theirs(&words.device, 15.0).color(style::MUTED),
    ]
    .spacing(2);
    column![
        container(head)
            .padding([14.0, PADDING])
            .width(Length::Fill)
            .style(area(style::MIST, style::INK)),
        rule::horizontal(1).style(line),
        column![
            who(words, font),
            what(words, font),
            why(words, font),
            stop(font)
        ]
        .spacing(14)
        .padding([14.0, PADDING]),
    ]
    .into()
}

fn slim() -> scrollable::Direction {
    scrollable::Direction::Vertical(scrollable::Scrollbar::new().width(8).scroller_width(8))
}

fn line(_: &iced::Theme) -> rule::Style {
    rule::Style {
        color: style::LINE,
        radius: 0.0.into(),
        fill_mode: rule::FillMode::Full,
        snap: true,
    }
}

fn section<'a>(title: &'a str, font: Font, parts: Column<'a, Said>) -> Element<'a, Said> {
    column![
        ours(title, 14.0).font(bold(font)).color(style::BLUE),
        parts.spacing(3)
    ]
    .spacing(4)
    .into()
}

fn who<'a>(words: &'a Words, font: Font) -> Element<'a, Said> {
    let mut parts = column![theirs(&words.who, 20.0).font(bold(font))];
    let mut home = row![theirs(&words.organisation, 16.0)].spacing(10);
    if let Some(domain) = &words.domain {
        home = home.push(theirs(domain, 16.0).color(style::MUTED));
    }
    parts = parts.push(home.wrap());
    match words.domain_is_proven {
        Some(true) => {
            let said = "This address confirms that it is theirs.";
            parts = parts.push(ours(said, 14.0).color(style::MUTED));
        }
        Some(false) => {
            let said =
                "NOT PROVEN: this address did not answer. Anybody could have written it here.";
            parts = parts.push(ours(said, 14.0).font(bold(font)).color(style::AMBER));
        }
        None => {}
    }
    if let Some(spoken) = &words.who_words {
        let hint = ours("On the phone? They can read you:", 14.0).color(style::MUTED);
        parts = parts.push(
            row![hint, theirs(spoken, 14.0).font(bold(font))]
                .spacing(8)
                .wrap(),
        );
    }
    section("Who is this?", font, parts)
}

fn what<'a>(words: &'a Words, font: Font) -> Element<'a, Said> {
    let mut parts = Column::new();
    for (scope, bound) in &words.scopes {
        let dot = container(Space::new().width(7).height(7)).style(|_| container::Style {
            background: Some(style::INK.into()),
            border: iced::Border {
                radius: 4.0.into(),
                ..iced::Border::default()
            },
            ..container::Style::default()
        });
        let mut lines = column![ours(scope.sentence(), 16.0)];
        if !bound.is_empty() {
            lines = lines.push(theirs(bound, 14.0).font(bold(font)));
        }
        if let Some(consequence) = scope.consequence() {
            lines = lines.push(ours(consequence, 14.0).color(style::AMBER));
        }
        parts = parts.push(row![container(dot).padding(iced::padding::top(8)), lines].spacing(12));
    }
    let until = row![
        ours("Until", 16.0),
        theirs(&words.until, 16.0).font(bold(font))
    ]
    .spacing(6);
    section("What could they do?", font, parts.push(until))
}

fn why<'a>(words: &'a Words, font: Font) -> Element<'a, Said> {
    let reason = if words.why.is_empty() {
        "(no reason given)"
    } else {
        &words.why
    };
    let mut quoted = column![theirs(reason, 16.0)].spacing(4);
    if !words.ticket.is_empty() {
        let ticket = theirs(&words.ticket, 14.0).color(style::MUTED);
        quoted = quoted.push(row![ours("Ticket:", 14.0).color(style::MUTED), ticket].spacing(6));
    }
    let quote = container(quoted)
        .padding([10, 14])
        .width(Length::Fill)
        .style(framed(style::MIST, style::INK, style::LINE, 6.0));
    section("Reason, in the technician's words:", font, column![quote])
}

fn stop<'a>(font: Font) -> Element<'a, Said> {
    let how = "Press End on the bar at the top of your screen. Everything stops.";
    section("How do I stop it?", font, column![ours(how, 16.0)])
}

fn footer<'a>(now: &Now) -> Element<'a, Said> {
    let advice = column![
        ours("Not expecting this? Refuse.", 14.0).font(bold(now.font)),
        ours(format!("Refused by itself in {} s", now.left_s), 14.0).color(style::MUTED),
    ]
    .spacing(2)
    .width(Length::Fill);
    let refuse = press("Refuse (Esc)", Look::Strong, Choice::Refuse, now);
    let allow = press("Allow", Look::Outlined, Choice::Allow, now);
    let parts = row![advice, refuse, allow]
        .spacing(BUTTON_GAP)
        .align_y(alignment::Vertical::Center);
    let bar = container(parts)
        .padding([0.0, PADDING])
        .height(FOOTER - 1.0)
        .width(Length::Fill)
        .align_y(alignment::Vertical::Center)
        .style(area(style::MIST, style::INK));
    column![rule::horizontal(1).style(line), bar].into()
}

fn press<'a>(label: &'a str, look: Look, choice: Choice, now: &Now) -> Element<'a, Said> {
    let label = container(ours(label, 16.0).font(bold(now.font))).center(Length::Fill);
    let takes = choice == Choice::Refuse || now.armed;
    let plain = button(label)
        .width(BUTTON.width)
        .height(BUTTON.height)
        .padding(0)
        .on_press_maybe(takes.then_some(Said::Press(choice)));
    dress(plain, look, now.focus == Some(choice)).into()
}
