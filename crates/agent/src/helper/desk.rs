//! What the helper does at each word of the keeper and each event of a window.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use tokio::sync::mpsc;
use trust::{Bounds, Scope};
use wire::ToDevice;
use wire::frame::Stream;

use super::WindowEvent;
use super::banner::Banner;
use super::files_worker::FilesWorker;
use super::gate::Gate;
use super::input_thread::InputThread;
use super::notice::Notice;
use super::outbox::Outbox;
use super::prompt::Prompt;
use super::shells::Shells;
use crate::clipboard::ClipboardThread;
use crate::config;
use crate::desktop::Desktop;
use crate::ipc::{Answer, Frame, Message, Number, ToHelper, ToKeeper};
use crate::shell::AsUser;
use crate::windows::client::WindowProgram;
use crate::windows::message::{PromptRequest, Rect};

/// All that the helper runs.
pub struct Desk {
    args: config::Helper,
    /// The agent's own.
    program: PathBuf,
    display: Option<String>,
    out: Outbox,
    windows: mpsc::Sender<WindowEvent>,
    desktop: Desktop,
    input: InputThread,
    clipboard: ClipboardThread,
    gate: Gate,
    sessions: BTreeMap<Number, Local>,
    banner: Option<Banner>,
    notice: Option<Notice>,
    prompt: Option<Prompt>,
    prompt_at: Vec<Rect>,
    /// Shell messages that came while a prompt is up.
    deferred: VecDeque<Message>,
}

/// One session's part.
struct Local {
    files: FilesWorker,
    shells: Shells,
    is_paused: bool,
}

impl Desk {
    /// Nothing runs yet but what watches the display.
    ///
    /// # Errors
    /// Where the process is out of descriptors.
    pub fn new(
        args: config::Helper,
        out: Outbox,
        windows: mpsc::Sender<WindowEvent>,
    ) -> std::io::Result<Self> {
        let environment = || {
            std::env::var("DISPLAY")
                .ok()
                .filter(|name| !name.is_empty())
        };
        let display = args.display.clone().or_else(environment);
        let input = InputThread::start(display.clone(), out.clone());
        let desktop = Desktop::start(args.display.clone(), out.clone(), input.pointers())?;
        let clipboard = ClipboardThread::start(display.clone(), out.clone())?;
        let program = display
            .as_ref()
            .and_then(|name| WindowProgram::of_this_agent(name).ok());
        let notice = program.clone().map(Notice::new);
        let banner = program.map(|program| Banner::new(program, windows.clone()));
        Ok(Self {
            args,
            program: std::env::current_exe()?,
            display,
            out,
            windows,
            desktop,
            input,
            clipboard,
            gate: Gate::default(),
            sessions: BTreeMap::new(),
            banner,
            notice,
            prompt: None,
            prompt_at: Vec::new(),
            deferred: VecDeque::new(),
        })
    }

    /// The keeper says something.
    pub async fn on_frame(&mut self, frame: Frame<ToHelper>) {
        match frame {
            Frame::Control(ToHelper::Start {
                session,
                scopes,
                bounds,
            }) => self.start(session, &scopes, bounds),
            Frame::Control(ToHelper::Stop { session }) => self.stop(session),
            Frame::Control(ToHelper::Pause { session, is_paused }) => {
                self.pause(session, is_paused)
            }
            Frame::Control(ToHelper::Ask { session, prompt }) => self.ask(session, *prompt).await,
            Frame::Control(ToHelper::Withdraw { session }) => {
                // Its end comes as an event, and puts everything back.
                self.prompt.take_if(|prompt| prompt.session == session);
            }
            Frame::Control(ToHelper::Banner { banner }) => {
                if let Some(keeper_of_it) = &self.banner {
                    keeper_of_it.show(banner);
                }
            }
            Frame::Control(ToHelper::Notice { notice }) => {
                if let Some(keeper_of_it) = &self.notice {
                    keeper_of_it.show(notice);
                }
            }
            Frame::Control(ToHelper::Look {}) => self.desktop.look(),
            Frame::Message(message) => self.on_message(message).await,
            Frame::Taken {
                session,
                stream,
                id,
                bytes,
            } => self.taken(session, stream, id, bytes as usize),
            Frame::Done { .. } => {}
        }
    }

    /// A window says something.
    pub async fn on_window(&mut self, event: WindowEvent) {
        match event {
            WindowEvent::PromptAt(rect) => {
                self.prompt_at.push(rect);
                self.desktop.mask(self.prompt_at.clone());
            }
            WindowEvent::PromptOver(session, answer) => self.prompt_over(session, answer).await,
            WindowEvent::End => self.tell(ToKeeper::End {}).await,
            WindowEvent::BannerLost(why) => {
                // A lock screen hides the banner too: then there is nothing to see and nothing to do on the desk.
                let display = self.args.display.clone();
                let probe = move || screen::capture::probe(display.as_deref()).is_ok();
                if tokio::task::spawn_blocking(probe).await.unwrap_or(true) {
                    self.tell(ToKeeper::BannerLost { why }).await;
                } else {
                    self.desktop.look();
                }
            }
        }
    }

