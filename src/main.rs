//! The `assay` command line: arguments to commands, errors to exit codes.

#![forbid(unsafe_code)]

mod answer;
mod breakdown;
mod ceremony;
mod cli;
mod commands;
mod comparison;
mod compiled;
mod drawing;
mod failure;
mod files;
mod interrupt;
mod known;
mod labels;
mod memory;
mod next;
mod planned;
mod planning;
mod terminal;
mod units;
mod usage;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::commands::market;
use crate::failure::{Failure, Kind, Outcome};
use crate::next::Next;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // The arguments may be wrong, and machines are answered all the same.
    let terminal = Terminal::new(arguments.iter().any(|argument| argument == "--json"));
    let outcome = usage::parse(&arguments, terminal).and_then(|cli| match cli {
        Some(cli) => {
            let again = arguments.iter().fold(Next::assay(""), Next::arg);
            interrupt::listen(terminal, again, sends(&cli.command));
            guarded(|| run(&cli, terminal))
        }
        None => Ok(()),
    });
    match outcome.and_then(|()| delivered()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal.report(&failure);
            ExitCode::from(failure.kind.code())
        }
    }
}

fn run(cli: &Cli, terminal: Terminal) -> Outcome {
    match &cli.command {
        Command::Quantize(args) => commands::quantize::run(args, terminal),
        Command::Compile(args) => commands::compile::run(args, terminal),
        Command::Estimate(args) => commands::estimate::run(args, terminal),
        Command::Setup(args) => commands::setup::run(args, terminal),
        Command::Prove(args) => commands::prove::run(args, terminal),
        Command::Verify(args) => commands::verify::run(args, terminal),
        Command::Infer(args) => commands::infer::run(args, terminal),
        Command::Contract(args) => commands::contract::run(args, terminal),
        Command::Srs(command) => commands::srs::run(command, terminal),
        Command::Demo(args) => commands::demo::run(args, terminal),
        Command::Deploy(args) => market::deploy::run(args, terminal),
        Command::Propose(args) => market::propose::run(args, terminal),
        Command::Register(args) => market::register::run(args, terminal),
        Command::Request(args) => market::request::run(args, terminal),
        Command::Fulfil(args) => market::fulfil::run(args, terminal),
        Command::Proof(args) => market::proof::run(args, terminal),
        Command::Claim(args) => market::claim::run(args, terminal),
        Command::Status(args) => market::status::run(args, terminal),
    }
}

/// A fault of the program is a failure like others, with its object and its code.
fn guarded(run: impl FnOnce() -> Outcome) -> Outcome {
    std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(Failure::new(
            Kind::Machine,
            anyhow::anyhow!("this is a fault of assay: please report it with what is written above"),
        ))
    })
}

/// Whether a command sends transactions.
const fn sends(command: &Command) -> bool {
    matches!(
        command,
        Command::Deploy(_)
            | Command::Propose(_)
            | Command::Register(_)
            | Command::Request(_)
            | Command::Fulfil(_)
            | Command::Claim(_)
    )
}

/// Fails where what was to be read is lost.
fn delivered() -> Outcome {
    if terminal::lost() {
        return Err(Failure::new(
            Kind::Machine,
            anyhow::anyhow!("cannot write to standard output: what was to be read there is lost"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_stops_a_command_that_sends_is_told_that_what_was_sent_stays_sent() {
        let address = "0x00000000000000000000000000000000000000aa";
        let command = |line: &str| <Cli as clap::Parser>::try_parse_from(line.split(' ')).unwrap().command;
        for line in [
            "assay deploy",
            &format!("assay propose {address} --market {address}"),
            "assay register m.onnx",
            "assay request m.onnx --input i.json --fee 1",
            "assay fulfil m.onnx",
            "assay claim m.onnx",
        ] {
            assert!(sends(&command(line)), "{line}");
        }
        for line in ["assay status m.onnx", "assay proof m.onnx", "assay verify m.onnx"] {
            assert!(!sends(&command(line)), "{line}");
        }
    }

    #[test]
    fn a_fault_of_the_program_is_a_failure_of_the_machine() {
        assert_eq!(guarded(|| panic!("a fault")).unwrap_err().kind, Kind::Machine);
        assert!(guarded(|| Ok(())).is_ok());
    }
}
