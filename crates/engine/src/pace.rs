//! How much work goes to a GPU at once. A page draws between submits, so a long one freezes it, and drivers reset a device
//! that is busy for seconds. What a token costs is measured as we go.

/// Milliseconds that a submit should take at most.
const SUBMIT_MS: f64 = 100.0;
/// Tokens of the first submit, of whose cost nothing is known.
const FIRST: usize = 32;
/// A submit has at most so many times the tokens of the one before: small ones say little of the cost of large ones.
const GROWTH: usize = 4;

/// Tokens of an answer that are queued on a GPU at once: the wait for one is then the time in which others are computed. At
/// least two, because one would let it idle; what is queued when an answer ends is computed for nothing.
const AHEAD: std::ops::RangeInclusive<usize> = 2..=4;

/// Tokens to queue where one takes so many milliseconds.
pub(crate) fn ahead(milliseconds: f64) -> usize {
    ((SUBMIT_MS / milliseconds.max(1.0)) as usize).clamp(*AHEAD.start(), *AHEAD.end())
}

/// What is known of a device's speed.
#[derive(Default)]
pub(crate) struct Pace {
    /// Tokens of the last measured submit, and milliseconds of one of them.
    last: Option<(usize, f64)>,
}

impl Pace {
    /// Tokens that the next submit may have.
    pub(crate) fn tokens(&self) -> usize {
        match self.last {
            None => FIRST,
            Some((tokens, each)) => ((SUBMIT_MS / each) as usize).clamp(1, tokens.max(FIRST) * GROWTH),
        }
    }

    /// A submit of so many tokens took so long.
    pub(crate) fn learn(&mut self, tokens: usize, milliseconds: f64) {
        // Clocks in browsers are coarse.
        self.last = Some((tokens, milliseconds.max(0.1) / tokens.max(1) as f64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_device_is_not_given_much_at_once() {
        assert_eq!([0.0, 5.0, 25.0, 30.0, 500.0].map(ahead), [4, 4, 4, 3, 2]);
    }

    #[test]
    fn submits_grow_on_a_fast_device_and_shrink_on_a_slow_one() {
        let mut pace = Pace::default();
        assert_eq!(pace.tokens(), 32);
        pace.learn(32, 1.0);
        assert_eq!(pace.tokens(), 128, "four times, though 3,200 would fit");
        pace.learn(128, 4.0);
        assert_eq!(pace.tokens(), 512);
        pace.learn(32, 320.0);
        assert_eq!(pace.tokens(), 10);
        pace.learn(4, 4000.0);
        assert_eq!(pace.tokens(), 1);
        pace.learn(1, 0.0);
        assert_eq!(pace.tokens(), 128);
    }
}
