//! The notice: an ordinary window that says what the person at the desk should know, and goes when he has read it.
//!
//! It asks nothing, and nothing depends on it: it keeps its place among the other windows, and may be covered or closed.

use std::sync::Mutex;

use iced::widget::{Space, button, column, container, row};
use iced::{Element, Font, Length, Size, Task, alignment, window};

use super::lines::{self, FromAgent};
use super::message::{NoticeCommand, NoticeEvent, NoticeRequest};
use super::style::{self, Look, area, bold, dress, ours, theirs};
use super::text::{ascii_domain, one_line};
use super::{Stop, fonts};

const SIZE: Size = Size::new(560.0, 330.0);
const PADDING: f32 = 28.0;
const BUTTON: Size = Size::new(144.0, 44.0);
const NAME_CHARS_MAX: usize = 60;

#[derive(Debug, Clone)]
enum Message {
    Opened,
    FromAgent(FromAgent<NoticeCommand>),
    Read,
}

/// The request's texts, fit to be shown.
struct Words {
    organisation: String,
    domain: String,
    keys: String,
    from: String,
}

impl Words {
    fn new(request: &NoticeRequest) -> Self {
        Self {
            organisation: one_line(&request.organisation, NAME_CHARS_MAX),
            domain: ascii_domain(&request.domain, NAME_CHARS_MAX),
            keys: match request.keys {
                1 => "by one new key".to_owned(),
                count => format!("by {count} new keys"),
            },
            from: one_line(&request.from, NAME_CHARS_MAX),
        }
    }
}

struct Notice {
    words: Words,
    font: Font,
}

/// Shows the notice that the first line asks for, until it is read or told to close.
pub fn run(first: NoticeCommand) -> Result<(), Stop> {
    let NoticeCommand::Show(request) = first else {
        return Ok(());
    };
    let font = fonts::choose()?;
    let words = Words::new(&request);
    let start = Mutex::new(Some((Notice { words, font }, lines::follow())));
    let boot = move || {
        let (notice, agent) = start
            .lock()
            .ok()
            .and_then(|mut start| start.take())
            .expect("boots once");
        (notice, Task::stream(agent).map(Message::FromAgent))
    };
    iced::application(boot, Notice::update, Notice::view)
        .title("Your organisation's administrators")
        .subscription(|_: &Notice| window::open_events().map(|_| Message::Opened))
        .theme(|_: &Notice| style::theme())
        .default_font(font)
        .window(window_settings())
        .run()?;
    Ok(())
}

/// One of the window manager's windows, among the others.
fn window_settings() -> window::Settings {
    window::Settings {
        size: SIZE,
        resizable: false,
        platform_specific: window::settings::PlatformSpecific {
            application_id: "wayleave".to_owned(),
            ..window::settings::PlatformSpecific::default()
        },
        ..window::Settings::default()
    }
}

impl Notice {
    fn update(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::Opened => lines::send(&NoticeEvent::Shown {}),
            Message::FromAgent(FromAgent::Command(NoticeCommand::Show(request))) => {
                self.words = Words::new(&request);
            }
            Message::FromAgent(_) | Message::Read => return iced::exit(),
        }
        Task::none()
    }

    fn view(&self) -> Element<'_, Message> {
        let Words {
            organisation,
            domain,
            keys,
            from,
        } = &self.words;
        let body = column![
            ours("The administrators' keys are being replaced", 21.0).font(bold(self.font)),
            theirs(organisation, 17.0).font(bold(self.font)),
            row![ours(keys, 16.0), ours("at the earliest on", 16.0)].spacing(5),
            ours(from, 16.0).font(bold(self.font)),
            ours(
                "If you did not expect this, tell your administrators: until then they can stop it.",
                16.0
            ),
            theirs(domain, 15.0).color(style::MUTED),
        ]
        .spacing(10);
        let label = container(ours("I have read it", 16.0).font(bold(self.font)));
        let read = button(label.center(Length::Fill))
            .width(BUTTON.width)
            .height(BUTTON.height)
            .padding(0)
            .on_press(Message::Read);
        let foot = row![
            Space::new().width(Length::Fill),
            dress(read, Look::Strong, false)
        ]
        .align_y(alignment::Vertical::Center);
        container(column![body, Space::new().height(Length::Fill), foot])
            .padding(PADDING)
            .width(Length::Fill)
            .height(Length::Fill)
            .style(area(style::PAPER, style::INK))
            .into()
    }
}
