//! When Allow takes a press, and when a banner counts as covered. Pure: time is an argument, in
//! milliseconds of any clock that only goes forward.

/// Time that the prompt must have been in sight without a break before Allow takes a press.
pub const ARMING_MS: u64 = 700;
/// Time out of sight after which a banner counts as covered.
pub const COVERED_MS: u64 = 1_000;
/// One millisecond in sight pays back this part of a millisecond out of sight, so that a program
/// that covers the banner again and again is not forgiven by the short moments in between.
const PAY_BACK_DIVISOR: u64 = 5;

/// Whether Allow is armed.
#[derive(Debug, Default)]
pub struct Arming {
    in_sight_since_ms: Option<u64>,
}

impl Arming {
    /// Takes in whether the window is visible and topmost. Out of sight starts it from zero.
    pub fn saw(&mut self, in_sight: bool, now_ms: u64) {
        if !in_sight {
            self.in_sight_since_ms = None;
        } else if self.in_sight_since_ms.is_none() {
            self.in_sight_since_ms = Some(now_ms);
        }
    }

    /// Whether a press of Allow counts at `now_ms`.
    pub fn armed(&self, now_ms: u64) -> bool {
        self.in_sight_since_ms
            .is_some_and(|since| now_ms.saturating_sub(since) >= ARMING_MS)
    }
}

/// Adds up the time that a banner was out of sight.
#[derive(Debug)]
pub struct CoverWatch {
    in_sight: bool,
    debt_ms: u64,
    at_ms: u64,
}

impl CoverWatch {
    /// A banner that is not in sight yet; that counts from `now_ms`.
    pub fn new(now_ms: u64) -> Self {
        Self {
            in_sight: false,
            debt_ms: 0,
            at_ms: now_ms,
        }
    }

    /// Takes in whether the banner is visible and topmost.
    pub fn saw(&mut self, in_sight: bool, now_ms: u64) {
        self.debt_ms = self.debt_ms(now_ms);
        self.at_ms = now_ms;
        self.in_sight = in_sight;
    }

    /// Whether it has been out of sight for longer than a moment.
    pub fn covered(&self, now_ms: u64) -> bool {
        self.debt_ms(now_ms) >= COVERED_MS
    }

    /// Milliseconds until [`covered`](Self::covered) turns true if nothing changes; none while
    /// the banner is in sight.
    pub fn covered_in_ms(&self, now_ms: u64) -> Option<u64> {
        (!self.in_sight).then(|| COVERED_MS.saturating_sub(self.debt_ms(now_ms)))
    }

    fn debt_ms(&self, now_ms: u64) -> u64 {
        let passed_ms = now_ms.saturating_sub(self.at_ms);
        if self.in_sight {
            self.debt_ms.saturating_sub(passed_ms / PAY_BACK_DIVISOR)
        } else {
            self.debt_ms.saturating_add(passed_ms)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allow_arms_only_after_the_whole_time_in_sight() {
        let mut arming = Arming::default();
        assert!(!arming.armed(10_000));
        arming.saw(true, 1_000);
        assert!(!arming.armed(1_699));
        arming.saw(true, 1_650);
        assert!(arming.armed(1_700));
    }

    #[test]
    fn a_cover_starts_the_arming_from_zero() {
        let mut arming = Arming::default();
        arming.saw(true, 0);
        arming.saw(false, 690);
        assert!(!arming.armed(5_000));
        arming.saw(true, 5_000);
        assert!(!arming.armed(5_699));
        assert!(arming.armed(5_700));
    }

    #[test]
    fn a_short_cover_is_forgiven_and_a_long_one_is_not() {
        let mut watch = CoverWatch::new(0);
        watch.saw(true, 100);
        watch.saw(false, 10_000);
        assert!(!watch.covered(10_500));
        watch.saw(true, 10_500);
        assert!(!watch.covered(60_000));
        watch.saw(false, 60_000);
        assert_eq!(watch.covered_in_ms(60_000), Some(1_000));
        assert!(!watch.covered(60_999));
        assert!(watch.covered(61_000));
    }

    #[test]
    fn flickering_covers_add_up() {
        let mut watch = CoverWatch::new(0);
        watch.saw(true, 0);
        let mut now_ms = 0;
        while !watch.covered(now_ms) {
            watch.saw(false, now_ms);
            now_ms += 100;
            watch.saw(true, now_ms);
            now_ms += 20;
            assert!(now_ms < 3_000, "never counted as covered");
        }
        assert!(now_ms > 1_000);
    }

    #[test]
    fn a_banner_that_never_appears_is_covered() {
        assert!(!CoverWatch::new(5_000).covered(5_999));
        assert!(CoverWatch::new(5_000).covered(6_000));
    }
}
