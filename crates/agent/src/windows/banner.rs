//! The banner: stands above everything while a session lasts, with End.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iced::{Element, Event, Font, Subscription, Task, event, mouse, window};

use super::arming::CoverWatch;
use super::banner_view::{self, Said, Words};
use super::lines::{self, FromAgent};
use super::message::{BannerCommand, BannerEvent, BannerRequest};
use super::restore::Kind;
use super::stage::{Hidden, Screen, Sight, Stage};
use super::watcher::{now_ms, watch};
use super::{Stop, fonts, style, window_of};

#[derive(Debug, Clone)]
enum Message {
    Opened(window::Id),
    Window(window::Id, u32, f32),
    Sight(Sight),
    WindowLost,
    FromAgent(FromAgent<BannerCommand>),
    Said(Said),
    Gripped,
    PointerAt(f32),
    Dropped,
    Tick,
    CoverCheck,
}

struct Banner {
    words: Words,
    font: Font,
    start: Instant,
    began: Instant,
    elapsed_before_s: u64,
    screen: Option<Screen>,
    stage: Option<Arc<Stage>>,
    scale: f32,
    last: Option<Sight>,
    cover: CoverWatch,
    told_covered: bool,
    /// In logical pixels from the banner's left edge.
    pointer_x: f32,
    dragging: bool,
    ended: bool,
}

/// Shows the banner that the first line asks for, until it is told to close.
pub fn run(first: BannerCommand) -> Result<(), Stop> {
    let BannerCommand::Show(request) = first else {
        return Ok(());
    };
    let font = fonts::choose()?;
    let screen = Screen::open().map_err(Stop::unavailable)?;
    let start = Mutex::new(Some((Banner::new(&request, font, screen), lines::follow())));
    let boot = move || {
        let (banner, agent) = start
            .lock()
            .ok()
            .and_then(|mut start| start.take())
            .expect("boots once");
        let check = banner.check_later();
        (
            banner,
            Task::batch([Task::stream(agent).map(Message::FromAgent), check]),
        )
    };
    iced::application(boot, Banner::update, Banner::view)
        .title("Remote support is running")
        .subscription(Banner::subscription)
        .theme(|_: &Banner| style::theme())
        .default_font(font)
        .window(super::window_settings(banner_view::SIZE))
        .run()?;
    Ok(())
}

impl Banner {
    fn new(request: &BannerRequest, font: Font, screen: Screen) -> Self {
        Self {
            words: Words::new(request),
            font,
            start: Instant::now(),
            began: Instant::now(),
            elapsed_before_s: request.elapsed_s.into(),
            screen: Some(screen),
            stage: None,
            scale: 1.0,
            last: None,
            cover: CoverWatch::new(0),
            told_covered: false,
            pointer_x: 0.0,
            dragging: false,
            ended: false,
        }
    }

    fn update(&mut self, message: Message) -> Task<Message> {
        if self.ended {
            return Task::none();
        }
        match message {
            Message::Opened(id) => {
                return window_of(id).map(move |(xid, scale)| Message::Window(id, xid, scale));
            }
            Message::Window(id, xid, scale) => return self.take(id, xid, scale),
            Message::Sight(sight) => return self.see(sight),
            Message::WindowLost => return self.lost(),
            Message::FromAgent(FromAgent::Command(BannerCommand::Show(request))) => {
                self.words = Words::new(&request);
                self.began = Instant::now();
                self.elapsed_before_s = request.elapsed_s.into();
            }
            Message::FromAgent(_) => return self.leave(),
            Message::Said(Said::End) => lines::send(&BannerEvent::End {}),
            Message::Gripped => {
                let offset = (self.pointer_x * self.scale) as i32;
                self.dragging = self.on_stage(|stage| {
                    stage.grip(offset);
                    stage.drag()
                });
            }
            Message::PointerAt(x) => {
                self.pointer_x = x;
                if self.dragging {
                    self.on_stage(Stage::drag);
                }
            }
            Message::Dropped => {
                self.dragging = false;
                self.on_stage(|stage| {
                    stage.release();
                    Ok(())
                });
            }
            Message::Tick => return self.tick(),
            Message::CoverCheck => self.tell_covered(),
        }
        Task::none()
    }

