//! The DNS: a hierarchy of servers, walked down by hand and by a local server that remembers; a name is registered, a
//! forged answer refused, and a CDN sends two askers to two caches, from which they fetch a film.

mod cdn;
mod forger;
mod local;
mod world;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use dns::tsig::Session;
use dns::{Builder, Flags, Header, Message, Name, Opcode, Question, Rcode, Rdata, Record, RrType, Section};
use examples::Failure;
use examples::nameserver::unix;

use self::local::Local;
use self::world::{AUTHORITY, EVIL, ROOT, TLD, World};
use super::Act;
use crate::screen::count;
use crate::stage::Stage;
use crate::tape::{Side, Tape};

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Forged answers in front of the true one.
const FORGERIES: usize = 50;

pub(crate) struct Dns;

impl Act for Dns {
    fn name(&self) -> &'static str {
        "dns"
    }

    fn title(&self) -> &'static str {
        "a name registered, looked up step by step and through a cache; a forgery; a CDN"
    }

    fn play(&self, stage: &mut Stage) -> Result<(), Failure> {
        let mut world = World::build()?;
        registration(stage, &world)?;
        by_hand(stage, &world)?;
        let local = Local::start(&world, [127, 0, 0, 1].into())?;
        through_a_local_server(stage, &local)?;
        a_forged_answer(stage, &world)?;
        a_stranger_in_the_answer(stage, &local)?;
        cdn::play(stage, &mut world)?;
        stage.hint(format!("dig @127.0.0.1 -p {} www.networkutopia.test", local.address().port()));
        world.leave_to(stage);
        local.leave_to(stage);
        Ok(())
    }
}

/// Messages as a textbook writes them.
fn shown(bytes: &[u8]) -> Vec<String> {
    let Ok(message) = Message::parse(bytes) else { return vec![format!("({} bytes)", bytes.len())] };
    let flags = message.flags();
    let named = [(Flags::AA, "aa"), (Flags::TC, "tc"), (Flags::RD, "rd"), (Flags::RA, "ra")];
    let set: String =
        named.iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, name)| format!(", {name}")).collect();
    let about = message.question().map(|question| question.to_string()).unwrap_or_default();
    let head = match (message.header().is_response(), message.opcode()) {
        (false, Opcode::UPDATE) => format!("update of {about} (id {})", message.id()),
        (false, _) => format!("{about} ? (id {}{set})", message.id()),
        (true, _) => format!("{about} : {} (id {}{set})", message.rcode(), message.id()),
    };
    let mut lines = vec![head];
    for (section, title) in
        [(Section::Answer, "answer"), (Section::Authority, "authority"), (Section::Additional, "additional")]
    {
        let title = if message.opcode() == Opcode::UPDATE { "change" } else { title };
        lines.extend(message.section(section).map(|record| format!("   {title}: {record}")));
    }
    lines
}

fn query(name: &str, rtype: RrType, recursive: bool) -> Result<Vec<u8>, Failure> {
    let [high, low] = examples::nameserver::random()?;
    let mut header = Header::query(u16::from_be_bytes([high, low]), Opcode::QUERY);
    if recursive {
        header.flags = header.flags.with(Flags::RD);
    }
    let mut out = [0; 512];
    let mut builder = Builder::new(&mut out, header);
    builder.push_question(Question::new(name.parse()?, rtype).as_question_ref())?;
    Ok(builder.finish().to_vec())
}

/// A question and its answer, on tape.
fn exchange(server: SocketAddr, query: &[u8], tape: &Tape) -> Result<Vec<u8>, Failure> {
    let socket = UdpSocket::bind(super::ANY)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    tape.datagram(Side::Client, query);
    socket.send_to(query, server)?;
    let mut reply = vec![0; 4096];
    let (len, _) = socket.recv_from(&mut reply)?;
    reply.truncate(len);
    tape.datagram(Side::Server, &reply);
    Ok(reply)
}

/// Asks, shows what was said, and returns the answer.
fn ask(stage: &Stage, server: SocketAddr, query: &[u8]) -> Result<Vec<u8>, Failure> {
    let tape = Tape::new();
    let reply = exchange(server, query, &tape)?;
    stage.screen.dialogue(&tape.take(), 12, shown);
    Ok(reply)
}

