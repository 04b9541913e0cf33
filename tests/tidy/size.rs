//! Files stay under 800 lines and functions under 70: no "connection" object of 3,000 lines grows here.

use crate::source::{Language, closing, is_name_byte, line_of, mask, words};
use crate::tree::SourceFile;

/// The most lines that a file may have.
pub const FILE_LINES_MAX: usize = 800;
/// The most lines that a function may have, from its name to its closing brace.
pub const FUNCTION_LINES_MAX: usize = 70;

/// What breaks the caps, one sentence each.
pub fn violations(file: &SourceFile) -> Vec<String> {
    let Some(language) = Language::of(&file.path) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push(format!(
            "{}: {lines} lines, the cap is {FILE_LINES_MAX}: split it by subject",
            file.path
        ));
    }
    let code = mask(&file.text, language).code;
    let functions = match language {
        Language::Rust => rust_functions(&code),
        Language::TypeScript => typescript_functions(&code),
    };
    for (start, end) in functions {
        let first = line_of(&code, start);
        let lines = line_of(&code, end) - first + 1;
        if lines > FUNCTION_LINES_MAX {
            found.push(format!(
                "{}:{first}: a function of {lines} lines, the cap is {FUNCTION_LINES_MAX}: give its parts names",
                file.path
            ));
        }
    }
    found
}

/// `(start, end)` of each function with a body.
fn rust_functions(code: &str) -> Vec<(usize, usize)> {
    words(code, "fn")
        .into_iter()
        .filter_map(|start| {
            let open = rust_body(code, start)?;
            Some((start, closing(code, open)?))
        })
        .collect()
}

/// The brace that opens the body of the function declared at `start`; `None` for a declaration without a body and for
/// the type `fn(..)`.
fn rust_body(code: &str, start: usize) -> Option<usize> {
    let after = code.as_bytes().get(start + 2)?;
    if !after.is_ascii_whitespace() {
        return None;
    }
    let mut depth = 0usize;
    for (offset, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.checked_sub(1)?,
            b'{' if depth == 0 => return Some(offset),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// `(start, end)` of each function, method and arrow function with a block. The callback of a `describe` is a list of
/// tests and not measured.
fn typescript_functions(code: &str) -> Vec<(usize, usize)> {
    code.match_indices('{')
        .filter_map(|(open, _)| {
            let start = typescript_head(code, open)?;
            let line_start = code[..start].rfind('\n').map_or(0, |newline| newline + 1);
            let is_suite = code[line_start..].trim_start().starts_with("describe");
            if is_suite {
                None
            } else {
                Some((start, closing(code, open)?))
            }
        })
        .collect()
}

/// Where the head of the function begins whose block opens at `open`; `None` when the brace is something else.
fn typescript_head(code: &str, open: usize) -> Option<usize> {
    let before = code[..open].trim_end();
    if let Some(head) = before.strip_suffix("=>") {
        return Some(head.trim_end().len().saturating_sub(1));
    }
    let parameters_end = before.rfind(')')?;
    let between = before[parameters_end + 1..].trim();
    let is_type = |byte: u8| is_name_byte(byte) || b" :<>[]|&.,'\"?\n".contains(&byte);
    let is_return_type = between.starts_with(':') && between.bytes().all(is_type);
    if !between.is_empty() && !is_return_type {
        return None;
    }
    let parameters_start = opening(code, parameters_end)?;
    let name_end = code[..parameters_start].trim_end().len();
    let name_start = code[..name_end]
        .bytes()
        .rposition(|byte| !is_name_byte(byte))
        .map_or(0, |before_name| before_name + 1);
    let is_control = ["if", "for", "while", "switch", "catch", "with", "await"]
        .contains(&&code[name_start..name_end]);
    (!is_control).then_some(name_start)
}

fn opening(code: &str, close: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (offset, byte) in code.as_bytes()[..=close].iter().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(offset);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: String) -> Vec<String> {
        violations(&SourceFile {
            path: path.into(),
            text,
        })
    }

    fn rust(lines: usize) -> String {
        format!(
            "impl X {{\n    fn f(a: [u8; 4]) -> bool {{\n{}    }}\n}}\n",
            "a();\n".repeat(lines - 2)
        )
    }

    #[test]
    fn a_rust_function_above_the_cap_is_found() {
        assert_eq!(of("a.rs", rust(FUNCTION_LINES_MAX)), Vec::<String>::new());
        let found = of("a.rs", rust(FUNCTION_LINES_MAX + 1));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("a.rs:2: a function of 71 lines"),
            "{}",
            found[0]
        );
    }

    #[test]
    fn a_function_without_a_body_is_not_measured() {
        let text = format!(
            "trait X {{\n fn f();\n}}\nstruct Y {{\n{}}}\n",
            "a: u8,\n".repeat(100)
        );
        assert_eq!(of("a.rs", text), Vec::<String>::new());
    }

    #[test]
    fn typescript_functions_above_the_cap_are_found() {
        for head in [
            "function f(a: number): Promise<Map<string, X>> {",
            "export const f = async (a: number) => {",
            "class A {\n  #f() {",
        ] {
            let long = format!("{head}\n{}}}\n", "a()\n".repeat(FUNCTION_LINES_MAX));
            assert_eq!(of("a.ts", long).len(), 1, "{head}");
            let short = format!("{head}\n{}}}\n", "a()\n".repeat(FUNCTION_LINES_MAX - 2));
            assert_eq!(of("a.ts", short), Vec::<String>::new(), "{head}");
        }
    }

    #[test]
    fn objects_conditions_and_suites_are_no_functions() {
        for head in [
            "const a = {",
            "if (a) {",
            "for (const a of b()) {",
            "describe('a', () => {",
        ] {
            let text = format!("{head}\n{}}}\n", "a: 1,\n".repeat(100));
            assert_eq!(of("a.ts", text), Vec::<String>::new(), "{head}");
        }
    }

    #[test]
    fn a_file_above_the_cap_is_found() {
        assert_eq!(
            of("a.rs", "//\n".repeat(FILE_LINES_MAX)),
            Vec::<String>::new()
        );
        let found = of("a.rs", "//\n".repeat(FILE_LINES_MAX + 1));
        assert!(found[0].starts_with("a.rs: 801 lines"));
        assert_eq!(of("a.md", "x\n".repeat(900)), Vec::<String>::new());
    }
}
