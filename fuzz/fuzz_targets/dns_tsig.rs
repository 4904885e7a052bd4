//! A message with a signature: never taken for signed unless our key signed it, and refused with an answer that can be read.

#![no_main]

use dns::tsig::{Algorithm, Key, Session, verify_request};
use dns::{Builder, Header, Message, Opcode, Question, RrType};
use libfuzzer_sys::fuzz_target;

const NOW: u64 = 1_700_000_000;

fuzz_target!(|input: (&[u8], Vec<(u16, u8)>)| {
    let (bytes, changes) = input;
    let key = Key::new("key".parse().unwrap(), Algorithm::HmacSha256, b"secret");
    let keys = std::slice::from_ref(&key);
    // What somebody else made up.
    if let Ok(message) = Message::parse(bytes) {
        match verify_request(&message, keys, NOW) {
            Ok(session) => assert!(session.is_none(), "nobody knows the key"),
            Err(refusal) => {
                let mut out = [0; 2048];
                if let Some(len) = refusal.reply(&message, &mut out, NOW) {
                    Message::parse(&out[..len]).expect("a refusal is a message");
                }
            }
        }
    }
    // What we signed, and somebody changed.
    let mut out = [0; 512];
    let mut builder = Builder::new(&mut out, Header::query(7, Opcode::QUERY));
    builder
        .push_question(Question::new("example.org".parse().unwrap(), RrType::SOA).as_question_ref())
        .unwrap();
    let len = builder.finish().len();
    let (mut session, len) = Session::request(&key, &mut out, len, NOW).unwrap();
    let signed = out[..len].to_vec();
    let mut changed = signed.clone();
    for (at, octet) in changes {
        let at = usize::from(at) % changed.len();
        changed[at] = octet;
    }
    let Ok(message) = Message::parse(&changed) else { return };
    if let Ok(Some(mut server)) = verify_request(&message, keys, NOW) {
        // Names are signed in small letters, and ids as they were first: those may change.
        let lower = |bytes: &[u8]| bytes[2..].to_ascii_lowercase();
        assert_eq!(lower(&changed), lower(&signed));
        let len = server.sign(&mut out, signed.len().min(30), NOW);
        let _ = len.and_then(|len| Message::parse(&out[..len]).ok()).map(|reply| session.verify(&reply, NOW));
    }
});
