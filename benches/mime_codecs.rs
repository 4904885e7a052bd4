//! mime's codecs and builder side by side with encodify, base64-simd, data-encoding, quoted_printable and mail-builder.
//!
//! Goals, as ratios of time: base64 in lines of 76 decoded in at most half of data-encoding's, encoded in no more than it;
//! quoted-printable at most half of encodify's both ways; a message of text, HTML and 100 KB built in at most 1.25 of
//! mail-builder's. lettre is not among them: its `builder` feature brings in another crate called `mime`.

mod side_by_side;

use std::hint::black_box;

use data_encoding::{Encoding, Specification};
use mime::builder::Attachment;
use mime::{Builder, MediaType, Message, base64, quoted_printable, word};
use side_by_side::{OURS, SideBySide};

/// So many bytes that look like a compressed file.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Text of which one word in `rare` has letters beyond ASCII.
fn prose(len: usize, rare: usize) -> Vec<u8> {
    let words = ["the", "mail", "was", "sent", "over", "a", "slow", "line", "and", "arrived", "in", "time"];
    let mut text = String::new();
    for nth in 0.. {
        text.push_str(if nth % rare == 0 { "größer" } else { words[nth % words.len()] });
        text.push_str(if nth % 60 == 59 { "\r\n" } else { " " });
        if text.len() >= len {
            break;
        }
    }
    text.into_bytes()
}

fn wrapped() -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    specification.padding = Some('=');
    specification.wrap.width = 76;
    specification.wrap.separator.push_str("\r\n");
    specification.encoding().expect("base64 of mail")
}

fn base64_both_ways(bench: &mut SideBySide) {
    let bytes = noise(1 << 20);
    let text = base64::encode(&bytes);
    let mail = wrapped();
    bench.measure("base64 decode, 76 columns", OURS, text.len(), || base64::decode(&text, &mut Vec::new()));
    bench.measure("base64 decode, 76 columns", "data-encoding", text.len(), || mail.decode(&text));
    bench.measure("base64 decode, 76 columns", "encodify", text.len(), || {
        encodify::base64::MIME.decode(&text)
    });
    bench.measure("base64 decode, 76 columns", "base64-simd", text.len(), || {
        base64_simd::forgiving_decode_to_vec(&text)
    });
    bench.measure("base64 encode, wrapped", OURS, bytes.len(), || base64::encode(&bytes));
    bench.measure("base64 encode, wrapped", "data-encoding", bytes.len(), || mail.encode(&bytes));
    bench
        .measure("base64 encode, wrapped", "encodify", bytes.len(), || encodify::base64::MIME.encode(&bytes));
}

/// A message whose body is to be base64 and is nothing of the kind.
fn junk_body(bench: &mut SideBySide) {
    let head =
        b"Subject: x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let mail = [&head[..], &noise(1 << 18).into_iter().map(|byte| byte | 0x80).collect::<Vec<_>>()].concat();
    let name = "junk as base64 body";
    bench.measure(name, OURS, mail.len(), || Message::parse(&mail).root().decoded().len());
    bench.measure(name, "mail-parser 0.11", mail.len(), || {
        mail_parser::MessageParser::default().parse(&mail).map(|mail| mail.parts[0].contents().len())
    });
    #[cfg(feature = "mail-parser-1")]
    bench.measure(name, "mail-parser 1.0.1", mail.len(), || {
        let message = mail_parser_1::MessageParser::default().parse(&mail);
        message.map_or(0, |message| message.parts().map(|part| part.decoded().len()).sum::<usize>())
    });
}

/// RFC 2047: three words in three charsets' clothes, as they are in a Subject.
fn encoded_words(bench: &mut SideBySide) {
    let value = b"=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus?= =?utf-8?B?S8O2bG4sIHVuZCBkYXJ1bQ==?=\r\n =?utf-8?Q?_herum_geht_=C3=BCberhaupt_nichts?=";
    let name = "2047 header, three words";
    assert_eq!(
        word::decode(value),
        "Gr\u{fc}\u{df}e ausK\u{f6}ln, und darum herum geht \u{fc}berhaupt nichts"
    );
    bench.measure(name, OURS, value.len(), || word::decode(black_box(value)));
    bench.measure(name, "encodify", value.len(), || {
        encodify::rfc2047::decode_text(black_box(value), encodify::rfc2047::utf8_charset)
    });
    let field = [b"Subject: ".as_slice(), value, b"\r\n"].concat();
    bench.measure(name, "mailparse", value.len(), || {
        mailparse::parse_header(black_box(&field)).map(|(header, _)| header.get_value())
    });
}

fn quoted_printable_both_ways(bench: &mut SideBySide) {
    for (what, rare) in [("few escapes", 20), ("many escapes", 2)] {
        let bytes = prose(1 << 18, rare);
        let text = quoted_printable::encode(&bytes);
        let (decode, encode) = (format!("qp decode, {what}"), format!("qp encode, {what}"));
        bench.measure(&decode, OURS, text.len(), || quoted_printable::decode(&text, &mut Vec::new()));
        bench.measure(&decode, "quoted_printable", text.len(), || {
            quoted_printable_peer::decode(&text, quoted_printable_peer::ParseMode::Robust)
        });
        bench.measure(&decode, "encodify", text.len(), || encodify::qp::BODY.decode(&text));
        bench.measure(&encode, "encodify", bytes.len(), || encodify::qp::BODY.encode(&bytes));
        bench.measure(&encode, OURS, bytes.len(), || quoted_printable::encode(&bytes));
        bench.measure(&encode, "quoted_printable", bytes.len(), || quoted_printable_peer::encode(&bytes));
    }
}

fn build(bench: &mut SideBySide) {
    let file = noise(100_000);
    let (text, html) = ("Hello!\r\n".repeat(20), "<p>Hello!</p>\r\n".repeat(20));
    bench.measure("build text, HTML and 100 KB", OURS, file.len(), || {
        Builder::new()
            .from(("Zoë", "zoe@example.org"))
            .and_then(|builder| builder.to("bob@example.org"))
            .and_then(|builder| builder.subject("Grüße"))
            .map(|builder| builder.text(&text).html(&html))
            .and_then(|builder| {
                Ok(builder.attach(Attachment::new("a.bin", MediaType::OCTETS, file.clone())?))
            })
            .map(|builder| builder.build(b"random bytes").into_pieces())
    });
    bench.measure("build text, HTML and 100 KB", "mail-builder", file.len(), || {
        mail_builder::MessageBuilder::new()
            .from(("Zoë", "zoe@example.org"))
            .to("bob@example.org")
            .subject("Grüße")
            .text_body(text.as_str())
            .html_body(html.as_str())
            .attachment("application/octet-stream", "a.bin", black_box(file.clone()))
            .write_to_vec()
    });
}

fn main() {
    let mut bench = SideBySide::from_args();
    base64_both_ways(&mut bench);
    junk_body(&mut bench);
    encoded_words(&mut bench);
    quoted_printable_both_ways(&mut bench);
    build(&mut bench);
    bench.print();
}
