//! A query as the command line wants it, and its way to the server and back.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dns::cookie::Cookie;
use dns::tsig::{Session, TsigError};
use dns::{Builder, EdnsHeader, EdnsOption, Flags, Header, Message, Question, Rcode, RrType, Section};
use examples::Failure;
use examples::asking::{self, Line};
use net_core::Deadline;

use crate::Banner;
use crate::args::Args;
use crate::report::{self, Sent};

/// By what a reply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Udp,
    Tcp,
    Tls,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::Udp => "UDP",
            Way::Tcp => "TCP",
            Way::Tls => "TLS",
        }
    }
}

/// A query that is ready to go.
pub(crate) struct Query {
    pub(crate) bytes: Vec<u8>,
    pub(crate) cookie: Vec<u8>,
    session: Option<Session>,
}

/// A reply, checked or not.
pub(crate) struct Reply {
    pub(crate) bytes: Vec<u8>,
    pub(crate) way: Way,
    pub(crate) took: Duration,
    pub(crate) verified: Option<String>,
}

fn unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Query {
    /// Puts a query together; `cookie` is what the server gave last time.
    pub(crate) fn new(args: &Args, question: &Question, cookie: Option<&[u8]>) -> Result<Query, Failure> {
        let mut out = vec![0; 4096];
        let mut header = Header::query(asking::id()?, args.opcode);
        for (wanted, flag) in [
            (args.recursion, Flags::RD),
            (args.authentic, Flags::AD),
            (args.authoritative, Flags::AA),
            (args.unchecked, Flags::CD),
            (args.reserved, Flags::Z),
        ] {
            header.flags = if wanted { header.flags.with(flag) } else { header.flags };
        }
        let own = match &args.edns.cookie {
            None => Vec::new(),
            Some(given) if !given.is_empty() => given.clone(),
            Some(_) => asking::seed()?.get(..8).unwrap_or_default().to_vec(),
        };
        let cookie = cookie.map_or(own, <[u8]>::to_vec);
        let mut builder = Builder::new(&mut out, header);
        builder.push_question(question.as_question_ref())?;
        if let Some(serial) = args.serial {
            let text = format!(". . {serial} 0 0 0 0");
            let soa = dns::Rdata::of_text(RrType::SOA, &text)?;
            let soa = dns::Record { owner: question.name.clone(), ttl: 0, rdata: soa };
            builder.push_record(Section::Authority, soa.as_record_ref())?;
        }
        if args.edns.on {
            push_edns(&mut builder, args, &cookie)?;
        }
        let len = builder.finish().len();
        let (session, len) = match &args.key {
            Some(key) => {
                let signed = Session::request(key, &mut out, len, unix());
                signed.map(|(session, len)| (Some(session), len)).ok_or("the query is too long to sign")?
            }
            None => (None, len),
        };
        out.truncate(len);
        Ok(Query { bytes: out, cookie, session })
    }

    /// Sends it and waits for the reply.
    pub(crate) fn exchange(&mut self, to: SocketAddr, way: Way, args: &Args) -> io::Result<Reply> {
        let start = Instant::now();
        let deadline = Deadline::after(args.time);
        let bytes = match way {
            Way::Udp => asking::by_udp(to, &self.bytes, deadline)?,
            Way::Tcp | Way::Tls => {
                let mut line = Line::open(to, way == Way::Tls, deadline)?;
                line.send(&self.bytes, deadline)?;
                line.receive(deadline)?
            }
        };
        let verified = self.verify(&bytes);
        Ok(Reply { bytes, way, took: start.elapsed(), verified })
    }

    /// RFC 8945 section 5.4: what is wrong with the reply's signature, if anything.
    pub(crate) fn verify(&mut self, reply: &[u8]) -> Option<String> {
        let session = self.session.as_mut()?;
        let message = Message::parse(reply).ok()?;
        session.verify(&message, unix()).err().map(|error| match error {
            TsigError::Peer(_) => "tsig indicates error".to_owned(),
            error => error.to_string(),
        })
    }
}

