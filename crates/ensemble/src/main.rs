//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    ensemble::cli::main()
}
