//! The command line: dig's own grammar, `@server name type class` in any order with `-letters` and `+words` between them.
//!
//! The rule: what dig understands and this program lacks is refused by name (exit code 2), never silently ignored.

use std::net::IpAddr;
use std::time::Duration;

use dns::edns::ClientSubnet;
use dns::tsig::Key;
use dns::{Class, Name, Opcode, RrType};
use examples::as_bind;
use proto_core::base64;

/// How `dig` is used.
pub(crate) const USAGE: &str = "\
Usage: dig [@SERVER] [-p PORT] [-x ADDRESS] [-t TYPE] [-c CLASS] [-q NAME] [-y [ALG:]NAME:SECRET] [-4] [-6]
           [--log LEVEL] [NAME [TYPE] [CLASS] [+OPTION...]]...

Asks a name server and prints its reply, like BIND's dig. TYPE may be IXFR=SERIAL.

  +[no]tcp +[no]tls +[no]ignore      how to ask; +ignore: no TCP where the reply is truncated
  +time=S +tries=N +retry=N          how long and how often
  +[no]rec +[no]aa +[no]ad +[no]cd +[no]zflag   header bits of the query; +opcode=N
  +bufsize=N +[no]edns[=N] +[no]dnssec +[no]nsid +[no]cookie[=HEX] +subnet=NET +padding=N +[no]expire +[no]keepalive
  +[no]ednsopt[=CODE[:HEX]]
  +[no]search +domain=NAME +ndots=N  completion of the name
  +trace                             from the root down, each delegation shown
  +short +[no]identify +[no]all +[no]cmd +[no]comments +[no]question +[no]answer +[no]authority +[no]additional +[no]stats
  +[no]ttlid +[no]ttlunits +[no]class +[no]multiline +[no]rrcomments +[no]qr +[no]split[=N] +[no]besteffort   what is printed

Several names make several look-ups. What stands before the first one is for all of them, what stands behind a name for that
one; ports, keys and +short are for all wherever they stand.
";

/// What is shown.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of dig's command line")]
pub(crate) struct Show {
    pub(crate) command: bool,
    pub(crate) comments: bool,
    pub(crate) question: bool,
    pub(crate) answer: bool,
    pub(crate) authority: bool,
    pub(crate) additional: bool,
    pub(crate) stats: bool,
    pub(crate) short: bool,
    pub(crate) identify: bool,
    pub(crate) query: bool,
    pub(crate) ttl: bool,
    pub(crate) class: bool,
    pub(crate) multiline: bool,
    pub(crate) units: bool,
    pub(crate) split: Split,
    /// What keys are for, behind them; `None`: where records take many lines.
    pub(crate) remarks: Option<bool>,
}

/// How many digits stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// As many as it takes to look well.
    Usual,
    Every(usize),
    /// All.
    Never,
}

impl Show {
    /// How many digits stand together on one line; `None`: all.
    pub(crate) fn run(&self) -> Option<usize> {
        match self.split {
            Split::Usual => Some(as_bind::RUN),
            Split::Every(digits) => Some(digits),
            Split::Never => None,
        }
    }
}

/// What EDNS is to say.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of dig's command line")]
pub(crate) struct EdnsWish {
    pub(crate) on: bool,
    pub(crate) version: u8,
    pub(crate) payload: u16,
    pub(crate) dnssec: bool,
    pub(crate) nsid: bool,
    pub(crate) expire: bool,
    pub(crate) keepalive: bool,
    pub(crate) cookie: Option<Vec<u8>>,
    pub(crate) subnet: Option<ClientSubnet>,
    pub(crate) padding: u16,
    /// Options by their numbers, with what they hold.
    pub(crate) others: Vec<(u16, Vec<u8>)>,
}

