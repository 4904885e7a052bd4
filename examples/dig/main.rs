//! Asks a name server and prints its reply as BIND's dig does.
//!
//! ```text
//! cargo run --release --example dig -- @127.0.0.1 -p 5353 www.example.test AAAA +dnssec
//! ```
//!
//! One file for each concern: [`args`] the command line, [`query`] asking, [`report`] what is printed, [`trace`] the walk from
//! the root, [`transfer`] whole zones.

mod args;
mod query;
mod report;
mod trace;
mod transfer;

use std::cell::RefCell;
use std::fs;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use dns::client::Config;
use dns::{Message, Name, Question, Rcode, RrType};
use examples::Failure;
use proto_core::calendar::{DateTime, month_abbreviation};

use args::{Args, USAGE, Wish};
use query::{Query, Reply, Way};

fn main() -> ExitCode {
    let args = match Args::read(std::env::args().skip(1)) {
        Ok(Wish::Ask(args)) => args,
        Ok(Wish::Help) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(Wish::Version) => {
            println!("DiG {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("dig: {error}\nTry 'dig --help'.");
            return ExitCode::from(2);
        }
    };
    examples::run("dig", || {
        examples::end_with_the_reader()?;
        all(&args)
    })
}

/// One look-up behind the other, whatever became of those before; it fails if one of them does.
fn all(lookups: &[Args]) -> Result<(), Failure> {
    let config = Config::of_resolv_conf(&fs::read("/etc/resolv.conf").unwrap_or_default());
    let mut outcome = Ok(());
    for (at, args) in lookups.iter().enumerate() {
        let before = std::mem::replace(&mut outcome, dig(args, &config, at == 0));
        if let Err(failure) = before {
            if outcome.is_ok() {
                outcome = Err(failure);
            } else {
                eprintln!("dig: {}", examples::sentence(failure.as_ref()));
            }
        }
    }
    outcome
}

fn dig(args: &Args, config: &Config, first: bool) -> Result<(), Failure> {
    let servers = servers(args, config)?;
    let banner = if first { Banner::new(args, servers.len()) } else { Banner::default() };
    let names = names(args, config)?;
    if args.trace {
        let [name, ..] = names.as_slice() else { return Ok(()) };
        banner.show();
        return trace::run(args, &question(args, name), &servers);
    }
    for (at, name) in names.iter().enumerate() {
        let question = question(args, name);
        if matches!(args.rtype, RrType::AXFR | RrType::IXFR) {
            banner.show();
            return transfer::run(args, &question, &servers);
        }
        let (query, reply, from) = ask_any(args, &question, &servers, &banner)?;
        let message = Message::parse(&reply.bytes);
        let nothing = message.as_ref().is_ok_and(|message| message.rcode() == Rcode::NXDOMAIN);
        if nothing && at + 1 < names.len() {
            continue;
        }
        banner.show();
        return show(args, &query, &reply, from);
    }
    Ok(())
}

fn question(args: &Args, name: &Name) -> Question {
    Question { name: name.clone(), rtype: args.rtype, class: args.class }
}

/// The first two or three lines: who speaks, and whom he asks. They stand before what is shown first; what happens on the
/// way to it is told before.
#[derive(Default)]
pub(crate) struct Banner(RefCell<String>);

impl Banner {
    fn new(args: &Args, servers: usize) -> Banner {
        let mut text = String::new();
        if args.show.command {
            text = format!("\n; <<>> DiG {} <<>> {}\n", env!("CARGO_PKG_VERSION"), args.line);
            if args.server.is_some() {
                text += &format!("; ({servers} server{} found)\n", if servers == 1 { "" } else { "s" });
            }
            text += ";; global options: +cmd\n";
        }
        Banner(RefCell::new(text))
    }

    /// Once.
    pub(crate) fn show(&self) {
        print!("{}", self.0.take());
    }
}

/// The server that is named, or those of resolv.conf(5).
fn servers(args: &Args, config: &Config) -> Result<Vec<SocketAddr>, Failure> {
    let port = args.port.unwrap_or(if args.tls { 853 } else { 53 });
    let wanted = |address: &SocketAddr| args.family.is_none_or(|six| six == address.is_ipv6());
    let found: Vec<SocketAddr> = match &args.server {
        None => {
            config.servers.iter().map(|server| SocketAddr::new(server.ip(), port)).filter(wanted).collect()
        }
        Some(name) => {
            let bare = name.trim_start_matches('[').trim_end_matches(']');
            match bare.parse::<IpAddr>() {
                Ok(address) => vec![(address, port).into()],
                Err(_) => {
                    let found = (bare, port).to_socket_addrs();
                    let found = found.map_err(|_| format!("couldn't get address for '{name}': not found"))?;
                    found.filter(wanted).collect()
                }
            }
        }
    };
    if found.is_empty() {
        Err("no servers could be reached: none has an address of that kind".into())
    } else {
        Ok(found)
    }
}

/// The names that are meant: the one that is given, or with `+search` those of the search list.
fn names(args: &Args, config: &Config) -> Result<Vec<Name>, Failure> {
    let text = args.name.as_deref().unwrap_or(".");
    let name = Name::parse_text(text.as_bytes(), Some(&Name::ROOT))
        .map_err(|error| format!("'{text}' is not a legal name: {error}"))?;
    if !args.search || text.ends_with('.') {
        return Ok(vec![name]);
    }
    let search = args.domain.as_ref().map_or(config.search.clone(), |domain| vec![domain.clone()]);
    let mut names: Vec<Name> = search.iter().filter_map(|domain| name.concat(domain).ok()).collect();
    let whole = name.label_count() > usize::from(args.ndots.unwrap_or(config.ndots));
    names.insert(if whole { 0 } else { names.len() }, name);
    Ok(names)
}

/// The first server that answers.
fn ask_any(
    args: &Args,
    question: &Question,
    servers: &[SocketAddr],
    banner: &Banner,
) -> Result<(Query, Reply, SocketAddr), Failure> {
    let mut last = String::from("no servers could be reached");
    for to in servers {
        match query::ask(args, question, *to, banner) {
            Ok((query, reply)) => return Ok((query, reply, *to)),
            Err(error) => last = error,
        }
    }
    banner.show();
    println!(";; {last}");
    Err(last.into())
}

fn show(args: &Args, query: &Query, reply: &Reply, from: SocketAddr) -> Result<(), Failure> {
    let message = match Message::parse(&reply.bytes) {
        Ok(message) => message,
        Err(error) => {
            println!(";; Got bad packet: {error}");
            println!("{} bytes", reply.bytes.len());
            return Err(format!("the reply is not well-formed: {error}").into());
        }
    };
    if let Some(error) = &reply.verified {
        println!(";; Couldn't verify signature: {error}");
    }
    if args.show.short {
        short(args, &message, reply, from);
    } else {
        print!("{}", report::message(&message, args, Some(&query::sent(query))));
    }
    if args.show.stats {
        stats(reply.way, reply.took.as_millis(), from);
        println!(";; MSG SIZE  rcvd: {}\n", reply.bytes.len());
    }
    if reply.verified.is_some() {
        println!(";; WARNING -- Some TSIG could not be validated");
    }
    Ok(())
}

/// Only what was asked for, a line each.
fn short(args: &Args, message: &Message<'_>, reply: &Reply, from: SocketAddr) {
    for record in message.answer().filter(|_| args.show.answer) {
        let by = if args.show.identify {
            format!(" from server {} in {} ms.", from.ip(), reply.took.as_millis())
        } else {
            String::new()
        };
        println!("{}{by}", report::line(&record, &args.show));
    }
}

/// How long it took, who answered, and when.
pub(crate) fn stats(way: Way, millis: u128, from: SocketAddr) {
    println!(";; Query time: {millis} msec");
    println!(";; SERVER: {}#{}({}) ({})", from.ip(), from.port(), from.ip(), way.name());
    println!(";; WHEN: {}", when());
}

/// The date as date(1) writes it, in UTC.
fn when() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let Some(now) = i64::try_from(now).ok().and_then(DateTime::from_unix) else { return String::new() };
    let date = now.date();
    let month = month_abbreviation(date.month()).unwrap_or_default();
    let (weekday, day) = (date.weekday().abbreviation(), date.day());
    format!(
        "{weekday} {month} {day:02} {:02}:{:02}:{:02} UTC {}",
        now.hour(),
        now.minute(),
        now.second(),
        date.year()
    )
}
