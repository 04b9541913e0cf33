//! What may stand where: pure crates, SQL, the browser's trust core, unfinished work.

use crate::source::{Language, closing, is_name_byte, line_of, mask, words};
use crate::tree::SourceFile;

const PURE: [&str; 3] = ["crates/trust/src/", "crates/wire/src/", "crates/api/src/"];

/// Names that have no place in a pure crate, and the std modules that have none.
const IMPURE_NAMES: [&str; 9] = [
    "tokio",
    "getrandom",
    "SystemTime",
    "Instant",
    "OsRng",
    "ThreadRng",
    "thread_rng",
    "SystemRandom",
    "thread_local",
];
const IMPURE_STD: [&str; 7] = ["fs", "net", "env", "process", "thread", "io", "os"];

/// A pure crate takes time and randomness as arguments and does no I/O.
pub fn impure(file: &SourceFile) -> Vec<String> {
    let is_pure = PURE.iter().any(|folder| file.path.starts_with(folder));
    // Test modules may read vectors.
    let is_test = file.path.contains("/src/tests/") || file.path.ends_with("/tests.rs");
    if !is_pure || is_test || !file.path.ends_with(".rs") {
        return Vec::new();
    }
    let code = mask(&file.text, Language::Rust).code;
    let mut found: Vec<(usize, String)> = Vec::new();
    for name in IMPURE_NAMES {
        found.extend(
            words(&code, name)
                .into_iter()
                .map(|offset| (offset, name.to_owned())),
        );
    }
    for (offset, module) in std_modules(&code) {
        if IMPURE_STD.contains(&module.as_str()) {
            found.push((offset, format!("std::{module}")));
        }
    }
    found
        .into_iter()
        .map(|(offset, name)| {
            let line = line_of(&code, offset);
            format!(
                "{}:{line}: {name} in a pure crate: take it as an argument",
                file.path
            )
        })
        .collect()
}

