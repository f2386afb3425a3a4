//! How many tests a run had: cargo, node and our own scripts each say it in their own words.

use std::ops::AddAssign;

/// Tests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// A step that is one check.
    pub(crate) fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed), skipped: 0 }
    }

    /// The counts that `text` reports; `None` when it reports none.
    ///
    /// Our own summary line wins: a script that prints it has added up what its parts printed.
    pub(crate) fn read(text: &str) -> Option<Self> {
        for reader in [summary, cargo, node] {
            let found: Vec<Self> = text.lines().filter_map(reader).collect();
            if !found.is_empty() {
                let mut sum = Self::default();
                found.into_iter().for_each(|counts| sum += counts);
                return Some(sum);
            }
        }
        None
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// `N passed, N failed, N skipped`, alone on its line.
fn summary(line: &str) -> Option<Counts> {
    let mut words = line.trim().split(", ");
    let mut next = |word: &str| words.next()?.strip_suffix(word)?.strip_suffix(' ')?.parse().ok();
    let counts = Counts { passed: next("passed")?, failed: next("failed")?, skipped: next("skipped")? };
    words.next().is_none().then_some(counts)
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s`
fn cargo(line: &str) -> Option<Counts> {
    let (_, rest) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| rest.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok());
    Some(Counts { passed: number("passed")?, failed: number("failed")?, skipped: number("ignored")? })
}

/// `# pass 5` (TAP) or `ℹ pass 5` (node's own reporter), one line a number.
fn node(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (word, number) = rest.split_once(' ')?;
    let number = number.trim().parse().ok()?;
    match word {
        "pass" => Some(Counts { passed: number, ..Counts::default() }),
        "fail" | "cancelled" => Some(Counts { failed: number, ..Counts::default() }),
        "skipped" | "todo" => Some(Counts { skipped: number, ..Counts::default() }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> Option<Counts> {
        Some(Counts { passed, failed, skipped })
    }

    #[test]
    fn cargo_binaries_are_added_up() {
        let text = "running 2 tests\ntest a ... ok\n\
            test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s\n\
            test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.10s\n";
        assert_eq!(Counts::read(text), counts(7, 3, 1));
    }

    #[test]
    fn node_in_both_reporters() {
        assert_eq!(
            Counts::read("# tests 4\n# suites 0\n# pass 2\n# fail 1\n# cancelled 0\n# skipped 1\n# todo 0\n"),
            counts(2, 1, 1)
        );
        assert_eq!(Counts::read("ℹ tests 4\nℹ pass 3\nℹ fail 0\nℹ cancelled 1\nℹ skipped 0\n"), counts(3, 1, 0));
    }

    #[test]
    fn our_own_line_wins_and_must_be_alone() {
        assert_eq!(Counts::read("# pass 9\n3 passed, 1 failed, 2 skipped\n"), counts(3, 1, 2));
        assert_eq!(Counts::read("we had 3 passed, 1 failed, 2 skipped\n"), None);
        assert_eq!(Counts::read("3 passed, 1 failed\n"), None);
        assert_eq!(Counts::read(""), None);
        assert_eq!(counts(3, 1, 2).map(|counts| counts.to_string()).as_deref(), Some("3 passed, 1 failed, 2 skipped"));
    }
}
