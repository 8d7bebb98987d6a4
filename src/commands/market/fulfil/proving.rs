//! The answer to a request, and the proof of it: the one that an earlier run has left, or a new one.

use assay_contracts::market::{commitment, digest};
use assay_contracts::{Status, U256};
use assay_halo2::convert::values;
use assay_models::{End, QuantizedGraph, Trace, interpret};
use assay_prover::{Cost, Prover, ProvingKey, Srs};
use assay_verifier::{Instances, Proof, Verifier, VerifyingKey};
use rand::rngs::OsRng;

use super::Work;
use super::turn::Turn;
use crate::commands::market::kept::Kept;
use crate::commands::market::when;
use crate::commands::{expected_phases, threads};
use crate::compiled::Compiled;
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
use crate::memory::{Bytes, within};
use crate::next::Next;
use crate::terminal::Terminal;

/// Seconds for transactions to get into blocks.
pub(super) const SENDING: u64 = 120;

/// An answer, and what its proof takes.
pub(super) struct Proving {
    trace: Trace,
    /// The packed output.
    pub(super) output: Vec<[u8; 32]>,
    /// What is proved: input, output, and the context that pays this account for this request.
    statement: Instances,
    way: Way,
}

enum Way {
    /// The proof of an earlier run.
    Kept(Proof),
    New(Box<(ProvingKey, Cost, Srs)>),
}

impl Proving {
    /// Runs the model; refuses an output that is not the one that the account stands for already.
    pub(super) fn of(work: &Work, folder: &ModelFolder, own: &Compiled, key: VerifyingKey) -> Outcome<Self> {
        let input = work.asked.input_words();
        let trace = trace(&own.graph, &input)?;
        let outputs = trace.at(&own.graph, End::Output).request("cannot read the output")?;
        let output = own.graph.pack(End::Output, &outputs).request("cannot pack the output")?;
        work.check_commitment(&output)?;
        let context = work.market.context(work.asked.id, work.account);
        let statement = Instances::from_words(&[input.as_slice(), &output, &[context]].concat())
            .request("the request's input is not packed words")?;
        let way = if let Some(proof) = work.kept.proof(&key, &statement) {
            Way::Kept(proof)
        } else {
            let file = folder.map("pk", "setup")?;
            let key = ProvingKey::open(&file, &own.graph, own.digest, key).request("cannot use the proving key")?;
            let verifying = key.verifying_key();
            let cost = Cost::new(key.layout(), verifying.constraints(), verifying.opening(), threads());
            let cost = cost.request("cannot use the verifying key")?;
            // Opened now, so that what is missing or damaged is found before anything moves.
            let srs = Srs::from_mapped(&folder.map("srs", "setup")?).request("cannot use the SRS")?;
            if (srs.k(), &srs.point(), srs.opening()) != (verifying.k(), verifying.srs(), verifying.opening()) {
                return refuse("the SRS in the folder is not the one that the keys were made with")
                    .next(|| Next::of("setup", folder.model()));
            }
            Way::New(Box::new((key, cost, srs)))
        };
        Ok(Self { trace, output, statement, way })
    }

    /// Predicted seconds; none for a proof that is there.
    pub(super) fn seconds(&self) -> f64 {
        match &self.way {
            Way::Kept(_) => 0.0,
            Way::New(new) => new.1.phases.iter().map(|(_, seconds)| seconds).sum(),
        }
    }

    /// Predicted bytes of memory; none for a proof that is there.
    pub(super) fn bytes(&self) -> u64 {
        match &self.way {
            Way::Kept(_) => 0,
            Way::New(new) => new.1.peak_bytes,
        }
    }

    /// Refuses what takes too much memory, or will not be ready in time; for bond that is at stake what is late is tried as long as there is any time.
    pub(super) fn accepted(&self, turn: &Turn, memory: Option<Bytes>) -> Outcome {
        let (Way::New(_), seconds) = (&self.way, self.seconds()) else { return Ok(()) };
        within(memory, self.bytes(), "proving")?;
        let Some(until) = turn.until else { return Ok(()) };
        // Twice the estimate: another machine, or a busy one.
        let needed = ((2.0 * seconds).ceil() as u64).saturating_add(SENDING);
        if turn.now.saturating_add(needed) <= until {
            return Ok(());
        }
        let late = format!(
            "the last moment to deliver is {}, and a proof takes about {seconds:.0} s: it may come too late",
            when(until, turn.now)
        );
        if turn.at_stake.is_none() {
            return refuse(late);
        }
        Terminal::warn(format_args!("{late}; it is tried all the same, because your bond goes if nobody delivers"));
        Ok(())
    }

    /// The output and its proof; see [`Proving::prove`].
    pub(super) fn proof(mut self, kept: &Kept, terminal: Terminal) -> Outcome<(Vec<[u8; 32]>, Proof)> {
        let proof = self.prove(kept, terminal)?;
        Ok((self.output, proof))
    }

    /// Makes the proof, unless it is there. A new one is checked, and kept before anything is sent: whatever happens then, it is not made twice.
    pub(super) fn prove(&mut self, kept: &Kept, terminal: Terminal) -> Outcome<Proof> {
        let (key, cost, srs) = match &self.way {
            Way::Kept(proof) => {
                terminal.say(format_args!("the proof is in {kept}"));
                return Ok(proof.clone());
            }
            Way::New(new) => &**new,
        };
        let context = values(&self.statement).last().copied();
        let prover = Prover::new(key, srs).request("cannot use the SRS for this model")?;
        let ((_, proof), _, _) = terminal
            .phases("prove", &expected_phases(cost), |progress| {
                prover.prove(&self.trace, context.unwrap_or_default(), OsRng, &mut |phase| progress(phase.name()))
            })
            .machine("cannot prove this inference")?;
        Verifier::new(key.verifying_key())
            .and_then(|verifier| verifier.verify(&self.statement, &proof))
            .machine(
                "the proof just made does not verify: the proving key is damaged or is not this model's (`assay setup` makes it again; if it \
                 happens with that too, please report this model)",
            )?;
        kept.write(key.verifying_key(), &self.statement, &proof)?;
        self.way = Way::Kept(proof.clone());
        Ok(proof)
    }
}

impl Work {
    /// Refuses an output that is not the one of this account's lock, or of its answer that stands.
    fn check_commitment(&self, output: &[[u8; 32]]) -> Outcome {
        match self.job.status {
            Status::Locked if self.is_own_lock() && self.job.commitment != commitment(self.account, digest(output)) => {
                refuse("you have locked this request with another output than the model's: it cannot be fulfilled")
            }
            Status::Answered | Status::Proving if self.job.commitment != digest(output) => refuse(format_args!(
                "your answer to this request has output digest {}, and the model's output has {}: it cannot be proved, and its bond of {} is lost \
                 if a proof is due",
                self.job.commitment,
                digest(output),
                self.amount(U256::from(self.job.bond))
            )),
            _ => Ok(()),
        }
    }
}

/// The inference of a request's input.
fn trace(graph: &QuantizedGraph, input: &[[u8; 32]]) -> Outcome<Trace> {
    let inputs = graph.unpack(End::Input, input).request("the request's input is not the model's")?;
    interpret(graph, &inputs).request("cannot run the model")
}
