//! How often join codes failed on one computer: after three within an hour it tries no more, and none twice.
//!
//! A program writes an attempt down *before* the exchange begins and takes it back when both ends confirmed. So a failure
//! counts whatever happens to the program in between: it is what somebody gets who guesses, or sits in the middle.

use serde::{Deserialize, Serialize};
use trust::nameplate::Nameplate;

/// Failures within the hour after which no code is tried.
pub const FAILURES_MAX: usize = 3;
/// How long a failure counts, in milliseconds.
pub const FAILURE_MS: u64 = 60 * 60 * 1000;

/// The codes that were tried within the last hour and did not succeed. No secret: nameplates and times.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempts {
    failed: Vec<Attempt>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    nameplate: Nameplate,
    at: u64,
}

/// Why a code is not tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Stopped {
    /// It failed before.
    #[error(
        "this join code was tried here already and is used up, even if it was right; make a new one"
    )]
    Burnt,
    /// Too many failures.
    #[error(
        "{FAILURES_MAX} join codes failed here within an hour; somebody may be guessing or sit in between. Wait {0} minutes"
    )]
    TooMany(u64),
}

impl Attempts {
    /// Reads what [`Attempts::to_bytes`] wrote; none if it is not that.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        trust::json::read(bytes).ok()
    }

    /// For the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("times and nameplates have no fallible parts")
    }

    /// Whether another code may be tried at `now` (milliseconds).
    ///
    /// # Errors
    /// [`Stopped::TooMany`].
    pub fn check(&mut self, now: u64) -> Result<(), Stopped> {
        // A clock that was set back makes no failure last longer than an hour.
        self.failed
            .iter_mut()
            .for_each(|attempt| attempt.at = attempt.at.min(now));
        self.failed.retain(|attempt| now - attempt.at < FAILURE_MS);
        match self.failed.iter().rev().nth(FAILURES_MAX - 1) {
            Some(third) => Err(Stopped::TooMany(
                (third.at + FAILURE_MS - now).div_ceil(60_000),
            )),
            None => Ok(()),
        }
    }

    /// Notes that this code is tried at `now`. Write the result down before anything is sent.
    ///
    /// # Errors
    /// [`Stopped`]: it must not be tried.
    pub fn begin(&mut self, nameplate: Nameplate, now: u64) -> Result<(), Stopped> {
        self.check(now)?;
        if self.failed.iter().any(|a| a.nameplate == nameplate) {
            return Err(Stopped::Burnt);
        }
        self.failed.push(Attempt { nameplate, at: now });
        Ok(())
    }

    /// Both ends confirmed, or nobody was there to try it with: it does not count.
    pub fn take_back(&mut self, nameplate: Nameplate) {
        self.failed.retain(|attempt| attempt.nameplate != nameplate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn plate(number: u32) -> Nameplate {
        Nameplate::new(number).unwrap()
    }

    #[test]
    fn after_three_failures_within_an_hour_no_code_is_tried() {
        let mut attempts = Attempts::default();
        for number in 0..3 {
            let at = NOW + u64::from(number) * 60_000;
            assert_eq!(attempts.begin(plate(number), at), Ok(()));
        }
        let at = |minutes: u64| NOW + minutes * 60_000;
        assert_eq!(attempts.begin(plate(9), at(2)), Err(Stopped::TooMany(58)));
        let mut later = Attempts::parse(&attempts.to_bytes()).unwrap();
        assert_eq!(later, attempts);
        assert_eq!(later.begin(plate(9), at(59)), Err(Stopped::TooMany(1)));
        assert_eq!(later.begin(plate(9), at(60)), Ok(()));
        assert_eq!(later.begin(plate(10), at(60)), Err(Stopped::TooMany(1)));
    }

    #[test]
    fn a_code_that_failed_is_not_tried_again_and_one_that_succeeded_does_not_count() {
        let mut attempts = Attempts::default();
        attempts.begin(plate(1), NOW).unwrap();
        assert_eq!(attempts.begin(plate(1), NOW + 1), Err(Stopped::Burnt));
        attempts.take_back(plate(1));
        for number in 0..10 {
            assert_eq!(attempts.begin(plate(number), NOW), Ok(()));
            attempts.take_back(plate(number));
        }
    }

    #[test]
    fn a_clock_that_is_set_back_neither_forgets_failures_nor_makes_them_last() {
        let mut attempts = Attempts::default();
        for number in 0..3 {
            attempts
                .begin(plate(number), NOW + 10 * FAILURE_MS)
                .unwrap();
        }
        assert_eq!(attempts.check(NOW), Err(Stopped::TooMany(60)));
        assert_eq!(attempts.check(NOW + FAILURE_MS), Ok(()));
    }

    #[test]
    fn a_damaged_file_is_told() {
        for bad in [
            &b""[..],
            b"{}",
            b"[]",
            br#"{"failed":[{"nameplate":"1","at":1}]}"#,
        ] {
            assert_eq!(Attempts::parse(bad), None);
        }
    }
}
