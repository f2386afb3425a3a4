//! One test binary, a module a subject.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking and say what they skip")]

mod dequantize;
mod gpu;
mod graphs;
mod models;
mod ops_cpu;
mod programs;
mod shaders;
mod text;
mod weights;
