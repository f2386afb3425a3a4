//! Letters one by one, with spaces or signs between them: `f u c k`, `k.i.l.l`, `h_a_t_e`.

use std::ops::Range;

use super::fold::{Class, Fold, fold, slots};
use super::lexicon::LONGEST;
use super::{Cell, Known};

/// A letter that stands alone, perhaps several times.
struct Item {
    cells: Range<usize>,
    fold: Fold,
    is_upper: bool,
}

/// Letters looked at together.
const RUN: usize = 96;
/// Cells between two letters at most.
const GAP: usize = 4;
/// Cost of a letter, above which letters that make words do so by chance: `youarestupid` costs 2.0, `ihate` 2.9,
/// `sdtbc` more than 3.
const CHANCE: f32 = 2.92;

/// One letter of so many may belong to no word.
const STRAYS: usize = 4;

/// `None` if there are no such letters.
pub(super) fn join(cells: &[Cell], known: Known<'_>) -> Option<Vec<Cell>> {
    let runs = runs(cells);
    // Where some words are spaced out, others are too.
    let is_spaced = runs.iter().any(|items| !read(cells, items, known, false).is_empty());
    if !is_spaced {
        return None;
    }
    let mut out = Vec::with_capacity(cells.len());
    let mut copied = 0;
    for items in &runs {
        for (group, letters) in read(cells, items, known, true) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            out.extend(&cells[copied..first.cells.start]);
            out.extend(letters);
            copied = last.cells.end;
        }
    }
    out.extend(&cells[copied..]);
    Some(out)
}

/// All runs of letters that stand alone.
fn runs(cells: &[Cell]) -> Vec<Vec<Item>> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < cells.len() {
        let items = if starts(cells, at) { run(cells, at) } else { Vec::new() };
        at = items.last().map_or(at + 1, |last| last.cells.end);
        if items.len() > 1 {
            runs.push(items);
        }
    }
    runs
}

/// Whether a letter at `at` would stand at the start of a word. What follows an apostrophe does not.
fn starts(cells: &[Cell], at: usize) -> bool {
    at == 0 || !(cells[at - 1].c.is_alphanumeric() || matches!(cells[at - 1].c, '\'' | '’'))
}

/// The letters from `at` on that stand alone, with little between them.
fn run(cells: &[Cell], at: usize) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut next = at;
    while items.len() < RUN {
        let Some(item) = item(cells, next) else { break };
        let end = item.cells.end;
        items.push(item);
        let gap = cells[end..].iter().take(GAP + 1).take_while(|cell| separates(cell.c)).count();
        let gap = match gap {
            0 => break,
            // A sign between two others may be a letter.
            2.. if fold(cells[end + 1].c).is_some_and(|fold| fold.class == Class::Sign) => 1,
            _ if gap <= GAP => gap,
            _ => break,
        };
        next = end + gap;
    }
    items
}

/// The letter at `at`, if it stands alone.
fn item(cells: &[Cell], at: usize) -> Option<Item> {
    let c = cells.get(at)?.c;
    let found = fold(c).filter(|fold| fold.class != Class::Mask)?;
    let is_same = |cell: &&Cell| cell.c.eq_ignore_ascii_case(&c);
    let end = at + cells[at..].iter().take_while(is_same).count();
    let is_alone = cells.get(end).is_none_or(|next| !next.c.is_alphanumeric());
    is_alone.then(|| Item { cells: at..end, fold: found, is_upper: c.is_uppercase() })
}

fn separates(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '@' | '$') && !matches!(c as u32, 0x300..=0x36F)
}

/// The groups of a run that make words, with the words. In a text where others are spaced out short ones are believed.
fn read<'a>(cells: &[Cell], items: &'a [Item], known: Known<'_>, is_spaced: bool) -> Vec<(&'a [Item], Vec<Cell>)> {
    // Signs at the end are punctuation.
    let is_end = |item: &Item| item.fold.class == Class::Sign && !matches!(cells[item.cells.start].c, '@' | '$');
    let items = &items[..items.iter().rposition(|item| !is_end(item)).map_or(0, |last| last + 1)];
    if items.len() < 3 || 2 * items.iter().filter(|item| item.fold.class <= Class::Accented).count() < items.len() {
        return Vec::new();
    }
    let groups = groups(cells, items);
    let mut found: Vec<Option<Words>> = groups.iter().map(|group| words(cells, group, known)).collect();
    // Words of two and three letters are believed beside others.
    let small: Vec<Option<Words>> = groups.iter().map(|group| small_word(group, known)).collect();
    let letters = |words: &Option<Words>| words.as_ref().map_or(0, |words| words.letters.len());
    let several = small.iter().flatten().count() >= 2 && small.iter().map(letters).sum::<usize>() >= 6;
    if is_spaced || found.iter().any(Option::is_some) || several && groups.iter().all(|group| !is_acronym(group)) {
        found.iter_mut().zip(small).for_each(|(found, small)| *found = found.take().or(small));
    }
    let joined = groups.into_iter().zip(found);
    joined.filter_map(|(group, words)| Some((group, words?.write(cells, group)))).collect()
}

