//! The course's programs, run as users run them: the upper-case service over connections and datagrams, in both of its
//! models, and the villagers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use examples::program::{Program, output};
use examples::upper::LONGEST_LINE;

/// Nothing here takes as long; a test that hangs ends with this.
const LONG: Duration = Duration::from_secs(60);
const MODELS: [&str; 2] = ["thread", "poll"];

fn upper_server(model: &str, more: &[&str]) -> Program {
    let args = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--model", model];
    Program::start("upper_server", args.iter().chain(more), 2).unwrap()
}

fn tcp(server: &Program) -> SocketAddr {
    server.address("tcp").unwrap()
}

fn connect(server: &Program) -> TcpStream {
    let stream = TcpStream::connect(tcp(server)).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

/// Says all of `text`, half-closes, and hears the server out.
fn conversation(server: &Program, text: &[u8]) -> Vec<u8> {
    let stream = connect(server);
    let mut writer = stream.try_clone().unwrap();
    let text = text.to_vec();
    let saying = std::thread::spawn(move || {
        writer.write_all(&text).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut heard = Vec::new();
    (&stream).read_to_end(&mut heard).unwrap();
    saying.join().unwrap();
    heard
}

/// The server has closed, in whatever way.
fn is_closed(mut stream: TcpStream) -> bool {
    matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_))
}

fn ends_well(mut server: Program) {
    server.terminate().unwrap();
    let status = server.wait(LONG).unwrap();
    assert_eq!(status.code(), Some(0), "a graceful end");
    assert_eq!(server.rest().unwrap(), "");
}

#[test]
fn lines_come_back_in_upper_case_until_the_client_half_closes() {
    for model in MODELS {
        let server = upper_server(model, &[]);
        for (said, heard) in [
            (&b"hello\nworld\n"[..], &b"HELLO\nWORLD\n"[..]),
            (b"Gr\xc3\xbc\xc3\x9fe \x00\xff\r\n", b"GR\xc3\xbc\xc3\x9fE \x00\xff\r\n"),
            (b"no line end", b"NO LINE END"),
            (b"", b""),
        ] {
            assert_eq!(conversation(&server, said), heard, "{model}");
        }
        ends_well(server);
    }
}

#[test]
fn a_megabyte_of_pipelined_lines_comes_back_whole() {
    for model in MODELS {
        let server = upper_server(model, &[]);
        let said: Vec<u8> = (0..100_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        assert!(conversation(&server, &said) == said.to_ascii_uppercase(), "{model}");
    }
}

#[test]
fn a_line_of_64_kib_is_answered_and_a_longer_one_ends_the_connection() {
    for model in MODELS {
        let server = upper_server(model, &[]);
        let full = [&[b'x'; LONGEST_LINE][..], b"\n"].concat();
        assert!(conversation(&server, &full) == full.to_ascii_uppercase(), "{model}");

        let mut stream = connect(&server);
        stream.write_all(b"first\n").unwrap();
        // The server may close before it has read all of it.
        let _ = stream.write_all(&[b'x'; LONGEST_LINE + 1]);
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        assert_eq!(heard, b"FIRST\n", "{model}");
        assert_eq!(conversation(&server, b"next\n"), b"NEXT\n", "{model}");
    }
}

#[test]
fn a_thousand_connections_are_open_at_once_and_each_gets_its_own_answer() {
    for model in MODELS {
        let server = upper_server(model, &[]);
        let clients: Vec<_> = (0..1000).map(|_| connect(&server)).collect();
        for (number, mut client) in clients.iter().enumerate() {
            writeln!(client, "client {number}").unwrap();
        }
        for (number, client) in clients.iter().enumerate() {
            let mut answer = String::new();
            BufReader::new(client).read_line(&mut answer).unwrap();
            assert_eq!(answer, format!("CLIENT {number}\n"), "{model}");
        }
        ends_well(server);
        assert!(clients.into_iter().all(is_closed), "{model}: idle connections end with the server");
    }
}

#[test]
fn whoever_comes_beyond_a_cap_is_sent_away_and_the_others_are_served() {
    for model in MODELS {
        for cap in ["--max-connections", "--max-per-ip"] {
            let server = upper_server(model, &[cap, "2"]);
            let (mut one, two) = (connect(&server), connect(&server));
            one.write_all(b"one\n").unwrap();
            let mut answer = [0; 4];
            one.read_exact(&mut answer).unwrap();
            assert!(is_closed(connect(&server)), "{model} {cap}");
            one.write_all(b"uno\n").unwrap();
            one.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"UNO\n");
            drop(two);
        }
    }
}

#[test]
fn silent_clients_are_shown_out_and_talking_ones_stay() {
    for model in MODELS {
        let server = upper_server(model, &["--idle-timeout", "0.4"]);
        let silent = connect(&server);
        let mut half = connect(&server);
        half.write_all(b"half a li").unwrap();
        let mut talking = connect(&server);
        let watch = std::thread::spawn(move || is_closed(silent) && is_closed(half));
        let mut answer = [0; 2];
        while !watch.is_finished() {
            talking.write_all(b"x\n").unwrap();
            talking.read_exact(&mut answer).unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(watch.join().unwrap(), "{model}");
        talking.write_all(b"y\n").unwrap();
        talking.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"Y\n", "{model}");
    }
}

#[test]
fn who_never_reads_its_answers_is_shown_out_and_the_others_are_served() {
    for model in MODELS {
        let server = upper_server(model, &["--idle-timeout", "0.4"]);
        let mut greedy = connect(&server);
        let line = [&[b'x'; 4096][..], b"\n"].concat();
        // It is let go some time after nothing more leaves: with an error here, for it has said more than was heard.
        let flood = std::thread::spawn(move || while greedy.write_all(&line).is_ok() {});
        assert_eq!(conversation(&server, b"meanwhile\n"), b"MEANWHILE\n", "{model}");
        flood.join().unwrap();
    }
}

#[test]
fn a_line_under_way_at_the_signal_is_still_answered() {
    for model in MODELS {
        let mut server = upper_server(model, &[]);
        let mut stream = connect(&server);
        stream.write_all(b"a\nhalf").unwrap();
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).unwrap();
        server.terminate().unwrap();
        // The listener is closed once the server is stopping.
        while TcpStream::connect(tcp(&server)).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
        stream.write_all(b" a line\n").unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "HALF A LINE\n", "{model}");
        assert_eq!(server.wait(LONG).unwrap().code(), Some(0), "{model}");
    }
}

