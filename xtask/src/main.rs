//! `cargo xtask demo` and `cargo xtask test`: the two commands of the project, for a machine with only Rust and Node.
//! `cargo xtask bench` measures, `cargo xtask faults` plants faults and has the simulation find them.

mod bench;
mod demo;
mod faults;
mod install;
mod layout;
mod outcome;
mod steps;
mod test;
mod toolchain;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run service, workstation and console on this machine, to try them out
    Demo(demo::Options),
    /// Run every test: Rust, documentation, web, end to end
    Test(test::Options),
    /// Measure the product and print a table
    Bench(bench::Options),
    /// Plant faults in a copy of the trust core, one by one: the simulation has to find each
    Faults(faults::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Faults(options) => faults::run(&options),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}