/// The addresses of an answer.
fn addresses(message: &Message<'_>) -> Vec<String> {
    let of_type = |rtype: RrType| matches!(rtype, RrType::A | RrType::AAAA);
    message.answer().filter(|record| of_type(record.rtype())).map(|record| record.rdata.to_string()).collect()
}

/// NS and glue go into the TLD's zone; what the company says about itself is in its own.
fn registration(stage: &mut Stage, world: &World) -> Result<(), Failure> {
    let tld = world.address(TLD)?;
    stage
        .screen
        .scene("Network Utopia registers networkutopia.test. Before, the TLD server knows nothing of it:");
    let before = ask(stage, tld, &query("www.networkutopia.test", RrType::A, false)?)?;
    let unknown = Message::parse(&before)?.rcode() == Rcode::NXDOMAIN;
    stage
        .screen
        .scene("The registrar puts two records into the TLD's zone, signed with a key (UPDATE, RFC 2136):");
    let mut out = vec![0; 1024];
    let mut builder = Builder::new(&mut out, Header::query(1, Opcode::UPDATE));
    builder.push_question(Question::new("test".parse()?, RrType::SOA).as_question_ref())?;
    let host: Name = "dns1.networkutopia.test".parse()?;
    let changes = [
        ("networkutopia.test".parse()?, RrType::NS, host.to_string()),
        (host, RrType::A, AUTHORITY.to_string()),
    ];
    for (owner, rtype, text) in changes {
        let record = Record { owner, ttl: 172_800, rdata: Rdata::of_text(rtype, &text)? };
        builder.push_record(Section::Authority, record.as_record_ref())?;
    }
    let len = builder.finish().len();
    let (mut session, len) =
        Session::request(&world::registrar(), &mut out, len, unix()).ok_or("no room for a signature")?;
    let reply = ask(stage, tld, out.get(..len).unwrap_or_default())?;
    let reply = Message::parse(&reply)?;
    let signed = session.verify(&reply, unix()).is_ok();
    let holds = unknown && signed && reply.rcode() == Rcode::NOERROR;
    stage.check(
        "the registrar's signed update is made",
        holds,
        format!("{}, signed: {signed}", reply.rcode()),
    );
    Ok(())
}

/// Iterative resolution: the host does all the asking.
fn by_hand(stage: &mut Stage, world: &World) -> Result<(), Failure> {
    let (mut server, mut asked, mut last) = (ROOT, 0, Vec::new());
    for who in ["a root server", "the TLD server it named", "the authoritative server that one named"] {
        stage.screen.scene(&format!("Iterative: the host itself asks {who} ({server}):"));
        last = ask(stage, world.address(server)?, &query("www.networkutopia.test", RrType::A, false)?)?;
        asked += 1;
        let message = Message::parse(&last)?;
        let glue = message.additional().find(|record| record.rtype() == RrType::A);
        match glue.map(|record| record.rdata.to_string().parse::<IpAddr>()) {
            Some(Ok(next)) if message.answer().count() == 0 => server = next,
            _ => break,
        }
    }
    let message = Message::parse(&last)?;
    let (answer, own) = (addresses(&message), message.flags().has(Flags::AA));
    let holds = asked == 3 && own && answer == ["198.51.100.80"];
    stage.check(
        "root, TLD and authority lead to the address",
        holds,
        format!("{} by {}", answer.join(", "), count(asked, "server")),
    );
    let mail = ask(stage, world.address(AUTHORITY)?, &query("networkutopia.test", RrType::MX, false)?)?;
    let mail = Message::parse(&mail)?;
    let exchange = mail.answer().next().map(|record| record.rdata.to_string()).unwrap_or_default();
    stage.check("the same zone says where mail goes", exchange == "10 mail.networkutopia.test.", exchange);
    Ok(())
}

/// What the local server said and heard, since the last look.
fn show_walk(stage: &Stage, local: &Local) -> usize {
    let walk = local.walk();
    for (name, tape) in &walk {
        stage.screen.say(&format!("  the local server asks {name}:"));
        stage.screen.dialogue(&tape.take(), 8, shown);
    }
    walk.len()
}