/// The whole command line.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of dig's command line")]
pub(crate) struct Args {
    pub(crate) line: String,
    pub(crate) server: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) family: Option<bool>,
    pub(crate) name: Option<String>,
    pub(crate) rtype: RrType,
    pub(crate) typed: bool,
    pub(crate) serial: Option<u32>,
    pub(crate) class: Class,
    pub(crate) key: Option<Key>,
    pub(crate) tcp: Option<bool>,
    pub(crate) tls: bool,
    pub(crate) ignore: bool,
    pub(crate) time: Duration,
    pub(crate) tries: u32,
    pub(crate) recursion: bool,
    pub(crate) authentic: bool,
    pub(crate) authoritative: bool,
    pub(crate) unchecked: bool,
    pub(crate) reserved: bool,
    pub(crate) opcode: Opcode,
    pub(crate) search: bool,
    pub(crate) domain: Option<Name>,
    pub(crate) ndots: Option<u8>,
    pub(crate) trace: bool,
    pub(crate) edns: EdnsWish,
    pub(crate) show: Show,
}

/// What the command line amounts to.
pub(crate) enum Wish {
    /// One look-up or more.
    Ask(Vec<Args>),
    Help,
    Version,
}

impl Default for Args {
    fn default() -> Self {
        let show = Show {
            command: true,
            comments: true,
            question: true,
            answer: true,
            authority: true,
            additional: true,
            stats: true,
            short: false,
            identify: false,
            query: false,
            ttl: true,
            class: true,
            multiline: false,
            units: false,
            split: Split::Usual,
            remarks: None,
        };
        let edns = EdnsWish {
            on: true,
            version: 0,
            payload: dns::limits::UDP_PAYLOAD,
            dnssec: false,
            nsid: false,
            expire: false,
            keepalive: false,
            cookie: Some(Vec::new()),
            subnet: None,
            padding: 0,
            others: Vec::new(),
        };
        Args {
            line: String::new(),
            server: None,
            port: None,
            family: None,
            name: None,
            rtype: RrType::A,
            typed: false,
            serial: None,
            class: Class::IN,
            key: None,
            tcp: None,
            tls: false,
            ignore: false,
            time: Duration::from_secs(5),
            tries: 3,
            recursion: true,
            authentic: true,
            authoritative: false,
            unchecked: false,
            reserved: false,
            opcode: Opcode::QUERY,
            search: false,
            domain: None,
            ndots: None,
            trace: false,
            edns,
            show,
        }
    }
}

impl Args {
    /// Reads the command line.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Wish, String> {
        let words: Vec<String> = words.collect();
        let mut all = Lookups { usual: Args::default(), named: Vec::new(), types: true };
        all.usual.line = words.join(" ");
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-h" | "--help" => return Ok(Wish::Help),
                "-v" | "--version" => return Ok(Wish::Version),
                _ => all.word(&word, &mut words)?,
            }
        }
        let Lookups { mut usual, named, .. } = all;
        if !named.is_empty() {
            return Ok(Wish::Ask(named));
        }
        if !usual.typed {
            usual.rtype = RrType::NS;
        }
        Ok(Wish::Ask(vec![usual]))
    }
}

/// The look-ups of a command line: what all of them have in common, and one for each name so far.
struct Lookups {
    usual: Args,
    named: Vec<Args>,
    /// Words may be types and classes, as long as neither has been given with its letter.
    types: bool,
}

impl Lookups {
    /// The one that a word is about.
    fn current(&mut self) -> &mut Args {
        self.named.last_mut().unwrap_or(&mut self.usual)
    }

    /// What counts for all of them, wherever it stands.
    fn each(&mut self, change: impl Fn(&mut Args)) {
        self.named.iter_mut().chain([&mut self.usual]).for_each(change);
    }

    fn start(&mut self, name: String) {
        self.named.push(Args { name: Some(name), ..self.usual.clone() });
    }

