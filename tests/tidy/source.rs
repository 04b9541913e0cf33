//! A source file split into what the compiler reads as code and what it reads as text, so that a rule about code does
//! not stumble over a comment and a rule about strings does not stumble over code.

/// The two halves of a file. Each has the length and the line breaks of the original; what belongs to the other half,
/// and every comment, is blank.
pub struct Masked {
    /// Code without comments and without the contents of string literals.
    pub code: String,
    /// The contents of string literals.
    pub strings: String,
}

/// Which lexical rules a file follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `.rs`
    Rust,
    /// `.ts`, `.tsx`, `.mjs`
    TypeScript,
}

impl Language {
    /// The language of a file by the end of its name; `None` for files that the code rules don't read.
    pub fn of(path: &str) -> Option<Self> {
        let extension = path.rsplit_once('.')?.1;
        match extension {
            "rs" => Some(Self::Rust),
            "ts" | "tsx" | "mjs" => Some(Self::TypeScript),
            _ => None,
        }
    }
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    code: Vec<u8>,
    strings: Vec<u8>,
}

/// Splits `source`. Unfinished literals end with the file; a stray quote in JSX text ends with its line.
pub fn mask(source: &str, language: Language) -> Masked {
    let blank: Vec<u8> = source
        .bytes()
        .map(|byte| if byte == b'\n' { b'\n' } else { b' ' })
        .collect();
    let mut lexer = Lexer {
        bytes: source.as_bytes(),
        at: 0,
        code: blank.clone(),
        strings: blank,
    };
    lexer.run(language);
    Masked {
        code: String::from_utf8_lossy(&lexer.code).into_owned(),
        strings: String::from_utf8_lossy(&lexer.strings).into_owned(),
    }
}

impl Lexer<'_> {
    fn run(&mut self, language: Language) {
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            if rest.starts_with(b"//") {
                self.skip_line();
            } else if rest.starts_with(b"/*") {
                self.skip_block(language);
            } else if language == Language::Rust {
                self.rust_token();
            } else {
                self.typescript_token();
            }
        }
    }

    fn rust_token(&mut self) {
        if let Some(hashes) = self.raw_string_hashes() {
            return self.raw_string(hashes);
        }
        match self.bytes[self.at] {
            b'"' => self.quoted(b'"', true),
            b'\'' if self.is_char_literal() => self.quoted(b'\'', true),
            _ => self.keep(),
        }
    }

    fn typescript_token(&mut self) {
        match self.bytes[self.at] {
            b'`' => self.template(),
            quote @ (b'"' | b'\'') => {
                if self.closes_on_this_line(quote) {
                    self.quoted(quote, true);
                } else {
                    self.keep();
                }
            }
            b'/' if self.starts_regex() => self.quoted(b'/', false),
            _ => self.keep(),
        }
    }

    fn keep(&mut self) {
        self.code[self.at] = self.bytes[self.at];
        self.at += 1;
    }

    fn skip_line(&mut self) {
        while self.at < self.bytes.len() && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    /// Block comments nest in Rust only.
    fn skip_block(&mut self, language: Language) {
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            if rest.starts_with(b"/*") && (depth == 0 || language == Language::Rust) {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += 1;
            }
        }
    }

    fn quoted(&mut self, quote: u8, is_text: bool) {
        self.keep();
        while self.at < self.bytes.len() {
            let byte = self.bytes[self.at];
            if byte == quote {
                return self.keep();
            }
            let length = if byte == b'\\' { 2 } else { 1 };
            for offset in self.at..(self.at + length).min(self.bytes.len()) {
                if is_text {
                    self.strings[offset] = self.bytes[offset];
                }
            }
            self.at += length;
        }
    }

    /// A template literal; what stands in its `${}` is code.
    fn template(&mut self) {
        self.keep();
        while self.at < self.bytes.len() && self.bytes[self.at] != b'`' {
            if self.bytes[self.at..].starts_with(b"${") {
                self.at += 1;
                self.interpolation();
            } else {
                let length = if self.bytes[self.at] == b'\\' { 2 } else { 1 };
                let end = (self.at + length).min(self.bytes.len());
                self.strings[self.at..end].copy_from_slice(&self.bytes[self.at..end]);
                self.at = end;
            }
        }
        if self.at < self.bytes.len() {
            self.keep();
        }
    }

    fn interpolation(&mut self) {
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            match self.bytes[self.at] {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {
                    self.typescript_token();
                    continue;
                }
            }
            self.keep();
            if depth == 0 {
                return;
            }
        }
    }

    fn raw_string_hashes(&self) -> Option<usize> {
        let preceded_by_name =
            self.at > 0 && is_name_byte(self.bytes[self.at - 1]) && self.bytes[self.at - 1] != b'b';
        if preceded_by_name || self.bytes[self.at] != b'r' {
            return None;
        }
        let hashes = self.bytes[self.at + 1..]
            .iter()
            .take_while(|byte| **byte == b'#')
            .count();
        (self.bytes.get(self.at + 1 + hashes) == Some(&b'"')).then_some(hashes)
    }

    fn raw_string(&mut self, hashes: usize) {
        self.at += hashes + 2;
        let mut end = vec![b'"'];
        end.extend(std::iter::repeat_n(b'#', hashes));
        while self.at < self.bytes.len() && !self.bytes[self.at..].starts_with(&end) {
            self.strings[self.at] = self.bytes[self.at];
            self.at += 1;
        }
        self.at = (self.at + end.len()).min(self.bytes.len());
    }

    /// Tells `'a'` and `'\n'` from the lifetime `'a`.
    fn is_char_literal(&self) -> bool {
        let rest = &self.bytes[self.at + 1..];
        match rest.first() {
            Some(b'\\') => true,
            Some(first) if first.is_ascii() => rest.get(1) == Some(&b'\''),
            Some(_) => rest.iter().take(5).any(|byte| *byte == b'\''),
            None => false,
        }
    }

    fn closes_on_this_line(&self, quote: u8) -> bool {
        let mut escaped = false;
        for byte in &self.bytes[self.at + 1..] {
            match *byte {
                b'\n' => return false,
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                byte if byte == quote => return true,
                _ => {}
            }
        }
        false
    }

    /// A slash where a value is expected starts a regular expression, elsewhere it divides or closes a JSX tag.
    fn starts_regex(&self) -> bool {
        let before = self.bytes[..self.at]
            .iter()
            .rev()
            .find(|byte| !byte.is_ascii_whitespace());
        let expects_value = before.is_none_or(|byte| b"(,=:[!&|?{;".contains(byte));
        expects_value && self.closes_on_this_line(b'/')
    }
}

