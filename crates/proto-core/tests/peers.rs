//! Replies as lettre reads them: what both accept means the same.

use bytes::BytesMut;
use lettre::transport::smtp::response::Response;
use proptest::collection::vec;
use proptest::prelude::*;
use proto_core::{ReplyParser, ReplyPolicy};

/// The code and the lines of the reply that `wire` is; `None` if it is none.
fn ours(wire: &str) -> Option<(String, Vec<String>)> {
    let mut input = BytesMut::from(wire);
    let reply = ReplyParser::new(ReplyPolicy::default()).next(&mut input).ok()??;
    let lines = reply.lines().map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
    input.is_empty().then(|| (reply.code().to_string(), lines))
}

fn lettre(wire: &str) -> Option<(String, Vec<String>)> {
    let response: Response = wire.parse().ok()?;
    Some((response.code().to_string(), response.message().map(str::to_owned).collect()))
}

fn text() -> impl Strategy<Value = String> {
    "[ -~]{0,30}|2\\.1\\.0 ok|[\u{e4}\u{20ac}]{1,4}"
}

proptest! {
    #[test]
    fn replies_mean_what_lettre_reads(code in "[2-5][0-5][0-9]", lines in vec(text(), 1..6)) {
        let last = lines.len() - 1;
        let wire: String = lines.iter().enumerate().map(|(at, line)| {
            format!("{code}{}{line}\r\n", if at == last { ' ' } else { '-' })
        }).collect();
        prop_assert_eq!(ours(&wire), lettre(&wire));
        prop_assert_eq!(ours(&wire), Some((code, lines)));
    }

    // A line of nothing but its code is none for lettre; RFC 5321 section 4.2 lets receivers take it.
    #[test]
    fn what_we_accept_lettre_reads_alike(wire in "([2-5 ][0-5]{2,3}[- x][a-c]{0,3}\r?\n){1,4}") {
        if let Some(read) = ours(&wire) {
            prop_assert_eq!(Some(read), lettre(&wire));
        }
    }
}
