//! Rows of a table and a factor: Gemma's embeddings.

use graph::Op;

use super::{Draft, Stage};

/// A factor that alone reads the rows of a table.
pub(super) fn scaled(draft: &mut Draft<'_>) {
    for (rows, op, _) in draft.graph.ops() {
        let Op::Gather { .. } = op else { continue };
        let Some(result) = draft.only_reader(rows) else { continue };
        if matches!(draft.alone(result), Some(Op::Scale { .. })) {
            draft.fold(&[rows, result], Stage::Gather { result, rows });
        }
    }
}
