//! Six words that two people can compare aloud: the first 66 bits of a hash, 11 bits a word.
//!
//! The list is the English word list of BIP-39 (2048 words, no two alike in their first four letters).

use crate::bytes::Hash;

const LIST: &str = include_str!("../../../vectors/words.txt");

/// How many words.
pub const COUNT: usize = 6;

/// The words of a hash, separated by spaces.
pub fn encode(hash: &Hash) -> String {
    let list: Vec<&str> = LIST.lines().collect();
    let bit = |at: usize| usize::from(hash.0[at / 8] >> (7 - at % 8) & 1);
    let word = |n: usize| (n * 11..(n + 1) * 11).fold(0, |number, at| number << 1 | bit(at));
    (0..COUNT)
        .filter_map(|n| list.get(word(n)).copied())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_2048_words_and_66_bits_give_six() {
        assert_eq!(LIST.lines().count(), 2048);
        assert_eq!(encode(&Hash([0; 32])), ["abandon"; 6].join(" "));
        assert_eq!(encode(&Hash([0xff; 32])), ["zoo"; 6].join(" "));
    }

    #[test]
    fn a_flipped_bit_among_the_first_66_changes_the_words() {
        let mut hash = Hash([0; 32]);
        hash.0[8] = 0x40;
        assert_ne!(encode(&hash), encode(&Hash([0; 32])));
    }
}
