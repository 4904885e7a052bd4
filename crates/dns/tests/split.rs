//! Messages cut at every octet, and streams cut at every octet: half a message is never taken for a whole one, and the
//! pieces of a stream mean the same however they come.

use bytes::BytesMut;
use dns::client::{Config, Hosts, Transport};
use dns::proto_core::{Endpoint as _, Time};
use dns::server::{Event as ServerEvent, Limits, Server};
use dns::{
    Builder, Coordinator, EdnsHeader, Event, Header, Input, Message, Opcode, Question, Rcode, Rdata, Record,
    RrType, Section, StubResolver,
};

fn record(owner: &str, rtype: &str, text: &str) -> Record {
    let rdata = Rdata::of_text(rtype.parse().unwrap(), text).unwrap();
    Record { owner: owner.parse().unwrap(), ttl: 300, rdata }
}

/// One message of every kind of field that has an end of its own.
fn messages() -> Vec<Vec<u8>> {
    let compose = |rtype: &str, records: &[Record], edns: bool| {
        let mut out = [0; 4096];
        let mut builder = Builder::new(&mut out, Header::query(7, Opcode::QUERY).reply(Rcode::NOERROR));
        let question = Question::new("www.example.org".parse().unwrap(), rtype.parse().unwrap());
        builder.push_question(question.as_question_ref()).unwrap();
        for record in records {
            builder.push_record(Section::Answer, record.as_record_ref()).unwrap();
        }
        if edns {
            builder.push_edns(&EdnsHeader::new(1232), &[dns::EdnsOption::Nsid(b"here")]).unwrap();
        }
        builder.finish().to_vec()
    };
    vec![
        compose("A", &[], false),
        compose("A", &[record("www.example.org", "A", "192.0.2.1")], true),
        compose(
            "MX",
            &[
                record("www.example.org", "MX", "10 mail.example.org."),
                record("example.org", "SOA", "ns.example.org. root.example.org. 1 2 3 4 5"),
                record("www.example.org", "TXT", "\"one\" \"two\""),
                record("_443._tcp.example.org", "TLSA", "3 1 1 ABCDEF"),
                record("www.example.org", "HTTPS", "1 . alpn=h2 port=8443"),
                record("www.example.org", "NSEC", "x.example.org. A MX TYPE1234"),
            ],
            true,
        ),
    ]
}

#[test]
fn no_front_part_of_a_message_is_a_message() {
    for bytes in messages() {
        assert!(Message::parse(&bytes).is_ok());
        for cut in 0..bytes.len() {
            assert!(Message::parse(&bytes[..cut]).is_err(), "{cut} of {}", bytes.len());
        }
    }
}

#[test]
fn no_front_part_of_rdata_is_taken_where_its_fields_have_an_end() {
    for (rtype, text) in [
        ("A", "192.0.2.1"),
        ("AAAA", "2001:db8::1"),
        ("MX", "10 a.example."),
        ("SOA", "a. b. 1 2 3 4 5"),
        ("SRV", "1 2 3 a.example."),
        ("NAPTR", "1 2 \"u\" \"s\" \"\" a.example."),
        ("LOC", "1 N 2 E 3"),
        ("EUI48", "00-00-5e-00-53-2a"),
    ] {
        let rtype: RrType = rtype.parse().unwrap();
        let rdata = Rdata::of_text(rtype, text).unwrap();
        for cut in 1..rdata.as_wire().len() {
            assert!(
                Rdata::from_wire(rtype, rdata.class(), &rdata.as_wire()[..cut]).is_err(),
                "{rtype} {cut}"
            );
        }
    }
}

/// A reply that comes over a stream, in pieces of so many octets behind a first one of so many.
fn ask_by_stream(first: usize, size: usize) -> Vec<String> {
    let config =
        Config { transport: Transport::Tcp, ..Config::with_servers(["192.0.2.1:53".parse().unwrap()]) };
    let mut stub = StubResolver::new(config, Hosts::default(), [3; 32]);
    let question = Question::new("www.example.org".parse().unwrap(), RrType::A);
    stub.resolve(question, Time::ZERO);
    let Some(Event::OpenTcp { id, .. }) = stub.poll_event() else { panic!("no stream") };
    stub.handle(Input::TcpOpened(id), Time::ZERO);
    let query = stub.poll_transmit(Time::ZERO).unwrap();
    let mut reply = messages().swap_remove(1);
    reply[..2].copy_from_slice(&query.bytes[2..4]);
    let stream = [&u16::try_from(reply.len()).unwrap().to_be_bytes(), &reply[..]].concat();
    let (front, rest) = stream.split_at(first.min(stream.len()));
    for bytes in std::iter::once(front).chain(rest.chunks(size)) {
        stub.handle(Input::TcpReceived { id, bytes }, Time::ZERO);
    }
    let mut found = Vec::new();
    while let Some(event) = stub.poll_event() {
        if let Event::Done { answer, .. } = event {
            found.extend(answer.unwrap().records.iter().map(ToString::to_string));
        }
    }
    found
}

#[test]
fn a_reply_over_a_stream_is_the_same_however_it_is_cut() {
    let whole = ask_by_stream(10_000, 10_000);
    assert_eq!(whole, ["www.example.org. 300 IN A 192.0.2.1"]);
    for first in 0..100 {
        for size in [1, 2, 7, 1000] {
            assert_eq!(ask_by_stream(first, size), whole, "{first} {size}");
        }
    }
}

/// What a server hears of a stream that comes in pieces of so many octets behind a first one of so many.
fn heard(stream: &[u8], first: usize, size: usize) -> Vec<Vec<u8>> {
    let mut server = Server::new(Limits::DEFAULT);
    let (mut input, mut found) = (BytesMut::new(), Vec::new());
    let (front, rest) = stream.split_at(first.min(stream.len()));
    for piece in std::iter::once(front).chain(rest.chunks(size)) {
        input.extend_from_slice(piece);
        while let Some(event) = server.receive(&mut input, Time::ZERO).unwrap() {
            if let ServerEvent::Query { bytes, .. } = event {
                found.push(bytes.to_vec());
            }
        }
    }
    assert!(input.is_empty());
    found
}

#[test]
fn queries_over_a_stream_are_the_same_however_it_is_cut() {
    let messages = messages();
    let framed =
        messages.iter().map(|message| [&(message.len() as u16).to_be_bytes(), &message[..]].concat());
    let stream = framed.collect::<Vec<_>>().concat();
    for first in 0..stream.len() {
        assert_eq!(heard(&stream, first, usize::MAX), messages, "{first}");
    }
    for size in 1..40 {
        assert_eq!(heard(&stream, 0, size), messages, "{size}");
    }
}
