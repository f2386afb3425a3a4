//! Stop strings in streamed text.

/// Passes text through until one of the stop strings appears, and holds back what may be the start of one.
#[derive(Clone, Debug)]
pub struct StopStrings {
    stops: Vec<String>,
    held: String,
    stopped: bool,
}

/// What may be shown now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emit {
    /// Text that is sure to come before any stop string; may be empty.
    pub text: String,
    /// A stop string was found: nothing comes after `text`.
    pub stopped: bool,
}

impl StopStrings {
    /// Stops at the first of `stops` to appear. Empty strings are ignored.
    pub fn new(mut stops: Vec<String>) -> Self {
        stops.retain(|stop| !stop.is_empty());
        StopStrings { stops, held: String::new(), stopped: false }
    }

    /// Takes the next piece of text.
    pub fn push(&mut self, text: &str) -> Emit {
        if self.stopped {
            return Emit { text: String::new(), stopped: true };
        }
        self.held.push_str(text);
        let found = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
        if let Some(at) = found {
            self.stopped = true;
            let mut text = std::mem::take(&mut self.held);
            text.truncate(at);
            return Emit { text, stopped: true };
        }
        let keep = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - keep);
        Emit { text: std::mem::replace(&mut self.held, rest), stopped: false }
    }

    /// The text still held back when the stream ends.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// Length of the longest proper prefix of `stop` that `text` ends with.
fn overlap(text: &str, stop: &str) -> usize {
    let boundaries = stop.char_indices().map(|(at, _)| at).rev();
    boundaries.into_iter().find(|&length| text.ends_with(&stop[..length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let mut stop = StopStrings::new(stops.iter().map(|stop| stop.to_string()).collect());
        let (mut text, mut stopped) = (String::new(), false);
        for piece in pieces {
            let emit = stop.push(piece);
            text += &emit.text;
            stopped |= emit.stopped;
        }
        (text + &stop.finish(), stopped)
    }

    #[test]
    fn finds_a_stop_across_pieces() {
        assert_eq!(run(&["\n\nUser:"], &["Hi.", "\n", "\nUs", "er: x"]), ("Hi.".into(), true));
        assert_eq!(run(&["ab"], &["a", "a", "b", "c"]), ("a".into(), true));
        assert_eq!(run(&["aab", "é!"], &["aa", "ac", "é", "!"]), ("aaac".into(), true));
        assert_eq!(run(&["xyz", "y"], &["axyz"]), ("a".into(), true));
    }

    #[test]
    fn holds_back_no_more_than_a_possible_start() {
        let mut stop = StopStrings::new(vec!["<end>".into(), String::new()]);
        assert_eq!(stop.push("a<b<en"), Emit { text: "a<b".into(), stopped: false });
        assert_eq!(stop.push("x"), Emit { text: "<enx".into(), stopped: false });
        assert_eq!(stop.push("<en"), Emit { text: String::new(), stopped: false });
        assert_eq!(stop.finish(), "<en");
        assert_eq!(run(&[], &["a", "b"]), ("ab".into(), false));
    }

    #[test]
    fn nothing_after_a_stop() {
        let mut stop = StopStrings::new(vec!["s".into()]);
        assert!(stop.push("as").stopped);
        assert_eq!(stop.push("more"), Emit { text: String::new(), stopped: true });
        assert_eq!(stop.finish(), "");
    }
}
