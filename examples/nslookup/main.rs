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
use dns::{
    Event, Flags, Message, Name, Question, Rcode, ResolveError, RrType, StubResolver, Trace, pointer_name,
};
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
        examples::end_with_the_reader()?;
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
    last_server: SocketAddr,
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
        let last_server = config.servers.last().copied().unwrap_or(first_server);
        let hosts = Hosts::default(); // nslookup asks servers, whatever this machine believes
        let mut stub = StubResolver::new(config, hosts, asking::seed()?);
        stub.trace(true);
        Ok(Session { args, stub, clock: Clock::new(), first_server, last_server, introduced: false })
    }

    /// Whether something was found.
    fn run(&mut self) -> Result<bool, Failure> {
        if let Ok(address) = self.args.name.parse::<IpAddr>() {
            self.introduced = !self.args.debug; // nobody needs to know who gave a name
            let name = pointer_name(address).to_string();
            return self.look_up(&name, RrType::PTR);
        }
        let name = self.args.name.clone();
        let found = match self.args.rtype {
            Some(rtype) => self.look_up(&name, rtype)?,
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
        if first.has_failed() {
            return self.failed(name, &first);
        }
        let whole = first.end_of_chain().unwrap_or_else(|| name.to_owned());
        self.show(name, RrType::A, &first, false);
        let second = self.ask(&whole, RrType::AAAA)?;
        if second.has_failed() {
            return self.failed(&whole, &second);
        }
        self.show(&whole, RrType::AAAA, &second, first.is_empty());
        Ok(true)
    }

    fn look_up(&mut self, name: &str, rtype: RrType) -> Result<bool, Failure> {
        let outcome = self.ask(name, rtype)?;
        if outcome.has_failed() {
            return self.failed(name, &outcome);
        }
        self.show(name, rtype, &outcome, true);
        Ok(true)
    }

    fn ask(&mut self, name: &str, rtype: RrType) -> Result<Outcome, Failure> {
        let ticket = match self.args.class {
            None => self.stub.search(name, rtype, self.clock.now()),
            Some(class) => Name::parse_text(name.as_bytes(), Some(&Name::ROOT))
                .map(|name| self.stub.resolve(Question { name, rtype, class }, self.clock.now())),
        };
        let ticket = ticket.map_err(|error| format!("'{name}' is not a legal name: {error}"))?;
        let (mut reply, mut failing) = (None, Vec::new());
        let answer = asking::drive(&mut self.stub, self.clock, ticket, |event| {
            if let Event::Trace(Trace::Received { from, message, .. }) = event {
                // A server that can't say is asked once more; one line about it will do.
                let known = failing.contains(from);
                if remark(*from, message, self.last_server, known) {
                    failing.push(*from);
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

    /// What a reply says; `complain`: even if that is nothing.
    fn show(&mut self, name: &str, rtype: RrType, outcome: &Outcome, complain: bool) {
        self.introduce(outcome);
        let Some(message) = outcome.message() else {
            let records = outcome.answer.as_ref().map_or(&[][..], |answer| &answer.records);
            print!("{}", report::known(records));
            return;
        };
        let not_in_charge = !message.flags().has(Flags::AA);
        if self.args.debug {
            print!("{}", report::debug(&message));
        }
        // Both kinds of addresses are one answer.
        if not_in_charge && (rtype != RrType::AAAA || self.args.rtype.is_some()) {
            println!("Non-authoritative answer:");
        }
        print!("{}", message.answer().map(|record| report::answer(&record)).collect::<String>());
        if complain && outcome.is_empty() {
            println!("*** Can't find {}: No answer", bare(name));
        }
        if not_in_charge && !matches!(rtype, RrType::A | RrType::AAAA) {
            print!("{}", report::authorities(&message));
        }
    }

    /// Nothing was found: says so, in the words of the last reply.
    fn failed(&mut self, name: &str, outcome: &Outcome) -> Result<bool, Failure> {
        if let Some(message) = outcome.message() {
            self.introduce(outcome);
            if self.args.debug {
                print!("{}", report::debug(&message));
            }
            let asked = message.question().map(|question| question.name.to_string());
            println!(
                "** server can't find {}: {}\n",
                bare(asked.unwrap_or_else(|| name.to_owned())),
                message.rcode()
            );
        } else if matches!(outcome.answer, Err(ResolveError::NxDomain)) {
            self.introduce(outcome);
            println!("** server can't find {}: NXDOMAIN\n", bare(name));
        } else {
            let server = self.first_server;
            println!(";; communications error to {}#{}: timed out", server.ip(), server.port());
            println!(";; no servers could be reached\n");
        }
        Ok(false)
    }
}

/// What is worth a line about a reply on the way; whether the server can't say, as is perhaps `known`.
fn remark(from: SocketAddr, reply: &[u8], last: SocketAddr, known: bool) -> bool {
    let Ok(message) = Message::parse(reply) else { return false };
    if message.flags().has(Flags::TC) {
        println!(";; Truncated, retrying in TCP mode.");
    }
    let fails = message.rcode() == Rcode::SERVFAIL;
    if fails && !known {
        let next = if from == last { "" } else { ", trying next server" };
        println!(";; Got SERVFAIL reply from {}{next}", from.ip());
    }
    fails
}

impl Outcome {
    fn message(&self) -> Option<Message<'_>> {
        let (_, bytes) = self.reply.as_ref()?;
        Message::parse(bytes).ok()
    }

    /// The reply says that there is an error, or there is no reply to what only others know.
    fn has_failed(&self) -> bool {
        match self.message() {
            Some(message) => message.rcode() != Rcode::NOERROR,
            None => self.answer.is_err(),
        }
    }

    /// There is a reply, and no record in its answer.
    fn is_empty(&self) -> bool {
        self.message().is_some_and(|message| message.answer().next().is_none())
    }

    /// The name that the aliases of the answer lead to.
    fn end_of_chain(&self) -> Option<String> {
        let message = self.message()?;
        let mut name = message.question()?.name.to_name();
        // No more steps than there are records: aliases may go round in circles.
        for _ in message.answer() {
            let alias = message
                .answer()
                .find(|record| record.rtype() == RrType::CNAME && record.owner == name.as_name_ref());
            match alias.and_then(|record| record.rdata.name()) {
                Some(target) => name = target.to_name(),
                None => break,
            }
        }
        Some(name.to_string())
    }
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
    config.recursion = !args.no_recursion;
    config.ndots = args.ndots.unwrap_or(config.ndots);
    // What is shown are names as they are, not as they were asked for.
    config.mix_case = false;
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