    fn word(&mut self, word: &str, rest: &mut impl Iterator<Item = String>) -> Result<(), String> {
        if let Some(server) = word.strip_prefix('@') {
            self.current().server = Some(server.to_owned());
        } else if let Some(option) = word.strip_prefix('+') {
            return self.option(option);
        } else if let Some(long) = word.strip_prefix("--") {
            return if long.starts_with("log=") {
                Ok(())
            } else if long == "log" {
                rest.next().map(drop).ok_or_else(|| "--log wants a level".to_owned())
            } else {
                Err(format!("unknown option --{long}"))
            };
        } else if let Some(letter) = word.strip_prefix('-').filter(|letter| !letter.is_empty()) {
            return self.letter(letter, rest);
        } else {
            self.bare(word);
        }
        Ok(())
    }

    /// A name, unless it is a type or a class.
    fn bare(&mut self, word: &str) {
        let types = self.types && (!self.named.is_empty() || !word.contains('.'));
        let current = self.current();
        if types {
            let again = current.typed;
            if current.is_type(word) {
                if again {
                    eprintln!(";; Warning, extra type option");
                }
                return;
            }
            if let Some(class) = Class::parse(word.as_bytes()) {
                current.class = class;
                return;
            }
        }
        self.start(word.to_owned());
    }

    fn letter(&mut self, letter: &str, rest: &mut impl Iterator<Item = String>) -> Result<(), String> {
        let (first, attached) = letter.split_at_checked(1).unwrap_or((letter, ""));
        match (first, attached) {
            ("4", "") => self.each(|args| args.family = Some(false)),
            ("6", "") => self.each(|args| args.family = Some(true)),
            ("p" | "x" | "t" | "c" | "q" | "y", _) => {
                let value = if attached.is_empty() { rest.next() } else { Some(attached.to_owned()) };
                return self.value(first, &value.ok_or_else(|| format!("-{first} wants a value"))?);
            }
            _ => return Err(format!("unknown option -{letter}")),
        }
        Ok(())
    }

    fn value(&mut self, letter: &str, value: &str) -> Result<(), String> {
        let wrong = |what: &str| format!("'{value}' is not {what}");
        match letter {
            "p" => {
                let port = value.parse().map_err(|_| wrong("a port"))?;
                self.each(|args| args.port = Some(port));
            }
            "y" => {
                let key = key(value)?;
                self.each(|args| args.key = Some(key.clone()));
            }
            "q" => self.start(value.to_owned()),
            "t" => {
                self.types = false;
                return self.current().is_type(value).then_some(()).ok_or_else(|| wrong("a type"));
            }
            "c" => {
                self.types = false;
                self.current().class = Class::parse(value.as_bytes()).ok_or_else(|| wrong("a class"))?;
            }
            _ => {
                let address: IpAddr = value.parse().map_err(|_| wrong("an address"))?;
                self.start(dns::pointer_name(address).to_string());
                let current = self.current();
                if !current.typed {
                    (current.rtype, current.typed) = (RrType::PTR, true);
                }
            }
        }
        Ok(())
    }

    fn option(&mut self, word: &str) -> Result<(), String> {
        if matches!(word, "short" | "noshort") {
            self.each(|args| args.short(word == "short"));
            return Ok(());
        }
        self.current().option(word)
    }
}

impl Args {
    fn is_type(&mut self, word: &str) -> bool {
        let (word, serial) = match word.split_once('=') {
            Some((rtype, serial)) if rtype.eq_ignore_ascii_case("ixfr") => (rtype, serial.parse().ok()),
            _ => (word, None),
        };
        let Some(rtype) = RrType::parse(word.as_bytes()) else { return false };
        (self.rtype, self.serial, self.typed) = (rtype, serial, true);
        rtype != RrType::IXFR || serial.is_some()
    }

    fn short(&mut self, on: bool) {
        let show = &mut self.show;
        show.short = on;
        if on {
            (show.command, show.comments, show.stats, show.question) = (false, false, false, false);
            (show.authority, show.additional) = (false, false);
        }
    }

