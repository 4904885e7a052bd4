//! A resolver, its client and all servers of a script, in one room and in virtual time.
//!
//! The rule: nothing happens but what the script says. Servers answer at once or not at all; the clock moves when it is
//! told to, or when nothing but the clock can bring the answer that is checked.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use dns::proto_core::Time;
use dns::resolver::service::{Access, Output, Policy, Service, Verdict};
use dns::resolver::{Config, Resolver, Way, ZoneRule};
use dns::{Builder, EdnsHeader, EdnsOption, Flags, Header, Message, Opcode, Rcode, Record, Section};
use dns::{Coordinator as _, Event, Input, PortId, Socket, TcpId, Transmit};

use crate::script::{Action, Entry, Range, Script, Setting, Step, Unknown};

/// Where queries leave by.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Path {
    Udp(PortId),
    Tcp(TcpId),
}

/// A query that a server has not answered, or not with success.
struct Pending {
    way: Path,
    to: SocketAddr,
    bytes: Vec<u8>,
    /// Something was sent back, and ignored.
    answered: bool,
}

struct World<'s> {
    service: Service,
    now: Time,
    ranges: &'s [Range],
    step: u64,
    pending: Vec<Pending>,
    answers: VecDeque<(u64, Vec<u8>)>,
    clients: u64,
}

/// What of a script went wrong, or which option is not known.
pub(crate) enum Outcome {
    Pass,
    Fail(String),
    Skip(String),
}

pub(crate) fn play(script: &Script) -> Outcome {
    let (config, policy) = match configure(&script.settings) {
        Ok(configured) => configured,
        Err(Unknown(what)) => return Outcome::Skip(what),
    };
    let resolver = Resolver::new(config, [0x5A; 32]);
    let mut world = World {
        service: Service::new(resolver, policy),
        // Not at the origin: nothing may depend on it.
        now: Time::from_secs(1_000_000),
        ranges: &script.ranges,
        step: 0,
        pending: Vec::new(),
        answers: VecDeque::new(),
        clients: 0,
    };
    for step in &script.steps {
        if let Err(reason) = world.step(step) {
            return Outcome::Fail(format!("step {}: {reason}", step.number));
        }
    }
    match world.answers.front() {
        Some((_, bytes)) => Outcome::Fail(format!("an answer that was not checked: {:?}", shown(bytes))),
        None => world.rest(),
    }
}

/// Every option that is known, and what it means here.
fn configure(settings: &[Setting]) -> Result<(Config, Policy), Unknown> {
    let mut config = Config { roots: Vec::new(), mix_case: false, ..Config::default() };
    let mut policy = Policy { rotate: false, extended_errors: false, ..Policy::default() };
    policy.access.push((network("127.0.0.0/8")?, Access::Allow));
    let mut zone_number = 0;
    for setting in settings {
        if setting.part == "server" {
            server_option(setting, &mut config, &mut policy)?;
            continue;
        }
        if setting.number != zone_number {
            zone_number = setting.number;
            let way = if setting.part == "stub-zone" { Way::Stub } else { Way::Forward { first: false } };
            config.zones.push(ZoneRule { name: dns::Name::ROOT, servers: Vec::new(), way });
        }
        let Some(rule) = config.zones.last_mut() else { continue };
        zone_option(setting, rule)?;
    }
    // The servers of the root are hints: they are asked who they are.
    config.zones.retain(|rule| {
        let hints = rule.name.is_root() && rule.way == Way::Stub;
        if hints {
            config.roots.extend(&rule.servers);
        }
        !hints
    });
    Ok((config, policy))
}

