//! Style is a test, not a wish: the shape of the house, read from `cargo metadata` and from the files.
//!
//! Each rule is a function from a file (or the metadata) to sentences about what breaks it, tested on a small bad example
//! and its good twin beside it; the tests here run the rules over the repository.
#![allow(clippy::unwrap_used)]

mod arrows;
mod places;
mod size;
mod source;
mod threats;
mod tree;

use std::process::Command;

use tree::SourceFile;

fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

fn over_the_tree(rule: fn(&SourceFile) -> Vec<String>) {
    let files = tree::files();
    assert!(files.len() > 20, "only {} files found", files.len());
    assert_none(files.iter().flat_map(rule).collect());
}

#[test]
fn the_arrows_between_crates_are_those_that_are_drawn() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(tree::root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_none(arrows::violations(
        &serde_json::from_slice(&output.stdout).unwrap(),
    ));
}

#[test]
fn files_and_functions_keep_their_caps() {
    over_the_tree(size::violations);
}

#[test]
fn pure_crates_do_no_io_and_read_no_clock() {
    over_the_tree(places::impure);
}

#[test]
fn pure_crates_ban_clocks_files_and_randomness_in_their_lints() {
    for name in ["trust", "wire", "api"] {
        let path = tree::root().join("crates").join(name).join("clippy.toml");
        let lints = std::fs::read_to_string(&path).unwrap();
        for banned in [
            "std::time::SystemTime",
            "std::time::Instant",
            "std::fs::File",
            "std::net::TcpStream",
            "getrandom::fill",
        ] {
            assert!(
                lints.contains(&format!("path = \"{banned}")),
                "{} does not ban {banned}",
                path.display()
            );
        }
    }
}

#[test]
fn sql_stands_in_the_store_only() {
    over_the_tree(places::sql_elsewhere);
}

#[test]
fn the_browser_core_knows_no_page_and_no_framework() {
    over_the_tree(places::page_in_core);
}

#[test]
fn nothing_is_left_unfinished() {
    over_the_tree(places::unfinished);
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let files = tree::files();
    let page = files
        .iter()
        .find(|file| file.path == threats::PAGE)
        .unwrap();
    assert_none(threats::violations(page, &files));
}