/// The modules of std that are named, in `std::fs` and in `use std::{fs, net}` alike.
fn std_modules(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for start in words(code, "std") {
        let Some(after) = code[start + 3..].strip_prefix("::") else {
            continue;
        };
        let at = start + 5;
        if !after.starts_with('{') {
            found.push((start, leading_name(after)));
            continue;
        }
        let end = closing(code, at).unwrap_or(code.len());
        let mut depth = 0usize;
        let mut expects_name = true;
        for (offset, byte) in code.bytes().enumerate().take(end).skip(at + 1) {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                b',' if depth == 0 => expects_name = true,
                _ if expects_name && is_name_byte(byte) => {
                    found.push((offset, leading_name(&code[offset..])));
                    expects_name = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn leading_name(text: &str) -> String {
    text.bytes()
        .take_while(|byte| is_name_byte(*byte))
        .map(char::from)
        .collect()
}

/// SQL stands in the store and its migrations only.
pub fn sql_elsewhere(file: &SourceFile) -> Vec<String> {
    const HOME: [&str; 2] = ["crates/server/src/store", "crates/server/migrations/"];
    const STATEMENTS: [(&str, &str); 8] = [
        ("SELECT ", " FROM "),
        ("INSERT ", " INTO "),
        ("INSERT INTO ", "("),
        ("UPDATE ", " SET "),
        ("DELETE FROM ", " "),
        ("CREATE TABLE ", "("),
        ("ALTER TABLE ", " "),
        ("PRAGMA ", ""),
    ];
    // Tests may look into the database of the service they attack.
    if HOME.iter().any(|home| file.path.starts_with(home)) || file.path.starts_with("tests/") {
        return Vec::new();
    }
    if file.path.ends_with(".sql") {
        return vec![format!(
            "{}: SQL stands in crates/server/src/store only",
            file.path
        )];
    }
    let Some(language) = Language::of(&file.path) else {
        return Vec::new();
    };
    let strings = mask(&file.text, language).strings;
    let mut found = Vec::new();
    for (head, later) in STATEMENTS {
        for (offset, _) in strings.match_indices(head) {
            let statement: String = strings[offset + head.len() - 1..]
                .chars()
                .take(400)
                .collect();
            if statement.contains(later) {
                let line = line_of(&strings, offset);
                found.push(format!(
                    "{}:{line}: SQL stands in crates/server/src/store only",
                    file.path
                ));
            }
        }
    }
    found.dedup();
    found
}

const FRAMEWORKS: [&str; 7] = [
    "preact",
    "@preact",
    "react",
    "react-dom",
    "@xterm",
    "vue",
    "svelte",
];
const DOM_OBJECTS: [&str; 5] = [
    "document",
    "window",
    "localStorage",
    "sessionStorage",
    "customElements",
];

/// `web/src/trust` and `web/src/session` know neither page nor framework, `web/src/viewer` knows no framework.
pub fn page_in_core(file: &SourceFile) -> Vec<String> {
    let without_page = ["web/src/trust/", "web/src/session/"]
        .iter()
        .any(|folder| file.path.starts_with(folder));
    let without_framework = without_page || file.path.starts_with("web/src/viewer/");
    if !without_framework || Language::of(&file.path) != Some(Language::TypeScript) {
        return Vec::new();
    }
    let masked = mask(&file.text, Language::TypeScript);
    let mut found = Vec::new();
    if file.path.ends_with(".tsx") {
        found.push(format!("{}: no framework here, so no .tsx", file.path));
    }
    for import in imports(&file.text) {
        let package = import.split('/').next().unwrap_or_default();
        if FRAMEWORKS.contains(&package) {
            found.push(format!(
                "{}: imports {import}: no framework here",
                file.path
            ));
        }
        let above = ["/ui/", "/console/", "/portal/"];
        if above
            .iter()
            .any(|folder| format!("{import}/").contains(folder))
        {
            found.push(format!(
                "{}: imports {import}: this stands below the pages",
                file.path
            ));
        }
    }
    if without_page {
        for object in DOM_OBJECTS {
            for offset in words(&masked.code, object) {
                if is_global(&masked.code, offset, object) {
                    let line = line_of(&masked.code, offset);
                    found.push(format!("{}:{line}: {object}: no page here", file.path));
                }
            }
        }
    }
    found
}

/// A member access on the global, not a field or a parameter of that name.
fn is_global(code: &str, offset: usize, object: &str) -> bool {
    let is_member = code[..offset].ends_with(['.', '#', '$']);
    let is_used = code[offset + object.len()..].starts_with(['.', '[', '?']);
    !is_member && is_used
}

/// The text of each `from '..'`, `import '..'` and `import('..')`.
fn imports(text: &str) -> Vec<&str> {
    ["from ", "import ", "import("]
        .iter()
        .flat_map(|keyword| text.split(keyword).skip(1))
        .filter_map(|rest| {
            let quote = rest
                .chars()
                .next()
                .filter(|first| ['\'', '"'].contains(first))?;
            rest[1..].split(quote).next()
        })
        .collect()
}

/// Work that is left is an issue, not a mark in a file.
pub fn unfinished(file: &SourceFile) -> Vec<String> {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("todo", "!"),
        concat!("unimplemented", "!"),
    ];
    const READ: [&str; 14] = [
        ".rs", ".ts", ".tsx", ".mjs", ".js", ".css", ".html", ".md", ".toml", ".sql", ".sh",
        ".yml", ".json", "run",
    ];
    if !READ.iter().any(|end| file.path.ends_with(end)) || file.path.ends_with("package-lock.json")
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    for mark in marks {
        for offset in words(&file.text, mark) {
            let line = line_of(&file.text, offset);
            found.push(format!(
                "{}:{line}: {mark}: finish it or file an issue",
                file.path
            ));
        }
    }
    found
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

    #[test]
    fn a_clock_a_file_or_a_socket_in_a_pure_crate_is_found() {
        for bad in [
            "let t = std::time::SystemTime::now();",
            "use std::time::{Duration, Instant};",
            "let x = std::fs::read(p);",
            "use std::{collections::{BTreeMap, HashMap}, net::TcpStream};",
            "tokio::spawn(async {});",
            "getrandom::fill(&mut b)?;",
            "fn f(rng: &SystemRandom) {}",
        ] {
            let found = impure(&file("crates/wire/src/noise.rs", bad));
            assert_eq!(found.len(), 1, "{bad}: {found:?}");
            assert_eq!(
                impure(&file("crates/agent/src/link.rs", bad)),
                Vec::<String>::new()
            );
            assert_eq!(
                impure(&file("crates/wire/src/tests/vectors.rs", bad)),
                Vec::<String>::new()
            );
        }
    }

    #[test]
    fn what_a_pure_crate_may_use_is_left_alone() {
        let good = "//! No tokio, no std::fs.\nuse std::{collections::BTreeMap, fmt, time::Duration};\nconst A: &str = \"std::net\";\nfn f(now: u64, random: [u8; 32]) {}";
        assert_eq!(
            impure(&file("crates/trust/src/judge.rs", good)),
            Vec::<String>::new()
        );
    }

    #[test]
    fn sql_outside_the_store_is_found() {
        for bad in [
            "SELECT id FROM device",
            "INSERT INTO device (id) VALUES (?)",
            "UPDATE device SET a = 1",
            "PRAGMA journal_mode",
        ] {
            let text = format!("fn f() {{ query(\"{bad}\"); }}");
            assert_eq!(
                sql_elsewhere(&file("crates/server/src/api/device.rs", &text)).len(),
                1,
                "{bad}"
            );
            assert_eq!(
                sql_elsewhere(&file("crates/server/src/store/device.rs", &text)),
                Vec::<String>::new()
            );
        }
        assert_eq!(sql_elsewhere(&file("crates/cli/a.sql", "")).len(), 1);
    }

    #[test]
    fn prose_about_selecting_is_no_sql() {
        let text = "// SELECT a FROM b\nfn f() { println!(\"Select a device from the list, UPDATE later\"); }";
        assert_eq!(
            sql_elsewhere(&file("crates/cli/src/main.rs", text)),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_page_or_a_framework_below_the_pages_is_found() {
        for bad in [
            "import { signal } from '@preact/signals'",
            "import '@xterm/xterm/css/xterm.css'",
            "import { Button } from '../ui/button'",
            "const a = document.querySelector('a')",
            "window.addEventListener('x', f)",
        ] {
            let found = page_in_core(&file("web/src/session/noise.ts", bad));
            assert_eq!(found.len(), 1, "{bad}: {found:?}");
            assert_eq!(
                page_in_core(&file("web/src/console/app.tsx", bad)),
                Vec::<String>::new()
            );
        }
        assert_eq!(page_in_core(&file("web/src/viewer/a.tsx", "")).len(), 1);
        let canvas = file(
            "web/src/viewer/canvas.ts",
            "document.createElement('canvas')",
        );
        assert_eq!(page_in_core(&canvas), Vec::<String>::new());
    }

    #[test]
    fn a_window_of_flow_control_is_no_page() {
        let text = "import { a } from './b'\nconst window = 4096 // document.title\nthis.window.size += window\nf('document.title')";
        assert_eq!(
            page_in_core(&file("web/src/session/mux.ts", text)),
            Vec::<String>::new()
        );
    }

    #[test]
    fn unfinished_work_is_found() {
        for mark in [
            concat!("// TO", "DO: later"),
            concat!("todo", "!()"),
            concat!("# FIX", "ME"),
        ] {
            assert_eq!(
                unfinished(&file("crates/cli/src/main.rs", mark)).len(),
                1,
                "{mark}"
            );
        }
        assert_eq!(
            unfinished(&file("a.rs", "let todos = mastodon;")),
            Vec::<String>::new()
        );
    }
}
