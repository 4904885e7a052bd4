//! Whole zones (RFC 5936, RFC 1995): records are printed as they come, to the SOA that ends them.

use std::net::SocketAddr;
use std::time::Instant;

use dns::{Message, Question, Rcode, Record, RrType};
use examples::Failure;
use examples::asking::Line;
use net_core::Deadline;

use crate::args::Args;
use crate::query::{Query, Way, complain};
use crate::{report, stats};

/// Where the end of a transfer is seen.
#[derive(Default)]
struct End {
    first: Option<Record>,
    records: usize,
    /// SOA records with the serial of the first.
    repeated: usize,
    /// The second record is an SOA: differences (RFC 1995 section 4).
    incremental: bool,
}

impl End {
    /// Whether this record is the last.
    fn is(&mut self, record: &Record, rtype: RrType) -> bool {
        self.records += 1;
        let Some(first) = &self.first else {
            self.first = Some(record.clone());
            return false;
        };
        if record.rtype() != RrType::SOA {
            return false;
        }
        self.incremental |= rtype == RrType::IXFR && self.records == 2;
        self.repeated += usize::from(record.rdata == first.rdata);
        // Of differences the new SOA comes in front, within and at the end.
        self.repeated == if self.incremental { 2 } else { 1 }
    }
}

/// Asks the servers in turn for the zone.
pub(crate) fn run(args: &Args, question: &Question, servers: &[SocketAddr]) -> Result<(), Failure> {
    let way = if args.tls { Way::Tls } else { Way::Tcp };
    for to in servers {
        match transfer(args, question, *to, way) {
            Ok(()) => return Ok(()),
            Err(error) => match error.downcast_ref::<std::io::Error>() {
                Some(error) => complain(*to, error),
                None => return Err(error),
            },
        }
    }
    println!(";; no servers could be reached");
    Err("no servers could be reached".into())
}

fn transfer(args: &Args, question: &Question, to: SocketAddr, way: Way) -> Result<(), Failure> {
    let start = Instant::now();
    let mut query = Query::new(args, question, None)?;
    let mut line = Line::open(to, way == Way::Tls, Deadline::after(args.time))?;
    line.send(&query.bytes, Deadline::after(args.time))?;
    let (mut end, mut messages, mut octets) = (End::default(), 0, 0);
    loop {
        let bytes = line.receive(Deadline::after(args.time))?;
        messages += 1;
        octets += bytes.len();
        if let Some(error) = query.verify(&bytes) {
            return Err(format!("couldn't verify signature: {error}").into());
        }
        let message = Message::parse(&bytes)?;
        if message.rcode() != Rcode::NOERROR || message.answer().next().is_none() {
            println!("; Transfer failed.");
            return Err(format!("the server answers {}", message.rcode()).into());
        }
        if print(args, &message, &mut end) || is_up_to_date(&end, question, messages) {
            break;
        }
    }
    if args.show.stats {
        stats(way, start.elapsed().as_millis(), to);
        println!(";; XFR size: {} records (messages {messages}, bytes {octets})\n", end.records);
    }
    Ok(())
}

/// RFC 1995 section 2: nothing but the SOA, which is no newer than ours.
fn is_up_to_date(end: &End, question: &Question, messages: u32) -> bool {
    question.rtype == RrType::IXFR && end.records == 1 && messages == 1
}

/// Whether the last record was among them.
fn print(args: &Args, message: &Message<'_>, end: &mut End) -> bool {
    let mut text = String::new();
    let mut done = false;
    for record in message.answer() {
        if args.show.short {
            text.push_str(&format!("{}\n", record.rdata));
        } else if args.show.answer {
            report::record(&mut text, &record, &args.show);
        }
        done = end.is(&record.to_record(), args.rtype);
    }
    print!("{text}");
    done
}
