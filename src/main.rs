//! The `assay` command line: arguments to commands, errors to exit codes.

#![forbid(unsafe_code)]

mod ceremony;
mod cli;
mod commands;
mod comparison;
mod compiled;
mod failure;
mod files;
mod known;
mod memory;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::commands::market;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = Terminal::new(cli.json);
    let outcome = match &cli.command {
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
        Command::Claim(args) => market::claim::run(args, terminal),
        Command::Status(args) => market::status::run(args, terminal),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::report(&failure.error);
            ExitCode::from(failure.kind.code())
        }
    }
}
