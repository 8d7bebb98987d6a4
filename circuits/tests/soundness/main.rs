//! Soundness: the circuit attacked, on networks small enough that every cell can be.
//!
//! | module | what it is |
//! |---|---|
//! | `networks` | tiny networks, every op over uneven planes of two or more channels, each with an honest inference and its columns |
//! | `checker` | every gate over field elements and every copy; names what fails |
//! | `fuzz` | random networks: claims derived twice, lies of every kind |
//! | `forge` | a cheating prover: one lie, everything downstream honest |
//! | `gathers` | where the elements of a tensor are, through reshapes and gathers |
//! | `surface` | where each op can be lied about: no op goes without |
//! | `steer` | one phase-1 cell chosen so that a lie passes, where some constraint is gone |
//! | `parity` | the checker against halo2's own expressions and `MockProver` |
//! | `mutation` | every phase-0 cell changed in turn; free cells by rule |
//! | `lies` | one valid-looking lie a place, caught by exactly its own identity |
//! | `attacks` | the known holes of the field, by name |
//! | `bound` | every cell that a gate reads is bound, everything it takes in is compared: from gates and copies alone |
//! | `reads` | what a gate reads in a row, as a polynomial in cells |
//! | `canaries` | every gate, lookup and copy removed in turn: a lie then passes |
//! | `wire` | elements that are copied in any order: positions, counts, and what a hole would let pass |
//! | `uniqueness` | gates with tables solved in the field: outputs are a function of inputs |
//! | `shared_tables` | requantisations of unlike divisors share a table that is right for each |
//! | `tables` | tables are functions; flags and padding are where they belong |
//! | `ports` | every one of several inputs and outputs is bound to its own public words |
//! | `challenges` | identities are sound only with challenges drawn after the commitment |
//!
//! **The challenges here are fixed.** [`networks::challenges`] and `MockProver`'s hash chain are known before phase 0 is
//! filled, so the cheater simulated here knows them, though all but `challenges` behave as if they did not: they commit
//! phase 0 first and choose only phase-1 cells in their light. A rejection is therefore one by an identity at a random
//! point, as in a real proof; `challenges` shows what a prover who uses them in advance could forge, and that the
//! constraint system squeezes them after every phase-0 column.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod bound;
#[cfg(test)]
mod canaries;
#[cfg(test)]
mod case;
#[cfg(test)]
mod challenges;
#[cfg(test)]
mod checker;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod gathers;
#[cfg(test)]
mod lies;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod networks;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod ports;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod shared_tables;
#[cfg(test)]
mod steer;
#[cfg(test)]
mod surface;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod uniqueness;
#[cfg(test)]
mod wire;
