//! What the tests share: an independent interpreter of graphs in f64, and the one table of op cases with its harness.
//! Depends on `graph` alone, so that the same table runs natively and in a browser.

pub mod ops;
pub mod reference;
