//! The join code: what a technician reads to somebody at a machine that is not enrolled.
//!
//! ```text
//! 4821 9930 1277 5046
//! NNNN NSSS SSSS SSSC     N nameplate, for the service; S secret, for the two ends alone; C check digit
//! ```
//!
//! Ten secret digits are 33 bits, and there is one guess: whoever guesses wrong burns the code. The check digit (Verhoeff's
//! over the dihedral group D5) tells every wrong digit and every swap of neighbours before anything is tried, so that a
//! slip of the tongue never costs that guess. Digits, because they are read and heard alike in every language.

use trust::nameplate::{NAMEPLATE_DIGITS, Nameplate};
use zeroize::Zeroizing;

/// Digits of the secret part.
pub const SECRET_DIGITS: usize = 10;
/// Digits of a whole code.
pub const CODE_DIGITS: usize = NAMEPLATE_DIGITS + SECRET_DIGITS + 1;
/// Digits that stand together.
const GROUP_DIGITS: usize = 4;
/// Random bytes that a secret is made from: far more than it holds, so that no digit is likelier than another by more than
/// one in 2^94.
pub const SECRET_RANDOM_BYTES: usize = 16;

/// The secret part, as digits. It is compared by the PAKE only.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; SECRET_DIGITS]>);

impl Secret {
    /// A fresh secret from random bytes.
    pub fn from_random(random: &[u8; SECRET_RANDOM_BYTES]) -> Self {
        let mut rest = u128::from_be_bytes(*random);
        let mut digits = Zeroizing::new([0; SECRET_DIGITS]);
        for digit in digits.iter_mut() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        Self(digits)
    }

    /// The digits in ASCII: CPace's password.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &*self.0
    }
}

/// A whole join code.
#[derive(Clone)]
pub struct JoinCode {
    /// For the service.
    pub nameplate: Nameplate,
    /// For the other end.
    pub secret: Secret,
}

/// Why a text is no join code. Nothing was tried with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CodeError {
    /// Something else than digits, spaces and hyphens.
    #[error("a join code is digits, with spaces or hyphens between them; read it again")]
    Character,
    /// Too few or too many digits.
    #[error("a join code has {CODE_DIGITS} digits, this one has {0}; read it again")]
    Length(usize),
    /// The check digit does not fit.
    #[error(
        "a digit of the join code is wrong, or two are swapped; nothing was tried with it, read it again"
    )]
    Check,
}

impl JoinCode {
    /// Parses what somebody typed: sixteen digits, with spaces or hyphens anywhere.
    ///
    /// # Errors
    /// [`CodeError`].
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => digits.push(byte),
                b' ' | b'-' => {}
                _ => return Err(CodeError::Character),
            }
        }
        if digits.len() != CODE_DIGITS {
            return Err(CodeError::Length(digits.len()));
        }
        let (content, check) = digits.split_at(CODE_DIGITS - 1);
        if check_digit(content) != check[0] {
            return Err(CodeError::Check);
        }
        let (plate, secret) = content.split_at(NAMEPLATE_DIGITS);
        let plate = plate
            .iter()
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
        let nameplate = Nameplate::new(plate).ok_or(CodeError::Check)?;
        let mut digits = Zeroizing::new([0; SECRET_DIGITS]);
        digits.copy_from_slice(secret);
        let secret = Secret(digits);
        Ok(Self { nameplate, secret })
    }

    /// The code to read out: four groups of four digits.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut digits = Zeroizing::new([0; CODE_DIGITS]);
        let content = &mut digits[..CODE_DIGITS - 1];
        content[..NAMEPLATE_DIGITS].copy_from_slice(self.nameplate.to_string().as_bytes());
        content[NAMEPLATE_DIGITS..].copy_from_slice(self.secret.as_bytes());
        digits[CODE_DIGITS - 1] = check_digit(content);
        let mut text = Zeroizing::new(String::with_capacity(CODE_DIGITS + 3));
        for (at, digit) in digits.iter().enumerate() {
            if at > 0 && at % GROUP_DIGITS == 0 {
                text.push(' ');
            }
            text.push(char::from(*digit));
        }
        text
    }
}

/// Multiplication in the dihedral group D5, whose elements are written as digits: rotations 0 to 4, reflections 5 to 9.
const fn times(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

/// Verhoeff's permutation: it and its powers are what makes swaps of neighbours show.
const fn permuted(digit: u8) -> u8 {
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4][digit as usize]
}

