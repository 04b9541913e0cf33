//! Text of a peer, made fit to be shown: one line, nothing hidden, nothing reordered.

/// Combining marks in a row that are kept; more would paint over the neighbouring lines.
const MARKS_IN_A_ROW_MAX: usize = 4;

/// `text` as one line of at most `chars_max` characters.
///
/// Control, bidi-control and other invisible format characters are written as `\u{202e}`, so
/// that what was sent is seen instead of acted on. Runs of white space become one space. What
/// does not fit is cut and marked with an ellipsis. Joiners stay, scripts and emoji need them.
pub fn one_line(text: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut marks = 0;
    for c in text.trim().chars() {
        marks = if is_combining(c) { marks + 1 } else { 0 };
        let piece = if matches!(c, ' ' | '\t' | '\n' | '\r') {
            if line.ends_with(' ') {
                continue;
            }
            " ".to_owned()
        } else if is_hidden(c) || marks > MARKS_IN_A_ROW_MAX {
            format!("\\u{{{:x}}}", u32::from(c))
        } else {
            c.to_string()
        };
        let width = piece.chars().count();
        if length + width >= chars_max {
            line.push('…');
            break;
        }
        line.push_str(&piece);
        length += width;
    }
    line
}

/// A domain name as ASCII: a name that is not written in punycode is escaped, never displayed
/// in its own script, where letters of different scripts look alike.
pub fn ascii_domain(domain: &str, chars_max: usize) -> String {
    let escaped: String = domain
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() {
                c.to_string()
            } else {
                format!("\\u{{{:x}}}", u32::from(c))
            }
        })
        .collect();
    one_line(&escaped, chars_max)
}

/// Characters that change what is around them, or take part without being seen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}')
        || (c.is_whitespace() && !matches!(c, ' ' | '\t' | '\n' | '\r'))
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_of_any_script_is_untouched() {
        for name in ["Dana Weiß", "田中 太郎", "דנה כהן", "سارة", "👩‍💻 Jo", "José"]
        {
            assert_eq!(one_line(name, 80), name);
        }
    }

    #[test]
    fn a_line_break_cannot_start_a_line_of_its_own() {
        assert_eq!(
            one_line("Printer\r\n\n  Approved by IT", 80),
            "Printer Approved by IT"
        );
        assert_eq!(one_line("a\u{2028}b\u{85}c", 80), "a\\u{2028}b\\u{85}c");
    }

    #[test]
    fn bidi_controls_are_seen_instead_of_acted_on() {
        assert_eq!(one_line("\u{202e}drowssap", 80), "\\u{202e}drowssap");
        assert_eq!(one_line("a\u{2066}b\u{200f}c", 80), "a\\u{2066}b\\u{200f}c");
    }

    #[test]
    fn invisible_characters_are_seen() {
        assert_eq!(one_line("ad\u{200b}min\u{7}", 80), "ad\\u{200b}min\\u{7}");
        assert_eq!(one_line("x\u{e0041}", 80), "x\\u{e0041}");
    }

    #[test]
    fn a_pile_of_combining_marks_is_cut_down() {
        let piled = format!("a{}", "\u{301}".repeat(6));
        assert_eq!(
            one_line(&piled, 80),
            format!("a{}\\u{{301}}\\u{{301}}", "\u{301}".repeat(4))
        );
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let line = one_line(&"word ".repeat(100), 20);
        assert_eq!(line.chars().count(), 20);
        assert!(line.ends_with('…'));
        assert_eq!(one_line(&"\u{202e}".repeat(100), 20).chars().count(), 17);
    }

    #[test]
    fn a_domain_in_another_script_is_escaped() {
        assert_eq!(ascii_domain("xn--pple-43d.com", 80), "xn--pple-43d.com");
        assert_eq!(ascii_domain("аpple.com", 80), "\\u{430}pple.com");
    }
}
