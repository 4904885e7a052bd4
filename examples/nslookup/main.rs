//! Looks names up and prints what it finds as BIND's nslookup does; the work is done by [`dns::StubResolver`].
//!
//! ```text
//! cargo run --release --example nslookup -- -port=5353 www.example.test 127.0.0.1
//! ```

mod args;
mod report;

use std::fs;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::process::ExitCode;

use bytes::Bytes;
use dns::client::{Answer, Config, Hosts, Transport};
use dns::{Event, Flags, Message, ResolveError, RrType, StubResolver, Trace, pointer_name};
use examples::{Failure, asking};
use net_core::Clock;

use args::{Args, USAGE};
use report::bare;

fn main() -> ExitCode {
    let args = match Args::read(std::env::args()) {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("nslookup: {error}\nTry 'nslookup --help'.");
            return ExitCode::from(2);
        }
    };
    let mut found = false;
    let done = examples::run("nslookup", || {
        found = Session::new(&args)?.run()?;
        Ok(())
    });
    if found || done != ExitCode::SUCCESS { done } else { ExitCode::FAILURE }
}

/// One run: a resolver, and what has been printed.
struct Session<'a> {
    args: &'a Args,
    stub: StubResolver,
    clock: Clock,
    first_server: SocketAddr,
    introduced: bool,
}

/// What became of a question, and the last reply on the way.
struct Outcome {
    answer: Result<Answer, ResolveError>,
    reply: Option<(SocketAddr, Bytes)>,
}

impl<'a> Session<'a> {
    fn new(args: &'a Args) -> Result<Self, Failure> {
        let config = config(args)?;
        let first_server = config.servers.first().copied().ok_or("there is no server to ask")?;
        let hosts = Hosts::default(); // nslookup asks servers, whatever this machine believes
        let mut stub = StubResolver::new(config, hosts, asking::seed()?);
        stub.trace(true);
        Ok(Session { args, stub, clock: Clock::new(), first_server, introduced: false })
    }

    /// Whether something was found.
    fn run(&mut self) -> Result<bool, Failure> {
        if let Ok(address) = self.args.name.parse::<IpAddr>() {
            self.introduced = !self.args.debug; // nobody needs to know who gave a name
            let name = pointer_name(address).to_string();
            return self.look_up(&name, RrType::PTR, true);
        }
        let name = self.args.name.clone();
        let found = match self.args.rtype {
            Some(rtype) => self.look_up(&name, rtype, true)?,
            None => self.addresses(&name)?,
        };
        if found {
            println!();
        }
        Ok(found)
    }

    /// IPv4 and IPv6: the second question is asked for the name that the first one found.
    fn addresses(&mut self, name: &str) -> Result<bool, Failure> {
        let first = self.ask(name, RrType::A)?;
        let whole = match &first.answer {
            Ok(answer) => answer.name.to_string(),
            Err(ResolveError::NoData) => question_of(&first).unwrap_or_else(|| name.to_owned()),
            Err(error) => return self.failed(name, *error, &first),
        };
        let second = self.ask(&whole, RrType::AAAA)?;
        self.show(&whole, RrType::A, &first, second.answer.is_err());
        if second.answer.is_ok() || self.args.debug {
            self.show(&whole, RrType::AAAA, &second, false);
        }
        Ok(true)
    }

    fn look_up(&mut self, name: &str, rtype: RrType, complain: bool) -> Result<bool, Failure> {
        let outcome = self.ask(name, rtype)?;
        match outcome.answer {
            Ok(_) | Err(ResolveError::NoData) => {
                self.show(name, rtype, &outcome, complain);
                Ok(true)
            }
            Err(error) => self.failed(name, error, &outcome),
        }
    }

