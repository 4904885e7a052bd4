//! The RFCs' own dialogues, read and written: RFC 959 sections 4.2 and 7, RFC 5321 appendix D, RFC 1939 section 10.

use bytes::BytesMut;
use proto_core::{
    BareNewline, Code, Continuation, DotDecoder, DotEncoder, LastLine, LinePolicy, Lines, Output, Reply,
    ReplyParser, ReplyPolicy, Run,
};

fn wire(lines: &[&str]) -> BytesMut {
    let mut wire = BytesMut::new();
    for line in lines {
        wire.extend_from_slice(line.as_bytes());
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

fn ftp() -> ReplyPolicy {
    ReplyPolicy { continuation: Continuation::Free, ..ReplyPolicy::default() }
}

fn texts(reply: &Reply) -> Vec<String> {
    reply.lines().map(|line| String::from_utf8(line.to_vec()).unwrap()).collect()
}

/// All replies of a dialogue's server, as code and lines; each encodes to what it was read from.
fn replies(lines: &[&str], policy: ReplyPolicy) -> Vec<(u16, Vec<String>)> {
    let (mut input, mut parser, mut output) = (wire(lines), ReplyParser::new(policy), Output::new());
    let mut replies = Vec::new();
    while let Some(reply) = parser.next(&mut input).unwrap() {
        reply.encode(&mut output);
        let built = Reply::multi_line(reply.code(), policy.continuation, reply.lines()).unwrap();
        assert_eq!(built, reply);
        replies.push((reply.code().as_u16(), texts(&reply)));
    }
    parser.finish(&input).unwrap();
    assert_eq!(output.slices().flatten().copied().collect::<Vec<_>>(), wire(lines).to_vec());
    replies
}

fn commands(lines: &[&str]) -> Vec<String> {
    let (mut input, mut reader) = (wire(lines), Lines::new(LinePolicy::STRICT, 512));
    let mut commands = Vec::new();
    while let Some(line) = reader.next(&mut input).unwrap() {
        commands.push(String::from_utf8(line.text.to_vec()).unwrap());
    }
    reader.finish(&input).unwrap();
    commands
}

#[test]
fn rfc_959_section_7_a_typical_scenario() {
    let server = [
        "220 Service ready",
        "331 User name ok, need password",
        "230 User logged in",
        "150 File status okay; about to open data connection",
        "226 Closing data connection, file transfer successful",
        "200 Command OK",
        "550 Access denied",
        "221 Service closing",
    ];
    let codes: Vec<u16> = replies(&server, ftp()).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, [220, 331, 230, 150, 226, 200, 550, 221]);
    let client = ["USER Dumb", "PASS Strange", "RETR test.pl1", "TYPE I", "STOR >udd>cn>test.pl1", "QUIT"];
    assert_eq!(commands(&client), client);
}

#[test]
fn rfc_959_section_4_2_a_reply_of_several_lines() {
    let server =
        ["123-First line", "Second line", "  234 A line beginning with numbers", "123 The last line"];
    let lines = ["First line", "Second line", "  234 A line beginning with numbers", "The last line"];
    assert_eq!(replies(&server, ftp()), [(123, lines.map(str::to_owned).to_vec())]);
}

#[test]
fn rfc_5321_appendix_d_1_a_typical_transaction() {
    let server = [
        "220 foo.com Simple Mail Transfer Service Ready",
        "250-foo.com greets bar.com",
        "250-8BITMIME",
        "250-SIZE",
        "250-DSN",
        "250 HELP",
        "250 OK",
        "250 OK",
        "550 No such user here",
        "250 OK",
        "354 Start mail input; end with <CRLF>.<CRLF>",
        "250 OK",
        "221 foo.com Service closing transmission channel",
    ];
    let read = replies(&server, ReplyPolicy::default());
    let ehlo = ["foo.com greets bar.com", "8BITMIME", "SIZE", "DSN", "HELP"];
    assert_eq!(read.len(), 9);
    assert_eq!(read[1], (250, ehlo.map(str::to_owned).to_vec()));
    assert_eq!(read[5].0, 250);
    let client = [
        "EHLO bar.com",
        "MAIL FROM:<Smith@bar.com>",
        "RCPT TO:<Jones@foo.com>",
        "RCPT TO:<Green@foo.com>",
        "RCPT TO:<Brown@foo.com>",
        "DATA",
    ];
    assert_eq!(commands(&client), client);
}

/// Reads data up to its end, and what is left behind it.
fn unstuff(mut input: BytesMut) -> (Vec<u8>, BytesMut) {
    let (mut decoder, mut data) = (DotDecoder::new(BareNewline::Reject), Vec::new());
    loop {
        match decoder.next(&mut input).unwrap().expect("the end is there") {
            Run::Bytes(bytes) => data.extend_from_slice(&bytes),
            Run::End => return (data, input),
        }
    }
}

fn stuff(data: &[u8]) -> Vec<u8> {
    let (mut encoder, mut output) = (DotEncoder::new(BareNewline::Reject), Output::new());
    encoder.put(data, &mut output).unwrap();
    encoder.end(&mut output).unwrap();
    output.slices().flatten().copied().collect()
}

#[test]
fn rfc_5321_appendix_d_1_the_mail_between_two_commands() {
    let mail = ["Blah blah blah...", "..etc. etc. etc."];
    let sent = [&mail[..], &[".", "QUIT"]].concat();
    let (data, rest) = unstuff(wire(&sent));
    assert_eq!(data, b"Blah blah blah...\r\n.etc. etc. etc.\r\n");
    assert_eq!(rest, "QUIT\r\n");
    assert_eq!(stuff(&data), wire(&[&mail[..], &["."]].concat()).to_vec());
}

#[test]
fn rfc_1939_section_10_an_example_session() {
    let client = ["APOP mrose c4c9334bac560ecc979e58001b3e22fb", "STAT", "LIST", "RETR 1", "DELE 1", "QUIT"];
    assert_eq!(commands(&client), client);
    let (data, rest) = unstuff(wire(&["1 120", "2 200", ".", "+OK 120 octets"]));
    assert_eq!((&data[..], &rest[..]), (&b"1 120\r\n2 200\r\n"[..], &b"+OK 120 octets\r\n"[..]));
}

#[test]
fn rfc_1939_section_3_a_line_of_the_response_that_begins_with_the_termination_octet() {
    for (data, wire) in [
        ("", ".\r\n"),
        (".\r\n", "..\r\n.\r\n"),
        ("..\r\n", "...\r\n.\r\n"),
        ("a\r\n.b\r\n", "a\r\n..b\r\n.\r\n"),
        ("a.\r\n", "a.\r\n.\r\n"),
        ("\r\n", "\r\n.\r\n"),
    ] {
        assert_eq!(stuff(data.as_bytes()), wire.as_bytes());
        assert_eq!(unstuff(BytesMut::from(wire)), (data.as_bytes().to_vec(), BytesMut::new()));
    }
    // RFC 5321 section 4.1.1.4: the CRLF of a last line that lacks it is supplied.
    assert_eq!(stuff(b"a"), b"a\r\n.\r\n");
}

#[test]
fn codes_mean_what_rfc_5321_section_4_2_1_says() {
    use proto_core::Severity::{Completion, Intermediate, Permanent, Preliminary, Transient};
    let meant =
        [(150, Preliminary), (250, Completion), (354, Intermediate), (421, Transient), (554, Permanent)];
    for (code, severity) in meant {
        let code = Code::new(code).unwrap();
        assert_eq!((code.severity(), code.is_final()), (severity, severity != Preliminary));
        assert_eq!(Code::try_from(code.as_u16()), Ok(code));
    }
    for code in [0, 99, 600, 1000, u16::MAX] {
        assert_eq!(Code::new(code), None);
        assert!(Code::try_from(code).is_err());
    }
    assert_eq!(Code::new(250).unwrap().to_string(), "250");
}

#[test]
fn a_server_that_ends_with_another_code_is_understood_by_option() {
    let any =
        |continuation| ReplyPolicy { continuation, last_line: LastLine::AnyCode, ..ReplyPolicy::default() };
    for continuation in [Continuation::Free, Continuation::Coded] {
        let mut input = wire(&["150-Here it comes", "226 done", "221 bye"]);
        let mut parser = ReplyParser::new(any(continuation));
        let reply = parser.next(&mut input).unwrap().unwrap();
        assert_eq!(
            (reply.code().as_u16(), texts(&reply)),
            (226, vec!["Here it comes".into(), "done".into()])
        );
        assert_eq!(parser.next(&mut input).unwrap().unwrap().code().as_u16(), 221);
    }
}

#[test]
fn replies_are_written_line_by_line_without_a_reply() {
    let (code, mut output) = (Code::new(250).unwrap(), Output::new());
    code.put_line(b"first", false, &mut output).unwrap();
    code.put_line(b"", true, &mut output).unwrap();
    assert_eq!(output.slices().next(), Some(&b"250-first\r\n250 \r\n"[..]));
}
