//! `+trace`: from the root down, asking the servers of each zone for the next one, and showing who said what.

use std::net::{IpAddr, SocketAddr};

use dns::{Flags, Message, Name, Question, Record, RrType};
use examples::Failure;

use crate::Banner;
use crate::args::Args;
use crate::query::{Reply, ask};
use crate::report;

/// Zones on the way at most: a name has 127 labels, and nobody delegates at each.
const STEPS: usize = 40;

/// A server by name and address.
struct Server {
    name: String,
    address: SocketAddr,
}

/// Walks down to the answer and prints each step.
pub(crate) fn run(args: &Args, question: &Question, local: &[SocketAddr]) -> Result<(), Failure> {
    let root = Question { name: Name::ROOT, rtype: RrType::NS, class: question.class };
    let first = Args { recursion: true, ..args.clone() };
    let (reply, from) = first_reply(&first, &root, &local_servers(local))?;
    let mut servers = step(args, &reply, &from, local)?;
    for _ in 0..STEPS {
        if servers.is_empty() {
            return Ok(());
        }
        let (reply, from) = first_reply(args, question, &servers)?;
        servers = step(args, &reply, &from, local)?;
        let message = Message::parse(&reply.bytes)?;
        if message.answer().next().is_some()
            && message.question().is_some_and(|asked| asked == question.into())
        {
            return Ok(());
        }
    }
    Err("the delegations go round in circles".into())
}

fn local_servers(local: &[SocketAddr]) -> Vec<Server> {
    local.iter().map(|address| Server { name: address.ip().to_string(), address: *address }).collect()
}

/// The reply of the first server that gives one.
fn first_reply(args: &Args, question: &Question, servers: &[Server]) -> Result<(Reply, Server), Failure> {
    let tried = Args { tries: 1, ..args.clone() };
    let shown = Banner::default();
    for server in servers {
        if let Ok((_, reply)) = ask(&tried, question, server.address, &shown)
            && Message::parse(&reply.bytes).is_ok()
        {
            let server = Server { name: server.name.clone(), address: server.address };
            return Ok((reply, server));
        }
    }
    Err("no servers could be reached".into())
}

/// Prints a reply, and tells whom to ask next.
fn step(args: &Args, reply: &Reply, from: &Server, local: &[SocketAddr]) -> Result<Vec<Server>, Failure> {
    let message = Message::parse(&reply.bytes)?;
    let mut text = String::new();
    for found in message.answer().chain(message.authority()) {
        report::record(&mut text, &found, &args.show);
    }
    print!("{text}");
    println!(
        ";; Received {} bytes from {}#{}({}) in {} ms\n",
        reply.bytes.len(),
        from.address.ip(),
        from.address.port(),
        from.name,
        reply.took.as_millis()
    );
    let names = message.answer().chain(message.authority()).filter(|record| record.rtype() == RrType::NS);
    let names: Vec<Name> =
        names.filter_map(|record| record.rdata.name().map(|name| name.to_name())).collect();
    if message.flags().has(Flags::AA) && message.answer().next().is_none() {
        return Ok(Vec::new());
    }
    Ok(addresses(args, &message, &names, local))
}

/// Glue first; otherwise the local server is asked.
fn addresses(args: &Args, message: &Message<'_>, names: &[Name], local: &[SocketAddr]) -> Vec<Server> {
    let glue: Vec<Record> = message.additional().map(|record| record.to_record()).collect();
    let mut servers = Vec::new();
    for name in names.iter().take(20) {
        let known =
            glue.iter().filter(|record| record.owner == *name).filter_map(address).collect::<Vec<_>>();
        let found = if known.is_empty() && servers.len() < 2 { look_up(args, name, local) } else { known };
        let wanted = |ip: &IpAddr| args.family.is_none_or(|six| six == ip.is_ipv6());
        servers.extend(found.into_iter().filter(wanted).map(|ip| Server {
            name: name.to_string().trim_end_matches('.').to_owned(),
            address: (ip, args.port.unwrap_or(53)).into(),
        }));
    }
    servers
}

fn look_up(args: &Args, name: &Name, local: &[SocketAddr]) -> Vec<IpAddr> {
    let asking = Args { recursion: true, ..args.clone() };
    let mut found = Vec::new();
    for rtype in [RrType::A, RrType::AAAA] {
        let question = Question::new(name.clone(), rtype);
        if let Ok((reply, _)) = first_reply(&asking, &question, &local_servers(local))
            && let Ok(message) = Message::parse(&reply.bytes)
        {
            found.extend(
                message.answer().map(|record| record.to_record()).filter_map(|record| address(&record)),
            );
        }
    }
    found
}

fn address(record: &Record) -> Option<IpAddr> {
    let wire = record.rdata.as_wire();
    match record.rtype() {
        RrType::A => <[u8; 4]>::try_from(wire).ok().map(IpAddr::from),
        RrType::AAAA => <[u8; 16]>::try_from(wire).ok().map(IpAddr::from),
        _ => None,
    }
}
