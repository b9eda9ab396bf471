//! The `postfun` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    postfun_server::cli::run(std::env::args_os())
}
