//! Pages that end after so many bytes.

/// Keeps the first texts whose lengths sum up to at most `bytes_max`; always at least one, so that a reader gets on.
pub fn cut(mut texts: Vec<String>, bytes_max: usize) -> Vec<String> {
    let mut bytes = 0;
    let fit = texts.iter().take_while(|text| {
        bytes += text.len();
        bytes <= bytes_max
    });
    let count = fit.count().max(1);
    texts.truncate(count);
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_at_its_bytes_and_is_never_stuck() {
        let texts = || vec!["aaaa".to_owned(), "bbbb".to_owned(), "c".to_owned()];
        assert_eq!(cut(texts(), 9).len(), 3);
        assert_eq!(cut(texts(), 8).len(), 2);
        assert_eq!(cut(texts(), 1).len(), 1);
        assert!(cut(vec![], 1).is_empty());
    }
}
