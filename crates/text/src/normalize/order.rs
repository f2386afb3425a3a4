//! Words with two neighbours swapped: `wordl`.

use super::lexicon::LONGEST;
use super::{COMMON, Cell, Known};

/// The commonest word that letters from a to z are with two neighbours swapped; `None` if they are a word as they are. Words
/// of the dictionary are written small: what is large may be a name.
pub(super) fn restore(cells: &[Cell], known: Known<'_>) -> Option<Vec<Cell>> {
    if !(3..=LONGEST).contains(&cells.len()) {
        return None;
    }
    let is_small = cells.iter().all(|cell| cell.c.is_ascii_lowercase());
    let original: String = cells.iter().map(|cell| cell.c.to_ascii_lowercase()).collect();
    let is_plural = original.strip_suffix('s').is_some_and(|stem| known.rank(stem).is_some());
    if is_plural || known.rank_of_form(&original).is_some() {
        return None;
    }
    let swapped = (1..cells.len()).filter_map(|at| {
        let mut word = original.clone();
        let letter = word.remove(at);
        word.insert(at - 1, letter);
        let rank = known.rank(&word)?;
        let is_listed = word.len() >= 4 && known.lexicon.has(&word);
        (is_listed || is_small && (word.len() >= 4 || rank < COMMON)).then_some((rank, word))
    });
    let (_, word) = swapped.reduce(|a, b| if b.0 < a.0 { b } else { a })?;
    Some(word.chars().zip(cells).map(|(c, cell)| Cell { c, at: cell.at }).collect())
}
