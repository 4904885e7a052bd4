//! Checks a zone file as a server would that is about to load it.
//!
//! Every fault and every warning is a line `FILE:LINE:COL: text`; the exit code is that of named-checkzone: 0 if the zone
//! can be served, 1 if not.
//!
//! ```text
//! cargo run --release --example zone_check -- example.org example.org.zone
//! ```

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dns::Name;
use examples::zones;

/// Checks a zone file
#[derive(Parser, Debug)]
#[command(name = "zone_check")]
struct Args {
    /// The name of the zone
    #[arg(value_name = "ORIGIN")]
    origin: Name,
    /// Its file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only faults, no warnings, nothing if all is well
    #[arg(long, short)]
    quiet: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let reading = match zones::read(&args.origin, &args.file, 0) {
        Ok(reading) => reading,
        Err(error) => {
            eprintln!("zone_check: can't read {}: {error}", args.file.display());
            return ExitCode::FAILURE;
        }
    };
    let mut out = std::io::stdout().lock();
    let fault = reading.fault().is_some();
    for remark in &reading.remarks {
        if !args.quiet || remark.severity == dns::zone::Severity::Error {
            let _ = writeln!(out, "{remark}");
        }
    }
    match reading.zone {
        Some(zone) if !fault => {
            if !args.quiet {
                let _ =
                    writeln!(out, "zone {}: serial {}, {} names: OK", zone.apex(), zone.serial(), zone.len());
            }
            ExitCode::SUCCESS
        }
        _ => {
            let _ = writeln!(out, "zone {}: not loaded", args.origin);
            ExitCode::FAILURE
        }
    }
}
