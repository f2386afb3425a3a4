//! `gather`.

use graph::{BackendError, Value};

use crate::{
    ops::Resolver,
    quant::{self, Dequantize},
    step::{Operand, Resources, Step, Store},
};

pub(crate) struct Gather {
    table: Operand,
    index: Operand,
    row_bytes: usize,
    dequantize: Dequantize,
}

impl Gather {
    pub(super) fn new(resolver: &Resolver<'_>, table: Value, index: Value) -> Result<Self, BackendError> {
        let (row_bytes, dequantize) = weight(resolver, table, "gather")?;
        Ok(Gather { table: resolver.at(table), index: resolver.at(index), row_bytes, dequantize })
    }
}

/// Bytes of a row of a weight, and how to read it.
pub(super) fn weight(resolver: &Resolver<'_>, weight: Value, op: &str) -> Result<(usize, Dequantize), BackendError> {
    let ty = resolver.graph.ty(weight);
    let row_bytes = ty.row_bytes().and_then(|bytes| usize::try_from(bytes).ok());
    match (row_bytes, quant::dequantize(ty.dtype)) {
        (Some(row_bytes), Some(dequantize)) => Ok((row_bytes, dequantize)),
        _ => Err(BackendError::Unsupported {
            op: op.into(),
            reason: format!("{} {ty} is no weight", resolver.graph.name(weight)),
        }),
    }
}

impl Step for Gather {
    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        let columns = self.table.columns;
        resources.pool.rows(bytemuck::cast_slice_mut(out), columns, |first, out| {
            for (out, &index) in out.chunks_exact_mut(columns).zip(&store.words(self.index)[first..]) {
                let row = (index as usize).min(self.table.rows - 1);
                // A table that is an output layer, too, may have been packed since this plan was made.
                match store.packed(self.table) {
                    Some((layout, table)) => layout.row(table, row, out),
                    None => {
                        let table = store.bytes(self.table);
                        (self.dequantize)(&table[row * self.row_bytes..][..self.row_bytes], out);
                    }
                }
            }
        });
    }
}
