//! The lines between the agent and its windows. Strict: unknown members are refused.

use serde::{Deserialize, Serialize};

/// Longest line in bytes, either way, line feed included.
pub const LINE_BYTES_MAX: usize = 16 * 1024;
/// Most permissions one request may list.
pub const SCOPES_MAX: usize = 16;
/// Longest time in seconds that a prompt may stay open.
pub const TIMEOUT_S_MAX: u32 = 600;

/// What a technician may do, as far as the end user has to tell it apart. The wording is the
/// windows' own, so that no peer chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See the screen.
    See,
    /// Use mouse and keyboard.
    Control,
    /// Read the clipboard.
    ReadClipboard,
    /// Set the clipboard.
    SetClipboard,
    /// Copy files from this computer.
    FetchFiles,
    /// Copy files to this computer.
    PutFiles,
    /// Run commands in a shell.
    RunCommands,
}

impl Permission {
    /// What it means, for somebody who has never heard of remote support.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::See => "See everything on this screen",
            Self::Control => "Use your mouse and keyboard",
            Self::ReadClipboard => "Read what you copy",
            Self::SetClipboard => "Put text in your clipboard",
            Self::FetchFiles => "Copy files from this computer",
            Self::PutFiles => "Copy files to this computer",
            Self::RunCommands => "Run commands on this computer",
        }
    }

    /// What follows from it, where that is not plain.
    pub fn consequence(self) -> Option<&'static str> {
        match self {
            Self::Control => Some("They can do everything that you can do here."),
            Self::RunCommands => {
                Some("They can change settings and programs without your seeing it.")
            }
            Self::See
            | Self::ReadClipboard
            | Self::SetClipboard
            | Self::FetchFiles
            | Self::PutFiles => None,
        }
    }

    /// A word for the banner; both directions of files are one.
    pub fn short(self) -> &'static str {
        match self {
            Self::See => "sees",
            Self::Control => "controls",
            Self::ReadClipboard | Self::SetClipboard => "clipboard",
            Self::FetchFiles | Self::PutFiles => "files",
            Self::RunCommands => "commands",
        }
    }
}

/// What the agent says to a prompt. The first line is `ask`.
#[expect(
    clippy::large_enum_variant,
    reason = "a handful of them exist in a process's life"
)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case", deny_unknown_fields)]
pub enum PromptCommand {
    /// Show this question.
    Ask(PromptRequest),
    /// Withdraw the question.
    Close {},
}

/// The question put to the end user. Texts are raw: the window escapes and cuts them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptRequest {
    /// The technician's name, as checked against the ledger.
    pub who: String,
    /// Words of the technician's key, to compare over the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who_words: Option<String>,
    /// The organisation's name from its roster.
    pub organisation: String,
    /// The organisation's domain in ASCII; punycode is shown as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whether that domain confirmed that it is the organisation's; none where nobody asked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_is_proven: Option<bool>,
    /// Name of this device.
    pub device: String,
    /// What is asked for.
    pub scopes: Vec<Permission>,
    /// Folders beneath which files are copied from here; any if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_under: Vec<String>,
    /// Folders beneath which files are copied to here; any if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub write_under: Vec<String>,
    /// As which user commands run; as the user of this display if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell_as: Option<String>,
    /// When the access ends, as local time that the user understands ("14:35").
    pub until: String,
    /// The same in milliseconds since the epoch: the question lapses by then at the latest.
    pub until_ms: u64,
    /// Why, in the technician's words.
    pub why: String,
    /// Ticket, in the technician's words; may be empty.
    pub ticket: String,
    /// Seconds until no answer counts as a refusal.
    pub timeout_s: u32,
}

/// What a prompt says to the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum PromptEvent {
    /// Where the window is going to be; it is not there yet.
    Placed {
        /// The whole window.
        rect: Rect,
    },
    /// The window is there and can be seen; again when it moved.
    Shown {
        /// The whole window.
        rect: Rect,
        /// Its X11 id.
        window: u32,
        /// The Allow button.
        allow: Rect,
        /// The Refuse button.
        refuse: Rect,
    },
    /// Allow takes a press from now on.
    Armed {},
    /// Allow takes no press any more: the window was covered.
    Disarmed {},
    /// The answer; the process ends after it.
    Answer {
        /// Whether the end user allowed it.
        allow: bool,
        /// What brought the answer.
        how: How,
    },
    /// No window can be shown; the process ends after it.
    Unavailable {
        /// Why, as a sentence.
        why: String,
    },
}

