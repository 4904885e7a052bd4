//! Two who do not play by the rules: one who answers in another's name, one who answers more than he was asked.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::time::Duration;

use dns::{Builder, Flags, Header, Message, Name, Rcode, Rdata, Record, RrType, Section};
use examples::Failure;
use examples::service::{Service, Tally};
use net_core::poll::{self, Interest};
use net_core::{Deadline, Waker};

use super::super::ANY;
use super::world::EVIL;

/// How long the true server may take.
const TRUTH: Duration = Duration::from_secs(5);

/// A server whose answers are made by `answer`, which may send more than one.
fn serve(
    mut answer: impl FnMut(&UdpSocket, &[u8], SocketAddr) -> Result<(), Failure> + Send + 'static,
) -> Result<Service, Failure> {
    let socket = UdpSocket::bind(ANY)?;
    let (address, bell) = (socket.local_addr()?, Waker::new()?);
    let rope = bell.clone();
    let body = move || -> Result<Tally, Failure> {
        let (mut datagram, mut served) = ([0; 2048], 0);
        loop {
            let [asked, stop] = poll::wait(
                [(socket.as_fd(), Interest::READ), (bell.as_fd(), Interest::READ)],
                Deadline::NEVER,
            )?;
            if stop.read && !asked.read {
                return Ok(Tally { served, ..Tally::default() });
            }
            let (len, from) = socket.recv_from(&mut datagram)?;
            answer(&socket, datagram.get(..len).unwrap_or_default(), from)?;
            served += 1;
        }
    };
    Ok(Service::start("udp", address, move |_| rope.ring(), body)?)
}

fn reply(query: &[u8], id: u16, records: &[(Section, Record)]) -> Result<Vec<u8>, Failure> {
    let message = Message::parse(query)?;
    let mut header = Header { id, ..message.header().reply(Rcode::NOERROR) };
    header.flags = header.flags.with(Flags::AA);
    let mut out = [0; 1232];
    let mut builder = Builder::new(&mut out, header);
    builder.push_question(message.question().ok_or("no question")?)?;
    for (section, record) in records {
        builder.push_record(*section, record.as_record_ref())?;
    }
    Ok(builder.finish().to_vec())
}

fn record(owner: Name, rtype: RrType, text: &str) -> Result<Record, Failure> {
    Ok(Record { owner, ttl: 86_400, rdata: Rdata::of_text(rtype, text)? })
}

/// Sits where the server's answers come from, and sends so many of his own before the true one. He sees everything but the
/// id; that he guesses.
pub(super) fn in_front_of(server: SocketAddr, forgeries: usize) -> Result<Service, Failure> {
    serve(move |socket, query, from| {
        let message = Message::parse(query)?;
        let name = message.question().ok_or("no question")?.name.to_name();
        let lie = (Section::Answer, record(name, RrType::A, &EVIL.to_string())?);
        for guess in (1..).take(forgeries) {
            // Never the right one: with 16 bits of id and as many of port it would take him long.
            let id = message.id().wrapping_add(guess);
            socket.send_to(&reply(query, id, std::slice::from_ref(&lie))?, from)?;
        }
        let path = UdpSocket::bind(ANY)?;
        path.set_read_timeout(Some(TRUTH))?;
        path.send_to(query, server)?;
        let mut truth = [0; 2048];
        let (len, _) = path.recv_from(&mut truth)?;
        socket.send_to(truth.get(..len).unwrap_or_default(), from)?;
        Ok(())
    })
}

/// The server of evil.test, which says more than it was asked: where everybody should find somebody else.
pub(super) fn boaster() -> Result<Service, Failure> {
    serve(|socket, query, from| {
        let message = Message::parse(query)?;
        let question = message.question().ok_or("no question")?;
        let name = question.name.to_name();
        let mut records = Vec::new();
        if question.rtype == RrType::A {
            records.push((Section::Answer, record(name, RrType::A, &EVIL.to_string())?));
        }
        let own = EVIL.to_string();
        records
            .push((Section::Authority, record("networkutopia.test".parse()?, RrType::NS, "dns.evil.test.")?));
        records.push((Section::Additional, record("www.networkutopia.test".parse()?, RrType::A, &own)?));
        records.push((Section::Additional, record("mail.networkutopia.test".parse()?, RrType::A, &own)?));
        socket.send_to(&reply(query, message.id(), &records)?, from)?;
        Ok(())
    })
}