#[test]
fn each_datagram_is_answered_by_one() {
    let server = upper_server("thread", &[]);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    client.connect(server.address("udp").unwrap()).unwrap();
    let mut answer = vec![0; 1 << 16];
    for said in [&b"hello"[..], b"", b"two\nlines\n", &[b'x'; 60_000]] {
        client.send(said).unwrap();
        let n = client.recv(&mut answer).unwrap();
        assert!(answer[..n] == said.to_ascii_uppercase());
    }
    ends_well(server);
}

#[test]
fn the_client_prints_the_answers_over_both_transports() {
    let server = upper_server("poll", &[]);
    for scheme in ["tcp", "udp"] {
        let address = server.address(scheme).unwrap().to_string();
        let flag = format!("--{scheme}");
        let one = output("upper_client", [&flag, &address, "hello, world"], b"").unwrap();
        assert_eq!((one.status.code(), &one.stdout[..]), (Some(0), &b"HELLO, WORLD\n"[..]), "{scheme}");
        let many = output("upper_client", [&flag, &address], b"one\n\ntwo\xff\nthree").unwrap();
        assert_eq!(
            (many.status.code(), &many.stdout[..]),
            (Some(0), &b"ONE\n\nTWO\xff\nTHREE\n"[..]),
            "{scheme}"
        );
    }
}

#[test]
fn a_client_without_an_answer_fails_with_a_sentence() {
    // Bound, and deaf.
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = deaf.local_addr().unwrap().to_string();
    let silent = output("upper_client", ["--udp", &address, "hello"], b"").unwrap();
    assert_eq!(silent.status.code(), Some(1));
    let sentence = String::from_utf8(silent.stderr).unwrap();
    assert!(sentence.contains(&address) && sentence.contains("3 tries"), "{sentence}");
    deaf.set_nonblocking(true).unwrap();
    let tries = std::iter::from_fn(|| deaf.recv(&mut [0; 16]).ok()).count();
    assert_eq!(tries, 3);

    drop(deaf);
    let refused = output("upper_client", ["--tcp", &address, "hello"], b"").unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains(&address));
}

