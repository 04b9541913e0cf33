//! Between keeper and desk helper: frames over a socketpair, one enum per direction.
//!
//! ```text
//! length (4) | kind (1) | rest                         integers big endian
//! control    1 | JSON
//! message    2 | session (4) | ticket (4) | stream (1) | id (2) | end (1) | message as it travels in the channel
//! taken      3 | session (4) | stream (1) | id (2) | bytes (4)
//! done       4 | session (4) | ticket (4)
//! ```
//! Sessions are numbers that the keeper counts up, never used twice. Every `message` to the helper carries a ticket that
//! comes back as `done` when it took effect: that is when its credit returns to the technician. Messages of files and
//! shell to the keeper come within a window per id that `taken` refills.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};
use trust::bounds::Bounds;
use trust::scope::Scope;
use wire::frame::Stream;

use crate::limits::IPC_FRAME_BYTES_MAX;
use crate::windows::message::{BannerRequest, NoticeRequest, PromptRequest};

const CONTROL: u8 = 1;
const MESSAGE: u8 = 2;
const TAKEN: u8 = 3;
const DONE: u8 = 4;

/// A session between keeper and helper.
pub type Number = u32;

/// Keeper to helper.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToHelper {
    /// A session opened.
    Start {
        /// Its number.
        session: Number,
        /// What it may do.
        scopes: Vec<Scope>,
        /// Within which bounds.
        #[serde(default, skip_serializing_if = "Bounds::is_empty")]
        bounds: Bounds,
    },
    /// A session is over: everything of it ends now.
    Stop {
        /// Its number.
        session: Number,
    },
    /// A session stands still: its terminals stop and its keys are released; or it goes on.
    Pause {
        /// Its number.
        session: Number,
        /// Whether it stands still.
        is_paused: bool,
    },
    /// Ask the end user. No input of anybody is done from here to the answer.
    Ask {
        /// Whose prompt.
        session: Number,
        /// What is asked.
        prompt: Box<PromptRequest>,
    },
    /// Take the prompt away.
    Withdraw {
        /// Whose prompt.
        session: Number,
    },
    /// Show who is here; none takes the banner away.
    Banner {
        /// What it shows.
        banner: Option<BannerRequest>,
    },
    /// Show that the administrators' keys are being replaced; none takes the notice away.
    Notice {
        /// What it shows.
        notice: Option<NoticeRequest>,
    },
    /// Look whether there is a display, and say so.
    Look {},
}

/// Helper to keeper.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToKeeper {
    /// Whether there is a display to show and to ask on.
    Display {
        /// Why there is none.
        why: Option<String>,
    },
    /// The end user answered.
    Answer {
        /// Whose prompt.
        session: Number,
        /// What he said.
        answer: Answer,
    },
    /// The end user pressed End.
    End {},
    /// The banner is not in sight although it must be.
    BannerLost {
        /// Why, as a sentence.
        why: String,
    },
    /// A session cannot go on.
    Failed {
        /// Its number.
        session: Number,
        /// Why, as a sentence.
        why: String,
    },
}

/// How a prompt ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// Allow was pressed.
    Allowed {},
    /// Refuse was pressed, or Escape.
    Refused {},
    /// Nobody answered in time.
    Timeout {},
    /// The window went away without an answer.
    Closed {},
    /// No window could be shown.
    Unavailable {
        /// Why, as a sentence.
        why: String,
    },
}

/// A message of a stream on its way between the two.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Whose.
    pub session: Number,
    /// Comes back as `done`; 0 towards the keeper.
    pub ticket: u32,
    /// Which stream.
    pub stream: Stream,
    /// Display, transfer or shell.
    pub id: u16,
    /// The last on this id.
    pub end: bool,
    /// As in the channel.
    pub bytes: Vec<u8>,
}

/// A frame with controls of type `C`.
#[derive(Clone, PartialEq, Debug)]
pub enum Frame<C> {
    /// JSON.
    Control(C),
    /// A message of a stream.
    Message(Message),
    /// The keeper took so many bytes of an id.
    Taken {
        /// Whose.
        session: Number,
        /// Which stream.
        stream: Stream,
        /// Which id.
        id: u16,
        /// How many.
        bytes: u32,
    },
    /// A message took effect.
    Done {
        /// Whose.
        session: Number,
        /// The message's ticket.
        ticket: u32,
    },
}

