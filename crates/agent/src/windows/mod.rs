//! The end user's windows on the workstation: the consent prompt, the banner, the notice.
//!
//! Each runs in a process of its own, `wayleave-agent window prompt`, `banner` or `notice`, so that a fault in the drawing stack never takes the agent
//! with it, and so that killing a window is something the agent sees. The desk helper starts them
//! through [`client`]; [`run`] is the other side.
//!
//! # Protocol: one JSON object a line, commands on stdin, events on stdout
//!
//! Lines are at most [`message::LINE_BYTES_MAX`] bytes, UTF-8, with no unknown members. The
//! window goes away when stdin ends: a window never outlives the agent that asked for it.
//!
//! Prompt ([`message::PromptCommand`], [`message::PromptEvent`]):
//!
//! ```text
//! -> {"cmd":"ask","who":"Dana Weiss","organisation":"Acme IT","domain":"acme.example",
//!     "device":"FRONTDESK-3","scopes":["see","control"],"until":"14:35","until_ms":1767000000000,
//!     "why":"Printer does not print","ticket":"INC-1042","timeout_s":60}
//! <- {"event":"placed","rect":{..}}                    not on the screen yet: mask this now
//! <- {"event":"shown","rect":{..},"window":N,"allow":{..},"refuse":{..}}   again when it moves
//! <- {"event":"armed"} | {"event":"disarmed"}          whether Allow takes a press
//! <- {"event":"answer","allow":false,"how":"button|escape|timeout|closed"}   then the exit
//! -> {"cmd":"close"}                                   withdraws the question, no answer
//! ```
//!
//! Banner ([`message::BannerCommand`], [`message::BannerEvent`]):
//!
//! ```text
//! -> {"cmd":"show","who":..,"organisation":..,"scopes":[..],"until":..,"attended":true,
//!     "paused":false,"elapsed_s":0}                    further ones replace what is shown
//! <- {"event":"placed",..}  {"event":"shown","rect":{..},"window":N,"end":{..}}
//! <- {"event":"end"}                                   the end user pressed End
//! <- {"event":"covered","why":"..."}                   not in sight for longer than a moment
//! -> {"cmd":"close"}
//! ```
//!
//! Notice ([`message::NoticeCommand`], [`message::NoticeEvent`]), an ordinary window:
//!
//! ```text
//! -> {"cmd":"show","organisation":..,"domain":..,"keys":1,"from":"2026-02-03 14:35"}
//! <- {"event":"shown"}                                 then the exit, when it was read
//! -> {"cmd":"close"}
//! ```
//!
//! Each: `{"event":"unavailable","why":"sentence"}` and exit code 3 where no window can be
//! shown. Rectangles are in pixels of the X screen, origin at its top left.
//!
//! # What the windows promise
//!
//! - Allow is never the default and never focused by itself. It takes a press only
//!   [`arming::ARMING_MS`] after the prompt became visible *and* topmost without a break, and the
//!   stacking order is read once more at the press.
//! - Everything else than a press of Allow is a refusal.
//! - The prompt grabs neither pointer nor keyboard.
//! - The banner stands above all windows, puts itself back when it is covered, moved, resized,
//!   shaped or unmapped, and reports `covered` when that does not help.

pub mod arming;
mod banner;
mod banner_view;
pub mod client;
mod fonts;
mod lines;
pub mod message;
mod notice;
mod prompt;
mod prompt_view;
mod restore;
mod stage;
mod style;
pub mod text;
mod watcher;

use std::process::ExitCode;

use message::{BannerCommand, NoticeCommand, PromptCommand};

/// Exit code where the arguments or the first line were not understood.
pub const EXIT_USAGE: u8 = 2;
/// Exit code where no window can be shown here.
pub const EXIT_UNAVAILABLE: u8 = 3;

/// Runs `wayleave-agent window ARGS`; `args` is what follows `window`.
///
/// Must be called on the main thread and outside any async runtime: it runs the window's event
/// loop and returns when the window is gone.
pub fn run(args: &[String]) -> ExitCode {
    let outcome = match args {
        [kind] if kind == "prompt" => guarded(|| prompt::run(lines::first::<PromptCommand>()?)),
        [kind] if kind == "banner" => guarded(|| banner::run(lines::first::<BannerCommand>()?)),
        [kind] if kind == "notice" => guarded(|| notice::run(lines::first::<NoticeCommand>()?)),
        _ => {
            eprintln!(
                "usage: wayleave-agent window prompt|banner|notice (started by the agent itself)"
            );
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            lines::send(&message::Unavailable::new(stop.why));
            ExitCode::from(stop.code)
        }
    }
}

/// Why the window process stops without having done its work.
#[derive(Debug)]
struct Stop {
    why: String,
    code: u8,
}

impl Stop {
    fn unavailable(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            code: EXIT_UNAVAILABLE,
        }
    }

    fn usage(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            code: EXIT_USAGE,
        }
    }
}

/// A window that bypasses the window manager and is not on the screen yet.
fn window_settings(size: iced::Size) -> iced::window::Settings {
    iced::window::Settings {
        size,
        visible: false,
        resizable: false,
        decorations: false,
        level: iced::window::Level::AlwaysOnTop,
        exit_on_close_request: false,
        platform_specific: iced::window::settings::PlatformSpecific {
            application_id: "wayleave".to_owned(),
            override_redirect: true,
        },
        ..iced::window::Settings::default()
    }
}

/// The X11 id and the scale of a window.
fn window_of(id: iced::window::Id) -> iced::Task<(u32, f32)> {
    iced::window::raw_id::<u64>(id).then(move |xid| {
        // X11 ids have 29 bits; the drawing stack hands them on in 64.
        let xid = u32::try_from(xid).unwrap_or(0);
        iced::window::scale_factor(id).map(move |scale| (xid, scale))
    })
}

/// Puts a window on the screen, above the others.
fn show<T: Send + 'static>(id: iced::window::Id) -> iced::Task<T> {
    iced::window::set_mode(id, iced::window::Mode::Windowed).chain(iced::window::set_level(
        id,
        iced::window::Level::AlwaysOnTop,
    ))
}

/// The drawing stack panics instead of failing where a library is missing; the agent is told.
fn guarded(run: impl FnOnce() -> Result<(), Stop>) -> Result<(), Stop> {
    std::panic::set_hook(Box::new(|info| eprintln!("window: {info}")));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(Stop::unavailable(
            "The window was destroyed, or cannot be drawn here (are libX11, libXcursor and libXi \
             installed?).",
        ))
    })
}

impl From<iced::Error> for Stop {
    fn from(error: iced::Error) -> Self {
        Self::unavailable(format!("The window cannot be drawn: {error}."))
    }
}