/// Recursive resolution: one question, and somebody else does the asking; the second time nobody has to.
fn through_a_local_server(stage: &mut Stage, local: &Local) -> Result<(), Failure> {
    stage.screen.scene("Recursive: the host asks its local server and leaves the rest to it.");
    let question = query("www.networkutopia.test", RrType::A, true)?;
    let tape = Tape::new();
    let first = exchange(local.address(), &question, &tape)?;
    let asked = show_walk(stage, local);
    stage.screen.say("  and the host has its answer:");
    stage.screen.dialogue(&tape.take(), 8, shown);
    let first = Message::parse(&first)?;
    let holds = addresses(&first) == ["198.51.100.80"] && first.flags().has(Flags::RA) && asked >= 3;
    stage.check("one question to the local server is enough", holds, format!("it asked {} times", asked));
    stage.screen.scene("The same again: the answer comes out of the cache.");
    let again = ask(stage, local.address(), &question)?;
    let (again, asked) = (Message::parse(&again)?, show_walk(stage, local));
    let holds = addresses(&again) == addresses(&first) && asked == 0;
    stage.check("the second look-up asks nobody", holds, format!("{} asked", count(asked, "server")));
    let mail = ask(stage, local.address(), &query("networkutopia.test", RrType::MX, true)?)?;
    let asked = show_walk(stage, local);
    let holds = Message::parse(&mail)?.answer().count() == 1 && asked == 1;
    stage.check(
        "another type of the zone needs its own server only",
        holds,
        format!("{} asked", count(asked, "server")),
    );
    Ok(())
}

/// Somebody answers faster than the server that was asked, and does not know the number of the question.
fn a_forged_answer(stage: &mut Stage, world: &World) -> Result<(), Failure> {
    stage.screen.scene(&format!(
        "A forger is quicker than the authority: {FORGERIES} answers from the right address and port, to the right port, \
         with the right question; only the id he has to guess."
    ));
    let forged = world.with_forger(FORGERIES)?;
    let victim = Local::start(&forged, [127, 0, 0, 1].into())?;
    let reply = exchange(victim.address(), &query("www.networkutopia.test", RrType::A, true)?, &Tape::new())?;
    let mut heard = 0;
    for (name, tape) in victim.walk() {
        let takes = tape.take();
        heard = heard.max(takes.iter().filter(|take| take.side == Side::Server).count());
        if takes.len() > 2 {
            stage.screen.say(&format!("  the local server asks {name}:"));
            let (front, back) = takes.split_at(3);
            stage.screen.dialogue(front, 3, shown);
            stage.screen.say(&format!("  ... and {} more", back.len().saturating_sub(1)));
            stage.screen.dialogue(back.get(back.len().saturating_sub(1)..).unwrap_or_default(), 3, shown);
        }
    }
    let answer = addresses(&Message::parse(&reply)?);
    let holds = answer == ["198.51.100.80"] && heard > FORGERIES;
    stage.check(
        "forged answers are refused, the true one is waited for",
        holds,
        format!("{heard} heard, {}", answer.join(", ")),
    );
    Ok(())
}

/// A server that was asked about its own zone has something to say about another one.
fn a_stranger_in_the_answer(stage: &mut Stage, local: &Local) -> Result<(), Failure> {
    stage.screen.scene("A server answers about its own name, and adds what it would like others to believe:");
    ask(stage, local.address(), &query("www.evil.test", RrType::A, true)?)?;
    show_walk(stage, local);
    stage.screen.say("  What does the local server believe now?");
    let reply = ask(stage, local.address(), &query("www.networkutopia.test", RrType::A, true)?)?;
    let other = ask(stage, local.address(), &query("mail.networkutopia.test", RrType::A, true)?)?;
    let (reply, other) = (addresses(&Message::parse(&reply)?), addresses(&Message::parse(&other)?));
    show_walk(stage, local);
    let lie = EVIL.to_string();
    let holds = reply == ["198.51.100.80"] && other == ["198.51.100.25"] && !reply.contains(&lie);
    stage.check(
        "what a server has no say about is not believed",
        holds,
        format!("{}, {}", reply.join(","), other.join(",")),
    );
    Ok(())
}