fn server_option(setting: &Setting, config: &mut Config, policy: &mut Policy) -> Result<(), Unknown> {
    let value = setting.values.first().map(String::as_str).unwrap_or_default();
    let wrong = || Unknown(format!("{}: {}", setting.name, setting.values.join(" ")));
    let yes = || match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(wrong()),
    };
    let count = || value.parse::<u32>().map_err(|_| wrong());
    let limits = &mut config.limits;
    match setting.name.as_str() {
        "qname-minimisation" => config.minimise = yes()?,
        "use-caps-for-id" => config.mix_case = yes()?,
        "prefetch" => config.prefetch = yes()?,
        "do-ip6" => config.ipv6 = yes()?,
        "do-ip4" => config.ipv4 = yes()?,
        "do-not-query-localhost" => config.loopback = !yes()?,
        "iter-scrub-promiscuous" => config.distrust_unasked = yes()?,
        "private-address" => config.private.push(network(value)?),
        "private-domain" => config.private_names.push(value.parse().map_err(|_| wrong())?),
        "serve-expired" if yes()? => config.serve_stale = Duration::from_secs(86_400),
        "serve-expired" => {}
        "minimal-responses" => policy.minimal = yes()?,
        "rrset-roundrobin" => policy.rotate = yes()?,
        "ede" => policy.extended_errors = yes()?,
        "num-queries-per-thread" => limits.questions = count()? as usize,
        "outbound-msg-retry" => limits.tries = count()?.try_into().map_err(|_| wrong())?,
        "max-global-quota" => limits.sends = count()?,
        "max-query-restarts" => limits.restarts = count()?.try_into().map_err(|_| wrong())?,
        "cache-max-ttl" => limits.max_ttl = count()?,
        "cache-min-ttl" => limits.min_ttl = count()?,
        "cache-max-negative-ttl" => limits.max_negative_ttl = count()?,
        "cache-min-negative-ttl" => limits.min_negative_ttl = count()?,
        "access-control" => {
            let access = match setting.values.get(1).map(String::as_str) {
                Some("allow") => Access::Allow,
                Some("allow_snoop") => Access::Snoop,
                Some("refuse") => Access::Refuse,
                Some("deny") => Access::Deny,
                _ => return Err(wrong()),
            };
            policy.access.insert(0, (network(value)?, access));
        }
        // Servers are looked up when one is needed: never more than this asks for.
        "target-fetch-policy" => {}
        // What is never done here.
        "harden-referral-path" if !yes()? => {}
        "harden-glue" if yes()? => {}
        _ => return Err(Unknown(setting.name.clone())),
    }
    Ok(())
}

fn zone_option(setting: &Setting, rule: &mut ZoneRule) -> Result<(), Unknown> {
    let value = setting.values.first().map(String::as_str).unwrap_or_default();
    let wrong = || Unknown(format!("{}: {}", setting.name, setting.values.join(" ")));
    match (setting.name.as_str(), value) {
        ("name", name) => rule.name = name.parse().map_err(|_| wrong())?,
        ("stub-addr" | "forward-addr", address) => {
            let (ip, port) = address.split_once('@').unwrap_or((address, "53"));
            let (ip, port) = (ip.parse::<IpAddr>().map_err(|_| wrong())?, port.parse().map_err(|_| wrong())?);
            rule.servers.push(SocketAddr::new(ip, port));
        }
        ("forward-first", yes @ ("yes" | "no")) => rule.way = Way::Forward { first: yes == "yes" },
        ("stub-prime" | "stub-first", "no") => {}
        (name, _) => return Err(Unknown(name.into())),
    }
    Ok(())
}

fn network(text: &str) -> Result<dns::authority::Network, Unknown> {
    text.parse().map_err(|_| Unknown(text.into()))
}

