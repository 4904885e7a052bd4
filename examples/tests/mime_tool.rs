//! `mime_tool` as its users see it: what it builds it reads, what it extracts stays in the folder, what it says is JSON.

use std::fs;
use std::process::Output;

use examples::program::output;
use examples::scratch::Scratch;

fn tool(args: &[&str], input: &[u8]) -> Output {
    output("mime_tool", args, input).unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A message whose attachments have these names.
fn hostile(names: &[&str]) -> Vec<u8> {
    let mut raw = "From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n".to_owned();
    for name in names {
        raw += &format!("\r\n--x\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\nevil\r\n");
    }
    (raw + "\r\n--x--\r\n").into_bytes()
}

#[test]
fn what_it_builds_it_reads_and_takes_apart() {
    let scratch = Scratch::new().unwrap();
    let path = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    scratch.write("a.png", &bytes).unwrap();
    scratch.write("b.html", "<p>Grüße".as_bytes()).unwrap();
    let (message, out) = (path("m.eml"), path("out"));
    let (png, html) = (path("a.png"), path("b.html"));
    let letter = [
        "build",
        "--from",
        "Zoë <zoe@example.org>",
        "--to",
        "bob@example.org",
        "--cc",
        "c@example.org",
        "--bcc",
        "secret@example.org",
        "--subject",
        "Grüße",
        "--text",
        "Hello",
        "--html",
        &html,
        "--attach",
        &png,
        "-o",
        &message,
    ];
    assert!(tool(&letter, b"").status.success());
    let raw = fs::read(&message).unwrap();
    assert!(!raw.windows(6).any(|window| window == b"secret"));
    let json = text(&tool(&["parse", "--json", &message, "-"], b"Subject: two\r\n\r\n"));
    let [first, second] = *json.lines().collect::<Vec<_>>() else { panic!("{json}") };
    assert!(
        first.contains(
            r#""subject":"Grüße","from":[{"name":"Zoë","address":"zoe@example.org","group":null}]"#
        )
    );
    assert!(
        first.contains(r#""type":"multipart/alternative""#) && first.contains(r#""defects":[]"#),
        "{first}"
    );
    assert!(first.contains(r#""filename":"a.png","content_id":null,"encoding":"base64""#), "{first}");
    assert!(first.contains(r#""decoded_length":10000,"sha256":""#), "{first}");
    assert!(
        second.starts_with(r#"{"file":"-","size":16,"subject":"two","from":[],"to":[],"cc":[],"date":null"#)
    );
    assert!(tool(&["extract", &message, "--out", &out], b"").status.success());
    assert_eq!(fs::read(scratch.path().join("out/a.png")).unwrap(), bytes);
    assert!(tool(&["lint", &message], b"").status.success());
}

#[test]
fn a_leaf_has_the_hash_of_what_it_decodes_to() {
    let json = text(&tool(&["parse", "--json", "-"], b"Content-Transfer-Encoding: base64\r\n\r\nYWJj\r\n"));
    // FIPS 180-4's own example.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert!(json.contains(&format!(r#""decoded_length":3,"sha256":"{abc}""#)), "{json}");
}

#[test]
fn groups_are_flattened_and_containers_have_parts() {
    let raw = b"To: A: x@y, \"Q\" <q@z>;, c@d\r\nDate: 21 Nov 97 09:55:06 -0600\r\n\
        Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody";
    let json = text(&tool(&["parse", "--json", "-"], raw));
    assert!(
        json.contains(
            r#"{"name":null,"address":"x@y","group":"A"},{"name":"Q","address":"q@z","group":"A"}"#
        ),
        "{json}"
    );
    assert!(json.contains(r#""date":"1997-11-21T09:55:06-06:00","date_unix":880127706"#), "{json}");
    assert!(
        json.contains(r#""type":"message/rfc822""#) && json.contains(r#""parts":[{"type":"text/plain""#),
        "{json}"
    );
}

#[test]
fn nothing_is_written_outside_or_over_a_file() {
    let scratch = Scratch::new().unwrap();
    let out = scratch.write("in/out/passwd", b"mine").unwrap();
    let out = out.parent().unwrap().to_str().unwrap().to_owned();
    scratch.write("victim", b"mine").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(scratch.path().join("victim"), scratch.path().join("in/out/link")).unwrap();
    let names =
        ["../../victim", "/etc/passwd", "passwd", "..", "", "link", "a/../../victim", "..\\\\..\\\\victim"];
    assert!(tool(&["extract", "-", "--out", &out], &hostile(&names)).status.success());
    assert_eq!(fs::read(scratch.path().join("victim")).unwrap(), b"mine");
    assert_eq!(fs::read(scratch.path().join("in/out/passwd")).unwrap(), b"mine");
    let mut written: Vec<_> =
        fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    written.sort();
    assert_eq!(
        written,
        [
            "link",
            "link-1",
            "part-4.txt",
            "part-5.txt",
            "passwd",
            "passwd-1",
            "passwd-2",
            "victim",
            "victim-1",
            "victim-2"
        ]
    );
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 2);
}

#[test]
fn exit_codes_say_how_it_went() {
    assert_eq!(tool(&[], b"").status.code(), Some(2));
    assert_eq!(tool(&["parse"], b"").status.code(), Some(2));
    assert_eq!(tool(&["parse", "/nonexistent"], b"").status.code(), Some(1));
    assert_eq!(tool(&["parse", "-"], b"\0\r\xff").status.code(), Some(0));
    assert_eq!(tool(&["lint", "-"], b"Subject: x\n\n").status.code(), Some(1));
    assert_eq!(tool(&["build", "--from", "nobody"], b"").status.code(), Some(1));
    assert_eq!(tool(&["build", "--from", "a@b", "--subject", "a\r\nBcc: c@d"], b"").status.code(), Some(1));
}