/// Whether `byte` may be part of an identifier.
pub fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The line, counted from 1, on which byte `offset` of `text` stands.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// Offsets where `word` stands in `text` as a whole path or name, not as a part of a longer one.
pub fn words(text: &str, word: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    text.match_indices(word)
        .map(|(offset, _)| offset)
        .filter(|offset| {
            let end = offset + word.len();
            let free_before = *offset == 0 || !is_name_byte(bytes[offset - 1]);
            let free_after = end >= bytes.len() || !is_name_byte(bytes[end]);
            free_before && free_after
        })
        .collect()
}

/// The offset of the bracket that closes the one at `open`.
pub fn closing(code: &str, open: usize) -> Option<usize> {
    let bytes = code.as_bytes();
    let (opens, closes) = match bytes[open] {
        b'{' => (b'{', b'}'),
        b'(' => (b'(', b')'),
        _ => (b'[', b']'),
    };
    let mut depth = 0usize;
    for (offset, byte) in bytes.iter().enumerate().skip(open) {
        if *byte == opens {
            depth += 1;
        } else if *byte == closes {
            depth -= 1;
            if depth == 0 {
                return Some(offset);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_leave_the_code() {
        let source =
            "let a = \"fs::read\"; // tokio\n/* x /* y */ z */ let b = r#\"in \"raw\" text\"#;";
        let masked = mask(source, Language::Rust);
        assert_eq!(masked.code.len(), source.len());
        assert!(masked.code.contains("let a") && masked.code.contains("let b"));
        for hidden in ["fs::read", "tokio", "raw", "z */"] {
            assert!(
                !masked.code.contains(hidden),
                "{hidden} is still in the code"
            );
        }
        assert!(masked.strings.contains("fs::read") && masked.strings.contains("\"raw\""));
        assert!(!masked.strings.contains("tokio"));
    }

    #[test]
    fn a_lifetime_is_no_char_literal() {
        let masked = mask(
            "fn f<'a>(x: &'a str) { g('{', '\\'', '漢') }",
            Language::Rust,
        );
        assert!(masked.code.contains("<'a>(x: &'a str)"));
        assert_eq!(masked.code.matches('{').count(), 1);
    }

    #[test]
    fn an_apostrophe_in_jsx_text_hides_nothing() {
        let masked = mask(
            "<p>Don't</p>\nconst a = /[{'\"]/.test(b)\nfoo()",
            Language::TypeScript,
        );
        assert!(masked.code.contains("foo()"));
        assert!(!masked.code.contains('{'));
    }

    #[test]
    fn a_template_holds_code_and_text() {
        let masked = mask(
            "a(`x { ${b ? `y { ${c({})}` : 'z {'} w`) + d",
            Language::TypeScript,
        );
        assert_eq!(
            masked.code.matches('{').count(),
            masked.code.matches('}').count()
        );
        assert!(masked.code.contains("c({})") && masked.code.contains("+ d"));
        assert!(masked.strings.contains("x {") && masked.strings.contains('w'));
    }

    #[test]
    fn a_word_is_found_whole_only() {
        assert_eq!(
            words("tokio tokio_util mytokio tokio::spawn", "tokio"),
            [0, 25]
        );
    }
}
