//! Scenario scripts: what stands in a file, read into steps, ranges and entries.
//!
//! The rule: what is not understood makes the file skipped, with the word at fault, and never half a test.

use std::net::IpAddr;

use dns::zonefile::Parser;
use dns::{Class, Flags, Name, Question, Rcode, Rdata, Record, RrType};

/// Why a script can't be run: an option or word that is not known here.
pub(crate) struct Unknown(pub(crate) String);

type Read<T> = Result<T, Unknown>;

fn unknown<T>(what: impl Into<String>) -> Read<T> {
    Err(Unknown(what.into()))
}

/// An option of the `CONFIG` part: its section, name and values.
pub(crate) struct Setting {
    pub(crate) part: &'static str,
    /// The number of the section: there may be several of a kind.
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}

/// What a message is made of, or compared with.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) matches: Vec<String>,
    pub(crate) adjust: Vec<String>,
    pub(crate) flags: Flags,
    pub(crate) rcode: Rcode0,
    pub(crate) dnssec_ok: bool,
    pub(crate) question: Option<Question>,
    pub(crate) sections: [Vec<Record>; 3],
    /// Octets of EDNS options.
    pub(crate) edns: Option<Vec<u8>>,
    /// The message itself, octet by octet.
    pub(crate) raw: Option<Vec<u8>>,
}

/// NOERROR unless said otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Rcode0(pub(crate) Rcode);

impl Default for Rcode0 {
    fn default() -> Self {
        Rcode0(Rcode::NOERROR)
    }
}

impl Entry {
    pub(crate) fn has(&self, word: &str) -> bool {
        self.matches.iter().any(|known| known == word)
    }

    pub(crate) fn adjusts(&self, word: &str) -> bool {
        self.adjust.iter().any(|known| known == word)
    }
}

/// Replies of a server while the step's number is within the range.
pub(crate) struct Range {
    pub(crate) steps: (u64, u64),
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) entries: Vec<Entry>,
}

/// What a step does.
pub(crate) enum Action {
    Query {
        entry: Entry,
        from: Option<IpAddr>,
    },
    CheckAnswer(Entry),
    CheckOutQuery(Entry),
    Reply(Entry),
    Timeout,
    Error,
    TimePasses(f64),
    /// Nothing is done, and whatever can be answered is.
    Traffic,
}

pub(crate) struct Step {
    pub(crate) number: u64,
    pub(crate) action: Action,
}

pub(crate) struct Script {
    pub(crate) settings: Vec<Setting>,
    pub(crate) ranges: Vec<Range>,
    pub(crate) steps: Vec<Step>,
}

const MATCHES: &[&str] = &[
    "all",
    "opcode",
    "qtype",
    "qname",
    "qclass",
    "subdomain",
    "question",
    "ttl",
    "tcp",
    "udp",
    "do",
    "noedns",
    "rcode",
    "flags",
    "reply",
    "answer",
];

/// The words of a file, line by line.
struct Lines<'t> {
    lines: std::iter::Peekable<std::str::Lines<'t>>,
    origin: Name,
}

pub(crate) fn read(text: &str) -> Read<Script> {
    let (config, scenario) = text.split_once("CONFIG_END").ok_or(Unknown("CONFIG_END is missing".into()))?;
    let settings = settings(config)?;
    let mut script = Script { settings, ranges: Vec::new(), steps: Vec::new() };
    let mut lines = Lines { lines: scenario.lines().peekable(), origin: Name::ROOT };
    while let Some(line) = lines.lines.next() {
        let words: Vec<&str> = bare(line).split_whitespace().collect();
        match words.as_slice() {
            [] | ["SCENARIO_BEGIN", ..] | ["RANGE_END", ..] => {}
            ["SCENARIO_END", ..] => break,
            ["$ORIGIN", origin] => lines.origin = name(origin, &Name::ROOT)?,
            ["RANGE_BEGIN", from, to] => {
                let steps = (number(from)?, number(to)?);
                script.ranges.push(Range { steps, addresses: Vec::new(), entries: Vec::new() });
            }
            ["ADDRESS", ip] => {
                let range = script.ranges.last_mut().ok_or(Unknown("ADDRESS outside a range".into()))?;
                range.addresses.push(ip.parse().map_err(|_| Unknown(format!("ADDRESS {ip}")))?);
            }
            ["ENTRY_BEGIN", ..] => {
                let entry = lines.entry()?;
                let range = script.ranges.last_mut().ok_or(Unknown("an entry outside a range".into()))?;
                range.entries.push(entry);
            }
            ["STEP", at, kind, rest @ ..] => {
                let action = lines.action(kind, rest)?;
                script.steps.push(Step { number: number(at)?, action });
            }
            [word, ..] => return unknown(*word),
        }
    }
    Ok(script)
}

