//! `docs/threat-model.md` names the test of each of its rows; here it is held to that.
//!
//! A test in Rust is a code span of names joined by `::`: the binary of `tests/tests`, or the crate's folder, then modules and
//! the function. A test in TypeScript is its file and its title in quotes. Spans that begin with a folder of ours are paths.

use std::collections::BTreeSet;

use crate::source::{Language, closing, is_name_byte, mask, words};
use crate::tree::SourceFile;

/// The page.
pub const PAGE: &str = "docs/threat-model.md";

const FOLDERS: [&str; 7] = [
    "crates/", "web/", "tests/", "docs/", "deploy/", "xtask/", "bench/",
];

/// Tests and files that the page names and that are not there, and rows without a test.
pub fn violations(page: &SourceFile, files: &[SourceFile]) -> Vec<String> {
    let tests: BTreeSet<String> = files.iter().flat_map(rust_tests).collect();
    let mut found = Vec::new();
    for (at, line) in page.text.lines().enumerate() {
        for span in spans(line) {
            let what = match Reference::of(span) {
                Some(Reference::Rust) if !tests.contains(span) => "no such test",
                Some(Reference::Titled { path, title }) if !has_title(files, path, title) => {
                    "no such test"
                }
                Some(Reference::Path) if !is_there(files, span) => "no such file",
                _ => continue,
            };
            found.push(format!("{}:{}: {span}: {what}", page.path, at + 1));
        }
    }
    found.extend(rows(page));
    found
}

/// What a code span stands for.
enum Reference<'s> {
    Rust,
    Titled { path: &'s str, title: &'s str },
    Path,
}

impl<'s> Reference<'s> {
    fn of(span: &'s str) -> Option<Self> {
        let is_name = |byte: u8| byte == b':' || (is_name_byte(byte) && !byte.is_ascii_uppercase());
        if span.contains("::") && span.bytes().all(is_name) {
            return Some(Self::Rust);
        }
        if !FOLDERS.iter().any(|folder| span.starts_with(folder)) {
            return None;
        }
        let titled = span.strip_suffix('"').and_then(|s| s.split_once(" \""));
        Some(titled.map_or(Self::Path, |(path, title)| Self::Titled { path, title }))
    }
}

fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_there(files: &[SourceFile], path: &str) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    files
        .iter()
        .any(|file| file.path == path || file.path.starts_with(&folder))
}

/// Every row that begins with a number such as `S3` has exactly one row in a table of tests, and that names one or says why
/// there is none.
fn rows(page: &SourceFile) -> Vec<String> {
    let (mut attacks, mut tested) = (BTreeSet::new(), BTreeSet::new());
    let (mut found, mut is_of_tests) = (Vec::new(), false);
    for (at, line) in page.text.lines().enumerate() {
        let say = |what: &str| format!("{}:{}: {what}", page.path, at + 1);
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", first, .., last, ""] = cells[..] else {
            is_of_tests = false;
            continue;
        };
        is_of_tests |= last == "tests";
        if !is_number(first) {
            continue;
        }
        if !if is_of_tests {
            &mut tested
        } else {
            &mut attacks
        }
        .insert(first)
        {
            found.push(say(&format!("{first} stands there twice")));
        }
        let names_one =
            spans(last).any(|s| !matches!(Reference::of(s), None | Some(Reference::Path)));
        if is_of_tests && !names_one && !last.starts_with("none: ") {
            found.push(say(&format!("{first} names no test and does not say why")));
        }
    }
    for row in attacks.symmetric_difference(&tested) {
        found.push(format!(
            "{}: {row} is no pair of attack and tests",
            page.path
        ));
    }
    found
}

