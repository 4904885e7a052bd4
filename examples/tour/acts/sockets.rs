//! Sockets: the same service over datagrams and connections, many clients at once, and a server that loses patience.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use examples::Failure;
use examples::service::Service;
use examples::upper::{Asker, Crossed, House, TRY, ask, serve_by_threads, serve_by_waiting, serve_datagrams};
use examples::villagers::{self, FalseAlarm, News, Village};
use net_core::{Clock, Connection, Deadline, Step};

use super::{ANY, Act};
use crate::screen::lines;
use crate::stage::Stage;
use crate::tape::{Side, Tape, Taped};

/// How many clients are there at once.
const CROWD: usize = 200;
/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Sockets;

impl Act for Sockets {
    fn name(&self) -> &'static str {
        "sockets"
    }

    fn title(&self) -> &'static str {
        "one service over datagrams and connections, many clients, and a server that gives up"
    }

    fn play(&self, stage: &mut Stage) -> Result<(), Failure> {
        let udp = serve_datagrams(ANY)?;
        let tcp = serve_by_waiting(ANY, House::default())?;
        datagrams(stage, udp.address())?;
        a_lost_datagram(stage, udp.address())?;
        a_connection(stage, tcp.address())?;
        a_crowd(stage, "a thread for each", serve_by_threads(ANY, House::default())?)?;
        a_crowd(stage, "one thread that waits for all", serve_by_waiting(ANY, House::default())?)?;
        the_villagers(stage)?;
        stage.keep(tcp);
        stage.keep(udp);
        stage.keep(villagers::serve(ANY, Village::default(), |_, _| {})?.called("villagers"));
        Ok(())
    }
}

/// The textbook's first program: a question in a datagram, an answer in another one.
fn datagrams(stage: &mut Stage, server: SocketAddr) -> Result<(), Failure> {
    stage.screen.scene("UDP: nothing is set up. A datagram goes there, a datagram comes back.");
    let tape = Tape::new();
    let answer = ask(server, b"hello, world", |datagram| record(&tape, datagram))?;
    stage.screen.dialogue(&tape.take(), 4, lines);
    let seen = text(answer.as_deref().unwrap_or_default());
    stage.check("a datagram is answered in upper case", seen == "HELLO, WORLD", seen);
    Ok(())
}

