//! The notice on a real X server.

use crate::desktop::{Desktop, soon};
use wayleave_agent::windows::client::NoticeHandle;
use wayleave_agent::windows::message::{NoticeEvent, NoticeRequest, Rect};
use x11rb::protocol::xproto::ConnectionExt as _;

fn request() -> NoticeRequest {
    NoticeRequest {
        organisation: "Hafen Süd".into(),
        domain: "hafen.example".into(),
        keys: 1,
        from: "2026-02-03 14:35".into(),
    }
}

/// The window of the notice: the only one there is of its size.
fn rect_of_notice(desktop: &Desktop) -> Rect {
    let tree = desktop.conn.query_tree(desktop.root).unwrap();
    let children = tree.reply().unwrap().children;
    let rects = children.into_iter().map(|window| desktop.rect_of(window));
    rects.into_iter().find(|rect| rect.w == 560).unwrap()
}

async fn shown(desktop: &Desktop) -> NoticeHandle {
    let mut notice = NoticeHandle::spawn(&desktop.program(), &request())
        .await
        .unwrap();
    let event = soon("the notice is shown", notice.next_event()).await;
    assert_eq!(event, Some(NoticeEvent::Shown {}));
    notice
}

#[tokio::test]
async fn a_notice_goes_when_it_was_read() {
    let desktop = Desktop::bare();
    let mut notice = shown(&desktop).await;
    let window = rect_of_notice(&desktop);
    // The button keeps to the lower right corner.
    desktop.click(Rect {
        x: window.right() - 150,
        y: window.bottom() - 60,
        w: 100,
        h: 20,
    });
    let end = soon("the notice goes", notice.next_event()).await;
    assert_eq!(end, None);
}

#[tokio::test]
async fn a_notice_is_taken_away() {
    let desktop = Desktop::bare();
    let notice = shown(&desktop).await;
    soon("the notice goes", notice.close()).await;
    let tree = desktop.conn.query_tree(desktop.root).unwrap();
    let children = tree.reply().unwrap().children;
    let widths: Vec<u32> = children.iter().map(|w| desktop.rect_of(*w).w).collect();
    assert!(!widths.contains(&560), "{widths:?}");
}