/// Letters between which there is less space than between groups.
fn groups<'a>(cells: &[Cell], items: &'a [Item]) -> Vec<&'a [Item]> {
    let space = |pair: &[Item]| {
        let gap = &cells[pair[0].cells.end..pair[1].cells.start];
        gap.iter().filter(|cell| cell.c.is_whitespace()).count()
    };
    let least = items.windows(2).map(space).min().unwrap_or(0);
    items
        .chunk_by(|a, b| {
            let gap = &cells[a.cells.end..b.cells.start];
            gap.iter().filter(|cell| cell.c.is_whitespace()).count() == least
        })
        .collect()
}

/// Letters and how they are cut into words.
struct Words {
    letters: Vec<u8>,
    /// The item that each letter is taken from.
    items: Vec<usize>,
    /// Where words end.
    ends: Vec<usize>,
}

impl Words {
    fn write(&self, cells: &[Cell], group: &[Item]) -> Vec<Cell> {
        let mut out = Vec::with_capacity(self.letters.len() + self.ends.len());
        for (index, &letter) in self.letters.iter().enumerate() {
            let at = cells[group[self.items[index]].cells.start].at;
            if self.ends.contains(&index) {
                out.push(Cell { c: ' ', at });
            }
            out.push(Cell { c: char::from(letter), at });
        }
        out
    }
}

fn is_acronym(group: &[Item]) -> bool {
    group.len() > 1 && group.iter().all(|item| item.is_upper)
}

fn text(letters: &[u8]) -> &str {
    str::from_utf8(letters).unwrap_or_default()
}

/// A group that is one short word.
fn small_word(group: &[Item], known: Known<'_>) -> Option<Words> {
    let letters: Vec<u8> = group.iter().map(|item| item.fold.letter()).collect();
    let is_word = (2..=LONGEST).contains(&letters.len()) && known.rank(text(&letters)).is_some_and(|rank| rank < 0.2);
    is_word.then(|| Words { items: (0..letters.len()).collect(), ends: Vec::new(), letters })
}

/// The words of a group, if they are not there by chance.
fn words(cells: &[Cell], group: &[Item], known: Known<'_>) -> Option<Words> {
    let is_next = |pair: &[Item]| pair[0].fold.letter() + 1 == pair[1].fold.letter();
    if group.len() < 3 || group.windows(2).all(is_next) {
        return None; // too few, or the alphabet
    }
    let starts: Vec<usize> = group.iter().map(|item| item.cells.start).collect();
    if let Some(slots) = slots(cells, &starts)
        && let Some(found) = known.lexicon.find(&slots)
    {
        let item = |&slot: &usize| starts.iter().position(|&start| start == slots[slot].cell).unwrap_or(0);
        let items = found.slots.iter().map(item).collect();
        return Some(Words { letters: found.word.bytes().collect(), items, ends: Vec::new() });
    }
    let letters: Vec<u8> = group.iter().map(|item| item.fold.letter()).collect();
    let (ends, cost) = segment(&letters, known);
    let mut start = 0;
    let parts: Vec<&str> = ends
        .iter()
        .map(|&end| {
            let part = text(&letters[start..end]);
            start = end;
            part
        })
        .collect();
    let strays = parts.iter().filter(|part| part.len() == 1 && !matches!(**part, "a" | "i" | "u")).count();
    let sure = parts.iter().filter(|part| known.lexicon.has(part)).map(|part| part.len()).max();
    // A long word of the lexicon stays one beside a few letters that make none.
    let is_stray = strays > 0 && (sure.is_none_or(|length| length < 4) || STRAYS * strays > letters.len());
    let is_sure = sure.is_some();
    let is_spelled = group.iter().all(|item| item.fold.class <= Class::Foreign);
    let is_word = parts.iter().any(|part| part.len() >= 4) && is_spelled && cost <= CHANCE * letters.len() as f32;
    let is_name = is_acronym(group) && parts.len() == 1 && letters.len() == 4 && cost > 8.55;
    if is_stray || !is_sure && (!is_word || is_name) {
        return None;
    }
    Some(Words { items: (0..letters.len()).collect(), ends, letters })
}

/// Where the likeliest words end, and what they cost: about the logarithm of their rank.
fn segment(letters: &[u8], known: Known<'_>) -> (Vec<usize>, f32) {
    const WORD: usize = 16;
    let mut best: Vec<(f32, usize)> = vec![(0.0, 0)];
    for end in 1..=letters.len() {
        let parts = (end.saturating_sub(WORD)..end).map(|start| {
            let cost = match (&letters[start..end], known.rank(text(&letters[start..end]))) {
                ([b'a' | b'i'], _) => 6.0,
                ([b'u'], _) => 7.0,
                ([_], _) => 12.0,
                (part, Some(rank)) if part.len() > 2 || rank < 0.12 => (1.0 + 30_000.0 * rank).ln().max(5.0),
                _ => f32::INFINITY,
            };
            (best[start].0 + cost, start)
        });
        best.push(parts.reduce(|a, b| if b.0 < a.0 { b } else { a }).unwrap_or((f32::INFINITY, 0)));
    }
    let mut ends = Vec::new();
    let mut end = letters.len();
    while end > 0 {
        ends.push(end);
        end = best[end].1;
    }
    ends.reverse();
    (ends, best[letters.len()].0)
}
