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

/// One question to a forwarder and its answer, put together anew with what a test wants changed.
fn script(options: &str, answer: &str, more: &str) -> String {
    format!(
        "server:\n{options}\nforward-zone: name: \".\" forward-addr: 192.0.2.1\nCONFIG_END\n\
         SCENARIO_BEGIN one question\nRANGE_BEGIN 0 9\nADDRESS 192.0.2.1\nENTRY_BEGIN\nMATCH qname qtype\n\
         ADJUST copy_id\nREPLY QR RA NOERROR\nSECTION QUESTION\na. IN A\nSECTION ANSWER\na. IN A 198.51.100.1\n\
         ENTRY_END\nRANGE_END\nSTEP 1 QUERY\nENTRY_BEGIN\nREPLY RD\nSECTION QUESTION\na. IN A\nENTRY_END\n\
         STEP 2 CHECK_ANSWER\nENTRY_BEGIN\nMATCH all ttl\nREPLY QR RD RA NOERROR\nSECTION QUESTION\na. IN A\n\
         SECTION ANSWER\n{answer}\nENTRY_END\n{more}\nSCENARIO_END\n"
    )
}

const RIGHT: &str = "a. 3600 IN A 198.51.100.1";

fn ends(text: &str) -> String {
    match play(text) {
        Outcome::Pass => "pass".into(),
        Outcome::Fail(reason) => format!("fail {reason}"),
        Outcome::Skip(option) => format!("skip {option}"),
    }
}

#[test]
fn the_right_answer_passes_and_a_wrong_one_fails() {
    assert_eq!(ends(&script("", RIGHT, "")), "pass");
    for (wrong, says) in [
        ("a. 3600 IN A 198.51.100.2", "the Answer section differs"),
        ("a. 3599 IN A 198.51.100.1", "the Answer section differs"),
        ("a. 3600 IN A 198.51.100.1\na. 3600 IN A 198.51.100.2", "the Answer section differs"),
        ("", "the Answer section differs"),
        ("a. 3600 IN A 198.51.100.1\nREPLY AA", "flags differs"),
        ("a. 3600 IN A 198.51.100.1\nREPLY NXDOMAIN", "rcode differs"),
    ] {
        let end = ends(&script("", wrong, ""));
        assert!(end.starts_with("fail step 2: ") && end.contains(says), "{wrong}: {end}");
    }
}

#[test]
fn what_nobody_asked_for_or_nobody_answers_fails() {
    let query = "STEP 3 QUERY\nENTRY_BEGIN\nREPLY RD\nSECTION QUESTION\nNAME IN A\nENTRY_END";
    for (more, says) in [
        (query.replace("NAME", "a."), "fail an answer that was not checked"),
        (query.replace("NAME", "b."), "fail at the end nobody has answered"),
        ("STEP 3 CHECK_ANSWER\nENTRY_BEGIN\nENTRY_END".into(), "fail step 3: there is no answer"),
        ("STEP 3 CHECK_OUT_QUERY\nENTRY_BEGIN\nENTRY_END".into(), "fail step 3: no such query is on its way"),
        ("STEP 3 REPLY\nENTRY_BEGIN\nENTRY_END".into(), "fail step 3: nobody asks for that"),
    ] {
        let end = ends(&script("", RIGHT, &more));
        assert!(end.starts_with(says), "{more}: {end}");
    }
}

#[test]
fn what_is_not_known_here_is_skipped_by_its_name() {
    for (options, more, says) in [
        ("trust-anchor: \"a. DS 1 2 3 00\"", "", "skip trust-anchor"),
        ("prefetch: maybe", "", "skip prefetch: maybe"),
        ("", "STEP 3 DANCE", "skip STEP DANCE"),
        ("", "STEP 3 CHECK_ANSWER\nENTRY_BEGIN\nMATCH serial\nENTRY_END", "skip MATCH serial"),
    ] {
        assert_eq!(ends(&script(options, RIGHT, more)), says);
    }
}
