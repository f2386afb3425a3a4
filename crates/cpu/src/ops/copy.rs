//! No op of the graph: a value into the buffer of an output that it could not be computed in.

use crate::step::{Operand, Step, Store};

pub(crate) struct Copy {
    pub(crate) from: Operand,
}

impl Step for Copy {
    fn run(&self, store: &Store<'_>, _scratch: &mut [u32], out: &mut [u32]) {
        out.copy_from_slice(store.words(self.from));
    }
}