    fn start(&mut self, session: Number, scopes: &[Scope], bounds: Bounds) {
        let (root, barred) = (&self.args.files_root, &self.args.state_dir);
        let (gate, out) = (self.gate.clone(), self.out.clone());
        let files = FilesWorker::start(session, root, barred, &bounds, gate, out);
        let shells = Shells::new(
            session,
            self.display.clone(),
            bounds.shell_as.map(|name| AsUser {
                program: self.program.clone(),
                name,
            }),
            self.out.clone(),
        );
        self.desktop
            .start_session(session, scopes.contains(&Scope::View));
        if scopes.contains(&Scope::ClipboardRead) {
            self.clipboard.watch(session);
        }
        let local = Local {
            files,
            shells,
            is_paused: false,
        };
        self.sessions.insert(session, local);
    }

    /// Files stand still by themselves: nothing more comes for them, and nothing is taken from them.
    fn pause(&mut self, session: Number, is_paused: bool) {
        let is_asking = self.prompt.is_some();
        let Some(local) = self.sessions.get_mut(&session) else {
            return;
        };
        local.is_paused = is_paused;
        local.shells.freeze(is_paused || is_asking);
        if is_paused {
            self.input.stop(session);
        }
    }

    fn stop(&mut self, session: Number) {
        self.sessions.remove(&session);
        self.deferred.retain(|message| message.session != session);
        self.desktop.stop_session(session);
        self.input.stop(session);
        self.clipboard.stop(session);
    }

    /// Nothing from afar may reach the prompt: hands off, files and shells stand still, no picture until it is masked.
    async fn ask(&mut self, session: Number, request: PromptRequest) {
        let program = self
            .display
            .as_ref()
            .and_then(|name| WindowProgram::of_this_agent(name).ok());
        let Some(program) = program else {
            let why = "no display is set".to_owned();
            return self
                .tell(ToKeeper::Answer {
                    session,
                    answer: Answer::Unavailable { why },
                })
                .await;
        };
        self.input.block();
        self.gate.close();
        self.sessions
            .values()
            .for_each(|local| local.shells.freeze(true));
        self.desktop.hold();
        self.prompt = Some(Prompt::show(
            session,
            program,
            request,
            self.windows.clone(),
        ));
    }

    async fn prompt_over(&mut self, session: Number, answer: Answer) {
        // One that was withdrawn for the next: that one's turn goes on.
        if self
            .prompt
            .as_ref()
            .is_none_or(|prompt| prompt.session == session)
        {
            self.prompt = None;
            self.prompt_at.clear();
            self.desktop.mask(Vec::new());
            for local in self.sessions.values() {
                local.shells.freeze(local.is_paused);
            }
            self.gate.open();
            self.input.unblock();
        }
        self.tell(ToKeeper::Answer { session, answer }).await;
        for message in std::mem::take(&mut self.deferred) {
            self.on_message(message).await;
        }
    }

    async fn on_message(&mut self, message: Message) {
        let Message {
            session,
            ticket,
            stream,
            id,
            end,
            ..
        } = message;
        let is_asking = self.prompt.is_some();
        let Some(local) = self.sessions.get_mut(&session) else {
            return;
        };
        if stream == Stream::Shell && is_asking {
            return self.deferred.push_back(message);
        }
        if stream == Stream::Screen {
            return self.desktop.message(session, ticket, message.bytes);
        }
        match ToDevice::parse(stream, message.bytes.clone()) {
            Ok(ToDevice::Input(input)) => self.input.act(session, ticket, input),
            Ok(ToDevice::Clipboard(asked)) => self.clipboard.message(session, ticket, asked),
            Ok(ToDevice::Files(asked)) => local.files.message(id, asked, end, ticket),
            Ok(ToDevice::Shell(asked)) => local.shells.message(&message, asked).await,
            Ok(ToDevice::Screen(_) | ToDevice::Chat(_)) => {}
            Err(error) => tracing::error!(%error, "the keeper sent what is no message"),
        }
    }

    fn taken(&mut self, session: Number, stream: Stream, id: u16, bytes: usize) {
        let Some(local) = self.sessions.get(&session) else {
            return;
        };
        match stream {
            Stream::Files => local.files.taken(id, bytes),
            Stream::Shell => local.shells.taken(id, bytes),
            _ => {}
        }
    }

    async fn tell(&self, control: ToKeeper) {
        self.out.send(&Frame::Control(control)).await;
    }
}
