//! proto-core side by side with smtp-proto, lettre, tokio-util and a bare `memchr` pass.
//!
//! Goals: data unstuffed, with bare CR and LF seen in the same pass, in at most 1/1.3 of smtp-proto's time (which does not
//! look for them); a one-line reply in no more than smtp-proto's; lines byte by byte at no more than 20 times the
//! instructions of lines at once (`cargo bench` counts time: the same order).

mod side_by_side;

use std::hint::black_box;
use std::ops::ControlFlow;

use bytes::{Bytes, BytesMut};
use proto_core::scan::{self, Class, Classes};
use proto_core::{
    BareNewline, DotDecoder, DotEncoder, LinePolicy, Lines, Output, ReplyParser, ReplyPolicy, Run, base64,
    split_line,
};
use side_by_side::{OURS, SideBySide};
use tokio_util::codec::Decoder;

/// The shape of a header section: line ends, colons, what no value may hold, what no name may hold.
struct Head;
impl Classes<5> for Head {
    const CLASSES: [Class; 5] = [
        Class::of(b"\n"),
        Class::of(b"\r"),
        Class::of(b":"),
        Class::CTL.and(Class::of(b"\t").not()),
        Class::ALPHA.or(Class::DIGIT).or(Class::of(b"!#$%&'*+-.^_`|~")).not(),
    ];
}

/// A header section of `len` bytes as browsers write them.
fn head(len: usize) -> Vec<u8> {
    let lines = b"Accept-Language: en-GB,en;q=0.8\r\nSec-Fetch-Mode: navigate\r\nCookie: id=0123456789; theme=dark\r\n";
    let mut head: Vec<u8> = lines.iter().copied().cycle().take(len - 4).collect();
    head.extend_from_slice(b"\r\n\r\n");
    head
}

fn structural_index(bench: &mut SideBySide) {
    for len in [50, 84, 733, 2068] {
        let (head, name) = (head(len), format!("index of a {len}-byte head"));
        let mut masks = [[0; 5]; 40];
        bench.measure(&name, OURS, len, || scan::index::<Head, 5>(&head, &mut masks));
        bench.measure(&name, "plain twin", len, || {
            scan::plain::fold::<Head, 5, (), ()>(&head, (), |(), _, masks| {
                black_box(masks);
                ControlFlow::Continue(())
            })
        });
        bench.measure(&name, "memchr pass", len, || memchr::memchr_iter(b'\n', &head).count());
    }
}

/// A mail of about 256 KiB, one line in `dots` with a dot to stuff.
fn mail(dots: usize) -> Vec<u8> {
    let mut mail = Vec::new();
    for line in 0..4096 {
        let text =
            &b"the quick brown fox jumps over the lazy dog, and then again, and again"[..40 + line % 31];
        mail.extend_from_slice(if line % dots == dots - 1 { b"." } else { b"" });
        mail.extend_from_slice(text);
        mail.extend_from_slice(b"\r\n");
    }
    mail
}

fn stuffed(mail: &[u8]) -> Bytes {
    let (mut encoder, mut output) = (DotEncoder::new(BareNewline::Reject), Output::new());
    encoder.put(mail, &mut output).unwrap();
    encoder.end(&mut output).unwrap();
    Bytes::copy_from_slice(output.slices().next().unwrap())
}

fn unstuff(input: &mut BytesMut, bare: BareNewline) {
    let mut decoder = DotDecoder::new(bare);
    while let Some(Run::Bytes(run)) = decoder.next(input).unwrap() {
        black_box(run);
    }
}

/// A mail too large for the caches, and its size not known before. We hand on what we read, the peer collects it.
fn large_mail(bench: &mut SideBySide) {
    let wire = stuffed(&mail(500).repeat(32));
    let (name, size) = ("unstuff, 8 MiB", (1, wire.len()));
    bench.measure_with(
        name,
        OURS,
        size,
        || BytesMut::from(&wire[..]),
        |input| unstuff(input, BareNewline::Reject),
    );
    bench.measure_with(name, "smtp-proto", size, Vec::new, |mail| {
        let mut receiver = smtp_proto::request::receiver::DataReceiver::new();
        wire.chunks(64 << 10).any(|chunk| receiver.ingest(&mut chunk.iter(), mail))
    });
    bench.measure(name, "memchr pass", wire.len(), || memchr::memchr_iter(b'\n', &wire).count());
}

fn dots(bench: &mut SideBySide) {
    for (name, every) in [("unstuff, a dot in 500 lines", 500), ("unstuff, a dot in 10 lines", 10)] {
        let wire = stuffed(&mail(every));
        let bytes = wire.len();
        for (who, bare) in [(OURS, BareNewline::Reject), ("ours, counting bare", BareNewline::Preserve)] {
            bench.measure_with(
                name,
                who,
                (1, bytes),
                || BytesMut::from(&wire[..]),
                |input| {
                    let (mut decoder, mut len) = (DotDecoder::new(bare), 0);
                    while let Some(Run::Bytes(run)) = decoder.next(input).unwrap() {
                        len += run.len();
                    }
                    len
                },
            );
        }
        bench.measure_with(
            name,
            "smtp-proto",
            (1, bytes),
            || Vec::with_capacity(bytes),
            |mail| smtp_proto::request::receiver::DataReceiver::new().ingest(&mut wire.iter(), mail),
        );
        bench.measure(name, "memchr pass", bytes, || memchr::memchr_iter(b'\n', &wire).count());
        bench.measure_with(
            name,
            "memcpy",
            (1, bytes),
            || Vec::with_capacity(bytes),
            |mail| {
                mail.extend_from_slice(&wire);
                mail.len()
            },
        );
    }
    let mail = mail(500);
    bench.measure_with("stuff", OURS, (1, mail.len()), Output::new, |output| {
        let mut encoder = DotEncoder::new(BareNewline::Reject);
        encoder.put(&mail, output).unwrap();
        encoder.end(output).unwrap();
    });
    let shared = Bytes::from(mail.clone());
    bench.measure_with("stuff", "ours, pushed", (1, mail.len()), Output::new, |output| {
        let mut encoder = DotEncoder::new(BareNewline::Reject);
        encoder.push(shared.clone(), output).unwrap();
        encoder.end(output).unwrap();
    });
}

