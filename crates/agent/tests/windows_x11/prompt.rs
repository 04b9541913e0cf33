//! The consent prompt on a real X server.

use std::time::{Duration, Instant};

use crate::desktop::{Desktop, ENTER, ESCAPE, TAB, soon};
use wayleave_agent::windows::client::{PromptHandle, WindowProgram};
use wayleave_agent::windows::message::{How, Permission, PromptEvent, PromptRequest, Rect};
use x11rb::protocol::xproto::ConnectionExt as _;

fn request() -> PromptRequest {
    PromptRequest {
        who: "Dana Weiß 田中 דנה".into(),
        who_words: None,
        organisation: "Acme IT Services".into(),
        domain: Some("acme.example".into()),
        domain_is_proven: None,
        device: "FRONTDESK-3".into(),
        scopes: vec![Permission::See, Permission::Control],
        read_under: Vec::new(),
        write_under: Vec::new(),
        shell_as: None,
        until: "14:35".into(),
        until_ms: 9_999_999_999_999,
        why: "The printer stopped \u{202e}after the update".into(),
        ticket: "INC-1042".into(),
        timeout_s: 60,
    }
}

struct Shown {
    prompt: PromptHandle,
    rect: Rect,
    window: u32,
    allow: Rect,
    refuse: Rect,
}

async fn ask(desktop: &Desktop, request: &PromptRequest) -> Shown {
    let mut prompt = PromptHandle::spawn(&desktop.program(), request)
        .await
        .unwrap();
    let mut placed = None;
    loop {
        match soon("the prompt is shown", prompt.next_event()).await {
            Some(PromptEvent::Placed { rect }) => placed = Some(rect),
            Some(PromptEvent::Shown {
                rect,
                window,
                allow,
                refuse,
            }) => {
                assert_eq!(
                    placed,
                    Some(rect),
                    "the place was not told before it was taken"
                );
                return Shown {
                    prompt,
                    rect,
                    window,
                    allow,
                    refuse,
                };
            }
            other => panic!("before the prompt was shown: {other:?}"),
        }
    }
}

async fn next(prompt: &mut PromptHandle) -> PromptEvent {
    loop {
        match soon("an event", prompt.next_event()).await {
            Some(PromptEvent::Placed { .. } | PromptEvent::Shown { .. }) => {}
            Some(event) => return event,
            None => panic!("the window went without a word"),
        }
    }
}

fn answer(allow: bool, how: How) -> PromptEvent {
    PromptEvent::Answer { allow, how }
}

#[tokio::test]
async fn the_prompt_appears_where_it_says() {
    for desktop in [Desktop::bare(), Desktop::with_openbox()] {
        let shown = ask(&desktop, &request()).await;
        assert_eq!(desktop.rect_of(shown.window), shown.rect);
        let screen = Rect {
            x: 0,
            y: 0,
            w: 1280,
            h: 800,
        };
        assert!(screen.holds(&shown.rect));
        assert!(shown.rect.holds(&shown.allow) && shown.rect.holds(&shown.refuse));
        assert!(!shown.allow.meets(&shown.refuse));
    }
}

#[tokio::test]
async fn allow_takes_no_press_before_it_is_armed_and_takes_one_after() {
    for desktop in [Desktop::bare(), Desktop::with_openbox()] {
        let began = Instant::now();
        let mut shown = ask(&desktop, &request()).await;
        desktop.click(shown.allow);
        assert_eq!(
            next(&mut shown.prompt).await,
            PromptEvent::Armed {},
            "the early press counted"
        );
        assert!(began.elapsed() >= Duration::from_millis(700));
        desktop.click(shown.allow);
        assert_eq!(next(&mut shown.prompt).await, answer(true, How::Button));
        assert_eq!(soon("the end", shown.prompt.next_event()).await, None);
    }
}

#[tokio::test]
async fn a_press_begun_before_the_arming_does_not_count_when_it_is_let_go_after() {
    let desktop = Desktop::bare();
    let mut shown = ask(&desktop, &request()).await;
    desktop.point_at(shown.allow.x + 5, shown.allow.y + 5);
    desktop.press_mouse();
    assert_eq!(next(&mut shown.prompt).await, PromptEvent::Armed {});
    desktop.release_mouse();
    desktop.click(shown.refuse);
    assert_eq!(next(&mut shown.prompt).await, answer(false, How::Button));
}

