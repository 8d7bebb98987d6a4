//! The bridge to halo2: elements, keys and transcript. One binary: each would compile halo2 anew.

#[path = "../../../core/tests/toy/mod.rs"]
mod toy;

mod convert;
mod keys;
mod transcript;
