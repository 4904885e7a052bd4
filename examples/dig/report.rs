//! What dig prints: sections, columns at multiples of eight, `;;` before what is no record.

use std::fmt::Write as _;

use dns::edns::{ClientSubnet, ExtendedError};
use dns::{Edns, EdnsOption, Flags, Message, Opcode, QuestionRef, Rcode, RecordRef, Section};
use examples::as_bind;
use proto_core::base64;

use crate::args::{Args, Show, Split};

/// The cookies that went out, for telling whether those that came back are right.
pub(crate) struct Sent<'a> {
    pub(crate) cookie: &'a [u8],
}

/// Goes to a column: tabs if there is one on the way, spaces behind it, one at least (as BIND's master file writer has it).
fn indent(out: &mut String, from: &mut usize, to: usize) {
    let to = to.max(*from + 1);
    let tabs = to / 8 - *from / 8;
    for _ in 0..tabs {
        out.push('\t');
    }
    let at = if tabs > 0 { to / 8 * 8 } else { *from };
    for _ in at..to {
        out.push(' ');
    }
    *from = to;
}

fn put(out: &mut String, column: &mut usize, text: &str) {
    out.push_str(text);
    *column += text.len();
}

/// Where TTL, class, type and RDATA begin.
fn columns(show: &Show) -> [usize; 4] {
    match (show.multiline, show.ttl, show.class) {
        (true, ..) => [24, 24, 24, 32],
        (_, false, _) | (_, _, false) => [24, 24, 32, 40],
        _ => [24, 32, 40, 48],
    }
}

/// A record as a line of the report.
pub(crate) fn record(out: &mut String, record: &RecordRef<'_>, show: &Show) {
    let [ttl, class, rtype, rdata] = columns(show);
    let mut column = 0;
    put(out, &mut column, &record.owner.to_string());
    if show.ttl {
        indent(out, &mut column, ttl);
        let ttl = if show.units { as_bind::units(record.ttl) } else { record.ttl.to_string() };
        put(out, &mut column, &ttl);
    }
    if show.class {
        indent(out, &mut column, class);
        put(out, &mut column, &record.class().to_string());
    }
    indent(out, &mut column, rtype);
    put(out, &mut column, &record.rtype().to_string());
    indent(out, &mut column, rdata);
    out.push_str(&text_of(record, show));
    out.push('\n');
}

/// On one line or on many; a key is explained if that is wanted.
fn text_of(record: &RecordRef<'_>, show: &Show) -> String {
    if show.multiline {
        let split = if show.split == Split::Usual { Some(as_bind::LINE) } else { show.run() };
        return as_bind::multiline(record, split, show.remarks.unwrap_or(true));
    }
    line(record, show)
}

/// On one line.
pub(crate) fn line(record: &RecordRef<'_>, show: &Show) -> String {
    let text = as_bind::rdata(record, show.run());
    match as_bind::remark(record).filter(|_| show.remarks == Some(true)) {
        Some(remark) => format!("{text} {remark}"),
        None => text,
    }
}

/// The header, as two lines.
fn header(out: &mut String, message: &Message<'_>) {
    let header = message.header();
    let opcode = header.opcode();
    let opcode = opcode.mnemonic().map_or_else(|| format!("RESERVED{}", opcode.code()), str::to_owned);
    let _ = writeln!(out, ";; ->>HEADER<<- opcode: {opcode}, status: {}, id: {}", message.rcode(), header.id);
    out.push_str(";; flags:");
    for (flag, name) in [
        (Flags::QR, " qr"),
        (Flags::AA, " aa"),
        (Flags::TC, " tc"),
        (Flags::RD, " rd"),
        (Flags::RA, " ra"),
        (Flags::AD, " ad"),
        (Flags::CD, " cd"),
    ] {
        if header.flags.has(flag) {
            out.push_str(name);
        }
    }
    if header.flags.has(Flags::Z) {
        out.push_str("; MBZ: 0x4");
    }
    let [questions, answers, authorities, additionals] = section_names(header.opcode());
    let _ = writeln!(
        out,
        "; {questions}: {}, {answers}: {}, {authorities}: {}, {additionals}: {}",
        header.questions, header.answers, header.authorities, header.additionals
    );
}

/// RFC 2136 section 2 names them otherwise.
fn section_names(opcode: Opcode) -> [&'static str; 4] {
    match opcode {
        Opcode::UPDATE => ["ZONE", "PREREQ", "UPDATE", "ADDITIONAL"],
        _ => ["QUERY", "ANSWER", "AUTHORITY", "ADDITIONAL"],
    }
}

