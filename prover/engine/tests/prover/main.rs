//! SRS, keys and proofs of networks, each file by its claim. One binary: each would compile halo2 anew. `tests/engine` holds the engine
//! against two other provers on systems of all shapes.

#[cfg(test)]
#[path = "../parity/mod.rs"]
mod parity;
#[path = "../../../../verifier/core/tests/tamper/mod.rs"]
mod tamper;
#[path = "../../../../verifier/core/tests/toy/mod.rs"]
mod toy;

mod cases;
mod conformance;
mod inference;
mod oracle;
mod order;
mod proving_key;
mod ptau;
mod refusals;
mod srs;
mod stock;