impl World<'_> {
    fn rest(&self) -> Outcome {
        if self.pending.iter().any(|query| !query.answered) {
            return Outcome::Fail(format!("at the end nobody has answered; {}", self.on_their_way()));
        }
        Outcome::Pass
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        self.step = step.number;
        self.pump()?;
        match &step.action {
            Action::Query { entry, from } => self.query(entry, *from),
            Action::CheckAnswer(entry) => self.check_answer(entry)?,
            Action::CheckOutQuery(entry) => {
                let found = self.pending.iter().any(|query| asks_for(entry, query));
                found
                    .then_some(())
                    .ok_or_else(|| format!("no such query is on its way; {}", self.on_their_way()))?;
            }
            Action::Reply(entry) => {
                let at = self.pending.iter().position(|query| asks_for(entry, query));
                let at = at.ok_or_else(|| format!("nobody asks for that; {}", self.on_their_way()))?;
                self.reply(at, entry);
            }
            Action::Timeout => self.oldest(|service, way, now| match way {
                Path::Udp(query) => service.resolver().give_up(query, now),
                Path::Tcp(connection) => service.resolver().handle(Input::TcpClosed(connection), now),
            }),
            Action::Error => self.oldest(|service, way, now| {
                let socket = match way {
                    Path::Udp(query) => Socket::FreshPort(query),
                    Path::Tcp(connection) => Socket::Tcp(connection),
                };
                service.resolver().handle(Input::SendFailed(socket), now);
            }),
            Action::TimePasses(seconds) => {
                self.now = self.now + Duration::from_secs_f64(*seconds);
                self.service.resolver().handle_deadline(self.now);
            }
            Action::Traffic => {}
        }
        self.pump()
    }

    fn oldest(&mut self, act: impl Fn(&mut Service, Path, Time)) {
        if !self.pending.is_empty() {
            let query = self.pending.remove(0);
            act(&mut self.service, query.way, self.now);
        }
    }

    fn query(&mut self, entry: &Entry, from: Option<IpAddr>) {
        let bytes = compose_query(entry);
        let from = from.unwrap_or(Ipv4Addr::LOCALHOST.into());
        let mut out = vec![0; 65_535];
        self.clients += 1;
        let client = (self.clients, from);
        if let Verdict::Reply(len) = self.service.query(client, entry.has("tcp"), &bytes, self.now, &mut out)
        {
            out.truncate(len);
            self.answers.push_back((self.clients, out));
        }
    }

    /// Everything goes as far as it can without the clock.
    fn pump(&mut self) -> Result<(), String> {
        for _ in 0..10_000 {
            if !self.actions() && !self.serve() {
                return Ok(());
            }
        }
        Err("the resolver does not come to rest".into())
    }

    fn actions(&mut self) -> bool {
        let mut busy = false;
        while let Some(Transmit { to, socket, bytes }) = self.service.resolver().poll_transmit(self.now) {
            let (way, bytes) = match socket {
                Socket::FreshPort(query) => (Path::Udp(query), bytes.to_vec()),
                Socket::Tcp(connection) => (Path::Tcp(connection), bytes[2..].to_vec()),
            };
            self.pending.push(Pending { way, to, bytes, answered: false });
            busy = true;
        }
        let mut out = vec![0; 65_535];
        while let Some(event) = self.service.poll_event(&mut out) {
            busy = true;
            match event {
                Output::Reply { client, len } => self.answers.push_back((client, out[..len].to_vec())),
                Output::Resolver(Event::OpenTcp { id, .. }) => {
                    self.service.resolver().handle(Input::TcpOpened(id), self.now);
                }
                Output::Resolver(Event::CloseTcp(connection)) => self.forget(Path::Tcp(connection)),
                Output::Resolver(Event::ClosePort(query)) => self.forget(Path::Udp(query)),
                Output::Silence { .. } | Output::Resolver(_) => {}
            }
        }
        busy
    }

    fn forget(&mut self, way: Path) {
        self.pending.retain(|query| query.way != way);
    }

    /// The first server that has something to say to somebody says it.
    fn serve(&mut self) -> bool {
        let ranges = self.ranges;
        for at in 0..self.pending.len() {
            let query = &self.pending[at];
            if query.answered {
                continue;
            }
            let mut open = ranges.iter().filter(|range| {
                let here = range.addresses.is_empty() || range.addresses.contains(&query.to.ip());
                here && (range.steps.0..=range.steps.1).contains(&self.step)
            });
            if let Some(entry) =
                open.find_map(|range| range.entries.iter().find(|entry| asks_for(entry, query)))
            {
                self.reply(at, entry);
                return true;
            }
        }
        false
    }

    fn reply(&mut self, at: usize, entry: &Entry) {
        let query = &mut self.pending[at];
        query.answered = true;
        let bytes = compose_reply(entry, &query.bytes);
        match query.way {
            Path::Udp(number) => {
                let from = query.to;
                let input = Input::Datagram { port: number, from, bytes: &bytes };
                self.service.resolver().handle(input, self.now);
            }
            Path::Tcp(connection) => {
                let mut framed = (bytes.len() as u16).to_be_bytes().to_vec();
                framed.extend(bytes);
                self.service
                    .resolver()
                    .handle(Input::TcpReceived { id: connection, bytes: &framed }, self.now);
            }
        }
    }

    fn check_answer(&mut self, entry: &Entry) -> Result<(), String> {
        // Where every query was answered and the answers ignored, only the clock can help.
        for _ in 0..100 {
            let waits = self.answers.is_empty() && self.pending.iter().all(|query| query.answered);
            let Some(deadline) = self.service.resolver().deadline().filter(|_| waits) else { break };
            self.now = self.now.max(deadline);
            self.service.resolver().handle_deadline(self.now);
            self.pump()?;
        }
        // Of several, the one that fits is meant; what is left over in the end is wrong.
        let fits = self.answers.iter().position(|(_, bytes)| compare(entry, bytes).is_ok());
        if let Some(at) = fits {
            self.answers.remove(at);
            return Ok(());
        }
        let (_, bytes) =
            self.answers.front().ok_or_else(|| format!("there is no answer; {}", self.on_their_way()))?;
        compare(entry, bytes).map_err(|difference| format!("{difference}; the answer is {}", shown(bytes)))
    }

    fn on_their_way(&self) -> String {
        let queries: Vec<String> = self
            .pending
            .iter()
            .map(|query| format!("{} to {}", question_of(&query.bytes), query.to.ip()))
            .collect();
        format!("on their way: [{}]", queries.join(", "))
    }
}

