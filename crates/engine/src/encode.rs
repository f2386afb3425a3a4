//! Embedding and classification: texts are packed into batches of tokens, one sequence after the other.

use graph::PADDING;
use models::{Head, Info, Pooling, Scores, Step, Task};

use crate::host::tell;
use crate::load::task_name;
use crate::{CallOptions, EmbedOptions, Embeddings, Engine, EngineError, Event, Priority, Score, Sink};

/// Sizes of a batch in tokens; a plan each. A longer text gets a size of its own, the next multiple of the last. Rows that are
/// padding are computed all the same: on the CPU, which does every one of them after the other and has plans for nothing,
/// sizes are nearer to each other.
pub(crate) const GPU_BUCKETS: &[usize] = &[16, 32, 64, 96, 128, 192, 256, 320, 384, 448, LARGEST];
const CPU_BUCKETS: &[usize] =
    &[4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, LARGEST];
/// Tokens of a batch of several texts at most.
const LARGEST: usize = 512;
/// Sizes of a batch in texts.
const TEXT_BUCKETS: [usize; 3] = [1, 8, 64];

/// The token ids of a text.
pub(crate) struct Cut {
    pub(crate) ids: Vec<u32>,
    pub(crate) truncated: bool,
}

impl Engine {
    /// A vector for each text.
    pub async fn embed(
        &mut self,
        texts: &[String],
        options: &EmbedOptions,
        mut sink: Sink<'_>,
    ) -> Result<Embeddings, EngineError> {
        self.require(&Task::Embed, "embed")?;
        self.pace.priority = options.priority;
        let limit = options.max_tokens.unwrap_or(self.info.context);
        let cuts = self.cut(texts, limit)?;
        let dimensions = self.info.dimensions;
        let vectors = self.encode(&cuts, Head::Embed, "embeddings", dimensions, &mut sink).await?;
        Ok(Embeddings {
            dimensions,
            vectors,
            tokens: cuts.iter().map(|cut| cut.ids.len() as u32).collect(),
            truncated: cuts.iter().map(|cut| cut.truncated).collect(),
        })
    }

    /// The labels of each text with their scores, best first.
    pub async fn classify(
        &mut self,
        texts: &[String],
        options: &CallOptions,
        mut sink: Sink<'_>,
    ) -> Result<Vec<Vec<Score>>, EngineError> {
        let Task::Classify { labels, scores } = self.runtime.model.info().task.clone() else {
            return Err(self.wrong_task("classify"));
        };
        self.pace.priority = options.priority;
        let cuts = self.cut(texts, self.info.context)?;
        let raw = self.encode(&cuts, Head::Classify, "scores", labels.len(), &mut sink).await?;
        let rank = |row: &[f32]| {
            let mut named: Vec<Score> = labels
                .iter()
                .zip(probabilities(row, scores))
                .map(|(label, score)| Score { label: label.clone(), score })
                .collect();
            named.sort_by(|a, b| b.score.total_cmp(&a.score));
            named
        };
        Ok(raw.chunks_exact(labels.len()).map(rank).collect())
    }

    /// Refuses a call that the model is not for. Calls have the usual priority if they say nothing else.
    pub(crate) fn require(&mut self, task: &Task, call: &'static str) -> Result<(), EngineError> {
        self.pace.priority = Priority::default();
        if self.runtime.model.info().task == *task { Ok(()) } else { Err(self.wrong_task(call)) }
    }

    fn wrong_task(&self, call: &'static str) -> EngineError {
        EngineError::WrongTask { call, task: task_name(&self.runtime.model.info().task) }
    }

    /// Ids of each text, cut to `limit` with the special tokens at the end kept.
    fn cut(&self, texts: &[String], limit: usize) -> Result<Vec<Cut>, EngineError> {
        let [_, after] = self.prompts.frame();
        if limit <= self.prompts.frame().iter().sum() {
            return Err(EngineError::BadInput(format!("at most {limit} tokens leave no room for text")));
        }
        let limit = limit.min(self.info.context);
        texts
            .iter()
            .map(|text| {
                let mut ids = self.prompts.encode_plain(text)?;
                let truncated = ids.len() > limit;
                if truncated {
                    ids.drain(limit - after..ids.len() - after);
                }
                if ids.is_empty() {
                    return Err(EngineError::BadInput("a text without tokens".into()));
                }
                self.check_rows(&ids)?;
                Ok(Cut { ids, truncated })
            })
            .collect()
    }

