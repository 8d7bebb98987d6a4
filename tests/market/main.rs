//! The market's verbs against a real node, run as users run them: registered, asked, proved, paid once, or given back.
#![cfg(test)]

mod again;
mod answers;
#[path = "../anvil/mod.rs"]
mod anvil;
mod dust;
mod gas;
mod happened;
mod locks;
mod nodes;
mod objects;
mod payment;
mod prover;
#[path = "../proxy/mod.rs"]
mod proxy;
mod readme;
#[path = "../recording/mod.rs"]
mod recording;
mod refusals;
mod registration;
mod same_chain;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod scene;
mod screen;
mod stopped;
mod together;
mod tokens;
#[path = "../../examples/verify_onchain/main.rs"]
mod verify_onchain;