fn record(tape: &Tape, datagram: Crossed<'_>) {
    match datagram {
        Crossed::Sent(bytes) => tape.datagram(Side::Client, bytes),
        Crossed::Received(bytes) => tape.datagram(Side::Server, bytes),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A path to the server that loses the first datagram.
fn a_lost_datagram(stage: &mut Stage, server: SocketAddr) -> Result<(), Failure> {
    stage.screen.scene("UDP over a path that loses the first datagram: only the client's clock can tell.");
    let path = UdpSocket::bind(ANY)?;
    path.set_read_timeout(Some(PATIENCE))?;
    let entrance = path.local_addr()?;
    let carrier = std::thread::spawn(move || -> std::io::Result<()> {
        let mut datagram = [0; 2048];
        path.recv_from(&mut datagram)?; // lost
        let (n, client) = path.recv_from(&mut datagram)?;
        path.send_to(datagram.get(..n).unwrap_or_default(), server)?;
        let (n, _) = path.recv_from(&mut datagram)?;
        path.send_to(datagram.get(..n).unwrap_or_default(), client)?;
        Ok(())
    });
    let (tape, start) = (Tape::new(), Instant::now());
    let answer = ask(entrance, b"is anybody there?", |datagram| record(&tape, datagram))?;
    let waited = start.elapsed();
    carrier.join().map_err(|_| "the path has panicked")??;
    let takes = tape.take();
    stage.screen.dialogue(&takes, 4, lines);
    let tries = takes.iter().filter(|take| take.side == Side::Client).count();
    let holds = answer.as_deref() == Some(b"IS ANYBODY THERE?") && tries >= 2 && waited >= TRY;
    let seen = format!("{tries} datagrams sent, answer after {} ms", waited.as_millis());
    stage.check("what is lost is asked again after a second", holds, seen);
    Ok(())
}

/// The same over a connection: the stream has no messages, so lines make them; and an end, which is part of it.
fn a_connection(stage: &mut Stage, server: SocketAddr) -> Result<(), Failure> {
    stage.screen.scene("TCP: a connection carries a stream; line ends make messages of it.");
    let tape = Tape::new();
    let stream = Taped::stream(TcpStream::connect(server)?, &tape)?;
    let mut connection = Connection::client(stream, Asker::new(PATIENCE), Clock::new());
    let mut answers = Vec::new();
    for line in ["hello, world", "grüße: only ASCII letters change"] {
        connection.endpoint().say(line.as_bytes());
        if let Step::Event(answer) = connection.next()? {
            answers.push(text(&answer));
        }
    }
    connection.endpoint().finish();
    while connection.next()? != Step::Closed {}
    let takes = tape.take();
    stage.screen.dialogue(&takes, 4, lines);
    let holds = answers == ["HELLO, WORLD", "GRüßE: ONLY ASCII LETTERS CHANGE"];
    stage.check("lines are answered in order over one connection", holds, format!("{answers:?}"));
    let ends: Vec<_> = takes.iter().rev().take(2).map(|take| (take.side, take.is_end())).collect();
    let both = ends == [(Side::Server, true), (Side::Client, true)];
    stage.check("the client ends its side first, then the server ends its own", both, "");
    Ok(())
}

/// All are connected before the first one speaks; nobody waits for anybody.
fn a_crowd(stage: &mut Stage, how: &str, service: Service) -> Result<(), Failure> {
    let (start, before) = (Instant::now(), threads());
    let connect = || TcpStream::connect(service.address());
    let clients: Vec<_> = (0..CROWD).map(|_| connect()).collect::<Result<_, _>>()?;
    let mut right = 0;
    for (number, mut client) in clients.iter().enumerate().rev() {
        client.set_read_timeout(Some(PATIENCE))?;
        client.write_all(format!("client {number}\n").as_bytes())?;
    }
    for (number, client) in clients.iter().enumerate() {
        let mut answer = String::new();
        BufReader::new(client).read_line(&mut answer)?;
        right += usize::from(answer == format!("CLIENT {number}\n"));
    }
    let (time, during) = (start.elapsed(), threads());
    drop(clients);
    let tally = service.stop(PATIENCE)?;
    let more =
        during.zip(before).map(|(during, before)| format!(", {} threads", during.saturating_sub(before)));
    let seen = format!(
        "{right} answered, {} open at once{}, {} ms",
        tally.peak,
        more.unwrap_or_default(),
        time.as_millis()
    );
    let claim = format!("{CROWD} clients at once are served by {how}");
    stage.screen.scene(&format!("{CROWD} clients at once, {how}."));
    stage.check(&claim, right == CROWD && tally.peak == CROWD, seen);
    Ok(())
}

/// How many threads this process has, where the system says so.
fn threads() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}

/// One who cries and says why, three who cry for nothing, and one who comes too late.
fn the_villagers(stage: &mut Stage) -> Result<(), Failure> {
    stage
        .screen
        .scene("The villagers come when somebody cries and says why. Three false alarms, and they don't.");
    let village = Village { patience: Duration::from_secs(1), ..Village::default() };
    let (teller, news) = mpsc::channel();
    let service = villagers::serve(ANY, village, move |_, heard| {
        let _ = teller.send(heard);
    })?;
    let address = service.address();

    let tape = Tape::new();
    let mut shepherd = Taped::stream(TcpStream::connect(address)?, &tape)?;
    shepherd.set_deadline(Deadline::after(PATIENCE));
    shepherd.write_all(b"the wolf is here!\n")?;
    std::io::copy(&mut shepherd, &mut std::io::sink())?;
    stage.screen.dialogue(&tape.take(), 4, lines);
    let heard = news.recv_timeout(PATIENCE)?;
    let holds = matches!(&heard, News::True(cry) if cry == "the wolf is here!");
    stage.check("who cries and says why is answered, and costs no chance", holds, "");

    let (start, silent) = (Instant::now(), [(); 3].map(|()| TcpStream::connect(address)));
    let mut alarms = Vec::new();
    loop {
        match news.recv_timeout(PATIENCE)? {
            News::False(FalseAlarm::Silent(time), number) => {
                stage.screen.say(&format!("  (false alarm {number}: silent for {time:?})"));
                alarms.push(number);
            }
            News::NobodyComes => break,
            other => return Err(format!("the villagers heard {other:?}").into()),
        }
    }
    let seen = format!("{} false alarms side by side in {} ms", alarms.len(), start.elapsed().as_millis());
    stage.check("three silent clients are three false alarms", alarms == [1, 2, 3], seen);
    drop(silent);
    service.join()?;
    let late = TcpStream::connect(address).map_err(|error| error.kind());
    let refused = matches!(late, Err(ErrorKind::ConnectionRefused));
    stage.check("then nobody comes any more", refused, "the next connection is refused");
    Ok(())
}