/// The check digit of ASCII digits (J. Verhoeff, *Error Detecting Decimal Codes*, 1969).
fn check_digit(digits: &[u8]) -> u8 {
    let sum = digits.iter().rev().enumerate().fold(0, |sum, (at, digit)| {
        let turned = (0..=at % 8).fold(digit - b'0', |digit, _| permuted(digit));
        times(sum, turned)
    });
    // The element that brings the sum back to 0: a reflection is its own inverse.
    b'0' + if sum < 5 { (5 - sum) % 5 } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(nameplate: u32, random: u8) -> JoinCode {
        JoinCode {
            nameplate: Nameplate::new(nameplate).unwrap(),
            secret: Secret::from_random(&[random; SECRET_RANDOM_BYTES]),
        }
    }

    fn digits(code: &JoinCode) -> Vec<u8> {
        code.to_text().bytes().filter(|b| *b != b' ').collect()
    }

    fn parse(digits: &[u8]) -> Result<JoinCode, CodeError> {
        JoinCode::parse(std::str::from_utf8(digits).unwrap())
    }

    #[test]
    fn verhoeffs_own_example_has_his_check_digit() {
        assert_eq!(check_digit(b"236"), b'3');
        assert_eq!(check_digit(b"12345"), b'1');
        assert_eq!(check_digit(b"142857"), b'0');
    }

    #[test]
    fn a_code_is_read_as_it_was_written_with_or_without_spaces() {
        let code = code(48_219, 0xa7);
        let text = code.to_text();
        assert_eq!(text.len(), 19);
        assert!(text.starts_with("4821 9"));
        let hyphens = text.replace(' ', "-");
        let bare = text.replace(' ', "");
        for text in [text.as_str(), &hyphens, &bare, " 4 8 "] {
            match JoinCode::parse(text) {
                Ok(read) => {
                    assert_eq!(read.nameplate, code.nameplate);
                    assert_eq!(read.secret.as_bytes(), code.secret.as_bytes());
                }
                Err(error) => assert_eq!((text, error), (" 4 8 ", CodeError::Length(2))),
            }
        }
        assert_eq!(
            JoinCode::parse("4821 9930 1277 504x").err(),
            Some(CodeError::Character)
        );
    }

    #[test]
    fn every_single_wrong_digit_and_every_swap_of_neighbours_is_told_before_anything_is_tried() {
        for (nameplate, random) in (0..200).map(|n| (n * 499 + 7, (n % 256) as u8)) {
            let good = digits(&code(nameplate, random));
            assert!(parse(&good).is_ok());
            for at in 0..CODE_DIGITS {
                for digit in b'0'..=b'9' {
                    let mut bad = good.clone();
                    bad[at] = digit;
                    assert_eq!(parse(&bad).is_ok(), digit == good[at]);
                }
                if at + 1 < CODE_DIGITS {
                    let mut bad = good.clone();
                    bad.swap(at, at + 1);
                    assert_eq!(parse(&bad).is_ok(), good[at] == good[at + 1]);
                }
            }
        }
    }

    /// A check digit depends on the others only by the group's element on each side of a place: where every pair of digits
    /// differs there at every place, no code at all has an undetected slip.
    #[test]
    fn at_every_place_no_two_digits_and_no_two_pairs_of_neighbours_are_alike() {
        for at in 0..CODE_DIGITS {
            let turned = |digit: u8, at: usize| (0..at % 8).fold(digit, |d, _| permuted(d));
            for a in 0..10 {
                for b in 0..10 {
                    assert_eq!(turned(a, at) == turned(b, at), a == b);
                    let pair = times(turned(a, at), turned(b, at + 1));
                    let swapped = times(turned(b, at), turned(a, at + 1));
                    assert_eq!(pair == swapped, a == b, "{a}{b} at {at}");
                }
            }
        }
    }

    #[test]
    fn secrets_of_other_random_bytes_are_others_and_every_digit_comes_up() {
        let mut seen = [[false; 10]; SECRET_DIGITS];
        let mut state = 1_u128;
        for _ in 0..400 {
            state = state
                .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
                .wrapping_add(1);
            let secret = Secret::from_random(&state.to_be_bytes());
            for (at, digit) in secret.as_bytes().iter().enumerate() {
                seen[at][usize::from(digit - b'0')] = true;
            }
        }
        assert!(seen.iter().flatten().all(|seen| *seen));
        let of = |byte| Secret::from_random(&[byte; SECRET_RANDOM_BYTES]);
        assert_ne!(of(1).as_bytes(), of(2).as_bytes());
    }
}
