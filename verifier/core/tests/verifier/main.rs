//! The native verifier: what it accepts, what it refuses and by which name, beside halo2's own. One binary: each would compile halo2 anew.

#[path = "../hostile/mod.rs"]
mod hostile;
#[path = "../tamper/mod.rs"]
mod tamper;
#[path = "../toy/mod.rs"]
mod toy;

mod differential;
mod formats;
mod hostile_keys;
mod verify;
