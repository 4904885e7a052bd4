//! Scenarios: scripts of servers, queries and answers, played in virtual time. `tests/rpl/README.md` tells their format.
//!
//! The scripts of `tests/rpl` are our own; with `RPL_DIR` set, those of that folder are played instead. A line for each:
//! `FILE pass`, `FILE fail REASON` or `FILE skip OPTION`.

#[path = "rpl/script.rs"]
mod script;
#[path = "rpl/world.rs"]
mod world;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use world::Outcome;

fn play(text: &str) -> Outcome {
    match script::read(text) {
        Ok(script) => world::play(&script),
        Err(script::Unknown(what)) => Outcome::Skip(what),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_script_ends_as_it_says() {
    let folder = std::env::var_os("RPL_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/rpl"), PathBuf::from);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "rpl"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no scripts in {}", folder.display());
    let mut failed = 0;
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy();
        let line = match play(&fs::read_to_string(file).unwrap()) {
            Outcome::Pass => format!("{name} pass"),
            Outcome::Fail(reason) => {
                failed += 1;
                format!("{name} fail {}", one_line(&reason))
            }
            Outcome::Skip(option) => format!("{name} skip {}", one_line(&option)),
        };
        // Not by println: it is to be seen even when all is well.
        writeln!(std::io::stdout().lock(), "{line}").unwrap();
    }
    assert_eq!(failed, 0, "of {} scripts", files.len());
}
