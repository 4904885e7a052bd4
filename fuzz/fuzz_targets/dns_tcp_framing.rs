//! The server's end of a stream: no panic, and the same queries in the same order however the bytes are cut; what is
//! answered, in whatever order, is framed as the client would read it.

#![no_main]

use bytes::BytesMut;
use dns::proto_core::{End, Endpoint, Status, Time};
use dns::server::{Event, Limits, QueryId, Server};
use libfuzzer_sys::fuzz_target;

/// All queries, and whether the stream was found at fault; each is answered by an echo, some later than others.
fn serve(bytes: &[u8], end: Option<End>, mut piece: impl FnMut() -> usize) -> (Vec<Vec<u8>>, bool, Vec<u8>) {
    let mut server = Server::new(Limits { pipelined: 4, ahead: 64, ..Limits::DEFAULT });
    let (mut input, mut rest) = (BytesMut::new(), bytes);
    let (mut queries, mut held, mut sent): (Vec<_>, Vec<(QueryId, Vec<u8>)>, _) =
        (Vec::new(), Vec::new(), Vec::new());
    let mut over = false;
    for now in 0.. {
        let now = Time::from_nanos(now);
        let take = piece().clamp(1, rest.len().max(1)).min(rest.len());
        input.extend_from_slice(&rest[..take]);
        rest = &rest[take..];
        loop {
            while server.deadline() == Some(Time::ZERO) {
                let Ok(Some(Event::Room { id })) = server.handle_deadline(now) else { panic!() };
                server.reply(id, &[0; 12]).unwrap();
            }
            let at_end = end.filter(|_| rest.is_empty());
            let event = match at_end {
                Some(end) => server.receive_eof(&mut input, end, now),
                None => server.receive(&mut input, now),
            };
            match event {
                Ok(Some(Event::Query { id, bytes, tls: false })) => {
                    held.push((id, bytes.to_vec()));
                    queries.push(bytes.to_vec());
                }
                Ok(Some(Event::Closed)) => over = true,
                Ok(Some(other)) => panic!("{other:?}"),
                Err(_) => return (queries, true, sent),
                Ok(None) if server.status() == Status::Paused && !held.is_empty() => {
                    for (id, bytes) in held.drain(..).rev() {
                        match bytes[2] & 3 {
                            0 => server.ignore(id),
                            1 => server.reply_more(id, &bytes).unwrap(),
                            _ => server.reply(id, &bytes).unwrap(),
                        }
                    }
                    let all = server.output().slices().collect::<Vec<_>>().concat();
                    server.sent(all.len() as u64, now);
                    sent.extend(all);
                }
                Ok(None) => break,
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    assert_eq!(over, end.is_some(), "an end is told, and nothing else is one");
    (queries, false, sent)
}

fuzz_target!(|input: (&[u8], &[u8], u8)| {
    let (bytes, cuts, choice) = input;
    let end = [None, Some(End::Clean), Some(End::Cut)][usize::from(choice % 3)];
    let whole = serve(bytes, end, || usize::MAX);
    let mut turn = 0;
    let cut = serve(bytes, end, || {
        turn += 1;
        cuts.get(turn % cuts.len().max(1)).map_or(1, |&n| usize::from(n))
    });
    // A cut end may overtake what could still have been read.
    if end != Some(End::Cut) {
        assert_eq!((&cut.0, cut.1), (&whole.0, whole.1));
    }
    let mut sent = &whole.2[..];
    while let Some((len, rest)) = sent.split_first_chunk() {
        sent = &rest[usize::from(u16::from_be_bytes(*len))..];
    }
    assert!(sent.is_empty());
});
