//! Looks into messages, takes them apart, builds them and finds fault with them.
//!
//! The rule: whatever a message claims, nothing is written but under `--out` and `-o`, and never over a file that is there
//! (`-o` apart: that name was given by the user).

mod build;
mod describe;
mod extract;
mod json;

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use examples::{Failure, Log};
use json::Json;
use mime::Message;
use mime::lint::{Severity, lint};

/// Looks into Internet messages, takes them apart, builds them
#[derive(Parser, Debug)]
#[command(name = "mime_tool", version)]
struct Cli {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    log: Log,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Print what messages are made of
    Parse(Files),
    /// Write attachments under safe names, never over a file
    Extract {
        #[command(flatten)]
        files: Files,
        /// Where to; made if it is not there
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write a message
    Build(Box<build::Letter>),
    /// Print what the standards forbid; exit 1 if there is an error among it
    Lint(Files),
}

#[derive(Args, Debug)]
struct Files {
    /// Messages; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// One line of JSON for each file
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.log.start();
    examples::run("mime_tool", || match &cli.action {
        Action::Parse(files) => files.each(|name, raw| {
            let message = Message::parse(raw);
            let shown =
                if files.json { describe::json(name, &message) } else { describe::tree(name, &message) };
            print(&shown)?;
            Ok(true)
        }),
        Action::Extract { files, out } => {
            fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
            files.each(|name, raw| {
                let written = extract::all(&Message::parse(raw), out)?;
                print(&extract::report(name, &written, files.json))?;
                Ok(true)
            })
        }
        Action::Build(letter) => letter.write(),
        Action::Lint(files) => files.each(|name, raw| {
            let found = lint(raw);
            print(&findings(name, &found, files.json))?;
            Ok(found.iter().all(|finding| finding.severity() < Severity::Error))
        }),
    })
}

impl Files {
    /// All of them, also behind one that can't be read. `look` says whether all is well.
    fn each(&self, mut look: impl FnMut(&str, &[u8]) -> Result<bool, Failure>) -> Result<(), Failure> {
        let mut faults = Vec::new();
        for name in &self.files {
            match read(name).and_then(|raw| look(name, &raw)) {
                Ok(true) => {}
                Ok(false) => faults.push(format!("{name} has errors")),
                Err(failure) => faults.push(failure.to_string()),
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ").into()) }
    }
}

fn read(name: &str) -> Result<Vec<u8>, Failure> {
    let mut raw = Vec::new();
    let done = match name {
        "-" => io::stdin().lock().read_to_end(&mut raw).map(drop),
        name => fs::read(name).map(|content| raw = content),
    };
    done.map_err(|error| format!("{name}: {error}"))?;
    Ok(raw)
}

fn print(text: &str) -> Result<(), Failure> {
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

fn findings(name: &str, found: &[mime::lint::Finding], json: bool) -> String {
    let severity = |finding: &mime::lint::Finding| match finding.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    if !json {
        let line = |finding: &mime::lint::Finding| {
            format!(
                "{name}:{}: {} at byte {}: {}\n",
                finding.line,
                severity(finding),
                finding.offset,
                finding.rule
            )
        };
        return found.iter().map(line).collect();
    }
    let mut out = Json::new();
    out.object(|out| {
        out.text("file", name);
        out.array("findings", found, |out, finding| {
            out.object(|out| {
                out.number("line", finding.line);
                out.number("offset", finding.offset);
                out.text("severity", severity(finding));
                out.text("rule", &finding.rule.to_string());
            });
        });
    });
    out.line()
}
