//! No op of the graph: a value into the buffer of an output that it could not be computed in.

use crate::step::{Operand, Resources, Step, Store};

pub(crate) struct Copy {
    pub(crate) from: Operand,
}

impl Step for Copy {
    fn run(&self, store: &Store<'_>, _resources: &mut Resources<'_>, out: &mut [u32]) {
        out.copy_from_slice(store.words(self.from));
    }
}
