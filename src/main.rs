//! Signoff's program: flags, tracing, exit code.

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use clap::Parser;
use signoff::app::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    match app::run(cli, &mut stdout()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if json {
                let _ = writeln!(stdout(), "{}", failure.document());
            }
            // Nothing is left to do where even stderr is gone.
            let _ = writeln!(stderr(), "signoff: {:#}", failure.error);
            ExitCode::from(failure.code)
        }
    }
}
