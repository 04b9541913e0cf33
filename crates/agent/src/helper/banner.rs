//! The banner while anybody is here.

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::WindowEvent;
use crate::windows::client::{BannerHandle, WindowProgram};
use crate::windows::message::{BannerEvent, BannerRequest};

/// What keeps the banner on the screen. Dropping it takes it away.
pub struct Banner {
    wanted: watch::Sender<Option<BannerRequest>>,
    task: JoinHandle<()>,
}

impl Banner {
    /// Nothing is shown yet.
    pub fn new(program: WindowProgram, events: mpsc::Sender<WindowEvent>) -> Self {
        let (wanted, wishes) = watch::channel(None);
        let task = tokio::spawn(async move { keep(program, wishes, events).await.unwrap_or(()) });
        Self { wanted, task }
    }

    /// Shows this, or nothing.
    pub fn show(&self, banner: Option<BannerRequest>) {
        self.wanted.send_replace(banner);
    }
}

impl Drop for Banner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Ends, with none, when nobody wishes any more or nobody listens.
async fn keep(
    program: WindowProgram,
    mut wishes: watch::Receiver<Option<BannerRequest>>,
    events: mpsc::Sender<WindowEvent>,
) -> Option<()> {
    loop {
        let wish = wishes.wait_for(Option::is_some).await.ok()?.clone();
        let Some(request) = wish else { continue };
        if let Err(why) = stand(&program, &request, &mut wishes, &events).await {
            events.send(WindowEvent::BannerLost(why)).await.ok()?;
            // The same wish is not tried again: the keeper ends the sessions and wishes anew.
            wishes.changed().await.ok()?;
        }
    }
}

/// One banner's life: well ended when it is not wished for any more.
async fn stand(
    program: &WindowProgram,
    first: &BannerRequest,
    wishes: &mut watch::Receiver<Option<BannerRequest>>,
    events: &mpsc::Sender<WindowEvent>,
) -> Result<(), String> {
    let cannot = |error: std::io::Error| format!("The banner cannot be shown: {error}.");
    let mut window = BannerHandle::spawn(program, first).await.map_err(cannot)?;
    loop {
        tokio::select! {
            changed = wishes.changed() => {
                let wish = wishes.borrow_and_update().clone();
                match wish.filter(|_| changed.is_ok()) {
                    Some(request) => window.update(&request).await.map_err(cannot)?,
                    None => {
                        window.close().await;
                        return Ok(());
                    }
                }
            }
            event = window.next_event() => match event {
                Some(BannerEvent::Placed { .. } | BannerEvent::Shown { .. }) => {}
                Some(BannerEvent::End {}) => {
                    let _ = events.send(WindowEvent::End).await;
                }
                Some(BannerEvent::Covered { why } | BannerEvent::Unavailable { why }) => return Err(why),
                None => return Err("Its window was closed.".to_owned()),
            }
        }
    }
}