    /// Runs the texts in packed batches; `[texts, columns]`.
    async fn encode(
        &mut self,
        cuts: &[Cut],
        head: Head,
        output: &'static str,
        columns: usize,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<f32>, EngineError> {
        let mut values = Vec::with_capacity(cuts.len() * columns);
        let mut done = 0;
        while done < cuts.len() {
            let texts = fitting(&cuts[done..], if self.is_paced() { self.pace.tokens() } else { usize::MAX });
            let sizes = if self.is_cpu() { CPU_BUCKETS } else { GPU_BUCKETS };
            let batch = Batch::pack(&cuts[done..done + texts], sizes, self.runtime.model.info());
            let step = batch.step(head);
            self.runtime.prepare(step).await?; // is no part of what a token costs
            let started = self.host.now();
            self.runtime.run(step, &batch.inputs()).await?;
            values.extend(self.runtime.output(&step, output, texts * columns).await?);
            self.pace.learn(step.tokens, self.host.now() - started);
            done += texts;
            tell(sink, Event::Embedded { done, total: cuts.len() })?;
            self.breathe().await;
        }
        Ok(values)
    }
}

/// How many texts from the front make one batch of at most so many tokens; one in any case.
fn fitting(cuts: &[Cut], most: usize) -> usize {
    let most = most.min(LARGEST);
    let mut tokens = 0;
    let fits = |cut: &&Cut| {
        tokens += cut.ids.len();
        tokens <= most
    };
    cuts.iter().take(TEXT_BUCKETS[TEXT_BUCKETS.len() - 1]).take_while(fits).count().max(1)
}

/// The smallest bucket that holds `size`, or the next multiple of the largest.
fn bucket(buckets: &[usize], size: usize) -> usize {
    let largest = buckets[buckets.len() - 1];
    buckets.iter().copied().find(|&bucket| bucket >= size).unwrap_or(size.next_multiple_of(largest))
}

/// The inputs of one run: sequences one after the other, then padding.
pub(crate) struct Batch {
    ids: Vec<u32>,
    positions: Vec<u32>,
    types: Vec<u32>,
    spans: Vec<u32>,
    offsets: Vec<u32>,
    rows: Vec<u32>,
}

impl Batch {
    pub(crate) fn pack(cuts: &[Cut], sizes: &[usize], info: &Info) -> Batch {
        let tokens = bucket(sizes, cuts.iter().map(|cut| cut.ids.len()).sum());
        let texts = bucket(&TEXT_BUCKETS, cuts.len());
        let mut batch = Batch {
            ids: Vec::with_capacity(tokens),
            positions: Vec::with_capacity(tokens),
            types: vec![0; tokens],
            spans: Vec::with_capacity(2 * tokens),
            offsets: vec![0],
            rows: Vec::with_capacity(texts),
        };
        for cut in cuts {
            let start = batch.ids.len() as u32;
            let end = start + cut.ids.len() as u32;
            batch.ids.extend(&cut.ids);
            batch.positions.extend((0..cut.ids.len() as u32).map(|position| position + info.position_offset));
            batch.spans.extend((start..end).flat_map(|_| [start, end]));
            batch.offsets.push(end);
            batch.rows.push(if info.pooling == Pooling::Last { end - 1 } else { start });
        }
        let last = batch.ids.len() as u32;
        batch.ids.resize(tokens, 0);
        batch.positions.resize(tokens, PADDING);
        batch.spans.resize(2 * tokens, 0);
        batch.offsets.resize(texts + 1, last);
        batch.rows.resize(texts, 0);
        batch
    }

    /// The step that runs it.
    pub(crate) fn step(&self, head: Head) -> Step {
        Step { tokens: self.ids.len(), rows: self.rows.len(), capacity: 0, head }
    }

    pub(crate) fn inputs(&self) -> [(&'static str, &[u32]); 6] {
        [
            ("ids", &self.ids),
            ("positions", &self.positions),
            ("types", &self.types),
            ("spans", &self.spans),
            ("offsets", &self.offsets),
            ("rows", &self.rows),
        ]
    }
}

fn probabilities(row: &[f32], scores: Scores) -> Vec<f32> {
    match scores {
        Scores::Raw => row.to_vec(),
        Scores::Sigmoid => row.iter().map(|&x| 1.0 / (1.0 + (-x).exp())).collect(),
        Scores::Softmax => {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f32> = row.iter().map(|&x| (x - largest).exp()).collect();
            let sum: f32 = powers.iter().sum();
            powers.into_iter().map(|power| power / sum).collect()
        }
    }
}
