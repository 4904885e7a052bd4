//! `zone_check` as its users see it: what it prints and with what it exits.

use examples::program::output;
use examples::scratch::Scratch;

fn check(text: &str) -> (Option<i32>, String) {
    let scratch = Scratch::new().unwrap();
    let path = scratch.write("zone", text.as_bytes()).unwrap();
    scratch.write("more", b"inc A 192.0.2.9\ninc A nonsense\n").unwrap();
    let output = output("zone_check", ["example.org", path.to_str().unwrap()], b"").unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text.replace(&format!("{}/", scratch.path().display()), ""))
}

const GOOD: &str = "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n";

#[test]
fn a_good_zone_is_told_so() {
    let (code, text) = check(GOOD);
    assert_eq!((code, text.as_str()), (Some(0), "zone example.org.: serial 1, 2 names: OK\n"));
}

#[test]
fn every_fault_has_its_place() {
    let (code, text) =
        check(&format!("{GOOD}a A 192.0.2.256\nb TXT \"good\"\n  c MX ten mail\n$INCLUDE more\n"));
    assert_eq!(code, Some(1));
    let places: Vec<_> = text.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["zone:5:5", "zone:7:3", "more:2:7", "zone example.org."], "{text}");
}

#[test]
fn what_can_be_lived_with_is_a_warning() {
    let zone = format!("{GOOD}other.example.net. A 192.0.2.7\nm MX 10 alias\nalias CNAME ns\n");
    let (code, text) = check(&zone);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("zone:5:1: warning: other.example.net. is not in the zone: ignored"), "{text}");
    assert!(text.contains("zone:6:1: warning: "), "{text}");
    let (code, text) = check(&format!("{GOOD}x 2147483648 A 192.0.2.7\n"));
    assert!(
        text.starts_with("zone:5:1: warning: a TTL over 2147483647 is taken as 0") && code == Some(0),
        "{text}"
    );
}

#[test]
fn zones_that_no_server_should_load_are_refused() {
    for (what, text) in [
        ("no SOA", "$TTL 60\n@ NS ns\nns A 192.0.2.1\n".to_owned()),
        ("two SOAs", format!("{GOOD}@ SOA ns host 2 2 3 4 5\n")),
        ("no NS", "$TTL 60\n@ SOA ns host 1 2 3 4 5\n".to_owned()),
        ("a server without an address", format!("{GOOD}@ NS ns2\n")),
        ("an alias beside something", format!("{GOOD}x CNAME ns\nx A 192.0.2.1\n")),
        ("two aliases", format!("{GOOD}x CNAME ns\nx CNAME ns2.example.net.\n")),
    ] {
        let (code, text) = check(&text);
        assert_eq!(code, Some(1), "{what}: {text}");
    }
    let output = output("zone_check", ["example.org", "/nowhere"], b"").unwrap();
    assert_eq!(output.status.code(), Some(1));
}
