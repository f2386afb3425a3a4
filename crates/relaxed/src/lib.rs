//! Products of activations of one or two bytes with weights of 4 and 5 bits by the dot products of relaxed SIMD: what
//! `cpu::integers` computes of the same numbers, to the bit, where an engine has these instructions.
//!
//! A module that has them is refused whole by an engine that has not, so this is a module of its own, of a few KB, which the
//! runtime carries and instantiates over its own memory. It has no memory, no stack and no data.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod kernels;

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