fn question_of(bytes: &[u8]) -> String {
    let message = Message::parse(bytes);
    message
        .ok()
        .and_then(|message| message.question().map(|question| question.to_string()))
        .unwrap_or_default()
}

/// Whether this query is one that the entry is for.
fn asks_for(entry: &Entry, query: &Pending) -> bool {
    let Ok(message) = Message::parse(&query.bytes) else { return false };
    let (Some(asked), entry_asks) = (message.question(), &entry.question) else { return false };
    let same = |is: &dyn Fn(&dns::Question) -> bool| entry_asks.as_ref().is_some_and(is);
    entry.matches.iter().all(|word| match word.as_str() {
        "opcode" => message.opcode() == Opcode::QUERY,
        "qtype" => same(&|question| question.rtype == asked.rtype),
        "qname" => same(&|question| asked.name == question.name),
        "qclass" => same(&|question| question.class == asked.class),
        "question" | "all" => same(&|question| question.as_question_ref() == asked),
        "subdomain" => same(&|question| asked.name.is_subdomain_of(question.name.as_name_ref())),
        "tcp" => matches!(query.way, Path::Tcp(_)),
        "udp" => matches!(query.way, Path::Udp(_)),
        "do" => message.edns().is_some_and(|edns| edns.header.dnssec_ok),
        "noedns" => message.edns().is_none(),
        _ => true,
    })
}

fn compose_query(entry: &Entry) -> Vec<u8> {
    if let Some(raw) = &entry.raw {
        return raw.clone();
    }
    let mut header = Header::query(0x1234, Opcode::QUERY);
    header.flags = entry.flags;
    compose(header, entry, entry.question.as_ref().map(|question| question.as_question_ref()))
}

fn compose_reply(entry: &Entry, query: &[u8]) -> Vec<u8> {
    let asked = Message::parse(query).unwrap();
    let id = if entry.adjusts("copy_id") { asked.id() } else { 0 };
    if let Some(raw) = &entry.raw {
        let mut raw = raw.clone();
        raw[..2].copy_from_slice(&id.to_be_bytes());
        return raw;
    }
    let flags = entry.flags.with_rcode(entry.rcode.0);
    let header = Header { id, flags, ..Header::default() };
    let own = entry.question.as_ref().map(|question| question.as_question_ref());
    compose(header, entry, if entry.adjusts("copy_query") { asked.question() } else { own })
}

fn compose(header: Header, entry: &Entry, question: Option<dns::QuestionRef<'_>>) -> Vec<u8> {
    let mut buffer = vec![0; 65_535];
    let mut builder = Builder::new(&mut buffer, header);
    if let Some(question) = question {
        builder.push_question(question).unwrap();
    }
    for (section, records) in Section::ALL.into_iter().zip(&entry.sections) {
        for record in records {
            builder.push_record(section, record.as_record_ref()).unwrap();
        }
    }
    if entry.dnssec_ok || entry.edns.is_some() {
        let mut edns = EdnsHeader::new(4096);
        edns.dnssec_ok = entry.dnssec_ok;
        let options = options(entry.edns.as_deref().unwrap_or_default());
        let options: Vec<EdnsOption<'_>> =
            options.into_iter().map(|(code, data)| EdnsOption::Other { code, data }).collect();
        builder.push_edns(&edns, &options).unwrap();
    }
    builder.finish().to_vec()
}

fn options(mut octets: &[u8]) -> Vec<(u16, &[u8])> {
    let mut options = Vec::new();
    while let [a, b, c, d, rest @ ..] = octets {
        let (data, behind) = rest.split_at(usize::from(u16::from_be_bytes([*c, *d])));
        options.push((u16::from_be_bytes([*a, *b]), data));
        octets = behind;
    }
    options
}

