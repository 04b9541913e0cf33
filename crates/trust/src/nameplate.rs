//! The part of a join code that the service knows: where two ends that have never met find each other.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Digits of a nameplate.
pub const NAMEPLATE_DIGITS: usize = 5;
/// How many nameplates there are.
pub const NAMEPLATES: u32 = 100_000;

/// Five digits that name a meeting at the service for as long as its code lives. No secret: the secret part of the code
/// never comes near the service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Nameplate(u32);

impl Nameplate {
    /// The nameplate of a number; none above 99,999.
    pub fn new(number: u32) -> Option<Self> {
        (number < NAMEPLATES).then_some(Self(number))
    }

    /// Parses exactly five ASCII digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_form = text.len() == NAMEPLATE_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| is_form).and_then(Self::new)
    }
}

impl std::fmt::Display for Nameplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:0width$}", self.0, width = NAMEPLATE_DIGITS)
    }
}

impl std::str::FromStr for Nameplate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| "a nameplate is five digits".to_owned())
    }
}

impl Serialize for Nameplate {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Nameplate {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nameplate_is_five_digits_and_nothing_else() {
        for number in [0, 7, 48_219, 99_999] {
            let plate = Nameplate::new(number).unwrap();
            assert_eq!(Nameplate::parse(&plate.to_string()), Some(plate));
        }
        assert_eq!(Nameplate::new(7).unwrap().to_string(), "00007");
        assert_eq!(Nameplate::new(100_000), None);
        for bad in [
            "",
            "1234",
            "123456",
            "+1234",
            "1234a",
            " 1234",
            "１２３４５",
        ] {
            assert_eq!(Nameplate::parse(bad), None, "{bad}");
        }
    }
}
