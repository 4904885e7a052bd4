//! mime side by side with mail-parser and mailparse. The peer that counts is mail-parser 1.0.1, which wants `--features mail-parser-1`
//! and, before Rust 1.98, `--ignore-rust-version`; 0.11 is what a plain run has.
//!
//! The mail is generated, see `mime/corpus.rs`. Goals, as ratios of time to mail-parser 1.0.1: subject, from and date of small mail
//! in at most a third, everything decoded in half; attachments found at the speed of memory; at most 6 instructions per byte of
//! damaged mail. `memcpy` is a copy of the same bytes.

#[path = "mime/corpus.rs"]
mod corpus;
mod side_by_side;

use std::hint::black_box;

use bytes::BytesMut;
use mime::{Event, Message, PartKind, Reader};
use side_by_side::{OURS, SideBySide};

const PEER: &str = "mail-parser 0.11";
#[cfg(feature = "mail-parser-1")]
const NEW_PEER: &str = "mail-parser 1.0.1";

/// One of us and the peers reading each message once.
trait EachMail {
    fn each<T>(&mut self, workload: &str, who: &str, mails: &[Vec<u8>], work: impl FnMut(&[u8]) -> T);
}

impl EachMail for SideBySide {
    fn each<T>(&mut self, workload: &str, who: &str, mails: &[Vec<u8>], mut work: impl FnMut(&[u8]) -> T) {
        self.measure(workload, who, len(mails), || {
            for mail in mails {
                black_box(work(black_box(mail)));
            }
        });
    }
}

fn len(mails: &[Vec<u8>]) -> usize {
    mails.iter().map(Vec::len).sum()
}

/// What a list of messages shows.
fn summary(mail: &[u8]) -> usize {
    let message = Message::parse(mail);
    let subject = message.subject().map_or(0, |subject| subject.len());
    let from = message.from().first().map_or(0, |from| from.local.len() + from.domain.len());
    subject + from + usize::from(message.date().is_some())
}

fn old_summary(mail: &[u8]) -> usize {
    let Some(message) = mail_parser::MessageParser::default().parse(mail) else { return 0 };
    let subject = message.subject().map_or(0, str::len);
    let from = message.from().and_then(|from| from.first()?.address()).map_or(0, str::len);
    subject + from + usize::from(message.date().is_some())
}

#[cfg(feature = "mail-parser-1")]
fn new_summary(mail: &[u8]) -> usize {
    let Some(message) = mail_parser_1::MessageParser::default().parse(mail) else { return 0 };
    let subject = message.subject().map_or(0, str::len);
    let from = message.from().and_then(|from| from.first()?.address()).map_or(0, str::len);
    subject + from + usize::from(message.date().is_some())
}

/// Every leaf decoded, text to text.
fn everything(mail: &[u8]) -> usize {
    let message = Message::parse(mail);
    let leaves = message.parts().filter(|part| part.kind() == PartKind::Leaf);
    leaves
        .map(|part| if part.content_type().is_top("text") { part.text().len() } else { part.decoded().len() })
        .sum()
}

fn old_everything(mail: &[u8]) -> usize {
    let message = mail_parser::MessageParser::default().parse(mail);
    message.map_or(0, |message| message.parts.iter().map(|part| part.contents().len()).sum())
}

#[cfg(feature = "mail-parser-1")]
fn new_everything(mail: &[u8]) -> usize {
    let Some(message) = mail_parser_1::MessageParser::default().parse(mail) else { return 0 };
    let leaves = message.parts().filter(|part| part.children().len() == 0);
    leaves
        .map(|part| match part.kind() {
            mail_parser_1::PartKind::Text | mail_parser_1::PartKind::Html => {
                part.text().map_or(0, |text| text.len())
            }
            _ => part.decoded().len(),
        })
        .sum()
}

/// The reader, all that it needs being there already.
fn stream(input: &mut BytesMut) -> usize {
    let (mut reader, mut len) = (Reader::new(), 0);
    while let Ok(Some(event)) = reader.receive_eof(input) {
        len += event.bytes().len() + usize::from(event == Event::End);
    }
    len
}

fn small(run: &mut SideBySide) {
    let mails = corpus::small(200);
    let name = "small: subject, from, date";
    run.each(name, OURS, &mails, summary);
    run.each(name, PEER, &mails, old_summary);
    #[cfg(feature = "mail-parser-1")]
    run.each(name, NEW_PEER, &mails, new_summary);
    run.each(name, "mailparse", &mails, |mail| {
        let Ok(mail) = mailparse::parse_mail(mail) else { return 0 };
        use mailparse::MailHeaderMap;
        ["Subject", "From", "Date"]
            .iter()
            .filter_map(|name| mail.headers.get_first_value(name))
            .map(|value| value.len())
            .sum()
    });
    let name = "small: everything decoded";
    run.each(name, OURS, &mails, everything);
    run.each(name, PEER, &mails, old_everything);
    #[cfg(feature = "mail-parser-1")]
    run.each(name, NEW_PEER, &mails, new_everything);
}

fn attach(run: &mut SideBySide) {
    let mails = [corpus::attach()];
    let name = "attach: parse";
    run.each(name, OURS, &mails, |mail| Message::parse(mail).parts().len());
    run.each(name, PEER, &mails, |mail| {
        mail_parser::MessageParser::default().parse(mail).map(|it| it.parts.len())
    });
    #[cfg(feature = "mail-parser-1")]
    run.each(name, NEW_PEER, &mails, |mail| {
        mail_parser_1::MessageParser::default().parse(mail).map(|it| it.parts().len())
    });
    run.each(name, "memcpy", &mails, <[u8]>::to_vec);
    let name = "attach: everything decoded";
    run.each(name, OURS, &mails, everything);
    run.each(name, PEER, &mails, old_everything);
    #[cfg(feature = "mail-parser-1")]
    run.each(name, NEW_PEER, &mails, new_everything);
}

fn weird(run: &mut SideBySide) {
    let mails = corpus::weird(400);
    let name = "weird: parse";
    run.each(name, OURS, &mails, |mail| Message::parse(mail).parts().len());
    run.each(name, PEER, &mails, |mail| {
        mail_parser::MessageParser::default().parse(mail).map(|it| it.parts.len())
    });
    #[cfg(feature = "mail-parser-1")]
    run.each(name, NEW_PEER, &mails, |mail| {
        mail_parser_1::MessageParser::default().parse(mail).map(|it| it.parts().len())
    });
    run.each("weird: all read", OURS, &mails, |mail| Message::parse(mail).inspect().len());
}

fn streams(run: &mut SideBySide) {
    let small = corpus::small(200);
    let attach = [corpus::attach()];
    for (name, mails) in [("small: as a stream", &small[..]), ("attach: as a stream", &attach[..])] {
        let inputs = || mails.iter().map(|mail| BytesMut::from(&mail[..])).collect::<Vec<_>>();
        run.measure_with(name, OURS, (1, len(mails)), inputs, |inputs| {
            inputs.iter_mut().map(stream).sum::<usize>()
        });
        run.each(name, "the tree", mails, |mail| Message::parse(mail).parts().len());
    }
}

fn main() {
    let mut run = SideBySide::from_args();
    small(&mut run);
    attach(&mut run);
    weird(&mut run);
    streams(&mut run);
    run.print();
}
