//! `mime_tool` against programs by others that read mail: Python's email package, Perl's MIME::Parser and Email::MIME, mblaze,
//! munpack and ripmime.
//!
//! Ignored unless asked for (`.ci/run system`), for they need those programs. On mail by others they agree, or
//! `crates/mime/tests/DIFFERENCES.md` says why not; what we build they read with equal content.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use examples::corpora::{check, letters};
use examples::program::output;
use examples::scratch::Scratch;

const COMPARE: &str = include_str!("scripts/compare.py");

/// Python as the distribution has it: its packages are the system's.
const PYTHON: &str = "/usr/bin/python3";

/// What a program prints, if it succeeds.
fn says(program: &str, args: &[&str], folder: &Scratch, input: &[u8]) -> String {
    let mut child = Command::new(program)
        .args(args)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; .ci/run install"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {} {error}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
#[ignore = "needs python3 and libpython3.11-testsuite"]
fn python_reads_the_corpora_as_we_do() {
    let letters = letters().unwrap();
    assert!(!letters.is_empty(), "no mail to read; .ci/run install");
    let paths: Vec<&str> = letters.iter().map(|letter| letter.path.to_str().unwrap()).collect();
    let told = output("mime_tool", [&["parse", "--json"], &paths[..]].concat(), b"").unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    assert_eq!(told.stdout.split_inclusive(|byte| *byte == b'\n').count(), letters.len());
    let scratch = Scratch::new().unwrap();
    let differences = says(PYTHON, &["-c", COMPARE], &scratch, &told.stdout);
    let mut found = BTreeSet::new();
    for line in differences.lines() {
        let [path, aspect, ours, theirs] = line.splitn(4, '\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let letter = letters.iter().find(|letter| letter.path.to_str() == Some(path)).unwrap();
        println!("{}\t{aspect}\n  ours   {ours}\n  theirs {theirs}", letter.name);
        found.insert((letter.name.clone(), aspect.to_owned()));
    }
    println!("{} messages, {} differences", letters.len(), found.len());
    check("Python", &letters, &found).unwrap();
}