/// What brought the answer of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// One of the two buttons, by mouse, touch or keyboard.
    Button,
    /// The Escape key.
    Escape,
    /// Nobody answered in time.
    Timeout,
    /// The window was closed from outside.
    Closed,
}

/// What the agent says to a banner. The first line is `show`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case", deny_unknown_fields)]
pub enum BannerCommand {
    /// Show this, in place of what is shown.
    Show(BannerRequest),
    /// Take the banner away.
    Close {},
}

/// What the banner shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BannerRequest {
    /// The technician's name, as checked against the ledger.
    pub who: String,
    /// The organisation's name from its roster.
    pub organisation: String,
    /// What the technician may do.
    pub scopes: Vec<Permission>,
    /// When the access ends, as local time that the user understands.
    pub until: String,
    /// Whether the end user was asked; false for unattended access.
    pub attended: bool,
    /// Whether the session stands still.
    #[serde(default)]
    pub paused: bool,
    /// Seconds that the session has lasted when this line is written.
    #[serde(default)]
    pub elapsed_s: u32,
}

/// What a banner says to the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum BannerEvent {
    /// Where the window is going to be; it is not there yet.
    Placed {
        /// The whole window.
        rect: Rect,
    },
    /// The window is there and can be seen; again when it moved.
    Shown {
        /// The whole window.
        rect: Rect,
        /// Its X11 id.
        window: u32,
        /// The End button.
        end: Rect,
    },
    /// The end user pressed End.
    End {},
    /// The banner has been out of sight for longer than a moment.
    Covered {
        /// What hides it, as a sentence.
        why: String,
    },
    /// No window can be shown; the process ends after it.
    Unavailable {
        /// Why, as a sentence.
        why: String,
    },
}

/// What the agent says to a notice. The first line is `show`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case", deny_unknown_fields)]
pub enum NoticeCommand {
    /// Show this; a further one replaces what is shown.
    Show(NoticeRequest),
    /// Go away.
    Close {},
}

/// That recovery keys replace the administrators' keys. Texts are raw: the window escapes and cuts them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeRequest {
    /// The organisation's name from its roster.
    pub organisation: String,
    /// Its domain from its roster.
    pub domain: String,
    /// How many keys take the place of the administrators'.
    pub keys: u32,
    /// From when on, as local time that the user understands.
    pub from: String,
}

/// What a notice says to the agent. That it was read is the end of its process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum NoticeEvent {
    /// The window is there.
    Shown {},
    /// No window can be shown; the process ends after it.
    Unavailable {
        /// Why, as a sentence.
        why: String,
    },
}

/// The line of either window where none can be shown.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "unavailable")]
pub struct Unavailable {
    why: String,
}

impl Unavailable {
    /// Says `why`, a sentence.
    pub fn new(why: String) -> Self {
        Self { why }
    }
}

/// A rectangle in pixels of the X screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rect {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width.
    pub w: u32,
    /// Height.
    pub h: u32,
}

impl Rect {
    /// First column right of it.
    pub fn right(&self) -> i32 {
        self.x.saturating_add_unsigned(self.w)
    }

    /// First row below it.
    pub fn bottom(&self) -> i32 {
        self.y.saturating_add_unsigned(self.h)
    }

    /// Whether the two share a pixel.
    pub fn meets(&self, other: &Rect) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    /// Whether all of `other` is inside.
    pub fn holds(&self, other: &Rect) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && self.right() >= other.right()
            && self.bottom() >= other.bottom()
    }
}

/// A line of the agent, checked beyond its syntax.
pub trait Command: for<'a> Deserialize<'a> + Send + 'static {
    /// Refuses what no agent of ours writes, with a sentence.
    fn check(&self) -> Result<(), String>;
}

