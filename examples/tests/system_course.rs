//! The course's programs against programs of the system. Ignored by default, since those must be installed:
//! `.ci/run system` installs and runs them.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::process::Command;
use std::time::Duration;

use examples::program::Program;
use others::says_to;

fn address(server: &Program, scheme: &str) -> String {
    server.address(scheme).unwrap().to_string()
}

#[test]
#[ignore = "needs socat"]
fn socat_half_closes_and_still_hears_its_answers() {
    for model in ["thread", "poll"] {
        let server = Program::start("upper_server", ["--tcp", "127.0.0.1:0", "--model", model], 1).unwrap();
        let there = format!("TCP:{}", address(&server, "tcp"));
        let heard = says_to(b"one\r\ntwo\nthree", "socat", &["-t", "20", "-", &there]);
        assert_eq!(heard, b"ONE\r\nTWO\nTHREE", "{model}");
    }
}

#[test]
#[ignore = "needs socat"]
fn socat_asks_by_datagram() {
    let server = Program::start("upper_server", ["--udp", "127.0.0.1:0"], 1).unwrap();
    let there = format!("UDP:{}", address(&server, "udp"));
    // A datagram has no end that could be seen: it hangs up after a while.
    assert_eq!(says_to(b"hello", "socat", &["-t", "1", "-", &there]), b"HELLO");
}

#[test]
#[ignore = "needs socat"]
fn upper_client_understands_a_server_by_others() {
    // socat as a server that runs tr(1) for each connection.
    let free = examples::program::free_place().unwrap();
    let listen = format!("TCP-LISTEN:{},bind=127.0.0.1,reuseaddr,fork", free.port());
    let translate = "SYSTEM:sed -u y/abcdefghijklmnopqrstuvwxyz/ABCDEFGHIJKLMNOPQRSTUVWXYZ/";
    let mut server = Command::new("socat").args([&listen, translate]).spawn().unwrap();
    while std::net::TcpStream::connect(free).is_err() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let answers = examples::program::output("upper_client", ["--tcp", &free.to_string()], b"one\ntwo\n");
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(answers.unwrap().stdout, b"ONE\nTWO\n");
}

#[test]
#[ignore = "needs socat"]
fn villagers_answer_socat_and_give_up_on_a_silent_one() {
    let args = ["--listen", "127.0.0.1:0", "--patience", "0.3", "--chances", "1"];
    let mut server = Program::start("villagers", args, 1).unwrap();
    let there = format!("TCP:{}", address(&server, "tcp"));
    let heard = says_to(b"the wolf is here!\n", "socat", &["-t", "20", "-", &there]);
    assert_eq!(heard.iter().filter(|&&byte| byte == b'\n').count(), 1);
    // `-u` from the server to here: it says nothing and stays until it is left alone.
    assert_eq!(says_to(b"", "socat", &["-u", &there, "-"]), b"");
    assert_eq!(server.line().unwrap(), "nobody comes any more");
    assert_eq!(server.wait(Duration::from_secs(30)).unwrap().code(), Some(0));
}

/// The tour's servers, left running, and the file with the authority that https is signed by.
fn tour(acts: &[&str], listeners: usize) -> (Program, String) {
    let mut tour = Program::start("tour", acts.iter().chain(&["--serve"]), listeners).unwrap();
    loop {
        let hint = tour.line().unwrap();
        if let Some(authority) = hint.strip_prefix("https is signed by ") {
            return (tour, authority.to_owned());
        }
    }
}

#[test]
#[ignore = "needs curl"]
fn curl_reads_the_tours_pages_and_trusts_its_authority_only_if_told() {
    let (tour, authority) = tour(&["web", "tls"], 3);
    let (http, https) = (address(&tour, "http"), address(&tour, "https"));
    let page = says_to(b"", "curl", &["-sS", &format!("http://{http}/")]);
    assert!(String::from_utf8(page).unwrap().contains("visit number 1"));
    let page =
        says_to(b"", "curl", &["-sS", "--cacert", &authority, &format!("https://{https}/images/1.svg")]);
    assert!(page.starts_with(b"<svg"));
    let distrust = Command::new("curl").args(["-sS", &format!("https://{https}/")]).output().unwrap();
    assert_eq!(distrust.status.code(), Some(60), "peer certificate cannot be authenticated");
}

#[test]
#[ignore = "needs openssl"]
fn openssl_verifies_the_tours_certificate() {
    let (tour, authority) = tour(&["tls"], 1);
    let https = address(&tour, "https");
    let args =
        ["s_client", "-connect", &https, "-CAfile", &authority, "-verify_return_error", "-ign_eof", "-quiet"];
    let request = b"GET /images/2.svg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let heard = String::from_utf8(says_to(request, "openssl", &args)).unwrap();
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n") && heard.ends_with("</svg>\n"), "{heard}");
}