    fn on_stage(&self, act: impl FnOnce(&Stage) -> anyhow::Result<()>) -> bool {
        self.stage.as_ref().is_some_and(|stage| act(stage).is_ok())
    }

    fn take(&mut self, id: window::Id, xid: u32, scale: f32) -> Task<Message> {
        let Some(screen) = self.screen.take() else {
            return Task::none();
        };
        let Ok(stage) = Stage::take(screen, xid, Kind::Banner) else {
            return self.lost();
        };
        let stage = Arc::new(stage);
        self.scale = scale;
        lines::send(&BannerEvent::Placed {
            rect: stage.wanted(),
        });
        let sights = Task::stream(watch(stage.clone()));
        self.stage = Some(stage);
        Task::batch([
            sights
                .map(Message::Sight)
                .chain(Task::done(Message::WindowLost)),
            super::show(id),
        ])
    }

    fn see(&mut self, sight: Sight) -> Task<Message> {
        let in_sight = sight.hidden.is_none();
        self.cover.saw(in_sight, now_ms(self.start));
        let moved = self
            .last
            .is_none_or(|last| last.rect != sight.rect || last.hidden.is_some());
        self.last = Some(sight);
        if in_sight
            && moved
            && let Some(stage) = &self.stage
        {
            let end = banner_view::end_button(sight.rect, self.scale);
            lines::send(&BannerEvent::Shown {
                rect: sight.rect,
                window: stage.window,
                end,
            });
        }
        self.tell_covered();
        self.check_later()
    }

    /// Comes back to the question when the banner would count as covered.
    fn check_later(&self) -> Task<Message> {
        let Some(wait_ms) = self.cover.covered_in_ms(now_ms(self.start)) else {
            return Task::none();
        };
        Task::future(async move {
            tokio::time::sleep(Duration::from_millis(wait_ms + 1)).await;
            Message::CoverCheck
        })
    }

    fn tell_covered(&mut self) {
        let covered = self.cover.covered(now_ms(self.start));
        if covered && !self.told_covered {
            let hidden = self
                .last
                .and_then(|sight| sight.hidden)
                .unwrap_or(Hidden::Covered);
            lines::send(&BannerEvent::Covered {
                why: hidden.sentence().to_owned(),
            });
        }
        self.told_covered = covered;
    }

    /// A last resort beside the watcher's events: looks, and puts the banner back.
    fn tick(&mut self) -> Task<Message> {
        let Some(stage) = self.stage.clone() else {
            return Task::none();
        };
        let Ok(sight) = stage.look() else {
            return self.lost();
        };
        if sight.hidden.is_some() {
            let _ = stage.restore();
        }
        if self.last == Some(sight) || self.last.is_none() {
            return Task::none();
        }
        self.see(sight)
    }

    fn lost(&mut self) -> Task<Message> {
        lines::send(&BannerEvent::Covered {
            why: "The window is gone.".to_owned(),
        });
        self.leave()
    }

    fn leave(&mut self) -> Task<Message> {
        self.ended = true;
        iced::exit()
    }

    fn view(&self) -> Element<'_, Message> {
        let elapsed_s = self.elapsed_before_s + self.began.elapsed().as_secs();
        banner_view::view(&self.words, elapsed_s, self.font).map(Message::Said)
    }

    fn subscription(&self) -> Subscription<Message> {
        Subscription::batch([
            window::open_events().map(Message::Opened),
            iced::time::every(Duration::from_secs(1)).map(|_| Message::Tick),
            event::listen_with(by_hand),
        ])
    }
}

/// Events one by one: a widget sees only where the pointer went in the end.
fn by_hand(event: Event, status: event::Status, _: window::Id) -> Option<Message> {
    let Event::Mouse(event) = event else {
        return None;
    };
    match event {
        mouse::Event::CursorMoved { position } => Some(Message::PointerAt(position.x)),
        mouse::Event::ButtonPressed(mouse::Button::Left) => {
            (status == event::Status::Ignored).then_some(Message::Gripped)
        }
        mouse::Event::ButtonReleased(mouse::Button::Left) => Some(Message::Dropped),
        _ => None,
    }
}