impl Command for PromptCommand {
    fn check(&self) -> Result<(), String> {
        let Self::Ask(request) = self else {
            return Ok(());
        };
        check_scopes(&request.scopes)?;
        if !(1..=TIMEOUT_S_MAX).contains(&request.timeout_s) {
            return Err(format!(
                "timeout_s is {}; it must be from 1 to {TIMEOUT_S_MAX}",
                request.timeout_s
            ));
        }
        Ok(())
    }
}

impl Command for BannerCommand {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::Show(request) => check_scopes(&request.scopes),
            Self::Close {} => Ok(()),
        }
    }
}

impl Command for NoticeCommand {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::Show(request) if request.keys == 0 => {
                Err("keys is 0; a roster has one administrator at least".into())
            }
            _ => Ok(()),
        }
    }
}

fn check_scopes(scopes: &[Permission]) -> Result<(), String> {
    if scopes.is_empty() {
        return Err("scopes is empty; a session without any permission needs no window".into());
    }
    if scopes.len() > SCOPES_MAX {
        return Err(format!(
            "scopes has {} entries; at most {SCOPES_MAX} are shown",
            scopes.len()
        ));
    }
    Ok(())
}

/// Reads one line of the agent.
///
/// # Errors
/// A sentence that says what is wrong with the line.
pub fn parse<C: Command>(line: &[u8]) -> Result<C, String> {
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("The line is longer than {LINE_BYTES_MAX} bytes."));
    }
    let command: C = serde_json::from_slice(line)
        .map_err(|error| format!("The line is not a command of this window: {error}."))?;
    command
        .check()
        .map_err(|error| format!("The command is not usable: {error}."))?;
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASK: &str = r#"{"cmd":"ask","who":"D","organisation":"O","device":"X","scopes":["see"],
        "until":"14:35","until_ms":1,"why":"","ticket":"","timeout_s":60}"#;

    #[test]
    fn a_request_is_read() {
        let command = parse::<PromptCommand>(ASK.as_bytes()).unwrap();
        let PromptCommand::Ask(request) = command else {
            panic!("not ask")
        };
        assert_eq!(request.scopes, [Permission::See]);
        assert_eq!(request.domain, None);
        let close = parse::<BannerCommand>(br#"{"cmd":"close"}"#).unwrap();
        assert_eq!(close, BannerCommand::Close {});
    }

    #[test]
    fn unknown_members_are_refused() {
        let more = ASK.replace("\"who\"", "\"allow\":true,\"who\"");
        assert!(
            parse::<PromptCommand>(more.as_bytes())
                .unwrap_err()
                .contains("allow")
        );
        assert!(parse::<BannerCommand>(br#"{"cmd":"close","x":1}"#).is_err());
    }

    #[test]
    fn unknown_permissions_are_refused() {
        let fly = ASK.replace("see", "fly");
        assert!(
            parse::<PromptCommand>(fly.as_bytes())
                .unwrap_err()
                .contains("fly")
        );
    }

    #[test]
    fn bounds_are_held() {
        for (from, to) in [("60", "0"), ("60", "601"), (r#"["see"]"#, "[]")] {
            let wrong = ASK.replace(from, to);
            assert!(parse::<PromptCommand>(wrong.as_bytes()).is_err(), "{to}");
        }
        let many = ASK.replace(r#"["see"]"#, &format!("[{}]", ["\"see\""; 17].join(",")));
        assert!(parse::<PromptCommand>(many.as_bytes()).is_err());
        let long = ASK.replace("\"D\"", &format!("\"{}\"", "d".repeat(LINE_BYTES_MAX)));
        assert!(
            parse::<PromptCommand>(long.as_bytes())
                .unwrap_err()
                .contains("longer")
        );
    }

    #[test]
    fn rectangles_meet_and_hold() {
        let screen = Rect {
            x: 0,
            y: 0,
            w: 100,
            h: 100,
        };
        let inside = Rect {
            x: 90,
            y: 90,
            w: 10,
            h: 10,
        };
        assert!(screen.holds(&inside) && screen.meets(&inside));
        let beside = Rect { x: 100, ..inside };
        assert!(!screen.holds(&beside) && !screen.meets(&beside));
    }
}