fn is_number(cell: &str) -> bool {
    let digits = cell.trim_start_matches(|c: char| c.is_ascii_uppercase());
    digits.len() < cell.len() && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Every test of a file that is not left out, by its full name.
fn rust_tests(file: &SourceFile) -> Vec<String> {
    let Some(home) = module(&file.path) else {
        return Vec::new();
    };
    let code = mask(&file.text, Language::Rust).code;
    let inner = inline_modules(&code);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("#[") {
        let Some(name) = test_at(&code, at) else {
            continue;
        };
        let around = inner
            .iter()
            .filter(|(_, start, end)| (*start..*end).contains(&at));
        let path = home.iter().copied().chain(around.map(|(name, ..)| *name));
        found.push(path.chain([name]).collect::<Vec<_>>().join("::"));
    }
    found
}

/// The name of the function below a test's attribute; none where it is no test or is ignored.
fn test_at(code: &str, at: usize) -> Option<&str> {
    let mut end = closing(code, at + 1)?;
    let attribute = code[at + 2..end].split('(').next()?.trim();
    if attribute != "test" && !attribute.ends_with("::test") {
        return None;
    }
    let mut rest = code[end + 1..].trim_start();
    while rest.starts_with("#[") {
        if rest[2..].starts_with("ignore") {
            return None;
        }
        end = closing(rest, 1)?;
        rest = rest[end + 1..].trim_start();
    }
    let name = rest.split("fn ").nth(1)?;
    name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .next()
}

/// Modules with a body in this file, outer ones first: name, begin and end.
fn inline_modules(code: &str) -> Vec<(&str, usize, usize)> {
    let body = |at: usize| {
        let (name, _) = code[at + 4..].split_once('{')?;
        let open = at + 4 + name.len();
        let name = name.trim();
        (!name.is_empty() && name.bytes().all(is_name_byte))
            .then(|| Some((name, open, closing(code, open)?)))?
    };
    let names = words(code, "mod")
        .into_iter()
        .filter(|at| code[at + 3..].starts_with(' '));
    names.filter_map(body).collect()
}

/// The names that a file's tests begin with.
fn module(path: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = path.strip_suffix(".rs")?.split('/').collect();
    let mut names = match parts[..] {
        ["tests", "tests", ref rest @ ..] => rest.to_vec(),
        ["tests", "tidy", ..] => parts[1..].to_vec(),
        ["crates", name, "tests" | "src", ref rest @ ..] => [&[name], rest].concat(),
        ["xtask", "src", ref rest @ ..] => [&["xtask"], rest].concat(),
        _ => return None,
    };
    names.pop_if(|last| ["main", "mod", "lib"].contains(last));
    Some(names)
}

/// Whether a test of that title stands in that file and runs.
fn has_title(files: &[SourceFile], path: &str, title: &str) -> bool {
    let Some(file) = files.iter().find(|file| file.path == path) else {
        return false;
    };
    let opens = |line: &str| {
        let calls =
            ["it", "test", "fact"].map(|name| [format!("{name}("), format!("{name}.each(")]);
        let line = line.trim_start();
        calls
            .iter()
            .flatten()
            .any(|call| line.starts_with(call.as_str()))
    };
    let quoted = ['\'', '"', '`'].map(|quote| format!("({quote}{title}{quote}"));
    file.text
        .lines()
        .filter(|line| opens(line))
        .any(|line| quoted.iter().any(|title| line.contains(title.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.into(),
            text: text.into(),
        }
    }

    fn tree() -> Vec<SourceFile> {
        let unit = "fn a() {}\n#[cfg(test)]\nmod tests {\n    mod deep {\n        #[test]\n        fn at_night() {}\n    }\n    #[test]\n    fn by_day() {}\n}\n";
        let async_test = "#[tokio::test(flavor = \"multi_thread\")]\nasync fn nothing_opens() {}\n#[test]\n#[ignore = \"slow\"]\nfn never_runs() {}\n// #[test]\nfn no_test() {}\n";
        vec![
            file("tests/tests/attacks_device.rs", async_test),
            file("crates/trust/src/seal.rs", unit),
            file(
                "crates/server/tests/service/main.rs",
                "#[test]\nfn first() {}",
            ),
            file(
                "crates/server/tests/service/relay.rs",
                "#[test]\nfn second() {}",
            ),
            file(
                "web/test/a.test.ts",
                "it('is whole', f)\nit.skip('is left', f)\n// it('is gone', f)\n  it.each(x)('is each', f)\n",
            ),
        ]
    }

    fn of(text: &str) -> Vec<String> {
        violations(&file(PAGE, text), &tree())
    }

    #[test]
    fn a_test_that_is_there_is_found_under_its_full_name() {
        for name in [
            "attacks_device::nothing_opens",
            "trust::seal::tests::by_day",
            "trust::seal::tests::deep::at_night",
            "server::service::first",
            "server::service::relay::second",
            "web/test/a.test.ts \"is whole\"",
            "web/test/a.test.ts \"is each\"",
            "crates/trust/src/seal.rs",
            "crates/trust/",
            "judge()",
            "SHA-256",
        ] {
            assert_eq!(
                of(&format!("See `{name}`.")),
                Vec::<String>::new(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_test_or_a_file_that_is_not_there_is_named() {
        for name in [
            "attacks_device::everything_opens",
            "attacks_device::never_runs",
            "attacks_device::no_test",
            "trust::seal::by_day",
            "web/test/a.test.ts \"is left\"",
            "web/test/a.test.ts \"is gone\"",
            "web/test/b.test.ts \"is whole\"",
            "crates/trust/src/judge.rs",
        ] {
            let found = of(&format!("one\nSee `{name}`."));
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert!(found[0].starts_with(&format!("{PAGE}:2: {name}: no such")));
        }
    }

    #[test]
    fn a_row_has_its_tests_or_a_reason() {
        let row = "| # | he tries |\n|---|---|\n| S1 | all |\n\n| # | tests |\n|---|---|\n";
        for good in [
            "| S1 | `attacks_device::nothing_opens` |",
            "| S1 | none: nothing is built |",
        ] {
            assert_eq!(
                of(&format!("{row}{good}\n")),
                Vec::<String>::new(),
                "{good}"
            );
        }
        for bad in [
            "",
            "| S2 | none: another |",
            "| S1 | `crates/trust/src/seal.rs` |",
            "| S1 | none: one |\n| S1 | none: two |",
        ] {
            assert!(!of(&format!("{row}{bad}\n")).is_empty(), "{bad}");
        }
    }
}
