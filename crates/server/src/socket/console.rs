//! `GET /v1/console`: hints for a signed-in page.

use std::sync::Arc;
use std::time::Duration;

use api::signal::console::ToConsole;
use tokio::sync::broadcast::error::RecvError;

use super::{Conn, Ended};
use crate::app::{App, stopped};
use crate::auth::Caller;
use crate::error::Refusal;
use crate::metrics::Raised;

const RECHECK_EVERY: Duration = Duration::from_secs(20);

/// Serves a page until it ends.
pub(super) async fn run(app: Arc<App>, mut conn: Conn, caller: Caller) {
    let _counted = Raised::new(&app.metrics.consoles);
    if let Err(Ended::Refused(refusal)) = serve(&app, &mut conn, &caller).await {
        conn.refuse(&refusal).await;
    }
}

async fn serve(app: &App, conn: &mut Conn, caller: &Caller) -> Result<(), Ended> {
    let mut hints = caller.org.hints();
    let mut changes = caller.org.changes();
    let mut stop = app.stop.clone();
    let mut recheck = tokio::time::interval(RECHECK_EVERY);
    conn.send(&ToConsole::Ready {}).await?;
    let size = caller.org.published().borrow().size;
    conn.send(&ToConsole::Ledger { size }).await?;
    loop {
        tokio::select! {
            text = conn.text() => {
                text?;
                return Err(Refusal::bad("bad_message", "a console's socket takes nothing after the proof").into());
            }
            hint = hints.recv() => match hint {
                Ok(hint) => conn.send(&hint).await?,
                Err(RecvError::Lagged(_) | RecvError::Closed) => {
                    let text = "The page was too slow to follow; it reads everything anew.";
                    return Err(Refusal::conflict("lagged", text).into());
                }
            },
            Ok(()) = changes.changed() => {}
            _ = recheck.tick() => {
                // Keeps proxies from closing a quiet connection, and notices a dead one.
                conn.ping().await?;
            }
            () = stopped(&mut stop) => return Err(Refusal::stopping().into()),
        }
        if let Some(refusal) = caller.lapsed() {
            return Err(refusal.into());
        }
    }
}
