//! Any bytes are a message: all of it is read, its parts tile it, and no question has no answer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mime::{Limits, Message, Part};

fuzz_target!(|input: (u8, &[u8])| {
    let (tight, raw) = input;
    let limits = if tight & 1 == 0 {
        Limits::DEFAULT
    } else {
        Limits { depth: 3, parts: 4, headers: 9, header_block: 300, addresses: 3, ..Limits::DEFAULT }
    };
    let message = Message::parse_with(raw, &limits);
    assert_eq!(message.root().range().end, raw.len());
    for part in message.parts() {
        check(part);
    }
    let bodies = message.bodies();
    assert!(bodies.text.len() + bodies.attachments.len() <= 2 * message.parts().len());
    let _ = (message.subject(), message.date(), message.message_id(), message.from().first());
    let defects = message.inspect();
    assert!(defects.iter().all(|defect| defect.offset <= raw.len() as u64));
    assert_eq!(Message::parse_strict(raw, &limits).is_ok(), defects.is_empty());
    assert!(mime::lint::lint(raw).iter().all(|finding| finding.offset <= raw.len() as u64));
});

fn check(part: Part<'_>) {
    let (all, header, body) = (part.range(), part.header_range(), part.body_range());
    assert!(all.start == header.start && header.end <= body.start && body.end == all.end);
    let mut at = body.start;
    for child in part.children() {
        assert!(child.range().start >= at && child.range().end <= body.end);
        at = child.range().end;
    }
    let mut at = header.start as u64;
    for field in part.headers().iter() {
        assert_eq!(field.offset(), at);
        at = field.range().end;
        let _ = (field.text(), field.message_ids().first(), field.received());
    }
    let _ = (part.text(), part.filename(), part.content_id());
    let decoded = part.decoded();
    if let Some(inner) = part.coded_message(&decoded) {
        assert_eq!(inner.raw(), &*decoded);
    }
}
