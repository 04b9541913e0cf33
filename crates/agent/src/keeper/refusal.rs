//! A refusal on its way to the technician.

/// A code for programs and a sentence for the technician.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// `snake_case`.
    pub code: String,
    /// A sentence.
    pub text: String,
}

impl Refused {
    /// From its parts; what is too long for the channel is cut.
    pub fn new(code: &str, text: impl AsRef<str>) -> Self {
        let text = trust::text::show_foreign(text.as_ref(), 240);
        Self {
            code: code.to_owned(),
            text,
        }
    }
}

impl From<&trust::judge::Refusal> for Refused {
    fn from(refusal: &trust::judge::Refusal) -> Self {
        let text = refusal.to_string();
        let mut letters = text.chars();
        let first: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        Self::new(refusal.code(), format!("{first}{}.", letters.as_str()))
    }
}