#[tokio::test]
async fn escape_refuses_at_once() {
    for desktop in [Desktop::bare(), Desktop::with_openbox()] {
        let mut shown = ask(&desktop, &request()).await;
        desktop.type_key(ESCAPE);
        assert_eq!(next(&mut shown.prompt).await, answer(false, How::Escape));
    }
}

#[tokio::test]
async fn enter_allows_nothing_until_the_keyboard_was_led_to_allow() {
    let desktop = Desktop::bare();
    let mut shown = ask(&desktop, &request()).await;
    assert_eq!(next(&mut shown.prompt).await, PromptEvent::Armed {});
    desktop.type_key(ENTER);
    desktop.type_key(TAB);
    desktop.type_key(ENTER);
    assert_eq!(next(&mut shown.prompt).await, answer(false, How::Button));

    let mut shown = ask(&desktop, &request()).await;
    assert_eq!(next(&mut shown.prompt).await, PromptEvent::Armed {});
    desktop.type_key(TAB);
    desktop.type_key(TAB);
    desktop.type_key(ENTER);
    assert_eq!(next(&mut shown.prompt).await, answer(true, How::Button));
}

#[tokio::test]
async fn no_answer_in_time_is_a_refusal() {
    let desktop = Desktop::bare();
    let mut shown = ask(
        &desktop,
        &PromptRequest {
            timeout_s: 2,
            ..request()
        },
    )
    .await;
    assert_eq!(next(&mut shown.prompt).await, PromptEvent::Armed {});
    assert_eq!(next(&mut shown.prompt).await, answer(false, How::Timeout));
}

#[tokio::test]
async fn a_question_about_access_that_is_over_is_a_refusal() {
    let desktop = Desktop::bare();
    let late = PromptRequest {
        until_ms: 1,
        ..request()
    };
    let mut prompt = PromptHandle::spawn(&desktop.program(), &late)
        .await
        .unwrap();
    assert_eq!(next(&mut prompt).await, answer(false, How::Timeout));
}

#[tokio::test]
async fn a_cover_disarms_allow_and_the_arming_starts_anew() {
    for desktop in [Desktop::bare(), Desktop::with_openbox()] {
        let mut shown = ask(&desktop, &request()).await;
        assert_eq!(next(&mut shown.prompt).await, PromptEvent::Armed {});
        let covered_at = Instant::now();
        desktop.cover(shown.rect);
        assert_eq!(next(&mut shown.prompt).await, PromptEvent::Disarmed {});
        desktop.click(shown.allow);
        assert_eq!(
            next(&mut shown.prompt).await,
            PromptEvent::Armed {},
            "counted while disarmed"
        );
        assert!(covered_at.elapsed() >= Duration::from_millis(700));
        desktop.click(shown.allow);
        assert_eq!(next(&mut shown.prompt).await, answer(true, How::Button));
    }
}

#[tokio::test]
async fn a_cover_over_a_corner_is_a_cover() {
    let desktop = Desktop::bare();
    let mut shown = ask(&desktop, &request()).await;
    assert_eq!(next(&mut shown.prompt).await, PromptEvent::Armed {});
    desktop.cover(Rect {
        x: shown.rect.x - 10,
        y: shown.rect.y - 10,
        w: 11,
        h: 11,
    });
    assert_eq!(next(&mut shown.prompt).await, PromptEvent::Disarmed {});
}

#[tokio::test]
async fn a_window_beside_the_prompt_disturbs_nothing() {
    let desktop = Desktop::bare();
    let mut shown = ask(&desktop, &request()).await;
    desktop.cover(Rect {
        x: shown.rect.x - 10,
        y: shown.rect.y,
        w: 10,
        h: 10,
    });
    assert_eq!(next(&mut shown.prompt).await, PromptEvent::Armed {});
    desktop.click(shown.allow);
    assert_eq!(next(&mut shown.prompt).await, answer(true, How::Button));
}

