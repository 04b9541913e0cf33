//! Texts and names that people and peers write: what is accepted, and how a foreign text is shown.

use crate::limits::{NAME_BYTES_MAX, TEXT_CHARS_MAX};

/// Group, policy, person and witness names: 1 to 64 bytes of `a-z 0-9 . _ -`.
pub fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
}

/// A text that a person writes for another: 1 to 200 characters, one line, nothing invisible.
pub fn is_line(text: &str) -> bool {
    let count = text.chars().count();
    (1..=TEXT_CHARS_MAX).contains(&count) && is_plain(text)
}

/// Whether a text holds nothing invisible and no break.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(is_hidden)
}

/// Shows a peer's text on one line: control and bidirectional characters are escaped, the rest is cut after `chars_max`.
pub fn show_foreign(text: &str, chars_max: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == chars_max {
            out.push('…');
            break;
        }
        if is_hidden(c) {
            out.extend(c.escape_unicode())
        } else {
            out.push(c)
        }
    }
    out
}

/// Control, bidirectional, zero-width and separator characters that could make a text look like another.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// An origin as a browser states it: scheme, host in lower-case ASCII, optional port, nothing else.
pub fn is_origin(text: &str) -> bool {
    let host_port = match text.strip_prefix("https://") {
        Some(rest) => rest,
        None => match text.strip_prefix("http://") {
            Some(rest) if is_loopback_name(host_of(rest)) => rest,
            _ => return false,
        },
    };
    if text.len() > crate::limits::ORIGIN_BYTES_MAX {
        return false;
    }
    let (host, port) = match host_port.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (host_port, None),
    };
    let port_fits =
        port.is_none_or(|p| p.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == p));
    port_fits && is_host(host)
}

/// A host name in lower-case ASCII.
pub fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
}

fn host_of(host_port: &str) -> &str {
    host_port.split(':').next().unwrap_or(host_port)
}

fn is_loopback_name(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_bidi_and_no_break() {
        assert!(is_line("Ada 漢 Lovelace"));
        for bad in ["", "a\nb", "a\u{202E}b", "a\u{200B}b", &"x".repeat(201)] {
            assert!(!is_line(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_foreign_text_is_escaped_and_cut() {
        assert_eq!(show_foreign("a\u{202E}b", 10), "a\\u{202e}b");
        assert_eq!(show_foreign("abcdef", 3), "abc…");
    }

    #[test]
    fn an_origin_is_https_or_loopback() {
        for good in [
            "https://a.example",
            "https://a.example:8443",
            "http://localhost:7070",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "http://a.example",
            "https://A.example",
            "https://a.example/",
            "https://a.example:0",
            "https://",
            "null",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
