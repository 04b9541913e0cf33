//! The banner on a real X server.

use crate::desktop::{Desktop, soon};
use wayleave_agent::windows::client::BannerHandle;
use wayleave_agent::windows::message::{BannerEvent, BannerRequest, Permission, Rect};
use x11rb::errors::ReplyError;
use x11rb::protocol::shape::{ConnectionExt as _, SK, SO};
use x11rb::protocol::xproto::{
    ClipOrdering, ConfigureWindowAux, ConnectionExt as _, Rectangle, StackMode,
};
use x11rb::rust_connection::RustConnection;

fn request() -> BannerRequest {
    BannerRequest {
        who: "Dana Weiß 田中 דנה".into(),
        organisation: "Acme IT Services".into(),
        scopes: vec![Permission::See, Permission::Control],
        until: "14:35".into(),
        attended: true,
        paused: false,
        elapsed_s: 0,
    }
}

struct Shown {
    banner: BannerHandle,
    rect: Rect,
    window: u32,
    end: Rect,
}

async fn show(desktop: &Desktop) -> Shown {
    let banner = BannerHandle::spawn(&desktop.program(), &request())
        .await
        .unwrap();
    shown(banner).await
}

async fn shown(mut banner: BannerHandle) -> Shown {
    loop {
        match soon("the banner is shown", banner.next_event()).await {
            Some(BannerEvent::Placed { .. }) => {}
            Some(BannerEvent::Shown { rect, window, end }) => {
                return Shown {
                    banner,
                    rect,
                    window,
                    end,
                };
            }
            other => panic!("before the banner was shown: {other:?}"),
        }
    }
}

