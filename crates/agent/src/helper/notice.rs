//! The notice, until somebody has read it. One that was closed does not come back before it has something else to say.

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::windows::client::{NoticeHandle, WindowProgram};
use crate::windows::message::{NoticeEvent, NoticeRequest};

/// What keeps the notice on the screen. Dropping it takes it away.
pub struct Notice {
    wanted: watch::Sender<Option<NoticeRequest>>,
    task: JoinHandle<()>,
}

impl Notice {
    /// Nothing is shown yet.
    pub fn new(program: WindowProgram) -> Self {
        let (wanted, wishes) = watch::channel(None);
        let task = tokio::spawn(async move { keep(program, wishes).await.unwrap_or(()) });
        Self { wanted, task }
    }

    /// Shows this, or nothing.
    pub fn show(&self, notice: Option<NoticeRequest>) {
        self.wanted.send_if_modified(|wanted| {
            let is_new = *wanted != notice;
            *wanted = notice;
            is_new
        });
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Ends, with none, when nobody wishes any more.
async fn keep(
    program: WindowProgram,
    mut wishes: watch::Receiver<Option<NoticeRequest>>,
) -> Option<()> {
    loop {
        let wish = wishes.borrow_and_update().clone();
        if let Some(request) = wish {
            stand(&program, &request, &mut wishes).await;
        } else {
            wishes.changed().await.ok()?;
        }
    }
}

/// One notice's life: returns when there is another wish.
async fn stand(
    program: &WindowProgram,
    request: &NoticeRequest,
    wishes: &mut watch::Receiver<Option<NoticeRequest>>,
) {
    match NoticeHandle::spawn(program, request).await {
        Ok(mut window) => loop {
            tokio::select! {
                _ = wishes.changed() => return window.close().await,
                event = window.next_event() => match event {
                    Some(NoticeEvent::Shown {}) => {}
                    Some(NoticeEvent::Unavailable { why }) => {
                        tracing::warn!(why, "the notice cannot be shown");
                    }
                    // It was read, or closed.
                    None => break,
                },
            }
        },
        Err(error) => tracing::warn!(%error, "the notice cannot be shown"),
    }
    let _ = wishes.changed().await;
}
