//! The engine against halo2-axiom's own prover and verifier, and against a naive port of the prover, whole proofs included.
//!
//! | module | what it is |
//! |---|---|
//! | `naive` | the prover in plain coefficient arithmetic, with injected randomness |
//! | `system` | a constraint system with its witness as data, for all three provers |
//! | `recipe` | random systems that are satisfied by construction |
//! | `checks` | what must hold of every system |
//! | `properties` | random systems, satisfied and not |
//! | `edges` | one small system for each thing that is easily got wrong |
//! | `grouped` | the same systems with grouped commitments, and a prover that lies about values |
//! | `networks` | the circuits of networks |

#![cfg(test)]

mod checks;
mod edges;
mod grouped;
mod naive;
mod networks;
mod properties;
mod recipe;
mod system;
