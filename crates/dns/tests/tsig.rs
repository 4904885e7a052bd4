//! Signed conversations: what holds, and what is refused as what.

use dns::tsig::{Algorithm, Key, Session, TsigError, verify_request};
use dns::{Builder, Class, Header, Message, Opcode, Question, Rcode, RrType};

const NOW: u64 = 1_700_000_000;

fn key(name: &str, secret: &[u8]) -> Key {
    Key::new(name.parse().unwrap(), Algorithm::HmacSha256, secret)
}

fn message(header: Header) -> (Vec<u8>, usize) {
    let mut bytes = vec![0; 1024];
    let mut builder = Builder::new(&mut bytes, header);
    builder
        .push_question(Question::new("example.org".parse().unwrap(), RrType::SOA).as_question_ref())
        .unwrap();
    let len = builder.finish().len();
    (bytes, len)
}

fn request(key: &Key, now: u64) -> (Session, Vec<u8>) {
    let (mut bytes, len) = message(Header::query(7, Opcode::QUERY));
    let (session, len) = Session::request(key, &mut bytes, len, now).unwrap();
    bytes.truncate(len);
    (session, bytes)
}

fn verify(bytes: &[u8], keys: &[Key], now: u64) -> Result<Option<Session>, TsigError> {
    verify_request(&Message::parse(bytes).unwrap(), keys, now).map_err(|refusal| refusal.error)
}

#[test]
fn every_algorithm_signs_both_ways() {
    for algorithm in ["hmac-sha1", "hmac-sha224", "HMAC-SHA256", "hmac-sha384", "hmac-sha512"] {
        let algorithm: Algorithm = algorithm.parse().unwrap();
        assert_eq!(Algorithm::of_name(&algorithm.name()), Some(algorithm));
        let key = Key::new("Key.Example".parse().unwrap(), algorithm, b"secret");
        let (mut client, bytes) = request(&key, NOW);
        let mut server = verify(&bytes, std::slice::from_ref(&key), NOW + 300).unwrap().unwrap();
        let (mut reply, plain) = message(Header::query(7, Opcode::QUERY).reply(Rcode::NOERROR));
        let len = server.sign(&mut reply, plain, NOW).unwrap();
        assert!(len - plain <= key.reserve());
        let reply = Message::parse(&reply[..len]).unwrap();
        assert_eq!(client.verify(&reply, NOW), Ok(true));
        assert_eq!(reply.tsig().unwrap().1.class(), Class::ANY);
    }
}

#[test]
fn not_an_octet_can_change() {
    let key = key("key", b"secret");
    let (_, bytes) = request(&key, NOW);
    for at in 2..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0x10;
        let Ok(message) = Message::parse(&bad) else { continue };
        let verdict = verify_request(&message, std::slice::from_ref(&key), NOW);
        // The error field of the TSIG and the case of names apart, which are covered by the MAC all the same.
        assert!(!matches!(verdict, Ok(Some(_))), "octet {at}");
    }
    // The id may: forwarders change it (RFC 8945 section 4.2, Original ID).
    let mut forwarded = bytes;
    forwarded[0] ^= 0xFF;
    assert!(verify(&forwarded, std::slice::from_ref(&key), NOW).unwrap().is_some());
}

#[test]
fn refusals_have_their_codes() {
    let (good, other, renamed) = (key("key", b"secret"), key("key", b"other"), key("else", b"secret"));
    let (_, bytes) = request(&good, NOW);
    let refused = |keys: &[Key], now| verify(&bytes, keys, now).err();
    assert_eq!(refused(std::slice::from_ref(&good), NOW), None);
    assert_eq!(refused(&[], NOW), Some(TsigError::BadKey));
    assert_eq!(refused(&[renamed], NOW), Some(TsigError::BadKey));
    assert_eq!(refused(&[other], NOW), Some(TsigError::BadSig));
    assert_eq!(refused(std::slice::from_ref(&good), NOW + 301), Some(TsigError::BadTime));
    assert_eq!(refused(std::slice::from_ref(&good), NOW - 301), Some(TsigError::BadTime));
    let (plain, len) = message(Header::query(7, Opcode::QUERY));
    assert!(matches!(verify(&plain[..len], &[good], NOW), Ok(None)));
}

#[test]
fn the_answer_to_a_refusal_says_why_and_that_of_a_late_one_is_signed() {
    let key = key("key", b"secret");
    let (mut client, bytes) = request(&key, NOW);
    let query = Message::parse(&bytes).unwrap();
    for (keys, now, error) in
        [(&[][..], NOW, Rcode::BADKEY), (std::slice::from_ref(&key), NOW + 1000, Rcode::BADTIME)]
    {
        let refusal = verify_request(&query, keys, now).unwrap_err();
        let mut out = [0; 512];
        let len = refusal.reply(&query, &mut out, now).unwrap();
        let reply = Message::parse(&out[..len]).unwrap();
        assert_eq!(reply.rcode(), Rcode::NOTAUTH);
        assert_eq!(client.verify(&reply, now), Err(TsigError::Peer(error)));
    }
}

#[test]
fn a_stream_is_signed_now_and_then() {
    let key = key("key", b"secret");
    let (mut client, bytes) = request(&key, NOW);
    let mut server = verify(&bytes, std::slice::from_ref(&key), NOW).unwrap().unwrap();
    for _ in 0..3 {
        let (mut reply, len) = message(Header::query(7, Opcode::QUERY).reply(Rcode::NOERROR));
        let len = server.sign(&mut reply, len, NOW).unwrap();
        assert_eq!(client.verify(&Message::parse(&reply[..len]).unwrap(), NOW), Ok(true));
    }
    let (reply, len) = message(Header::query(7, Opcode::QUERY).reply(Rcode::NOERROR));
    let plain = Message::parse(&reply[..len]).unwrap();
    for _ in 0..99 {
        assert_eq!(client.verify(&plain, NOW), Ok(false));
    }
    assert_eq!(client.verify(&plain, NOW), Err(TsigError::TooManyUnsigned));
}

#[test]
fn a_single_reply_must_be_signed_and_not_by_another_conversation() {
    let key = key("key", b"secret");
    let (mut client, _) = request(&key, NOW);
    let (reply, len) = message(Header::query(7, Opcode::QUERY).reply(Rcode::NOERROR));
    assert_eq!(client.verify(&Message::parse(&reply[..len]).unwrap(), NOW), Err(TsigError::Unsigned));
    let (_, other) = request(&key, NOW + 1);
    let mut server = verify(&other, std::slice::from_ref(&key), NOW).unwrap().unwrap();
    let (mut reply, len) = message(Header::query(7, Opcode::QUERY).reply(Rcode::NOERROR));
    let len = server.sign(&mut reply, len, NOW).unwrap();
    assert_eq!(client.verify(&Message::parse(&reply[..len]).unwrap(), NOW), Err(TsigError::BadSig));
}

#[test]
fn no_room_is_no_signature() {
    let key = key("key", b"secret");
    let (mut bytes, len) = message(Header::query(7, Opcode::QUERY));
    for room in 0..key.reserve() - 6 {
        assert!(Session::request(&key, &mut bytes[..len + room], len, NOW).is_none());
    }
}
