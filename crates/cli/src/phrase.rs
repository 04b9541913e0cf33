//! A 32-byte secret as 24 words to write down: BIP-39's encoding with its checksum of 8 bits.

use trust::bytes::sha256;

use crate::sealed::Secret;

const LIST: &str = include_str!("../../../vectors/words.txt");
const WORDS: usize = 24;

/// The words.
pub fn encode(secret: &Secret) -> String {
    let list: Vec<&str> = LIST.lines().collect();
    let bytes: Vec<u8> = secret
        .iter()
        .copied()
        .chain([sha256(&[&**secret]).0[0]])
        .collect();
    let bit = |at: usize| usize::from(bytes[at / 8] >> (7 - at % 8) & 1);
    let word = |n: usize| (n * 11..(n + 1) * 11).fold(0, |number, at| number << 1 | bit(at));
    let words: Vec<&str> = (0..WORDS).map(|n| list[word(n)]).collect();
    words.join(" ")
}

/// The secret of 24 words; the error says which word is wrong.
pub fn decode(text: &str) -> Result<Secret, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() != WORDS {
        return Err(format!(
            "A recovery phrase has {WORDS} words; these are {}.",
            words.len()
        ));
    }
    let mut bytes = [0u8; 33];
    for (n, word) in words.iter().enumerate() {
        let index = LIST
            .lines()
            .position(|w| w.eq_ignore_ascii_case(word))
            .ok_or_else(|| {
                format!(
                    "Word {} is not in the list of words: {:?}.",
                    n + 1,
                    trust::bytes::clip(word)
                )
            })?;
        for at in 0..11 {
            let bit = (index >> (10 - at) & 1) as u8;
            let to = n * 11 + at;
            bytes[to / 8] |= bit << (7 - to % 8);
        }
    }
    let mut secret = Secret::default();
    secret.copy_from_slice(&bytes[..32]);
    if bytes[32] != sha256(&[&bytes[..32]]).0[0] {
        return Err(
            "The words do not belong together: one of them is wrong, or two are swapped.".into(),
        );
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    // From the test vectors of BIP-39.
    const ZEROS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                         abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";
    const EIGHTIES: &str = "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd \
                            amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless";

    #[test]
    fn words_are_those_of_the_published_vectors() {
        assert_eq!(encode(&Secret::new([0; 32])), ZEROS);
        assert_eq!(encode(&Secret::new([0x80; 32])), EIGHTIES);
        assert_eq!(*decode(EIGHTIES).unwrap(), [0x80; 32]);
    }

    #[test]
    fn a_wrong_word_or_a_missing_one_is_refused() {
        assert!(decode(&ZEROS.replace("art", "zoo")).is_err());
        assert!(
            decode(&ZEROS.replace("art", "xyzzy"))
                .unwrap_err()
                .contains("Word 24")
        );
        assert!(decode("abandon art").unwrap_err().contains("24 words"));
    }
}