/// A whole message; `sent` is known if it is a reply.
pub(crate) fn message(message: &Message<'_>, args: &Args, sent: Option<&Sent<'_>>) -> String {
    let (show, mut out) = (&args.show, String::new());
    let reply = sent.is_some();
    if show.comments {
        out.push_str(if reply { ";; Got answer:\n" } else { ";; Sending:\n" });
        header(&mut out, message);
        let flags = message.flags();
        if reply && flags.has(Flags::RD) && !flags.has(Flags::RA) {
            out.push_str(";; WARNING: recursion requested but not available\n");
        }
        if reply && !flags.has(Flags::QR) {
            out.push_str(";; WARNING: query response not set\n");
        }
        out.push('\n');
        match (message.edns(), message.rcode()) {
            (Some(edns), _) => options(&mut out, &edns, sent, args),
            // RFC 6891 section 7: it may be EDNS that is not understood.
            (None, rcode @ (Rcode::FORMERR | Rcode::NOTIMP)) if reply && args.edns.on => {
                let dnssec = if args.edns.dnssec { "+nodnssec " } else { "" };
                let _ = writeln!(
                    out,
                    ";; WARNING: EDNS query returned status {rcode} - retry with '{dnssec}+noedns'\n"
                );
            }
            _ => {}
        }
    }
    sections(&mut out, message, show);
    if show.comments && message.tsig().is_some() {
        tsig(&mut out, message);
    }
    out
}

fn sections(out: &mut String, message: &Message<'_>, show: &Show) {
    if let Some(question) = message.question().filter(|_| show.question) {
        self::question(out, question, message.opcode(), show);
    }
    let [_, names @ ..] = section_names(message.opcode());
    for ((section, name), shown) in
        Section::ALL.into_iter().zip(names).zip([show.answer, show.authority, show.additional])
    {
        if !shown || message.section(section).next().is_none() {
            continue;
        }
        if show.comments {
            let _ = writeln!(out, ";; {name} SECTION:");
        }
        for found in message.section(section) {
            record(out, &found, show);
        }
        if show.comments {
            out.push('\n');
        }
    }
}

fn question(out: &mut String, question: QuestionRef<'_>, opcode: Opcode, show: &Show) {
    let [name, ..] = section_names(opcode);
    if show.comments {
        let _ = writeln!(out, ";; {} SECTION:", if name == "QUERY" { "QUESTION" } else { name });
    }
    let [_, class, rtype, _] = columns(show);
    let mut column = 0;
    // The semicolon does not count.
    out.push(';');
    put(out, &mut column, &question.name.to_string());
    indent(out, &mut column, class);
    put(out, &mut column, &question.class.to_string());
    if show.multiline {
        put(out, &mut column, " ");
    } else {
        indent(out, &mut column, rtype);
    }
    put(out, &mut column, &question.rtype.to_string());
    out.push('\n');
    if show.comments {
        out.push('\n');
    }
}

fn options(out: &mut String, edns: &Edns<'_>, sent: Option<&Sent<'_>>, args: &Args) {
    let dnssec_ok = if edns.header.dnssec_ok { " do" } else { "" };
    let _ = writeln!(
        out,
        ";; OPT PSEUDOSECTION:\n; EDNS: version: {}, flags:{dnssec_ok}; udp: {}",
        edns.header.version, edns.header.udp_payload
    );
    for option in edns.options() {
        let text = match option {
            // dig pads what it sends behind its own back.
            EdnsOption::Padding(_) if sent.is_none() && args.edns.padding > 0 => "PAD:".to_owned(),
            option => option_text(&option, sent),
        };
        let _ = writeln!(out, "; {text}");
    }
}