fn push_edns(builder: &mut Builder<'_>, args: &Args, cookie: &[u8]) -> Result<(), Failure> {
    let wish = &args.edns;
    let mut options = Vec::new();
    options.extend(wish.nsid.then_some(EdnsOption::Nsid(&[])));
    options.extend(wish.subnet.map(EdnsOption::ClientSubnet));
    options.extend(wish.expire.then_some(EdnsOption::Expire(None)));
    options.extend(Cookie::parse(cookie).map(EdnsOption::Cookie));
    options.extend(wish.keepalive.then_some(EdnsOption::Keepalive(None)));
    options.extend(wish.others.iter().map(|(code, data)| EdnsOption::Other { code: *code, data }));
    if wish.padding > 0 {
        let len = builder.message().len()
            + EdnsHeader::LEN
            + options.iter().map(EdnsOption::wire_len).sum::<usize>()
            + 4;
        let rest = len.next_multiple_of(wish.padding.into()) - len;
        options.push(EdnsOption::Padding(u16::try_from(rest)?));
    }
    let header = EdnsHeader { udp_payload: wish.payload, version: wish.version, dnssec_ok: wish.dnssec };
    Ok(builder.push_edns(&header, &options)?)
}

/// Asks as often as is wanted: by TCP what was truncated, with its cookie who wants one.
pub(crate) fn ask(
    args: &Args,
    question: &Question,
    to: SocketAddr,
    banner: &Banner,
) -> Result<(Query, Reply), String> {
    let mut args = args.clone();
    let args = &mut args;
    let mut way = match args {
        Args { tls: true, .. } => Way::Tls,
        Args { tcp: Some(true), .. } => Way::Tcp,
        // All there is does seldom fit.
        Args { tcp: None, rtype: RrType::ANY, .. } => Way::Tcp,
        _ => Way::Udp,
    };
    let mut cookie: Option<Vec<u8>> = None;
    let mut left = args.tries;
    loop {
        let mut query =
            Query::new(args, question, cookie.as_deref()).map_err(|error| examples::sentence(&*error))?;
        show_query(args, &query, banner);
        let reply = match query.exchange(to, way, args) {
            Ok(reply) => reply,
            Err(error) => {
                complain(to, &error);
                left -= 1;
                if left == 0 {
                    return Err("no servers could be reached".to_owned());
                }
                continue;
            }
        };
        let Ok(message) = Message::parse(&reply.bytes) else { return Ok((query, reply)) };
        let new = message.edns().and_then(|edns| edns.cookie().map(|cookie| cookie.as_octets().to_vec()));
        if message.flags().has(Flags::TC) && way == Way::Udp && !args.ignore && args.tcp != Some(false) {
            if args.show.comments {
                println!(";; Truncated, retrying in TCP mode.");
            }
            (way, cookie) = (Way::Tcp, new.or(cookie));
        } else if message.rcode() == Rcode::BADCOOKIE && cookie.is_none() && new.is_some() {
            if args.show.comments {
                println!(";; BADCOOKIE, retrying.");
            }
            cookie = new;
        } else if message.rcode() == Rcode::BADVERS && args.edns.version > 0 {
            let spoken = message.edns().map_or(0, |edns| edns.header.version).min(args.edns.version - 1);
            if args.show.comments {
                println!(";; BADVERS, retrying with EDNS version {spoken}.");
            }
            (args.edns.version, cookie) = (spoken, new);
        } else {
            return Ok((query, reply));
        }
    }
}

fn show_query(args: &Args, query: &Query, banner: &Banner) {
    if args.show.query
        && let Ok(message) = Message::parse(&query.bytes)
    {
        banner.show();
        print!("{}", report::message(&message, args, None));
        if args.show.stats {
            println!(";; QUERY SIZE: {}\n", query.bytes.len());
        }
    }
}

/// Which try failed, and why.
pub(crate) fn complain(to: SocketAddr, error: &io::Error) {
    let why = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "timed out".to_owned(),
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
        io::ErrorKind::UnexpectedEof => "end of file".to_owned(),
        _ => error.to_string(),
    };
    println!(";; communications error to {}#{}: {why}", to.ip(), to.port());
}

/// The cookie that a reply's is compared with.
pub(crate) fn sent(query: &Query) -> Sent<'_> {
    Sent { cookie: &query.cookie }
}