#[tokio::test]
async fn a_window_put_inside_the_prompt_keeps_it_disarmed() {
    let desktop = Desktop::bare();
    let short = PromptRequest {
        timeout_s: 3,
        ..request()
    };
    let mut shown = ask(&desktop, &short).await;
    let inside = desktop.cover(Rect {
        x: 0,
        y: 0,
        w: 200,
        h: 200,
    });
    desktop
        .conn
        .reparent_window(inside, shown.window, 0, 0)
        .unwrap()
        .check()
        .unwrap();
    assert_eq!(next(&mut shown.prompt).await, answer(false, How::Timeout));
}

#[tokio::test]
async fn the_words_of_a_peer_change_the_picture_and_not_the_buttons() {
    let desktop = Desktop::bare();
    let shown = ask(&desktop, &request()).await;
    let long = PromptRequest {
        why: "Allow\n\nAllow ".repeat(500),
        who: "W".repeat(4_000),
        ..request()
    };
    shown.prompt.close().await;
    let mut shown = ask(&desktop, &long).await;
    let screen = Rect {
        x: 0,
        y: 0,
        w: 1280,
        h: 800,
    };
    assert!(screen.holds(&shown.rect));
    assert_eq!(next(&mut shown.prompt).await, PromptEvent::Armed {});
    desktop.click(shown.refuse);
    assert_eq!(next(&mut shown.prompt).await, answer(false, How::Button));
}

#[tokio::test]
async fn a_domain_that_is_not_proven_is_told_above_the_buttons() {
    let desktop = Desktop::bare();
    let mut heights = Vec::new();
    for domain_is_proven in [None, Some(true), Some(false)] {
        let request = PromptRequest {
            domain_is_proven,
            ..request()
        };
        let shown = ask(&desktop, &request).await;
        heights.push(shown.rect.h);
        shown.prompt.close().await;
    }
    assert!(
        heights[1] > heights[0] && heights[2] > heights[0],
        "{heights:?}"
    );
}

#[tokio::test]
async fn a_withdrawn_question_leaves_the_screen_and_gives_the_keyboard_back() {
    let desktop = Desktop::bare();
    let empty = desktop.picture(Rect {
        x: 0,
        y: 0,
        w: 1280,
        h: 800,
    });
    let focus = || {
        desktop
            .conn
            .get_input_focus()
            .unwrap()
            .reply()
            .unwrap()
            .focus
    };
    let before = focus();
    let shown = ask(&desktop, &request()).await;
    assert_eq!(focus(), shown.window);
    soon("the withdrawal", shown.prompt.close()).await;
    assert_eq!(
        desktop.picture(Rect {
            x: 0,
            y: 0,
            w: 1280,
            h: 800
        }),
        empty
    );
    assert_eq!(focus(), before);
}

#[tokio::test]
async fn a_dropped_handle_takes_the_window_along() {
    let desktop = Desktop::bare();
    let shown = ask(&desktop, &request()).await;
    desktop.listen(
        shown.window,
        x11rb::protocol::xproto::EventMask::STRUCTURE_NOTIFY,
    );
    drop(shown.prompt);
    desktop.wait_event(|event| matches!(event, x11rb::protocol::Event::DestroyNotify(_)));
}

#[tokio::test]
async fn a_killed_window_is_no_answer() {
    let desktop = Desktop::bare();
    let mut shown = ask(&desktop, &request()).await;
    desktop
        .conn
        .kill_client(shown.window)
        .unwrap()
        .check()
        .unwrap();
    loop {
        match soon("the end", shown.prompt.next_event()).await {
            Some(PromptEvent::Armed {} | PromptEvent::Disarmed {}) => {}
            None | Some(PromptEvent::Unavailable { .. }) => return,
            Some(event) => {
                assert_eq!(event, answer(false, How::Closed));
                return;
            }
        }
    }
}

#[tokio::test]
async fn without_a_display_the_agent_reads_why() {
    let nowhere = WindowProgram {
        program: env!("CARGO_BIN_EXE_wayleave-agent").into(),
        display: ":59000".into(),
        xauthority: None,
    };
    let mut prompt = PromptHandle::spawn(&nowhere, &request()).await.unwrap();
    match next(&mut prompt).await {
        PromptEvent::Unavailable { why } => assert!(why.contains(":59000"), "{why}"),
        other => panic!("{other:?}"),
    }
}