impl Lines<'_> {
    fn action(&mut self, kind: &str, rest: &[&str]) -> Read<Action> {
        Ok(match (kind, rest) {
            ("QUERY", rest) => {
                let from = match rest {
                    ["ADDRESS", ip, ..] => ip.parse().ok(),
                    _ => self.address(),
                };
                Action::Query { entry: self.next_entry()?, from }
            }
            ("CHECK_ANSWER", _) => Action::CheckAnswer(self.next_entry()?),
            ("CHECK_OUT_QUERY", _) => Action::CheckOutQuery(self.next_entry()?),
            ("REPLY", _) => Action::Reply(self.next_entry()?),
            ("TIMEOUT", _) => Action::Timeout,
            ("ERROR", _) => Action::Error,
            ("TIME_PASSES", ["ELAPSE", seconds]) => {
                Action::TimePasses(seconds.parse().map_err(|_| Unknown(format!("ELAPSE {seconds}")))?)
            }
            ("TRAFFIC" | "NOTHING", _) => Action::Traffic,
            (kind, _) => return unknown(format!("STEP {kind}")),
        })
    }

    /// An `ADDRESS` line between a step and its entry.
    fn address(&mut self) -> Option<IpAddr> {
        let line = bare(self.lines.peek()?).trim().to_owned();
        let address = line.strip_prefix("ADDRESS")?.trim().parse().ok()?;
        self.lines.next();
        Some(address)
    }

    fn next_entry(&mut self) -> Read<Entry> {
        for line in self.lines.by_ref() {
            match bare(line).trim() {
                "" => {}
                "ENTRY_BEGIN" => return self.entry(),
                other => return unknown(other),
            }
        }
        unknown("a step without its entry")
    }

    fn entry(&mut self) -> Read<Entry> {
        let mut entry = Entry::default();
        let mut section = None;
        while let Some(line) = self.lines.next() {
            let line = if line.contains('"') { line } else { bare(line) };
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                ["ENTRY_END", ..] => return Ok(entry),
                ["$ORIGIN", origin] => self.origin = name(origin, &Name::ROOT)?,
                ["MATCH", words @ ..] => entry.matches.extend(matches(words)?),
                ["ADJUST", words @ ..] => entry.adjust.extend(adjustments(words)?),
                ["REPLY", words @ ..] => reply(&mut entry, words)?,
                ["SECTION", "QUESTION"] => section = None,
                ["SECTION", "ANSWER"] => section = Some(0),
                ["SECTION", "AUTHORITY"] => section = Some(1),
                ["SECTION", "ADDITIONAL"] => section = Some(2),
                ["HEX_EDNSDATA_BEGIN", ..] => entry.edns = Some(self.hex("HEX_EDNSDATA_END")?),
                ["HEX_ANSWER_BEGIN", ..] => entry.raw = Some(self.hex("HEX_ANSWER_END")?),
                words => match section {
                    None => entry.question = Some(question(words, &self.origin)?),
                    Some(number) => entry.sections[number].push(record(line, &self.origin)?),
                },
            }
        }
        unknown("ENTRY_END is missing")
    }

    fn hex(&mut self, end: &str) -> Read<Vec<u8>> {
        let mut digits = String::new();
        for line in self.lines.by_ref() {
            let line = bare(line);
            if line.trim() == end {
                let octets = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
                let octets: Result<_, _> = octets.map(|pair| u8::from_str_radix(pair, 16)).collect();
                return octets.map_err(|_| Unknown("octets that are not hexadecimal".into()));
            }
            digits.extend(line.chars().filter(|character| !character.is_whitespace()));
        }
        unknown(end)
    }
}

/// Without the comment.
fn bare(line: &str) -> &str {
    line.split(';').next().unwrap_or_default()
}

