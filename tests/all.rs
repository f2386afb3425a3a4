//! One test binary, a module a subject.
mod dequantize;
mod gpu;
mod graphs;
mod models;
mod ops_cpu;
mod shaders;
mod text;
mod weights;
