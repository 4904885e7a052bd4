//! `mime_tool` as its users see it: what it builds it reads, what it extracts stays in the folder, what it says is JSON.

use std::fs;
use std::process::Output;

use examples::program::output;
use examples::scratch::Scratch;
use sha2::Digest as _;

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

/// The contract's own shape, in pieces that a person can check.
fn part(kind: &str, said: [&str; 4], encoding: &str, at: [usize; 3], rest: &str) -> String {
    let [parameters, disposition, filename, content_id] = said;
    let [offset, body_offset, body_length] = at;
    format!(
        r#"{{"type":"{kind}","parameters":{{{parameters}}},"disposition":{disposition},"filename":{filename},"content_id":{content_id},"encoding":"{encoding}","offset":{offset},"body_offset":{body_offset},"body_length":{body_length},{rest}}}"#
    )
}

fn leaf(content: &[u8]) -> String {
    let hash: String = sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!(r#""decoded_length":{},"sha256":"{hash}""#, content.len())
}

fn container(parts: &[String]) -> String {
    format!(r#""parts":[{}]"#, parts.join(","))
}

const NOTHING: [&str; 4] = ["", "null", "null", "null"];

/// With all that the contract of `parse --json` speaks of.
const CONTRACT: &[u8] = b"From: =?utf-8?q?Zo=C3=AB?= (the one) <zoe@example.org>\r\n\
    To: Friends: \"Doe, John\" <j@example.org>,\r\n x@example.org (X);, y@example.org\r\n\
    Cc: undisclosed:;\r\n\
    Subject:  =?iso-8859-1?q?Gr=FC=DFe?=\r\n  \"and\" \\ more \t\r\n\
    Date: Fri, 21 Nov 1997 09:55:06 -0600 (CST)\r\n\
    Message-ID: <1234@local.machine.example>\r\n\
    Content-Type: Multipart/MIXED; Boundary=\"a b\"\r\n\r\npreamble\r\n\
    --a b\r\nContent-Type: TEXT/Plain; CharSet=ISO-8859-1; X*=utf-8''%C3%A9\r\n\
    Content-Transfer-Encoding: Quoted-Printable\r\n\r\nGr=FC=DFe=\r\n!\r\n\
    --a b\r\nContent-Disposition: ATTACHMENT; filename*0*=utf-8''r%C3%A9s; filename*1=\"um\\\"e\"\r\n\
    Content-ID: <p@q>\r\nContent-Type: application/Octet-Stream\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAAEC\r\n\
    --a b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nin\r\n\
    --a b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQo=\r\n\
    --a b\r\nContent-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: one\r\n\r\n1\r\n--d--\r\n\
    --a b\r\nContent-Type: multipart/mixed; boundary=none\r\n\r\nno delimiter\r\n\
    --a b\r\nContent-Type: nonsense\r\nContent-Transfer-Encoding: X-Unknown\r\n\r\n=41\r\n\
    --a b--\r\nepilogue\r\n";

#[test]
fn parse_prints_what_the_contract_says() {
    let text = ["\"charset\":\"ISO-8859-1\",\"x\":\"é\"", "null", "null", "null"];
    let file = ["", "\"attachment\"", "\"résum\\\"e\"", "\"p@q\""];
    let inner = part("text/plain", NOTHING, "7bit", [719, 737, 2], &leaf(b"in"));
    let one = part("text/plain", NOTHING, "7bit", [897, 913, 1], &leaf(b"1"));
    let one = part("message/rfc822", NOTHING, "7bit", [895, 897, 17], &container(&[one]));
    let with_boundary = |boundary: &'static str| [boundary, "null", "null", "null"];
    let coded = b"Subject: x\r\n\r\n";
    let parts = [
        part("text/plain", text, "quoted-printable", [363, 474, 13], &leaf(b"Gr\xfc\xdfe!")),
        part("application/octet-stream", file, "base64", [496, 674, 4], &leaf(b"\0\x01\x02")),
        part("message/rfc822", NOTHING, "7bit", [687, 719, 20], &container(&[inner])),
        part("message/rfc822", NOTHING, "base64", [748, 815, 20], &leaf(coded)),
        part(
            "multipart/digest",
            with_boundary("\"boundary\":\"d\""),
            "7bit",
            [844, 890, 33],
            &container(&[one]),
        ),
        part(
            "multipart/mixed",
            with_boundary("\"boundary\":\"none\""),
            "7bit",
            [930, 978, 12],
            &leaf(b"no delimiter"),
        ),
        part("text/plain", NOTHING, "x-unknown", [999, 1063, 3], &leaf(b"=41")),
    ];
    let boundary = with_boundary("\"boundary\":\"a b\"");
    let body = part("multipart/mixed", boundary, "7bit", [0, 346, 741], &container(&parts));
    let expected = [
        r#"{"file":"-","size":1087,"subject":"Grüße  \"and\" \\ more""#,
        r#""from":[{"name":"Zoë","address":"zoe@example.org","group":null}]"#,
        r#""to":[{"name":"Doe, John","address":"j@example.org","group":"Friends"}"#,
        r#"{"name":"X","address":"x@example.org","group":"Friends"}"#,
        r#"{"name":null,"address":"y@example.org","group":null}]"#,
        r#""cc":[]"#,
        r#""date":"1997-11-21T09:55:06-06:00""#,
        r#""date_unix":880127706"#,
        r#""message_id":"1234@local.machine.example""#,
        &format!(r#""body":{body}"#),
        r#""defects":[{"kind":"EncodedComposite","offset":805}"#,
        r#"{"kind":"NoDelimiter","offset":990}"#,
        r#"{"kind":"MediaType","offset":1013}"#,
        r#"{"kind":"TransferCoding","offset":1050}]}"#,
    ];
    let said = text_of(&["parse", "--json", "-"], CONTRACT);
    assert_eq!(said, expected.join(",") + "\n");
}

fn text_of(args: &[&str], input: &[u8]) -> String {
    text(&tool(args, input))
}

#[test]
fn what_is_not_there_is_null() {
    let said = text_of(&["parse", "--json", "-"], b"");
    let body = part("text/plain", NOTHING, "7bit", [0, 0, 0], &leaf(b""));
    let start = format!(
        r#"{{"file":"-","size":0,"subject":null,"from":[],"to":[],"cc":[],"date":null,"date_unix":null,"message_id":null,"body":{body},"defects":["#
    );
    assert!(said.starts_with(&start), "{said}");
    let said = text_of(
        &["parse", "--json", "-"],
        b"Subject:\r\nDate: tomorrow\r\nFrom:\r\nMessage-ID: none\r\n\r\n",
    );
    assert!(
        said.contains(r#""subject":"","from":[],"to":[],"cc":[],"date":null,"date_unix":null,"message_id":"#),
        "{said}"
    );
}

#[test]
fn dates_keep_their_own_offset() {
    for (date, said) in [
        ("Tue, 1 Jul 2003 10:52:37 +0200", r#""2003-07-01T10:52:37+02:00","date_unix":1057049557"#),
        ("1 Jul 2003 10:52 GMT", r#""2003-07-01T10:52:00+00:00","date_unix":1057056720"#),
        ("Thu, 13 Feb 1969 23:32:54 -0330", r#""1969-02-13T23:32:54-03:30","date_unix":-27723426"#),
    ] {
        let line = text_of(&["parse", "--json", "-"], format!("Date: {date}\r\n\r\n").as_bytes());
        let line = line.replace("Z\",\"date_unix", "+00:00\",\"date_unix");
        assert!(line.contains(&format!(r#""date":{said}"#)), "{line}");
    }
}

#[test]
fn a_line_each_in_order_also_behind_a_file_that_is_not_there() {
    let scratch = Scratch::new().unwrap();
    let name = |nth: usize| scratch.path().join(format!("{nth} \"quoted\".eml")).to_str().unwrap().to_owned();
    let (one, none, two) = (name(1), name(2), name(3));
    fs::write(&one, "Subject: 1\n\n").unwrap();
    fs::write(&two, "Subject: a\u{2028}\x07\\\"\tb\n\n").unwrap();
    let output = tool(&["parse", "--json", &one, &none, "-", &two], b"Subject: 2\n\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("2 \"quoted\".eml"));
    let said = text(&output);
    let lines: Vec<_> = said.lines().collect();
    let subjects = [r#""subject":"1""#, r#""subject":"2""#, r#""subject":"a\u2028\u0007\\\"\tb""#];
    for (line, subject) in lines.iter().zip(subjects) {
        assert!(line.contains(subject) && is_json(line), "{line}");
    }
    assert_eq!(lines.len(), 3);
    assert!(lines[0].contains(r#"1 \"quoted\".eml","size":12"#));
}

/// A value of RFC 8259 and nothing behind it.
fn is_json(text: &str) -> bool {
    json_value(text.as_bytes()).is_some_and(<[u8]>::is_empty)
}

/// What is behind the value that `rest` begins with. Messages are nested no deeper than 64.
fn json_value(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b'{', b'}', rest @ ..] | [b'[', b']', rest @ ..] => Some(rest),
        [b'{', rest @ ..] => json_list(rest, b'}', |rest| json_value(json_string(rest)?.strip_prefix(b":")?)),
        [b'[', rest @ ..] => json_list(rest, b']', json_value),
        [b'"', ..] => json_string(rest),
        [b'n', b'u', b'l', b'l', rest @ ..] => Some(rest),
        _ => {
            let digits = rest.strip_prefix(b"-").unwrap_or(rest);
            let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
            digits.get(len..).filter(|_| len > 0)
        }
    }
}

fn json_list(mut rest: &[u8], end: u8, item: impl Fn(&[u8]) -> Option<&[u8]>) -> Option<&[u8]> {
    loop {
        rest = item(rest)?;
        match rest.split_first()? {
            (b',', behind) => rest = behind,
            (byte, behind) => return (*byte == end).then_some(behind),
        }
    }
}

fn json_string(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = rest.strip_prefix(b"\"")?;
    loop {
        rest = match rest {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', b'"' | b'\\' | b'n' | b'r' | b't', rest @ ..] => rest,
            [b'\\', b'u', a, b, c, d, rest @ ..] if [a, b, c, d].iter().all(|it| it.is_ascii_hexdigit()) => {
                rest
            }
            [b'\\' | 0..=0x1f, ..] | [] => return None,
            [_, rest @ ..] => rest,
        };
    }
}

/// Bytes that some reader somewhere took too long over, or fell over.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    const SIZE: usize = 60_000;
    let again = |start: &str, unit: &[u8]| {
        let mut bomb = start.as_bytes().to_vec();
        bomb.extend(unit.iter().cycle().take(SIZE));
        bomb
    };
    let body = |fields: &str, unit: &[u8]| again(&format!("{fields}\r\n\r\n"), unit);
    let mixed = "Content-Type: multipart/mixed; boundary=x";
    let deep: String = (0..1500)
        .map(|nth| format!("Content-Type: multipart/mixed; boundary=b{nth}\r\n\r\n--b{nth}\r\n"))
        .collect();
    vec![
        ("NULs", again("", b"\0")),
        ("bare CRs", again("", b"\r")),
        ("blank lines", again("", b"\n")),
        ("lines without a colon", again("", b"abc\r\n")),
        ("fields", again("", b"a:\n")),
        ("folds", again("Subject: a", b"\n ")),
        ("open comments", again("To: ", b"(")),
        ("addresses", again("To: ", b"a@b,")),
        ("groups", again("From: ", b"a:")),
        ("quotes", again("Cc: ", b"\"")),
        ("backslashes", again("To: \"", b"\\")),
        ("words", again("Subject: ", b"=?utf-8?q?a?= ")),
        ("half words", again("Subject: ", b"=?utf-8?b?")),
        ("parameters", again("Content-Type: a/b", b"; a=b")),
        ("sections", again("Content-Disposition: a", b"; a*1=b")),
        ("a boundary", again("Content-Type: multipart/mixed; boundary=\"", b"x")),
        ("delimiters", body(mixed, b"--x\n")),
        ("parts of a digest", body("Content-Type: multipart/digest; boundary=x", b"--x\n\n")),
        ("almost delimiters", body(mixed, b"--xx\n--y\n--x-\n")),
        ("multiparts in multiparts", deep.into_bytes()),
        (
            "one boundary at every level",
            again("", b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"),
        ),
        ("messages in messages", again("", b"Content-Type: message/rfc822\n\n")),
        ("junk as base64", body("Content-Transfer-Encoding: base64", b"!")),
        ("padding as base64", body("Content-Transfer-Encoding: base64", b"ab==")),
        ("escapes", body("Content-Transfer-Encoding: quoted-printable", b"=")),
        ("joined lines", body("Content-Transfer-Encoding: quoted-printable", b"=\n")),
        ("bytes of no charset", body("Content-Type: text/plain; charset=x", b"\xff\n")),
        ("shifts", body("Content-Type: text/plain; charset=utf-7", b"+")),
        ("names", body(mixed, b"--x\nContent-Disposition: attachment; filename=a\n\n\n")),
    ]
}

#[test]
fn nothing_is_refused_lost_or_blown_up() {
    for (name, bomb) in bombs() {
        let scratch = Scratch::new().unwrap();
        let out = scratch.path().to_str().unwrap().to_owned();
        let told = tool(&["parse", "--json", "-"], &bomb);
        let line = text(&told);
        assert!(told.status.success() && line.ends_with("]}\n") && line.lines().count() == 1, "{name}");
        assert!(is_json(line.trim_end()), "{name}");
        assert!(line.len() < 4_000_000, "{name}: {} bytes", line.len());
        assert!(tool(&["parse", "-"], &bomb).status.success(), "{name}");
        assert!(matches!(tool(&["lint", "-"], &bomb).status.code(), Some(0 | 1)), "{name}");
        assert!(tool(&["extract", "-", "--out", &out], &bomb).status.success(), "{name}");
    }
}

#[test]
fn what_is_extracted_is_told() {
    let scratch = Scratch::new().unwrap();
    let out = scratch.path().join("new/deep");
    let out = out.to_str().unwrap();
    let said = text_of(&["extract", "-", "--json", "--out", out], CONTRACT);
    assert!(is_json(said.trim_end()), "{said}");
    assert_eq!(fs::read(scratch.path().join("new/deep/résum_e")).unwrap(), b"\0\x01\x02");
    assert_eq!(tool(&["extract", "-", "--out", "/dev/null/x"], CONTRACT).status.code(), Some(1));
}

#[test]
fn lint_says_where_and_fails_on_errors_only() {
    let fine = b"Date: 21 Nov 1997 09:55:06 -0600\r\nFrom: a@b.example\r\nSubject: x\r\n\r\nbody\r\n";
    let output = tool(&["lint", "-"], fine);
    assert_eq!(
        (output.status.code(), text(&output).as_str()),
        (Some(0), "-:1: warning at byte 0: no Message-ID field\n")
    );
    let bad = b"Date: 21 Nov 1997 09:55:06 -0600\r\nFrom: a@b.example\r\nno colon\r\n\r\nbody\r\n";
    let output = tool(&["lint", "-"], bad);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("-:3: error at byte 53: "), "{}", text(&output));
    let json = text_of(&["lint", "--json", "-"], bad);
    assert!(
        is_json(json.trim_end()) && json.contains(r#""line":3,"offset":53,"severity":"error""#),
        "{json}"
    );
}

#[test]
fn build_takes_its_text_from_standard_input_and_refuses_what_would_break_out() {
    let scratch = Scratch::new().unwrap();
    let sender = ["build", "--from", "a@b", "--to", "Bob <b@c>", "--to", "d@e"];
    let built = tool(&[&sender[..], &["--text", "-", "-o", "-"]].concat(), "Grüße\n".as_bytes());
    let raw = text(&built);
    assert!(built.status.success() && raw.contains("To: Bob <b@c>, d@e\r\n"), "{raw}");
    let told = text_of(&["parse", "--json", "-"], &built.stdout);
    assert!(told.contains(&leaf("Grüße\r\n".as_bytes())) && told.ends_with("\"defects\":[]}\n"), "{told}");
    assert!(tool(&["lint", "-"], &built.stdout).status.success());
    let file = scratch.path().join("none");
    for (flag, value) in [
        ("--subject", "a\r\nBcc: x@y"),
        ("--to", "a@b\r\nBcc: x@y"),
        ("--cc", "x\n@y"),
        ("--bcc", "nobody"),
        ("--attach", file.to_str().unwrap()),
        ("--html", file.to_str().unwrap()),
        ("-o", scratch.path().to_str().unwrap()),
    ] {
        let output = tool(&[&sender[..], &["--text", "x", flag, value]].concat(), b"");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{flag} {value:?}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("mime_tool: "), "{flag}");
    }
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
