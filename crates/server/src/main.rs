//! Entry point of `wayleave-server`.

fn main() -> std::process::ExitCode {
    wayleave_server::command::main()
}