fn option_text(option: &EdnsOption<'_>, sent: Option<&Sent<'_>>) -> String {
    match option {
        EdnsOption::Nsid(id) => format!("NSID:{}", octets(id)),
        EdnsOption::ClientSubnet(net) => format!("CLIENT-SUBNET: {}", subnet(net)),
        EdnsOption::Expire(None) => "EXPIRE:".to_owned(),
        EdnsOption::Expire(Some(time)) => format!("EXPIRE: {time} ({})", as_bind::in_words(*time)),
        EdnsOption::Cookie(cookie) => {
            let all: String = cookie.as_octets().iter().map(|octet| format!("{octet:02x}")).collect();
            let verdict = match sent {
                None => "",
                Some(sent) if !sent.cookie.starts_with(cookie.client()) => " (bad)",
                Some(_) if cookie.server().is_empty() => " (echoed)",
                Some(_) => " (good)",
            };
            format!("COOKIE: {all}{verdict}")
        }
        EdnsOption::Keepalive(None) => "TCP KEEPALIVE:".to_owned(),
        EdnsOption::Keepalive(Some(time)) => format!("TCP KEEPALIVE: {}.{} secs", time / 10, time % 10),
        EdnsOption::Padding(len) => format!("PAD: ({len} bytes)"),
        EdnsOption::ExtendedError(error) => extended_error(error),
        EdnsOption::KeyTag(tags) => {
            let tags = tags
                .chunks_exact(2)
                .map(|tag| tag.iter().fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet)));
            format!("KEY-TAG: {}", tags.map(|tag| tag.to_string()).collect::<Vec<_>>().join(", "))
        }
        EdnsOption::Other { code: code @ (16 | 17), data: [high, low] } => {
            let who = if *code == 16 { "CLIENT" } else { "SERVER" };
            format!("{who}-TAG: {}", u16::from_be_bytes([*high, *low]))
        }
        EdnsOption::Other { code, data } => format!("OPT={code}:{}", octets(data)),
        EdnsOption::Chain(name) => format!("OPT=13:{}", octets(name.to_name().as_wire())),
        option => format!("OPT={}:", option.code()),
    }
}

fn octets(data: &[u8]) -> String {
    if data.is_empty() {
        return String::new();
    }
    let hex: Vec<String> = data.iter().map(|octet| format!("{octet:02x}")).collect();
    let text: String =
        data.iter().map(|octet| if (32..127).contains(octet) { char::from(*octet) } else { '.' }).collect();
    format!(" {} (\"{text}\")", hex.join(" "))
}

fn subnet(net: &ClientSubnet) -> String {
    format!("{}/{}/{}", net.address(), net.source(), net.scope())
}

fn extended_error(error: &ExtendedError<'_>) -> String {
    // "Other Error" in IANA's table.
    let meaning = if error.code == ExtendedError::OTHER { Some("Other") } else { error.meaning() };
    let meaning = meaning.map(|meaning| format!(" ({meaning})")).unwrap_or_default();
    let text = String::from_utf8_lossy(error.text);
    let text: String = text.chars().map(|letter| if letter.is_control() { '.' } else { letter }).collect();
    let text = if text.is_empty() { String::new() } else { format!(": ({text})") };
    format!("EDE: {}{meaning}{text}", error.code)
}

/// RFC 8945 section 4.2, in the form in which BIND prints it.
fn tsig(out: &mut String, message: &Message<'_>) {
    let Some((_, record)) = message.tsig() else { return };
    let Some(algorithm) = record.rdata.name() else { return };
    let fixed = record.rdata.octets().get(algorithm.wire_len()..).unwrap_or_default();
    let [t0, t1, t2, t3, t4, t5, f0, f1, m0, m1, rest @ ..] = fixed else { return };
    let time = u64::from_be_bytes([0, 0, *t0, *t1, *t2, *t3, *t4, *t5]);
    let (fudge, len) = (u16::from_be_bytes([*f0, *f1]), u16::from_be_bytes([*m0, *m1]));
    let Some((mac, [i0, i1, e0, e1, l0, l1, ..])) = rest.split_at_checked(len.into()) else { return };
    let [id, error, other] = [[*i0, *i1], [*e0, *e1], [*l0, *l1]].map(u16::from_be_bytes);
    let error = if error == 16 { "BADSIG".to_owned() } else { dns::Rcode(error).to_string() };
    let mut column = 0;
    out.push_str(";; TSIG PSEUDOSECTION:\n");
    put(out, &mut column, &record.owner.to_string());
    for (at, text) in [(24, "0"), (32, "ANY"), (40, "TSIG")] {
        indent(out, &mut column, at);
        put(out, &mut column, text);
    }
    indent(out, &mut column, 48);
    let mac = base64::STANDARD.encode(mac);
    let mac = if mac.is_empty() { mac } else { format!(" {mac}") };
    let _ = writeln!(out, "{algorithm} {time} {fudge} {len}{mac} {id} {error} {other} \n");
}
