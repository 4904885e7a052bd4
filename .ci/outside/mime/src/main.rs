//! A project outside the workspace that depends on mime alone: it answers the message on standard input.
//!
//! `cargo run < message` prints the answer; `cargo run -- check` answers a message of its own and reads what came out.

use mime::{Builder, Message, Misuse};
use std::io::{self, Read as _, Write as _};

const QUESTION: &[u8] = b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nSubject: lunch?\r\nMessage-ID: <1@example.org>\r\n\
    Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\nAt noon?\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>\r\n--x--\r\n";

fn answer(raw: &[u8]) -> Result<Vec<u8>, Misuse> {
    let question = Message::parse(raw);
    let mut builder = Builder::new().from("me@example.org")?;
    if let Some(asker) = question.from().first() {
        builder = builder.to(asker)?;
    }
    if let Some(id) = question.message_id() {
        builder = builder.in_reply_to(&id)?;
    }
    let subject = format!("Re: {}", question.subject().unwrap_or_default());
    let quoted =
        |part: &mime::Part<'_>| part.text().lines().map(|line| format!("> {line}\r\n")).collect::<String>();
    let text: String = question.bodies().text.iter().map(quoted).collect();
    Ok(builder.subject(&subject)?.text(&text).build(b"whatever is random").to_vec())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("check") {
        let answer = answer(QUESTION)?;
        let answer = Message::parse(&answer);
        assert_eq!(
            (answer.subject().as_deref(), answer.to().first().unwrap().name.as_deref()),
            (Some("Re: lunch?"), Some("Jürgen"))
        );
        assert_eq!((&*answer.root().text(), answer.inspect().len()), ("> At noon?\r\n", 0));
        return Ok(());
    }
    let mut raw = Vec::new();
    io::stdin().read_to_end(&mut raw)?;
    Ok(io::stdout().write_all(&answer(&raw)?)?)
}
