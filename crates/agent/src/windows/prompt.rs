//! The consent prompt: asks, and turns what happens into one answer.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use iced::keyboard::{self, Key, key::Named};
use iced::{Element, Font, Size, Subscription, Task, window};

use super::arming::{ARMING_MS, Arming};
use super::lines::{self, FromAgent};
use super::message::{How, PromptCommand, PromptEvent, PromptRequest};
use super::prompt_view::{self, Choice, Now, Said, Words};
use super::restore::Kind;
use super::stage::{Screen, Sight, Stage};
use super::watcher::{now_ms, watch};
use super::{Stop, fonts, style, window_of};

#[expect(
    clippy::large_enum_variant,
    reason = "a handful of them exist in a process's life"
)]
#[derive(Debug, Clone)]
enum Message {
    Opened(window::Id),
    Window(window::Id, u32, f32),
    Sight(Sight),
    WindowLost,
    FromAgent(FromAgent<PromptCommand>),
    Said(Said),
    Key(keyboard::Event),
    CloseRequested,
    Tick,
    Lapsed,
}

struct Prompt {
    words: Words,
    font: Font,
    start: Instant,
    lapses_at_ms: u64,
    screen: Option<Screen>,
    stage: Option<Arc<Stage>>,
    scale: f32,
    text: Option<Size>,
    shown: Option<Sight>,
    arming: Arming,
    told_armed: bool,
    focus: Option<Choice>,
    answered: bool,
}

/// Shows the prompt that the first line asks for, until it is answered.
pub fn run(first: PromptCommand) -> Result<(), Stop> {
    let PromptCommand::Ask(request) = first else {
        return Ok(());
    };
    let font = fonts::choose()?;
    let screen = Screen::open().map_err(Stop::unavailable)?;
    let start = Mutex::new(Some((Prompt::new(&request, font, screen), lines::follow())));
    let boot = move || {
        let (prompt, agent) = start
            .lock()
            .ok()
            .and_then(|mut start| start.take())
            .expect("boots once");
        let lapse_ms = prompt.lapses_at_ms;
        let lapse = Task::future(async move {
            tokio::time::sleep(Duration::from_millis(lapse_ms)).await;
            Message::Lapsed
        });
        (
            prompt,
            Task::batch([Task::stream(agent).map(Message::FromAgent), lapse]),
        )
    };
    let settings =
        super::window_settings(Size::new(prompt_view::WIDTH, prompt_view::HEIGHT_AT_FIRST));
    iced::application(boot, Prompt::update, Prompt::view)
        .title("Allow remote support?")
        .subscription(Prompt::subscription)
        .theme(|_: &Prompt| style::theme())
        .default_font(font)
        .window(settings)
        .run()?;
    Ok(())
}

impl Prompt {
    fn new(request: &PromptRequest, font: Font, screen: Screen) -> Self {
        let epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let epoch_ms = u64::try_from(epoch.as_millis()).unwrap_or(u64::MAX);
        let lapses_at_ms =
            (u64::from(request.timeout_s) * 1_000).min(request.until_ms.saturating_sub(epoch_ms));
        Self {
            words: Words::new(request),
            font,
            start: Instant::now(),
            lapses_at_ms,
            screen: Some(screen),
            stage: None,
            scale: 1.0,
            text: None,
            shown: None,
            arming: Arming::default(),
            told_armed: false,
            focus: None,
            answered: false,
        }
    }

    fn update(&mut self, message: Message) -> Task<Message> {
        if self.answered {
            return Task::none();
        }
        match message {
            Message::Opened(id) => {
                window_of(id).map(move |(xid, scale)| Message::Window(id, xid, scale))
            }
            Message::Window(id, xid, scale) => self.take(id, xid, scale),
            Message::Sight(sight) => self.see(sight),
            Message::WindowLost | Message::CloseRequested => self.answer(false, How::Closed),
            Message::FromAgent(FromAgent::Command(PromptCommand::Ask(_))) => Task::none(),
            Message::FromAgent(_) => self.leave(),
            Message::Said(Said::Press(choice)) => self.press(choice),
            Message::Said(Said::Measured(text)) => {
                self.text = Some(text);
                self.fit();
                Task::none()
            }
            Message::Key(event) => self.key(event),
            Message::Tick => {
                self.tell_armed();
                Task::none()
            }
            Message::Lapsed => self.answer(false, How::Timeout),
        }
    }