    fn option(&mut self, word: &str) -> Result<(), String> {
        let (key, value) = word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
        let (on, key) =
            key.strip_prefix("no").filter(|key| !key.is_empty()).map_or((true, key), |key| (false, key));
        match value {
            Some(value) if on => self.valued(key, value),
            None => self.switch(key, on),
            Some(_) => Err(format!("+{word}: no value is wanted")),
        }
        .map_err(|error| format!("+{word}: {error}"))
    }

    fn switch(&mut self, key: &str, on: bool) -> Result<(), String> {
        if key == "trace" {
            self.trace_on(on);
            return Ok(());
        }
        let (show, edns) = (&mut self.show, &mut self.edns);
        match key {
            "tcp" | "vc" => self.tcp = Some(on),
            "tls" => self.tls = on,
            "ignore" => self.ignore = on,
            "all" => {
                for part in [
                    &mut show.comments,
                    &mut show.question,
                    &mut show.answer,
                    &mut show.authority,
                    &mut show.additional,
                    &mut show.stats,
                    &mut show.command,
                ] {
                    *part = on;
                }
            }
            "cmd" => show.command = on,
            "comments" => show.comments = on,
            "question" => show.question = on,
            "answer" => show.answer = on,
            "authority" => show.authority = on,
            "additional" => show.additional = on,
            "stats" => show.stats = on,
            "identify" => show.identify = on,
            "qr" => show.query = on,
            "ttlid" => show.ttl = on,
            "class" | "cl" => show.class = on,
            "multiline" => show.multiline = on,
            "ttlunits" => show.units = on,
            "rrcomments" => show.remarks = Some(on),
            "split" => show.split = if on { Split::Usual } else { Split::Never },
            "recurse" | "rec" => self.recursion = on,
            "adflag" | "ad" => self.authentic = on,
            "aaflag" | "aa" | "aaonly" => self.authoritative = on,
            "cdflag" | "cd" => self.unchecked = on,
            "zflag" => self.reserved = on,
            "search" => self.search = on,
            // A reply that is not well-formed is never shown as if it were.
            "besteffort" => {}
            "edns" => edns.on = on,
            "dnssec" | "do" => edns.dnssec = on,
            "nsid" => edns.nsid = on,
            "expire" => edns.expire = on,
            "keepalive" => edns.keepalive = on,
            "cookie" => edns.cookie = on.then(Vec::new),
            "subnet" if !on => edns.subnet = None,
            "ednsopt" if !on => edns.others.clear(),
            "ednsopt" => return Err("an option's code is wanted".into()),
            _ => return Err("unknown option".into()),
        }
        edns.on |= edns.dnssec || edns.nsid;
        Ok(())
    }

    /// dig(1): the trace asks without recursion and for signatures too, and shows only what leads on.
    fn trace_on(&mut self, on: bool) {
        self.trace = on;
        if on {
            self.recursion = false;
            self.edns.dnssec = true;
            self.show.comments = false;
            self.show.stats = false;
            self.show.question = false;
        }
    }

    fn valued(&mut self, key: &str, value: &str) -> Result<(), String> {
        let wrong = |what: &str| format!("'{value}' is not {what}");
        let number = || value.parse::<u16>().map_err(|_| wrong("a number up to 65535"));
        let seconds = |value: u16| Duration::from_secs(value.max(1).into());
        match key {
            "time" | "timeout" => self.time = seconds(number()?),
            "tries" => self.tries = u32::from(number()?.max(1)),
            "retry" => self.tries = u32::from(number()?) + 1,
            "bufsize" => {
                self.edns.payload = number()?;
                self.edns.on = true;
            }
            "edns" => {
                self.edns.version = u8::try_from(number()?).map_err(|_| wrong("a version"))?;
                self.edns.on = true;
            }
            "padding" => self.edns.padding = number()?.min(512),
            "subnet" => {
                self.edns.subnet = Some(subnet(value).ok_or_else(|| wrong("a network"))?);
                self.edns.on = true;
            }
            "cookie" => {
                let cookie = hex(value).filter(|octets| matches!(octets.len(), 0 | 8 | 16..=40));
                self.edns.cookie = Some(cookie.ok_or_else(|| wrong("a cookie"))?);
            }
            "ednsopt" => {
                self.edns.others.push(edns_option(value)?);
                self.edns.on = true;
            }
            "opcode" => self.opcode = opcode(value).ok_or_else(|| wrong("an opcode"))?,
            "ndots" => {
                self.ndots = Some(u8::try_from(number()?).unwrap_or(u8::MAX));
            }
            "domain" => {
                let domain = Name::parse_text(value.as_bytes(), Some(&Name::ROOT));
                self.domain = Some(domain.map_err(|error| error.to_string())?);
                self.search = true;
            }
            // dig(1): rounded up to the nearest multiple of four; 0 is the same as +nosplit.
            "split" => {
                self.show.split = match usize::from(number()?).next_multiple_of(4) {
                    0 => Split::Never,
                    digits => Split::Every(digits),
                }
            }
            _ => return Err("unknown option".into()),
        }
        Ok(())
    }
}

