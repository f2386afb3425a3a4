//! Models end to end: real ones against goldens, tiny ones with random weights against a plain forward pass.

mod allocations;
mod constraints;
mod continuations;
mod counts;
mod decoders;
mod dots;
mod files;
mod forward;
mod gguf;
mod hooked;
mod hostile;
mod moderation;
mod pace;
mod penalties;
mod prompt_lookup;
mod random;
mod real;
mod run_ahead;
mod self_test;
mod steps;
mod support;
mod threads;
pub(crate) mod tiny;
pub(crate) mod tiny_decoders;
pub(crate) mod tiny_encoders;
mod tune;