/// Why the other side's bytes are refused. The connection is over then.
#[derive(Debug, thiserror::Error)]
pub enum IpcError {
    /// A length above the bound.
    #[error("a frame of {0} bytes; at most {IPC_FRAME_BYTES_MAX} are accepted")]
    TooLong(usize),
    /// Not a frame.
    #[error("a frame is malformed: {0}")]
    Malformed(String),
    /// The other side is gone.
    #[error("the other process is gone: {0}")]
    Gone(#[from] std::io::Error),
}

impl<C: Serialize + DeserializeOwned> Frame<C> {
    /// The bytes on the socket, length included.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        match self {
            Self::Control(control) => {
                out.push(CONTROL);
                // Enums of strings, numbers and lists: writing them to memory cannot fail.
                out.extend_from_slice(&serde_json::to_vec(control).unwrap_or_default());
            }
            Self::Message(message) => {
                out.reserve(13 + message.bytes.len());
                out.push(MESSAGE);
                out.extend_from_slice(&message.session.to_be_bytes());
                out.extend_from_slice(&message.ticket.to_be_bytes());
                out.push(message.stream.number());
                out.extend_from_slice(&message.id.to_be_bytes());
                out.push(u8::from(message.end));
                out.extend_from_slice(&message.bytes);
            }
            Self::Taken {
                session,
                stream,
                id,
                bytes,
            } => {
                out.push(TAKEN);
                out.extend_from_slice(&session.to_be_bytes());
                out.push(stream.number());
                out.extend_from_slice(&id.to_be_bytes());
                out.extend_from_slice(&bytes.to_be_bytes());
            }
            Self::Done { session, ticket } => {
                out.push(DONE);
                out.extend_from_slice(&session.to_be_bytes());
                out.extend_from_slice(&ticket.to_be_bytes());
            }
        }
        let len = u32::try_from(out.len() - 4).unwrap_or(u32::MAX);
        out[..4].copy_from_slice(&len.to_be_bytes());
        out
    }

    /// Parses a frame without its length.
    ///
    /// # Errors
    /// [`IpcError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, IpcError> {
        let short = || IpcError::Malformed(format!("{} bytes are none", bytes.len()));
        match bytes.split_first().ok_or_else(short)? {
            (&CONTROL, rest) => serde_json::from_slice(rest)
                .map(Self::Control)
                .map_err(|error| IpcError::Malformed(error.to_string())),
            (&MESSAGE, rest) => parse_message(rest).map(Self::Message).ok_or_else(short),
            (&TAKEN, &[a, b, c, d, stream, e, f, g, h, i, j]) => Ok(Self::Taken {
                session: u32::from_be_bytes([a, b, c, d]),
                stream: Stream::from_number(stream).ok_or_else(short)?,
                id: u16::from_be_bytes([e, f]),
                bytes: u32::from_be_bytes([g, h, i, j]),
            }),
            (&DONE, &[a, b, c, d, e, f, g, h]) => Ok(Self::Done {
                session: u32::from_be_bytes([a, b, c, d]),
                ticket: u32::from_be_bytes([e, f, g, h]),
            }),
            (kind, _) => Err(IpcError::Malformed(format!(
                "kind {kind} with {} bytes",
                bytes.len()
            ))),
        }
    }

    /// Reads the next frame; none at an orderly end.
    ///
    /// # Errors
    /// [`IpcError`].
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Self>, IpcError> {
        let mut len = [0; 4];
        match from.read_exact(&mut len).await {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        };
        let len = u32::from_be_bytes(len) as usize;
        if len > IPC_FRAME_BYTES_MAX {
            return Err(IpcError::TooLong(len));
        }
        let mut bytes = vec![0; len];
        from.read_exact(&mut bytes).await?;
        Self::parse(&bytes).map(Some)
    }
}

fn parse_message(bytes: &[u8]) -> Option<Message> {
    let (&[a, b, c, d, e, f, g, h, stream, i, j, end], rest) = bytes.split_first_chunk::<12>()?;
    Some(Message {
        session: u32::from_be_bytes([a, b, c, d]),
        ticket: u32::from_be_bytes([e, f, g, h]),
        stream: Stream::from_number(stream)?,
        id: u16::from_be_bytes([i, j]),
        end: match end {
            0 => false,
            1 => true,
            _ => return None,
        },
        bytes: rest.to_vec(),
    })
}