/// `ALG:NAME:SECRET`, or without algorithm: HMAC-MD5 once, SHA-256 here.
fn key(text: &str) -> Result<Key, String> {
    let parts: Vec<&str> = text.splitn(3, ':').collect();
    let (algorithm, name, secret) = match *parts.as_slice() {
        [algorithm, name, secret] => (algorithm, name, secret),
        [name, secret] => ("hmac-sha256", name, secret),
        _ => return Err("-y wants [ALG:]NAME:SECRET".into()),
    };
    let algorithm = algorithm.parse().map_err(|_| format!("-y: unknown algorithm '{algorithm}'"))?;
    let name =
        Name::parse_text(name.as_bytes(), Some(&Name::ROOT)).map_err(|error| format!("-y: {error}"))?;
    let secret =
        base64::STANDARD.decode(secret.as_bytes()).map_err(|error| format!("-y: the secret: {error}"))?;
    Ok(Key::new(name, algorithm, &secret))
}

/// `CODE` or `CODE:HEX`, the code by number or by the name that dig has for it.
fn edns_option(text: &str) -> Result<(u16, Vec<u8>), String> {
    let (code, value) = text.split_once(':').unwrap_or((text, ""));
    let number = match code.to_ascii_uppercase().as_str() {
        "LLQ" => Some(1),
        "UL" => Some(2),
        "NSID" => Some(3),
        "DAU" => Some(5),
        "DHU" => Some(6),
        "N3U" => Some(7),
        "ECS" => Some(8),
        "EXPIRE" => Some(9),
        "COOKIE" => Some(10),
        "KEEPALIVE" => Some(11),
        "PADDING" | "PAD" => Some(12),
        "CHAIN" => Some(13),
        "KEY-TAG" => Some(14),
        "EDE" => Some(15),
        "CLIENT-TAG" => Some(16),
        "SERVER-TAG" => Some(17),
        number => number.parse().ok(),
    };
    let number = number.ok_or_else(|| format!("'{code}' is not an option's code"))?;
    Ok((number, hex(value).ok_or_else(|| format!("'{value}' is not hexadecimal"))?))
}

fn subnet(text: &str) -> Option<ClientSubnet> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = if address == "0" { IpAddr::from([0; 4]) } else { address.parse().ok()? };
    let all = if address.is_ipv4() { 32 } else { 128 };
    ClientSubnet::new(address, bits.map_or(Some(all), |bits| bits.parse().ok())?, 0)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    let octets =
        digits?.chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit)).collect();
    text.len().is_multiple_of(2).then_some(octets)
}

fn opcode(text: &str) -> Option<Opcode> {
    match text.to_ascii_lowercase().as_str() {
        "query" => Some(Opcode::QUERY),
        "notify" => Some(Opcode::NOTIFY),
        "update" => Some(Opcode::UPDATE),
        "status" => Some(Opcode::new(2)),
        number => number.parse().ok().filter(|code| *code < 16).map(Opcode::new),
    }
}
