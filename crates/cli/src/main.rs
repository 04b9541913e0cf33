//! `wayleave`: the command line of technicians, admins and operators. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    wayleave_cli::run(std::env::args_os())
}
