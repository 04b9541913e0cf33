//! A technician's end of a channel over any pair of queues, with the hands that a test needs.

use screen::decode::Decoder;
use screen::message::{Features, ViewerMessage};
use tokio::sync::mpsc;
use trust::bytes::sha256;
use trust::{KeyId, OrgId, X25519Public};
use wire::clipboard::Clipboard;
use wire::control::{Head, Opened};
use wire::files::{self, Digest};
use wire::input::Input;
use wire::piece::Piece;
use wire::shell;
use wire::{Binding, End, Mode, Stream, ToDevice, ToTechnician, Viewer, ViewerEvent};

use crate::stage::Picture;
use crate::{now_ms, random, soon};

/// Sealed messages both ways; the receiver ends with why.
pub struct Pipe {
    /// To the device.
    pub out: mpsc::Sender<Vec<u8>>,
    /// From the device.
    pub back: mpsc::Receiver<Result<Vec<u8>, String>>,
}

/// What a device said to a warrant.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The session is open.
    Opened(Opened),
    /// A named no, or a named end of the channel.
    No {
        /// `snake_case`.
        code: String,
        /// A sentence.
        text: String,
    },
}

impl Answer {
    /// The code, `opened` where it is open.
    pub fn code(&self) -> &str {
        match self {
            Self::Opened(_) => "opened",
            Self::No { code, .. } => code,
        }
    }
}

/// A channel on its way or open.
pub struct Channel {
    pipe: Pipe,
    /// The state machine.
    pub viewer: Viewer,
    /// The device's greeting, once it came.
    pub head: Option<Head>,
    /// Revocations that the device told of.
    pub told: Vec<String>,
    /// Whether the person at the device was asked.
    pub asked: bool,
}

impl Channel {
    /// Calls the device with this channel key.
    pub fn new(
        pipe: Pipe,
        org: OrgId,
        device: KeyId,
        noise: &X25519Public,
        private: &[u8; 32],
    ) -> Self {
        let binding = Binding {
            mode: Mode::Enrolled,
            org,
            device,
        };
        let viewer = Viewer::new(binding, private, noise, &random(), now_ms()).unwrap();
        Self {
            pipe,
            viewer,
            head: None,
            told: Vec::new(),
            asked: false,
        }
    }

    /// The next thing that happens. A relay that ends is an end of its own.
    pub async fn next(&mut self) -> ViewerEvent {
        loop {
            if let Some(event) = self.viewer.poll_event() {
                return event;
            }
            if !self.flush().await {
                return lost("the relay takes nothing any more");
            }
            if let Some(event) = self.viewer.poll_event() {
                return event;
            }
            match soon("a message of the device", self.pipe.back.recv()).await {
                // The channel tells a failure by its last event.
                Some(Ok(bytes)) => drop(self.viewer.handle_bytes(&bytes, now_ms())),
                Some(Err(why)) => return lost(&why),
                None => return lost("the relay is gone"),
            }
        }
    }

