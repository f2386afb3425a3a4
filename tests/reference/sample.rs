//! [`graph::SampleParams`] by sorting everything, and how near the draw came to another answer; [`graph::Penalties`] by
//! counting for every token.

/// A drawn token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// The token.
    pub token: u32,
    /// Smallest distance, in probability, of any decision on the way (top-k, top-p, min-p, the draw itself) to where it
    /// would have turned. Rounding below this cannot change the token.
    pub margin: f64,
}

/// Draws from one row of logits by the words of [`graph::SampleParams::to_words`].
pub fn draw(logits: &[f64], words: &[u32]) -> Draw {
    let real = |i: usize| f64::from(f32::from_bits(words[i]));
    let (temperature, top_p, min_p, top_k, uniform) = (real(0), real(1), real(2), words[3] as usize, real(6));
    let mut margin = f64::INFINITY;

    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weight = |i: usize| ((logits[i] - max) / temperature).exp();
    let mut kept: Vec<usize> = (0..logits.len()).collect();
    // A stable sort: of equals the first comes first.
    kept.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));

    if top_k > 0 && top_k < kept.len() {
        // Decided by comparing logits, before anything is rounded but their quotient by the temperature.
        let (last, next) = (kept[top_k - 1], kept[top_k]);
        if weight(last) > 0.0 && logits[last] - logits[next] < 1e-5 * max.abs() {
            margin = 0.0;
        }
        kept.truncate(top_k);
    }
    if top_p < 1.0 {
        let total: f64 = kept.iter().map(|&i| weight(i)).sum();
        let mut sum = 0.0;
        let mut count = kept.len();
        for (rank, &i) in kept.iter().enumerate() {
            sum += weight(i) / total;
            margin = margin.min((sum - top_p).abs());
            if sum >= top_p {
                count = rank + 1;
                break;
            }
        }
        kept.truncate(count);
    }
    if min_p > 0.0 {
        // The largest passes whatever its rounding is.
        let near = kept.iter().filter(|&&i| logits[i] < max).map(|&i| (weight(i) - min_p).abs());
        margin = near.fold(margin, f64::min);
        kept.retain(|&i| weight(i) >= min_p);
    }

    kept.sort_unstable();
    let total: f64 = kept.iter().map(|&i| weight(i)).sum();
    let mut sum = 0.0;
    let mut token = None;
    for &i in &kept {
        sum += weight(i) / total;
        if i != kept[kept.len() - 1] {
            margin = margin.min((sum - uniform).abs());
        }
        if token.is_none() && uniform < sum {
            token = Some(i);
        }
    }
    Draw { token: token.unwrap_or(kept[kept.len() - 1]) as u32, margin }
}

/// One row of logits less the penalties that the words of [`graph::Penalties::to_words`] say.
pub fn penalize(logits: &[f64], history: &[u32], words: &[u32]) -> Vec<f64> {
    let real = |i: usize| f64::from(f32::from_bits(words[i]));
    let (repetition, frequency, presence) = (real(0), real(1), real(2));
    let (window, prompt, length) = (words[3] as usize, words[4] as usize, (words[5] as usize).min(history.len()));
    let times = |id: usize, first: usize| (first..length).filter(|&at| history[at] as usize == id).count();
    let one = |(id, &logit): (usize, &f64)| {
        let is_recent = times(id, length.saturating_sub(window)) > 0;
        let logit = match is_recent {
            true if logit > 0.0 => logit / repetition,
            true => logit * repetition,
            false => logit,
        };
        match times(id, prompt) {
            0 => logit,
            n => logit - n as f64 * frequency - presence,
        }
    };
    logits.iter().enumerate().map(one).collect()
}
