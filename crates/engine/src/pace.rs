//! How much work goes to a GPU at once. A page draws between submits, so a long one freezes it, and drivers reset a device
//! that is busy for seconds. What a token costs is measured as we go.

use crate::Priority;

/// Milliseconds that a submit should take at most.
const SUBMIT_MS: f64 = 100.0;
/// The same where the page comes first.
const BACKGROUND_MS: f64 = 50.0;
/// Tokens of the first submit, of whose cost nothing is known.
const FIRST: usize = 32;
/// The same where the page comes first.
const BACKGROUND_FIRST: usize = 4;
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
    /// Of the call that runs.
    pub(crate) priority: Priority,
    /// Tokens of the last measured submit, and milliseconds of one of them.
    last: Option<(usize, f64)>,
}

impl Pace {
    /// Tokens that the next submit may have.
    pub(crate) fn tokens(&self) -> usize {
        let (most, first) = match self.priority {
            Priority::UserVisible => (SUBMIT_MS, FIRST),
            Priority::Background => (BACKGROUND_MS, BACKGROUND_FIRST),
        };
        match self.last {
            None => first,
            Some((tokens, each)) => ((most / each) as usize).clamp(1, tokens.max(first) * GROWTH),
        }
    }

    /// Whether the page comes first.
    pub(crate) fn is_background(&self) -> bool {
        self.priority == Priority::Background
    }

    /// Tokens of an answer between two frames in the background, where one takes so many milliseconds.
    pub(crate) fn tokens_a_frame(milliseconds: f64) -> usize {
        ((BACKGROUND_MS / milliseconds.max(1.0)) as usize).max(1)
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

    #[test]
    fn background_submits_are_half_as_long_and_begin_small() {
        let mut pace = Pace { priority: Priority::Background, ..Pace::default() };
        assert_eq!(pace.tokens(), 4);
        pace.learn(4, 4.0);
        assert_eq!(pace.tokens(), 16, "four times, though 50 would fit");
        pace.learn(16, 32.0);
        assert_eq!(pace.tokens(), 25);
        assert_eq!([0.0, 20.0, 80.0].map(Pace::tokens_a_frame), [50, 2, 1]);
    }
}