    /// Sends what waits; gives whether the relay still takes it.
    pub async fn flush(&mut self) -> bool {
        while let Some(message) = self.viewer.poll_transmit() {
            if self.pipe.out.send(message).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Waits for the device's greeting.
    pub async fn greet(&mut self) -> Result<(), Answer> {
        while self.head.is_none() {
            match self.next().await {
                ViewerEvent::Head(head) => self.head = Some(head),
                ViewerEvent::Over(end) => return Err(no(end)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Hands over the warrant and waits for what the device says.
    pub async fn open(&mut self, warrant: &str) -> Answer {
        self.open_counted(warrant, Vec::new()).await
    }

    /// The same, with these counts beside it.
    pub async fn open_counted(&mut self, warrant: &str, counts: Vec<String>) -> Answer {
        if let Err(answer) = self.ask_counted(warrant, counts).await {
            return answer;
        }
        self.answer().await
    }

    /// Hands over the warrant.
    pub async fn ask(&mut self, warrant: &str) -> Result<(), Answer> {
        self.ask_counted(warrant, Vec::new()).await
    }

    async fn ask_counted(&mut self, warrant: &str, counts: Vec<String>) -> Result<(), Answer> {
        self.greet().await?;
        self.viewer
            .open(warrant.to_owned(), counts, None, now_ms())
            .unwrap();
        self.flush().await;
        Ok(())
    }

    /// Waits until the person at the device is being asked.
    pub async fn asking(&mut self) {
        while !self.asked {
            match self.next().await {
                ViewerEvent::Asking { .. } => self.asked = true,
                ViewerEvent::Over(end) => panic!("nobody was asked: {end:?}"),
                _ => {}
            }
        }
    }

    /// What the device says to the warrant.
    pub async fn answer(&mut self) -> Answer {
        loop {
            match self.next().await {
                ViewerEvent::Opened(opened) => return Answer::Opened(opened),
                ViewerEvent::Over(end) => return no(end),
                ViewerEvent::Asking { .. } => self.asked = true,
                ViewerEvent::Revocations(envelopes) => self.told.extend(envelopes),
                _ => {}
            }
        }
    }

    /// Waits until the session is over: the code.
    pub async fn over(&mut self) -> String {
        loop {
            match self.next().await {
                ViewerEvent::Over(end) => return no(end).code().to_owned(),
                ViewerEvent::Message { credit, .. } => self.viewer.consumed(credit),
                _ => {}
            }
        }
    }

    /// The technician goes.
    pub async fn bye(mut self) {
        self.viewer.bye();
        self.flush().await;
        // The device closes when it has taken the goodbye.
        while self
            .pipe
            .back
            .recv()
            .await
            .is_some_and(|message| message.is_ok())
        {}
    }

    /// Runs a command in a shell: what it printed, or the code of the refusal.
    pub async fn shell(&mut self, command: &str) -> Result<String, String> {
        let id = self.viewer.next_id(Stream::Shell);
        let request = shell::Request::Open {
            cols: 80,
            rows: 24,
            term: "dumb".to_owned(),
            command: Some(command.to_owned()),
        };
        self.send(id, ToDevice::Shell(Piece::Head(request))).await;
        let mut printed = Vec::new();
        loop {
            match self.message(id).await? {
                ToTechnician::Shell(Piece::Data(bytes)) => printed.extend(bytes),
                ToTechnician::Shell(Piece::Head(shell::Reply::Started {})) => {}
                ToTechnician::Shell(Piece::Head(shell::Reply::Exit { .. })) => {
                    return Ok(String::from_utf8_lossy(&printed).into_owned());
                }
                ToTechnician::Shell(Piece::Head(shell::Reply::Failed { code, .. })) => {
                    return Err(code);
                }
                _ => {}
            }
        }
    }

    /// Fetches a file: its bytes, or the code of the refusal.
    pub async fn get(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let id = self.viewer.next_id(Stream::Files);
        let request = files::Request::Get {
            path: path.to_owned(),
            offset: 0,
        };
        self.send_last(id, ToDevice::Files(Piece::Head(request)))
            .await;
        let mut bytes = Vec::new();
        loop {
            match self.message(id).await? {
                ToTechnician::Files(Piece::Data(more)) => bytes.extend(more),
                ToTechnician::Files(Piece::Head(files::Reply::Done(digest))) => {
                    assert_eq!(digest.sha256, sha256(&[&bytes]));
                    return Ok(bytes);
                }
                ToTechnician::Files(Piece::Head(files::Reply::Failed { code, .. })) => {
                    return Err(code);
                }
                _ => {}
            }
        }
    }

    /// Puts a file: nothing, or the code of the refusal.
    pub async fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), String> {
        let id = self.viewer.next_id(Stream::Files);
        let size = bytes.len() as u64;
        let request = files::Request::Put {
            path: path.to_owned(),
            size,
            replace: true,
        };
        self.send(id, ToDevice::Files(Piece::Head(request))).await;
        loop {
            match self.message(id).await? {
                ToTechnician::Files(Piece::Head(files::Reply::Ready {})) => {
                    for piece in files::data_pieces(bytes) {
                        self.send(id, ToDevice::Files(Piece::Data(piece))).await;
                    }
                    let digest = Digest {
                        size,
                        sha256: sha256(&[bytes]),
                    };
                    self.send_last(
                        id,
                        ToDevice::Files(Piece::Head(files::Request::Done(digest))),
                    )
                    .await;
                }
                ToTechnician::Files(Piece::Head(files::Reply::Stored(_))) => return Ok(()),
                ToTechnician::Files(Piece::Head(files::Reply::Failed { code, .. })) => {
                    let over = files::Request::Cancel {};
                    self.send_last(id, ToDevice::Files(Piece::Head(over))).await;
                    return Err(code);
                }
                _ => {}
            }
        }
    }

    /// Lists a folder: the names, or the code of the refusal.
    pub async fn list(&mut self, path: &str) -> Result<Vec<String>, String> {
        let id = self.viewer.next_id(Stream::Files);
        self.send_last(
            id,
            ToDevice::Files(Piece::Head(files::Request::List {
                path: path.to_owned(),
            })),
        )
        .await;
        let mut names = Vec::new();
        loop {
            match self.message(id).await? {
                ToTechnician::Files(Piece::Head(files::Reply::Entries { entries, more })) => {
                    names.extend(entries.into_iter().map(|entry| entry.name));
                    if !more {
                        return Ok(names);
                    }
                }
                ToTechnician::Files(Piece::Head(files::Reply::Failed { code, .. })) => {
                    return Err(code);
                }
                _ => {}
            }
        }
    }

    /// Waits until the session stands still, or goes on again.
    pub async fn turn(&mut self) -> String {
        loop {
            match self.next().await {
                ViewerEvent::Paused { code, .. } => return code,
                ViewerEvent::Resumed => return "resumed".to_owned(),
                ViewerEvent::Message { credit, .. } => self.viewer.consumed(credit),
                ViewerEvent::Over(end) => panic!("the session is over: {end:?}"),
                _ => {}
            }
        }
    }

    /// Moves hands on the device.
    pub async fn input(&mut self, input: Input) {
        self.send(0, ToDevice::Input(input)).await;
    }

    /// Puts a text into the device's clipboard.
    pub async fn set_clipboard(&mut self, text: &str) {
        let text = text.to_owned();
        let set = ToDevice::Clipboard(Clipboard::Set { text });
        self.send(0, set).await;
    }

    /// Asks for the device's clipboard, and then for a sign of life: the text, if it comes before that.
    pub async fn get_clipboard(&mut self) -> Option<String> {
        self.send(0, ToDevice::Clipboard(Clipboard::Get {})).await;
        self.viewer.ping(9).unwrap();
        loop {
            match self.next().await {
                ViewerEvent::Pong { .. } => return None,
                ViewerEvent::Message {
                    message: ToTechnician::Clipboard(Clipboard::Set { text }),
                    credit,
                    ..
                } => {
                    self.viewer.consumed(credit);
                    return Some(text);
                }
                ViewerEvent::Message { credit, .. } => self.viewer.consumed(credit),
                ViewerEvent::Over(end) => panic!("the session is over: {end:?}"),
                _ => {}
            }
        }
    }

    /// Asks for the device's clipboard until it holds this text.
    pub async fn wait_for_clipboard(&mut self, wanted: &str) {
        while self.get_clipboard().await.as_deref() != Some(wanted) {}
    }

    /// Waits until the device has taken all that was sent before.
    pub async fn round_trip(&mut self) {
        self.viewer.ping(7).unwrap();
        loop {
            match self.next().await {
                ViewerEvent::Pong { .. } => return,
                ViewerEvent::Message { credit, .. } => self.viewer.consumed(credit),
                ViewerEvent::Over(end) => panic!("the session is over: {end:?}"),
                _ => {}
            }
        }
    }

    /// The first whole picture of the screen.
    pub async fn picture(&mut self) -> Picture {
        let version = screen::limits::VERSION;
        let hello = ViewerMessage::Hello {
            version,
            features: Features::default(),
        };
        self.send(0, ToDevice::Screen(hello.to_bytes())).await;
        let mut decoder = Decoder::new();
        loop {
            match self.next().await {
                ViewerEvent::Message {
                    message: ToTechnician::Screen(bytes),
                    credit,
                    ..
                } => {
                    let painted = decoder.apply(&bytes).unwrap();
                    self.viewer.consumed(credit);
                    if let Some(painted) = painted {
                        let ack = ViewerMessage::Ack {
                            epoch: painted.epoch,
                            frame: painted.frame,
                        };
                        self.send(0, ToDevice::Screen(ack.to_bytes())).await;
                        return picture_of(&decoder);
                    }
                }
                ViewerEvent::Over(end) => panic!("the session is over: {end:?}"),
                _ => {}
            }
        }
    }

    async fn send(&mut self, id: u16, message: ToDevice) {
        self.say(id, message, false).await;
    }

    /// The last message of an id: without it the id stays live, and only 16 may be.
    async fn send_last(&mut self, id: u16, message: ToDevice) {
        self.say(id, message, true).await;
    }

    async fn say(&mut self, id: u16, message: ToDevice, end: bool) {
        // A session that ended meanwhile takes nothing; what comes of it is heard from the next event.
        let _ = self.viewer.send(id, message, end);
        self.flush().await;
    }

    /// The next message of this id; the code of the end where the session is over.
    async fn message(&mut self, wanted: u16) -> Result<ToTechnician, String> {
        loop {
            match self.next().await {
                ViewerEvent::Message {
                    id,
                    message,
                    credit,
                    ..
                } => {
                    self.viewer.consumed(credit);
                    if id == wanted {
                        return Ok(message);
                    }
                }
                ViewerEvent::Over(end) => return Err(no(end).code().to_owned()),
                _ => {}
            }
        }
    }
}

fn picture_of(decoder: &Decoder) -> Picture {
    let picture = decoder.picture();
    let size = picture.size();
    let rgb = picture
        .bytes()
        .chunks_exact(4)
        .flat_map(|p| [p[2], p[1], p[0]])
        .collect();
    Picture {
        width: size.width.into(),
        height: size.height.into(),
        rgb,
    }
}

fn lost(why: &str) -> ViewerEvent {
    ViewerEvent::Over(End::Closed {
        code: "lost".to_owned(),
        text: why.to_owned(),
    })
}

fn no(end: End) -> Answer {
    match end {
        End::Refused { code, text } | End::Closed { code, text } => Answer::No { code, text },
        End::Bye => Answer::No {
            code: "bye".to_owned(),
            text: "The technician left.".to_owned(),
        },
        End::Failed(error) => Answer::No {
            code: error.code().to_owned(),
            text: error.to_string(),
        },
    }
}
