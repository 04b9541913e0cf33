//! Entry point.

use std::process::ExitCode;

fn main() -> ExitCode {
    wayleave_agent::program::main()
}
