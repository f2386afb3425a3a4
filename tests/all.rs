//! One test binary, a module a subject.
mod gpu;
mod shaders;
mod text;
mod weights;
