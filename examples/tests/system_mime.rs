//! `mime_tool` against programs by others that read mail: Python's email package, Perl's MIME::Parser and Email::MIME, mblaze,
//! munpack and ripmime.
//!
//! Ignored unless asked for (`.ci/run system`), for they need those programs. On mail by others they agree, or
//! `crates/mime/tests/DIFFERENCES.md` says why not; what we build they read with equal content.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use examples::corpora::{check, letters};
use examples::program::output;
use examples::scratch::Scratch;
use mime::MediaType;
use mime::builder::Attachment;
use others::says_in;
use sha2::Digest as _;

const READ: &str = include_str!("scripts/read.py");
const READ_IN_PERL: &str = include_str!("scripts/read.pl");
const COMPARE: &str = include_str!("scripts/compare.py");

/// Python as the distribution has it: its packages are the system's.
const PYTHON: &str = "/usr/bin/python3";

/// What a program prints in `folder`, if it succeeds.
fn says(program: &str, args: &[&str], folder: &Scratch, input: &[u8]) -> String {
    says_in(folder.path(), program, args, input)
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

const SUBJECT: &str =
    "Grüße aus Köln: ein Betreff, der so lang ist, dass er umbrochen werden muß, und noch mehr";
const TEXT: &str = "Hé = x\n.\nFrom here\n";
const HTML: &str = "<p>Grüße</p>\n";

fn files() -> [(&'static str, Vec<u8>); 3] {
    let bytes = |n| (0..=255).cycle().take(n).collect();
    [
        ("plain.bin", bytes(5000)),
        ("rés umé — mit einem Namen, der für eine Zeile zu lang ist.bin", bytes(3000)),
        ("lines.bin", b"one\r\ntwo\nthree\r".to_vec()),
    ]
}

/// A letter with everything in it.
fn letter(scratch: &Scratch) -> Vec<u8> {
    let mut builder = mime::Builder::new().from(("Zoë \"Z\" O'Hara", "zoe@example.org")).unwrap();
    builder = builder.to(("Doe, John", "john@example.org")).unwrap();
    builder = builder.to_group("Friends", &["x@example.org".into(), ("Ÿ", "y@example.org").into()]).unwrap();
    builder = builder.subject(SUBJECT).unwrap().text(TEXT).html(HTML);
    for (name, content) in files() {
        let attachment = Attachment::new(name, MediaType::OCTETS, content).unwrap();
        builder = builder.attach(attachment);
    }
    let raw = builder.build(b"not at all random").to_vec();
    scratch.write("m.eml", &raw).unwrap();
    raw
}

fn hex(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
#[ignore = "needs python3"]
fn python_reads_what_was_built() {
    let scratch = Scratch::new().unwrap();
    let read = says(PYTHON, &["-c", READ], &scratch, &letter(&scratch));
    let files: Vec<_> =
        files().iter().map(|(name, content)| format!(r#"["{name}", "{}"]"#, hex(content))).collect();
    let expected = format!(
        r#"["{SUBJECT}", "\"Zoë \\\"Z\\\" O'Hara\" <zoe@example.org>", [[null, [["Doe, John", "john@example.org"]]], ["Friends", [["", "x@example.org"], ["Ÿ", "y@example.org"]]]], {{"plain": "{}", "html": "{}"}}, [{}], []]"#,
        TEXT.replace('\n', "\\n"),
        HTML.replace('\n', "\\n"),
        files.join(", ")
    );
    assert_eq!(read.trim_end(), expected);
}

#[test]
#[ignore = "needs python3"]
fn python_reads_what_the_program_builds() {
    let scratch = Scratch::new().unwrap();
    let html = scratch.write("b.html", HTML.as_bytes()).unwrap();
    let file = scratch.write("résumé.bin", &files()[0].1).unwrap();
    let (html, file) = (html.to_str().unwrap(), file.to_str().unwrap());
    let sender = ["build", "--from", "Zoë <z@b>", "--to", "a@b", "--cc", "c@d", "--subject", SUBJECT];
    let content = ["--text", TEXT, "--html", html, "--attach", file];
    let built = output("mime_tool", [&sender[..], &content].concat(), b"").unwrap();
    let read = says(PYTHON, &["-c", READ], &scratch, &built.stdout);
    let expected = format!(
        r#"["{SUBJECT}", "Zoë <z@b>", [[null, [["", "a@b"]]]], {{"plain": "{}", "html": "{}"}}, [["résumé.bin", "{}"]], []]"#,
        TEXT.replace('\n', "\\n"),
        HTML.replace('\n', "\\n"),
        hex(&files()[0].1)
    );
    assert_eq!(read.trim_end(), expected);
}

#[test]
#[ignore = "needs libemail-mime-perl and libmime-tools-perl"]
fn perl_reads_what_was_built() {
    let scratch = Scratch::new().unwrap();
    letter(&scratch);
    let read = says("perl", &["-e", READ_IN_PERL, "m.eml"], &scratch, b"");
    let mut expected = format!("{SUBJECT}\ntext/plain {} \ntext/html {} \n", TEXT.len(), HTML.len());
    for (name, content) in files() {
        expected += &format!("application/octet-stream {} {name}\n", content.len());
    }
    assert_eq!(read, expected.repeat(2));
}

#[test]
#[ignore = "needs mblaze, mpack and ripmime"]
fn programs_extract_what_was_attached() {
    for (program, args) in
        [("mshow", &["-x", "./m.eml"][..]), ("munpack", &["m.eml"]), ("ripmime", &["-i", "m.eml", "-d", "."])]
    {
        let scratch = Scratch::new().unwrap();
        letter(&scratch);
        says(program, args, &scratch, b"");
        for (name, content) in files() {
            // munpack is older than RFC 2231.
            let name = if program == "munpack" && !name.is_ascii() { "part1" } else { name };
            let found = fs::read(scratch.path().join(name))
                .unwrap_or_else(|error| panic!("{program}: {name}: {error}"));
            assert!(found == content, "{program}: {name}");
        }
    }
}

#[test]
#[ignore = "needs mpack and mblaze"]
fn what_programs_build_is_read() {
    let scratch = Scratch::new().unwrap();
    let (name, content) = &files()[0];
    scratch.write(name, content).unwrap();
    scratch.write("t.txt", b"hello\n").unwrap();
    says("mpack", &["-s", "sent by mpack", "-d", "t.txt", "-o", "mpack.eml", name], &scratch, b"");
    let draft = format!("Subject: {SUBJECT}\n\nHé\n#application/octet-stream {name}\n");
    let made = says("mmime", &[], &scratch, draft.as_bytes());
    scratch.write("mmime.eml", made.as_bytes()).unwrap();
    for (file, subject) in [("mpack.eml", "sent by mpack"), ("mmime.eml", SUBJECT)] {
        let raw = fs::read(scratch.path().join(file)).unwrap();
        let message = mime::Message::parse(&raw);
        assert_eq!(message.subject().as_deref(), Some(subject), "{file}");
        let attached = message.parts().find(|part| part.filename().as_deref() == Some(name)).unwrap();
        assert!(attached.decoded() == content.as_slice(), "{file}");
        assert_eq!(message.parts().count(), 3, "{file}");
    }
}

#[test]
#[ignore = "builds a project outside the workspace"]
fn what_lettre_builds_is_read() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let status = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--manifest-path", ".ci/outside/mime/Cargo.toml"])
        .args(["--target-dir", "target/outside"])
        .current_dir(root)
        .status()
        .unwrap();
    assert!(status.success());
}