fn number(text: &str) -> Read<u64> {
    text.parse().map_err(|_| Unknown(format!("the number {text}")))
}

fn name(text: &str, origin: &Name) -> Read<Name> {
    Name::parse_text(text.as_bytes(), Some(origin)).map_err(|_| Unknown(format!("the name {text}")))
}

fn question(words: &[&str], origin: &Name) -> Read<Question> {
    let (owner, class, rtype) = match words {
        [owner, class, rtype] => (owner, Class::parse(class.as_bytes()), rtype),
        [owner, rtype] => (owner, Some(Class::IN), rtype),
        words => return unknown(words.join(" ")),
    };
    let wrong = || Unknown(words.join(" "));
    let rtype = RrType::parse(rtype.as_bytes()).ok_or_else(wrong)?;
    Ok(Question { name: name(owner, origin)?, rtype, class: class.ok_or_else(wrong)? })
}

fn record(line: &str, origin: &Name) -> Read<Record> {
    let parse = |line: &str| {
        let mut parser = Parser::new(line.trim().as_bytes(), "a script").origin(origin.clone()).ttl(3600);
        parser.next().ok().flatten().map(|entry| entry.record.to_record())
    };
    // Of another class it has the same octets.
    let other = |line: &str| {
        let record = parse(&line.replacen(" CH ", " IN ", 1))?;
        let rdata = Rdata::from_wire(record.rtype(), Class::CH, record.rdata.as_wire()).ok()?;
        Some(Record { rdata, ..record })
    };
    parse(line).or_else(|| other(line)).ok_or(Unknown(format!("the record {line}")))
}

fn matches(words: &[&str]) -> Read<Vec<String>> {
    let known = |word: &&str| {
        let word = word.to_lowercase();
        let ede = word.strip_prefix("ede=").is_some_and(|code| code == "any" || code.parse::<u16>().is_ok());
        if ede || MATCHES.contains(&word.as_str()) { Ok(word) } else { unknown(format!("MATCH {word}")) }
    };
    words.iter().map(known).collect()
}

fn adjustments(words: &[&str]) -> Read<Vec<String>> {
    let known = |word: &&str| match *word {
        "copy_id" | "copy_query" => Ok((*word).to_owned()),
        word => unknown(format!("ADJUST {word}")),
    };
    words.iter().map(known).collect()
}

fn reply(entry: &mut Entry, words: &[&str]) -> Read<()> {
    for word in words {
        let flag = match *word {
            "QR" => Flags::QR,
            "AA" => Flags::AA,
            "TC" => Flags::TC,
            "RD" => Flags::RD,
            "RA" => Flags::RA,
            "AD" => Flags::AD,
            "CD" => Flags::CD,
            "DO" => {
                entry.dnssec_ok = true;
                continue;
            }
            word => {
                entry.rcode = Rcode0(word.parse().map_err(|_| Unknown(format!("REPLY {word}")))?);
                continue;
            }
        };
        entry.flags = entry.flags.with(flag);
    }
    Ok(())
}

/// The options of the `CONFIG` part: words that end in a colon, and what is behind them.
fn settings(text: &str) -> Read<Vec<Setting>> {
    let mut settings: Vec<Setting> = Vec::new();
    let (mut part, mut number) = ("", 0);
    for word in text.lines().flat_map(words) {
        let is_key = word.len() > 1 && word.ends_with(':') && !word.starts_with('"') && !word.contains("::");
        match word.trim_end_matches(':') {
            section @ ("server" | "stub-zone" | "forward-zone") if is_key => {
                part = ["server", "stub-zone", "forward-zone"]
                    .into_iter()
                    .find(|known| *known == section)
                    .unwrap();
                number += 1;
            }
            key if is_key && part.is_empty() => return unknown(key),
            key if is_key => settings.push(Setting { part, number, name: key.into(), values: Vec::new() }),
            _ => match settings.last_mut() {
                Some(setting) => setting.values.push(word.trim_matches('"').into()),
                None => return unknown(word),
            },
        }
    }
    Ok(settings)
}

/// What stands between blanks, or between quotes; a comment ends the line.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for character in line.chars() {
        match character {
            '#' | ';' if !quoted && word.is_empty() => break,
            '"' => {
                quoted = !quoted;
                word.push('"');
            }
            character if character.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            character => word.push(character),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
