//! Notes gain lines, and a name has one.
#![allow(clippy::unwrap_used)]

extern crate wayleave_trust as trust;

mod support;

use support::*;
use trust::Note;
use trust::checkpoint::cosign;

#[test]
fn a_newer_line_of_a_witness_replaces_the_older_one() {
    let world = World::new();
    let mut note = world.note();
    let line = |seconds| cosign(&world.note(), "watch", &key("watch"), seconds);
    let watched = |note: &Note| note.cosigned_at("watch", key("watch").public());
    assert_eq!(watched(&note), None);
    note.add_line(&line(10)).unwrap();
    assert_eq!(watched(&note), Some(10_000));
    note.add_line(&line(20)).unwrap();
    assert_eq!(watched(&note), Some(20_000));
    assert_eq!(
        note.to_string().lines().count(),
        6,
        "three of the body, one empty, two signed"
    );
}

#[test]
fn a_line_is_one_line_and_a_note_holds_32() {
    let world = World::new();
    let mut note = world.note();
    assert!(note.add_line("").is_err());
    assert!(note.add_line("watch AAAAAAAA").is_err());
    let two = format!("{0}\n{0}", cosign(&world.note(), "a", &key("a"), 1));
    assert!(note.add_line(&two).is_err());
    for n in 0..31 {
        let name = format!("w{n}");
        note.add_line(&cosign(&world.note(), &name, &key(&name), 1))
            .unwrap();
    }
    let more = cosign(&world.note(), "more", &key("more"), 1);
    assert!(note.add_line(&more).is_err());
    note.add_line(&cosign(&world.note(), "w3", &key("w3"), 2))
        .unwrap();
}

#[test]
fn a_note_reads_what_it_writes() {
    let world = World::new();
    let mut note = world.note();
    note.add_line(&cosign(&world.note(), "watch", &key("watch"), 10))
        .unwrap();
    let read = Note::parse(&world.org, &note.to_string()).unwrap();
    assert_eq!(read, note);
    assert_eq!(read.head(), world.state.head());
}