async fn covered(banner: &mut BannerHandle) -> String {
    loop {
        match soon("the cover is told", banner.next_event()).await {
            Some(BannerEvent::Covered { why }) => return why,
            Some(BannerEvent::Placed { .. } | BannerEvent::Shown { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_banner_stands_at_the_upper_edge_and_end_is_told() {
    for desktop in [Desktop::bare(), Desktop::with_openbox()] {
        let mut shown = show(&desktop).await;
        assert_eq!(desktop.rect_of(shown.window), shown.rect);
        assert_eq!(shown.rect.y, 0);
        assert_eq!(shown.rect.x * 2 + shown.rect.w as i32, 1280);
        assert!(shown.rect.holds(&shown.end));
        desktop.click(shown.end);
        assert_eq!(
            soon("end", shown.banner.next_event()).await,
            Some(BannerEvent::End {})
        );
        soon("the close", shown.banner.close()).await;
    }
}

#[tokio::test]
async fn a_window_laid_over_the_banner_once_goes_below_it() {
    for desktop in [Desktop::bare(), Desktop::with_openbox()] {
        let shown_first = show(&desktop).await;
        desktop.cover(shown_first.rect);
        let again = shown(shown_first.banner).await;
        assert_eq!(again.rect, shown_first.rect);
        let order = desktop
            .conn
            .query_tree(desktop.root)
            .unwrap()
            .reply()
            .unwrap()
            .children;
        assert_eq!(order.last(), Some(&again.window));
    }
}

#[tokio::test]
async fn a_window_that_fights_for_the_top_is_told_as_a_cover() {
    let desktop = Desktop::bare();
    let mut shown = show(&desktop).await;
    let cover = desktop.cover(shown.rect);
    let rival = desktop.another_connection();
    let fight = std::thread::spawn(move || while raise(&rival, cover).is_ok() {});
    assert!(!covered(&mut shown.banner).await.is_empty());
    drop(desktop);
    fight.join().unwrap();
}

/// An error when the X server is gone, which ends the fight.
fn raise(rival: &RustConnection, window: u32) -> Result<(), ReplyError> {
    let top = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
    rival.configure_window(window, &top)?.check()
}

#[tokio::test]
async fn a_window_put_inside_the_banner_is_told_as_a_cover() {
    let desktop = Desktop::bare();
    let mut shown = show(&desktop).await;
    let inside = desktop.cover(Rect {
        x: 0,
        y: 100,
        ..shown.rect
    });
    desktop
        .conn
        .reparent_window(inside, shown.window, 0, 0)
        .unwrap()
        .check()
        .unwrap();
    assert!(covered(&mut shown.banner).await.contains("over it"));
}

#[tokio::test]
async fn a_banner_cut_out_of_shape_is_told() {
    let desktop = Desktop::bare();
    let mut shown = show(&desktop).await;
    let sliver = [Rectangle {
        x: 0,
        y: 0,
        width: 1,
        height: 1,
    }];
    desktop
        .conn
        .shape_rectangles(
            SO::SET,
            SK::BOUNDING,
            ClipOrdering::UNSORTED,
            shown.window,
            0,
            0,
            &sliver,
        )
        .unwrap()
        .check()
        .unwrap();
    assert!(covered(&mut shown.banner).await.contains("shape"));
}

#[tokio::test]
async fn a_banner_moved_away_or_unmapped_comes_back() {
    for desktop in [Desktop::bare(), Desktop::with_openbox()] {
        let first = show(&desktop).await;
        let away = ConfigureWindowAux::new()
            .x(-5_000)
            .y(900)
            .width(1)
            .height(1);
        desktop
            .conn
            .configure_window(first.window, &away)
            .unwrap()
            .check()
            .unwrap();
        let second = shown(first.banner).await;
        assert_eq!(second.rect, first.rect);
        desktop
            .conn
            .unmap_window(second.window)
            .unwrap()
            .check()
            .unwrap();
        let third = shown(second.banner).await;
        assert_eq!(third.rect, first.rect);
    }
}

#[tokio::test]
async fn a_killed_banner_is_seen() {
    let desktop = Desktop::bare();
    let mut shown = show(&desktop).await;
    desktop
        .conn
        .kill_client(shown.window)
        .unwrap()
        .check()
        .unwrap();
    match soon("the end", shown.banner.next_event()).await {
        None | Some(BannerEvent::Covered { .. } | BannerEvent::Unavailable { .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_update_changes_what_is_shown() {
    let desktop = Desktop::bare();
    let mut shown = show(&desktop).await;
    // The left half holds no clock, so only the update can change it.
    let left = Rect {
        w: shown.rect.w / 2,
        ..shown.rect
    };
    let mut drawn = desktop.picture(left);
    soon("the first drawing", async {
        while drawn.chunks(4).all(|pixel| pixel[..3] == drawn[..3]) {
            tokio::task::yield_now().await;
            drawn = desktop.picture(left);
        }
    })
    .await;
    let paused = BannerRequest {
        who: "Noor Haddad".into(),
        paused: true,
        ..request()
    };
    shown.banner.update(&paused).await.unwrap();
    soon("the other drawing", async {
        while desktop.picture(left) == drawn {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_banner_is_dragged_along_the_edge_and_never_off_the_screen() {
    let desktop = Desktop::bare();
    let first = show(&desktop).await;
    desktop.point_at(first.rect.x + 200, 20);
    desktop.press_mouse();
    desktop.point_at(first.rect.x + 230, 60);
    let mut last = shown(first.banner).await;
    assert_eq!(last.rect.y, 0);
    desktop.point_at(1_279, 300);
    while last.rect.right() < 1_280 {
        last = shown(last.banner).await;
    }
    assert_eq!(
        last.rect,
        Rect {
            x: 1_280 - first.rect.w as i32,
            ..first.rect
        }
    );
    desktop.release_mouse();
}

#[tokio::test]
async fn two_banners_stand_beside_each_other() {
    let desktop = Desktop::bare();
    let first = show(&desktop).await;
    let second = show(&desktop).await;
    assert!(!first.rect.meets(&second.rect));
}