    fn take(&mut self, id: window::Id, xid: u32, scale: f32) -> Task<Message> {
        let Some(screen) = self.screen.take() else {
            return Task::none();
        };
        let Ok(stage) = Stage::take(screen, xid, Kind::Prompt) else {
            return self.answer(false, How::Closed);
        };
        let stage = Arc::new(stage);
        self.scale = scale;
        lines::send(&PromptEvent::Placed {
            rect: stage.wanted(),
        });
        let sights = Task::stream(watch(stage.clone()));
        self.stage = Some(stage);
        self.fit();
        Task::batch([
            sights
                .map(Message::Sight)
                .chain(Task::done(Message::WindowLost)),
            super::show(id),
        ])
    }

    fn see(&mut self, sight: Sight) -> Task<Message> {
        let in_sight = sight.hidden.is_none();
        self.arming.saw(in_sight, now_ms(self.start));
        if in_sight && self.shown != Some(sight) {
            self.shown = Some(sight);
            self.tell_shown(sight);
        }
        self.tell_armed();
        if !in_sight {
            return Task::none();
        }
        Task::future(async {
            tokio::time::sleep(Duration::from_millis(ARMING_MS + 1)).await;
            Message::Tick
        })
    }

    fn tell_shown(&self, sight: Sight) {
        let Some(stage) = &self.stage else { return };
        let (allow, refuse) = prompt_view::buttons(sight.rect, self.scale);
        let _ = stage.focus();
        lines::send(&PromptEvent::Shown {
            rect: sight.rect,
            window: stage.window,
            allow,
            refuse,
        });
    }

    fn tell_armed(&mut self) {
        let armed = self.arming.armed(now_ms(self.start));
        if armed != self.told_armed {
            self.told_armed = armed;
            let event = if armed {
                PromptEvent::Armed {}
            } else {
                PromptEvent::Disarmed {}
            };
            lines::send(&event);
        }
    }

    /// Fits the window to its text.
    fn fit(&self) {
        let (Some(stage), Some(text)) = (&self.stage, self.text) else {
            return;
        };
        let pixels = |length: f32| (length * self.scale).ceil() as u32;
        let (w, h) = (
            pixels(prompt_view::WIDTH),
            pixels(prompt_view::height_for(text)),
        );
        let before = stage.wanted();
        if stage.resize(w, h).is_ok() && stage.wanted() != before {
            lines::send(&PromptEvent::Placed {
                rect: stage.wanted(),
            });
        }
    }

    fn key(&mut self, event: keyboard::Event) -> Task<Message> {
        let keyboard::Event::KeyPressed {
            key: Key::Named(named),
            repeat,
            ..
        } = event
        else {
            return Task::none();
        };
        match named {
            Named::Escape => return self.answer(false, How::Escape),
            Named::Tab | Named::ArrowLeft | Named::ArrowRight => {
                self.focus = Some(match self.focus {
                    Some(Choice::Refuse) => Choice::Allow,
                    Some(Choice::Allow) | None => Choice::Refuse,
                });
            }
            Named::Enter | Named::Space if !repeat => {
                if let Some(choice) = self.focus {
                    return self.press(choice);
                }
            }
            _ => {}
        }
        Task::none()
    }

    fn press(&mut self, choice: Choice) -> Task<Message> {
        if choice == Choice::Refuse {
            return self.answer(false, How::Button);
        }
        let topmost = self
            .stage
            .as_ref()
            .and_then(|stage| stage.look().ok())
            .is_some_and(|sight| sight.hidden.is_none());
        let now_ms = now_ms(self.start);
        self.arming.saw(topmost, now_ms);
        if self.arming.armed(now_ms) {
            return self.answer(true, How::Button);
        }
        self.tell_armed();
        Task::none()
    }

    fn answer(&mut self, allow: bool, how: How) -> Task<Message> {
        lines::send(&PromptEvent::Answer { allow, how });
        self.leave()
    }

    fn leave(&mut self) -> Task<Message> {
        self.answered = true;
        if let Some(stage) = &self.stage {
            stage.give_focus_back();
        }
        iced::exit()
    }

    fn view(&self) -> Element<'_, Message> {
        let now_ms = now_ms(self.start);
        let now = Now {
            armed: self.arming.armed(now_ms),
            focus: self.focus,
            left_s: self.lapses_at_ms.saturating_sub(now_ms).div_ceil(1_000),
            font: self.font,
        };
        prompt_view::view(&self.words, &now).map(Message::Said)
    }

    fn subscription(&self) -> Subscription<Message> {
        Subscription::batch([
            window::open_events().map(Message::Opened),
            window::close_requests().map(|_| Message::CloseRequested),
            keyboard::listen().map(Message::Key),
            iced::time::every(Duration::from_secs(1)).map(|_| Message::Tick),
        ])
    }
}
