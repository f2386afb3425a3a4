//! `activate`.

use graph::{Activation, Value};

use crate::{
    math,
    ops::{Resolver, arithmetic::each},
    step::{Operand, Resources, Step, Store},
};

pub(crate) struct Activate {
    input: Operand,
    function: Activation,
    to: Operand,
}

impl Activate {
    pub(super) fn new(resolver: &Resolver<'_>, input: Value, function: Activation) -> Self {
        Activate { input: resolver.at(input), function, to: resolver.out }
    }
}

impl Step for Activate {
    fn run(&self, store: &Store<'_>, resources: &mut Resources<'_>, out: &mut [u32]) {
        each((self.input, self.to), self.input.columns, store, resources, out, |_, out| match self.function {
            Activation::Gelu => math::map(out, math::gelu),
            Activation::GeluTanh => math::map(out, math::gelu_tanh),
            Activation::Silu => math::map(out, math::silu),
            Activation::Relu => out.iter_mut().for_each(|x| *x = x.max(0.0)),
            Activation::Tanh => out.iter_mut().for_each(|x| *x = x.tanh()),
        });
    }
}
