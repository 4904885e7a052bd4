//! Input made to hurt: of any size, one per class of attack.

/// A name, and what makes about so many bytes of it, besides what has to stand around them.
pub(crate) type Bomb = (&'static str, fn(usize) -> Vec<u8>);

fn repeated(front: &str, piece: &str, back: &str, size: usize) -> Vec<u8> {
    [front, &piece.repeat(size / piece.len()), back].concat().into_bytes()
}

fn field(name: &str, front: &str, piece: &str, size: usize) -> Vec<u8> {
    repeated(&format!("{name}: {front}"), piece, "\r\n\r\n", size)
}

fn body(coding: &str, piece: &str, size: usize) -> Vec<u8> {
    let front =
        format!("Content-Type: text/plain; charset=utf-7\r\nContent-Transfer-Encoding: {coding}\r\n\r\n");
    repeated(&front, piece, "", size)
}

/// Sixty multiparts, each open, boundaries that begin alike.
fn open_multiparts() -> String {
    let level = |n: usize| {
        let boundary = format!("{}{n:02}", "x".repeat(60));
        format!("Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n")
    };
    (0..60).map(level).collect()
}

pub(crate) const BOMBS: &[Bomb] = &[
    ("multiparts within each other", |size| {
        let mut out = Vec::new();
        for n in 0.. {
            out.extend_from_slice(
                format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n").as_bytes(),
            );
            if out.len() >= size {
                break;
            }
        }
        out
    }),
    ("one boundary at every level", |size| {
        repeated("", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", "", size)
    }),
    ("messages within messages", |size| repeated("", "Content-Type: message/rfc822\r\n\r\n", "", size)),
    ("endless parts", |size| {
        repeated("Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\n", "", size)
    }),
    ("endless parts within parts with defects", |size| {
        let line = "no colon\r\n".repeat(size / 400);
        let front: String = (0..20)
            .map(|n| format!("{line}Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
            .collect();
        repeated(&front, "x\r\n\r\n--b19\r\n", "", size)
    }),
    ("endless parts with headers", |size| {
        repeated(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
            "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n",
            "",
            size,
        )
    }),
    ("lines of dashes", |size| repeated(&open_multiparts(), "--\r\n", "", size)),
    ("lines that are nearly delimiters", |size| {
        repeated(&open_multiparts(), &format!("--{}6\r\n", "x".repeat(60)), "", size)
    }),
    ("delimiters with blanks and no end", |size| {
        repeated(&open_multiparts(), &format!("--{}59{}\r\r\n", "x".repeat(60), " ".repeat(900)), "", size)
    }),
    ("delimiters that close nothing", |size| {
        repeated("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n", "--b--\r\n", "", size)
    }),
    ("line ends", |size| {
        repeated("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n", "\r\n", "", size)
    }),
    ("fields", |size| repeated("", "a:b\r\n", "\r\n", size)),
    ("singletons", |size| repeated("", "From:a@b\r\n", "\r\n", size)),
    ("lines without a colon", |size| repeated("", "x\n", "\n", size)),
    ("names without a colon", |size| repeated("", "x", "", size)),
    ("folds", |size| field("Subject", "", "\r\n ", size)),
    ("folds of words", |size| field("Subject", "", "=?utf-8?q?a?=\r\n ", size)),
    ("NUL", |size| repeated("", "\0", "", size)),
    ("CR", |size| repeated("Subject: ", "\r", "\r\n", size)),
    ("a line of an mbox", |size| repeated("From ", "x", "", size)),
    ("words that never end", |size| field("Subject", "", "=?utf-8?q?", size)),
    ("words that never end, ended once", |size| field("Subject", "", "=?utf-8?q?a =?", size)),
    ("starts of words", |size| field("Subject", "", "=?", size)),
    ("words in other charsets", |size| field("Subject", "", "=?utf-8?q?a?= =?koi8-r?q?a?= ", size)),
    ("one word", |size| field("Subject", "=?utf-8?q?", "a", size)),
    ("words in a phrase", |size| field("From", "", "=?utf-8?q?a?= ", size)),
    ("words that never end in a phrase", |size| field("From", "", "=?utf-8?q?a", size)),
    ("words that never end in atoms", |size| field("From", "", "=?utf-8?q?a ", size)),
    ("comments", |size| field("From", "", "(", size)),
    ("comments behind each other", |size| field("From", "", "(a)", size)),
    ("comments in a date", |size| field("Date", "1 ", "(a)", size)),
    ("digits in a date", |size| field("Date", "", "1", size)),
    ("groups", |size| field("To", "", "a:", size)),
    ("groups that end", |size| field("To", "", "a:b@c;", size)),
    ("addresses", |size| field("To", "", "a@b,", size)),
    ("addresses that never end", |size| field("To", "", "<", size)),
    ("routes", |size| field("To", "<", "@a,", size)),
    ("names of addresses", |size| field("To", "", "a ", size)),
    ("names with dots", |size| field("To", "", "a. ", size)),
    ("quotes", |size| field("To", "", "\"", size)),
    ("quotes that end", |size| field("To", "", "\"a\" ", size)),
    ("backslashes", |size| field("To", "\"", "\\", size)),
    ("ats", |size| field("To", "", "@", size)),
    ("commas", |size| field("To", "", ",", size)),
    ("commas and comments", |size| field("To", "", "(a),", size)),
    ("identifiers", |size| field("References", "", "<a@b>", size)),
    ("identifiers that never end", |size| field("References", "", "<", size)),
    ("quotes in identifiers", |size| field("References", "<", "\"", size)),
    ("clauses of a trace field", |size| field("Received", "", "from a (b) ", size)),
    ("parameters", |size| field("Content-Type", "text/plain", ";a=b", size)),
    ("parameters of different names", |size| {
        let list: String = (0..size / 9).map(|n| format!(";{n:06}=b")).collect();
        field("Content-Type", "text/plain", &list, list.len())
    }),
    ("sections of a parameter", |size| {
        let list: String = (0..size / 13).rev().map(|n| format!(";a*{n}=b")).collect();
        field("Content-Type", "text/plain", &list, list.len())
    }),
    ("sections with one number", |size| field("Content-Type", "text/plain", ";a*0*=b", size)),
    ("semicolons", |size| field("Content-Type", "text/plain", ";", size)),
    ("parameters without a value", |size| field("Content-Type", "text/plain", ";a", size)),
    ("percent signs", |size| field("Content-Type", "text/plain;a*=", "%", size)),
    ("types", |size| repeated("", "Content-Type: multipart/mixed;boundary=b\r\n", "\r\n--b\r\n", size)),
    ("a boundary", |size| field("Content-Type", "multipart/mixed; boundary=", "b", size)),
    ("base64 of junk", |size| body("base64", "*=", size)),
    ("base64 in pieces", |size| body("base64", "QQ==\r\n", size)),
    ("quoted-printable of junk", |size| body("quoted-printable", "=", size)),
    ("quoted-printable of blanks", |size| body("quoted-printable", "= ", size)),
    ("UTF-7", |size| body("8bit", "+-+2D0", size)),
    ("bytes that are no text", |size| {
        let mut out = b"Content-Type: text/html; charset=utf-8\r\n\r\n".to_vec();
        out.resize(size.max(50), 0xFF);
        out
    }),
];
