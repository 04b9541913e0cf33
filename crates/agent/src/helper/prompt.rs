//! The consent prompt while it is up.

use tokio::sync::{mpsc, oneshot};

use super::WindowEvent;
use crate::ipc::{Answer, Number};
use crate::windows::client::{PromptHandle, WindowProgram};
use crate::windows::message::{PromptEvent, PromptRequest};

/// A prompt on its way or on the screen. Dropping it takes it away.
pub struct Prompt {
    /// Whose.
    pub session: Number,
    _withdraw: oneshot::Sender<()>,
}

impl Prompt {
    /// Shows it; [`WindowEvent::PromptOver`] comes in any case.
    pub fn show(
        session: Number,
        program: WindowProgram,
        request: PromptRequest,
        events: mpsc::Sender<WindowEvent>,
    ) -> Self {
        let (withdraw, is_withdrawn) = oneshot::channel();
        tokio::spawn(async move {
            let answer = ask(&program, &request, &events, is_withdrawn).await;
            let _ = events.send(WindowEvent::PromptOver(session, answer)).await;
        });
        Self {
            session,
            _withdraw: withdraw,
        }
    }
}

async fn ask(
    program: &WindowProgram,
    request: &PromptRequest,
    events: &mpsc::Sender<WindowEvent>,
    mut withdrawn: oneshot::Receiver<()>,
) -> Answer {
    let mut window = match PromptHandle::spawn(program, request).await {
        Ok(window) => window,
        Err(error) => {
            return Answer::Unavailable {
                why: format!("The question cannot be shown: {error}."),
            };
        }
    };
    let mut answer = Answer::Closed {};
    loop {
        let event = tokio::select! {
            event = window.next_event() => event,
            _ = &mut withdrawn => None,
        };
        match event {
            Some(PromptEvent::Placed { rect } | PromptEvent::Shown { rect, .. }) => {
                let _ = events.send(WindowEvent::PromptAt(rect)).await;
            }
            Some(PromptEvent::Armed {} | PromptEvent::Disarmed {}) => {}
            Some(PromptEvent::Answer { allow, how }) => answer = answered(allow, how),
            Some(PromptEvent::Unavailable { why }) => answer = Answer::Unavailable { why },
            None => break,
        }
    }
    // Returns when the window is off the screen.
    window.close().await;
    answer
}

fn answered(allow: bool, how: crate::windows::message::How) -> Answer {
    use crate::windows::message::How;
    match (allow, how) {
        (true, How::Button) => Answer::Allowed {},
        (true, _) | (false, How::Closed) => Answer::Closed {},
        (false, How::Button | How::Escape) => Answer::Refused {},
        (false, How::Timeout) => Answer::Timeout {},
    }
}