const ONE_LINE: &str = "250 2.1.0 <somebody@example.org>... Sender ok\r\n";
const THREE_LINES: &str =
    "250-mx.example.org at your service\r\n250-SIZE 157286400\r\n250 ENHANCEDSTATUSCODES\r\n";

fn replies(bench: &mut SideBySide) {
    for (name, reply) in [("reply of one line", ONE_LINE), ("reply of three lines", THREE_LINES)] {
        let (count, wire) = (1000, reply.repeat(1000));
        let size = (count, reply.len());
        bench.measure_with(
            name,
            OURS,
            size,
            || BytesMut::from(wire.as_str()),
            |input| {
                let mut parser = ReplyParser::new(ReplyPolicy::default());
                while let Some(reply) = parser.next(input).unwrap() {
                    black_box(reply.code());
                }
            },
        );
        bench.measure_with(
            name,
            "smtp-proto",
            size,
            || wire.as_bytes().iter(),
            |input| {
                let mut receiver = smtp_proto::response::parser::ResponseReceiver::default();
                while let Ok(response) = receiver.parse(input) {
                    black_box(response.code);
                    receiver.reset();
                }
            },
        );
        bench.measure_with(
            name,
            "lettre",
            size,
            || (),
            |()| {
                for _ in 0..count {
                    black_box(reply.parse::<lettre::transport::smtp::response::Response>().unwrap());
                }
            },
        );
    }
}

/// Lines as a directory listing has them.
fn listing() -> String {
    "-rw-r--r--   1 owner    group       1803128 Jul 10 10:18 ls-lR.Z\r\n".repeat(1000)
}

fn lines(bench: &mut SideBySide) {
    let wire = listing();
    let size = (1000, wire.len() / 1000);
    bench.measure_with(
        "line",
        OURS,
        size,
        || BytesMut::from(wire.as_str()),
        |input| {
            let mut lines = Lines::new(LinePolicy::STRICT, 4096);
            while let Some(line) = lines.next(input).unwrap() {
                black_box(line);
            }
        },
    );
    bench.measure_with(
        "line",
        "ours, borrowed",
        size,
        || wire.as_bytes(),
        |input| {
            let mut rest = *input;
            while let Ok(Some((line, len))) = split_line(rest, LinePolicy::STRICT, &mut 0) {
                black_box(line);
                rest = &rest[len..];
            }
        },
    );
    bench.measure_with(
        "line",
        "tokio-util",
        size,
        || BytesMut::from(wire.as_str()),
        |input| {
            let mut codec = tokio_util::codec::LinesCodec::new_with_max_length(4096);
            while let Some(line) = codec.decode(input).unwrap() {
                black_box(line);
            }
        },
    );
    bench.measure_with(
        "line",
        "memchr pass",
        size,
        || wire.as_bytes(),
        |input| memchr::memchr_iter(b'\n', input).count(),
    );
    bench.measure_with("line, byte by byte", OURS, size, BytesMut::new, |input| {
        let mut lines = Lines::new(LinePolicy::STRICT, 4096);
        for byte in wire.as_bytes().chunks(1) {
            input.extend_from_slice(byte);
            while let Some(line) = lines.next(input).unwrap() {
                black_box(line);
            }
        }
    });
    bench.measure_with("line, byte by byte", "tokio-util", size, BytesMut::new, |input| {
        let mut codec = tokio_util::codec::LinesCodec::new_with_max_length(4096);
        for byte in wire.as_bytes().chunks(1) {
            input.extend_from_slice(byte);
            while let Some(line) = codec.decode(input).unwrap() {
                black_box(line);
            }
        }
    });
}

fn base64_text(bench: &mut SideBySide) {
    let bytes: Vec<u8> = (0..65_536_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let text = base64::STANDARD.encode(&bytes);
    let mut out = Vec::new();
    bench.measure("base64 encode, 64 KiB", OURS, bytes.len(), || {
        out.clear();
        base64::STANDARD.encode_to(&bytes, &mut out);
    });
    bench.measure("base64 decode, 64 KiB", OURS, text.len(), || {
        out.clear();
        base64::STANDARD.decode_to(text.as_bytes(), &mut out).unwrap();
    });
}

fn main() {
    let mut bench = SideBySide::from_args();
    structural_index(&mut bench);
    dots(&mut bench);
    large_mail(&mut bench);
    replies(&mut bench);
    lines(&mut bench);
    base64_text(&mut bench);
    bench.print();
}
