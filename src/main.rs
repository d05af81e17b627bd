//! Signoff's program: flags, tracing, exit code.

use std::env::args_os;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use signoff::app::{self, Cli};

fn main() -> ExitCode {
    let cli = match Cli::read(args_os(), &mut stdout()) {
        Ok(cli) => cli,
        Err(code) => return ExitCode::from(code),
    };
    let json = cli.wants_json();
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