    fn ask(&mut self, name: &str, rtype: RrType) -> Result<Outcome, Failure> {
        let ticket = self.stub.search(name, rtype, self.clock.now());
        let ticket = ticket.map_err(|error| format!("'{name}' is not a legal name: {error}"))?;
        let mut reply = None;
        let answer = asking::drive(&mut self.stub, self.clock, ticket, |event| {
            if let Event::Trace(Trace::Received { from, message, .. }) = event {
                let truncated = Message::parse(message).is_ok_and(|message| message.flags().has(Flags::TC));
                if truncated {
                    println!(";; Truncated, retrying in TCP mode.");
                }
                reply = Some((*from, message.clone()));
            }
        })?;
        Ok(Outcome { answer, reply })
    }

    /// Who is asked.
    fn introduce(&mut self, outcome: &Outcome) {
        if !self.introduced {
            let server = outcome.reply.as_ref().map_or(self.first_server, |(from, _)| *from);
            let name = self.args.server.clone().unwrap_or_else(|| server.ip().to_string());
            println!("Server:\t\t{name}\nAddress:\t{}#{}\n", server.ip(), server.port());
            self.introduced = true;
        }
    }

    fn show(&mut self, name: &str, rtype: RrType, outcome: &Outcome, complain: bool) {
        self.introduce(outcome);
        let Some((_, bytes)) = &outcome.reply else {
            let records = outcome.answer.as_ref().map_or(&[][..], |answer| &answer.records);
            print!("{}", report::known(records));
            return;
        };
        let Ok(message) = Message::parse(bytes) else { return };
        let not_in_charge = !message.flags().has(Flags::AA);
        if self.args.debug {
            print!("{}", report::debug(&message));
        }
        // Both kinds of addresses are one answer.
        if not_in_charge && (rtype != RrType::AAAA || self.args.rtype.is_some()) {
            println!("Non-authoritative answer:");
        }
        match &outcome.answer {
            Ok(_) => print!("{}", message.answer().map(|record| report::answer(&record)).collect::<String>()),
            Err(_) if complain => println!("*** Can't find {}: No answer", bare(name)),
            Err(_) => {}
        }
        if not_in_charge && !matches!(rtype, RrType::A | RrType::AAAA) {
            print!("{}", report::authorities(&message));
        }
    }

    /// Nothing was found: says so, in the words of the last reply.
    fn failed(&mut self, name: &str, error: ResolveError, outcome: &Outcome) -> Result<bool, Failure> {
        let Some((_, bytes)) = &outcome.reply else {
            return match error {
                ResolveError::NxDomain => {
                    self.introduce(outcome);
                    println!("** server can't find {}: NXDOMAIN\n", bare(name));
                    Ok(false)
                }
                _ => {
                    let server = self.first_server;
                    println!(";; communications error to {}#{}: timed out", server.ip(), server.port());
                    println!(";; no servers could be reached\n");
                    Ok(false)
                }
            };
        };
        self.introduce(outcome);
        let rcode =
            Message::parse(bytes).map_or_else(|_| error.to_string(), |message| message.rcode().to_string());
        println!(
            "** server can't find {}: {rcode}\n",
            bare(question_of(outcome).unwrap_or_else(|| name.to_owned()))
        );
        Ok(false)
    }
}

/// The name that was asked for in the end.
fn question_of(outcome: &Outcome) -> Option<String> {
    let (_, bytes) = outcome.reply.as_ref()?;
    Some(Message::parse(bytes).ok()?.question()?.name.to_string())
}

fn config(args: &Args) -> Result<Config, Failure> {
    let mut config = Config::of_resolv_conf(&fs::read("/etc/resolv.conf").unwrap_or_default());
    if let Some(server) = &args.server {
        let found = (server.as_str(), 53).to_socket_addrs();
        let found = found.map_err(|_| format!("couldn't get address for '{server}': not found"))?;
        config.servers = found.take(dns::limits::STUB_SERVERS).collect();
    }
    for server in &mut config.servers {
        server.set_port(args.port.unwrap_or(server.port()));
    }
    config.timeout = args.timeout.unwrap_or(config.timeout);
    config.attempts = args.attempts.unwrap_or(config.attempts);
    if args.stream {
        config.transport = Transport::Tcp;
    }
    if let Some(domain) = &args.domain {
        config.search = vec![domain.clone()];
    }
    if args.no_search {
        config.search.clear();
    }
    Ok(config)
}