#[test]
fn wrong_usage_is_2_with_a_hint_and_a_taken_port_is_1_with_a_sentence() {
    let server = upper_server("thread", &[]);
    let (tcp, udp) = (tcp(&server).to_string(), server.address("udp").unwrap().to_string());
    for (program, args, code, hint) in [
        ("upper_server", &[][..], 2, "--tcp"),
        ("upper_server", &["--tcp", "nonsense"], 2, "--tcp"),
        ("upper_server", &["--tcp", "127.0.0.1:0", "--model", "magic"], 2, "poll"),
        ("upper_server", &["--tcp", &tcp], 1, &tcp),
        ("upper_server", &["--tcp", &tcp, "--model", "poll"], 1, &tcp),
        ("upper_server", &["--udp", &udp], 1, &udp),
        ("upper_client", &[], 2, "--tcp"),
        ("upper_client", &["--tcp", "a:1", "--udp", "a:1"], 2, "--udp"),
        ("villagers", &["--patience", "0"], 2, "--patience"),
        ("villagers", &["--chances", "0"], 2, "--chances"),
        ("villagers", &["--listen", &tcp], 1, &tcp),
        ("tour", &["no-such-act"], 2, "sockets"),
    ] {
        let ended = output(program, args, b"").unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{program} {args:?}: {said}");
        assert!(said.contains(hint), "{program} {args:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn every_program_explains_itself() {
    for program in ["upper_server", "upper_client", "villagers", "tour"] {
        let help = output(program, ["--help"], b"").unwrap();
        assert_eq!(help.status.code(), Some(0), "{program}");
        assert!(String::from_utf8(help.stdout).unwrap().contains("--log"), "{program}");
    }
}

fn villagers(more: &[&str]) -> Program {
    Program::start("villagers", ["--listen", "127.0.0.1:0"].iter().chain(more), 1).unwrap()
}

fn nobody_comes(mut server: Program) {
    assert_eq!(server.line().unwrap(), "nobody comes any more");
    assert_eq!(server.wait(LONG).unwrap().code(), Some(0));
}

#[test]
fn after_three_false_alarms_nobody_comes_any_more() {
    let server = villagers(&["--patience", "0.2"]);
    for _ in 0..3 {
        assert!(is_closed(connect(&server)), "a silent one is left alone after a while");
    }
    nobody_comes(server);
}

#[test]
fn silent_clients_are_heard_side_by_side() {
    let server = villagers(&["--patience", "0.2", "--chances", "20"]);
    let silent: Vec<_> = (0..20).map(|_| connect(&server)).collect();
    nobody_comes(server);
    assert!(silent.into_iter().all(is_closed));
}

#[test]
fn a_true_cry_is_answered_and_costs_no_chance() {
    let server = villagers(&["--patience", "30", "--chances", "2"]);
    let _still_thinking = connect(&server);
    for cry in [&b"wolf!\n"[..], b"wolf!\r\nwolf!\n", b"no line end"] {
        let heard = String::from_utf8(conversation(&server, cry)).unwrap();
        assert!(heard.ends_with('\n') && heard.lines().count() == 1, "{heard:?}");
    }
    for _ in 0..2 {
        drop(connect(&server)); // went away without a word
    }
    nobody_comes(server);
}

#[test]
fn waiting_with_nobody_connected_is_no_false_alarm() {
    let mut server = villagers(&["--patience", "0.05", "--chances", "1"]);
    // Many times the patience; nothing can be waited for, since nothing is to happen.
    std::thread::sleep(Duration::from_millis(500));
    assert!(server.wait(Duration::ZERO).is_err(), "still there");
    drop(connect(&server));
    nobody_comes(server);
}

#[test]
fn villagers_go_home_at_a_signal() {
    let server = villagers(&[]);
    let silent = connect(&server);
    ends_well(server);
    assert!(is_closed(silent));
}