/// What differs between an answer and what it should be, as far as the entry says that it matters.
fn compare(entry: &Entry, bytes: &[u8]) -> Result<(), String> {
    let message = Message::parse(bytes).map_err(|error| error.to_string())?;
    let all = entry.has("all");
    let asked = message.question().map(|question| question.to_question());
    let wanted = entry.question.as_ref();
    let same = |word: &str, equal: bool| {
        if (all || entry.has(word)) && !equal { Err(format!("{word} differs")) } else { Ok(()) }
    };
    same("opcode", message.opcode() == Opcode::QUERY)?;
    same("qname", asked.as_ref().map(|asked| &asked.name) == wanted.map(|wanted| &wanted.name))?;
    same("qtype", asked.as_ref().map(|asked| asked.rtype) == wanted.map(|wanted| wanted.rtype))?;
    same("question", asked.as_ref() == wanted)?;
    same("rcode", message.rcode() == entry.rcode.0)?;
    let flags = message.flags().with_opcode(Opcode::QUERY).with_rcode(Rcode::NOERROR);
    same("flags", flags == entry.flags)?;
    same("do", message.edns().is_some_and(|edns| edns.header.dnssec_ok) == entry.dnssec_ok)?;
    for (section, wanted) in Section::ALL.into_iter().zip(&entry.sections) {
        let found: Vec<Record> = message.section(section).map(|record| record.to_record()).collect();
        let equal = same_records(&found, wanted, entry.has("ttl"));
        if (all || (section == Section::Answer && entry.has("answer"))) && !equal {
            return Err(format!("the {section:?} section differs"));
        }
    }
    compare_edns(entry, &message)
}

fn same_records(found: &[Record], wanted: &[Record], ttl: bool) -> bool {
    let text = |record: &Record| {
        let mut record = record.clone();
        record.ttl = if ttl { record.ttl } else { 0 };
        record.to_string().to_lowercase()
    };
    let sorted = |records: &[Record]| {
        let mut lines: Vec<String> = records.iter().map(text).collect();
        lines.sort();
        lines
    };
    sorted(found) == sorted(wanted)
}

fn compare_edns(entry: &Entry, message: &Message<'_>) -> Result<(), String> {
    let edns = message.edns();
    let codes: Vec<u16> = edns
        .iter()
        .flat_map(|edns| edns.options())
        .filter_map(|option| match option {
            EdnsOption::ExtendedError(error) => Some(error.code),
            _ => None,
        })
        .collect();
    for wanted in entry.matches.iter().filter_map(|word| word.strip_prefix("ede=")) {
        let found = if wanted == "any" {
            !codes.is_empty()
        } else {
            codes.iter().any(|code| code.to_string() == wanted)
        };
        found.then_some(()).ok_or_else(|| format!("the extended error is {codes:?}, not {wanted}"))?;
    }
    if let Some(wanted) = &entry.edns {
        let mut wanted: Vec<u16> = options(wanted).into_iter().map(|(code, _)| code).collect();
        let others = |edns: &dns::Edns<'_>| {
            let codes = edns.options().map(|option| option.code()).filter(|code| *code != 15);
            codes.collect::<Vec<u16>>()
        };
        wanted.retain(|code| *code != 15);
        let found = edns.as_ref().map(others).unwrap_or_default();
        (found == wanted)
            .then_some(())
            .ok_or_else(|| format!("the EDNS options are {found:?}, not {wanted:?}"))?;
    }
    Ok(())
}

/// An answer on one line.
fn shown(bytes: &[u8]) -> String {
    let Ok(message) = Message::parse(bytes) else { return format!("{bytes:02x?}") };
    let flags = [
        ("QR", Flags::QR),
        ("AA", Flags::AA),
        ("TC", Flags::TC),
        ("RD", Flags::RD),
        ("RA", Flags::RA),
        ("AD", Flags::AD),
        ("CD", Flags::CD),
    ];
    let set = flags.iter().filter(|(_, flag)| message.flags().has(*flag)).map(|(name, _)| *name);
    let mut text = format!("{} {}", message.rcode(), set.collect::<Vec<_>>().join(" "));
    for section in Section::ALL {
        let records: Vec<String> = message.section(section).map(|record| record.to_string()).collect();
        text += &format!(" {section:?} [{}]", records.join("; "));
    }
    text
}
