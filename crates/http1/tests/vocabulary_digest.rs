//! Digest: the examples of RFC 7616 section 3.9, both ends against each other, and what is not good enough.
#![cfg(feature = "digest")]

use http1::auth::digest::{
    Algorithm, AuthenticationInfo, Challenge, Credentials, DigestError, Hash, Misuse, Qop, Rejected, Request,
    User, user_hash,
};
use http1::auth::{Scheme, offered};
use proptest::prelude::*;

const MUFASA: User<'static> = User { name: "Mufasa", password: "Circle of Life" };
const INDEX: Request<'static> = Request { method: "GET", uri: "/dir/index.html", body: None };
const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
const OPAQUE: &str = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS";

fn plain(hash: Hash) -> Algorithm {
    Algorithm { hash, is_session: false }
}

fn param(value: &[u8], name: &str) -> String {
    let scheme = Scheme::parse_credentials(value).unwrap();
    String::from_utf8(scheme.param(name).unwrap().to_vec()).unwrap()
}

/// RFC 7616 section 3.9.1.
#[test]
fn answers_sha_256_and_md5_of_section_3_9_1() {
    let lines = [
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, nonce=\"{NONCE}\", opaque=\"{OPAQUE}\""
        ),
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, nonce=\"{NONCE}\", opaque=\"{OPAQUE}\""
        ),
    ];
    let challenges: Vec<_> = Challenge::all(lines.iter().map(String::as_bytes)).collect();
    let responses = [
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        "8ca523f5e9506fed4657c9700eebdbec",
    ];
    assert_eq!(challenges.len(), 2);
    for (challenge, response) in challenges.iter().zip(responses) {
        let value = challenge.answer(&MUFASA, &INDEX, CNONCE, 1).unwrap();
        assert_eq!(param(&value, "response"), response);
        assert_eq!((param(&value, "nc").as_str(), param(&value, "opaque").as_str()), ("00000001", OPAQUE));
        let shown = Credentials::parse(&value).unwrap();
        assert_eq!(shown.verify(challenge, &INDEX, &MUFASA), Ok(()));
        let reread = Challenge::all([&challenge.to_value()[..]]).next().unwrap();
        assert_eq!(&reread, challenge);
    }
}

/// RFC 2617 section 3.5, whose MD5 is that of RFC 7616.
#[test]
fn answers_the_example_of_the_rfc_before() {
    let line = b"Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let challenge = Challenge::all([&line[..]]).next().unwrap();
    let user = User { name: "Mufasa", password: "Circle Of Life" };
    let value = challenge.answer(&user, &INDEX, "0a4f113b", 1).unwrap();
    assert_eq!(param(&value, "response"), "6629fae49393a05397450978507c4ef1");
}

/// RFC 7616 section 3.9.2: the name is not ASCII, and hashed or not.
#[test]
fn names_beyond_ascii_travel_hashed_or_extended() {
    let user = User { name: "J\u{e4}s\u{f8}n Doe", password: "Secret, or not?" };
    let request = Request { method: "GET", uri: "/doe.json", body: None };
    let challenge =
        Challenge::new("api@example.org", "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK").unwrap();
    let challenge = challenge.with_algorithm(plain(Hash::Sha512_256));
    let hashed = challenge.clone().with_userhash();
    let value = hashed.answer(&user, &request, "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm", 1).unwrap();
    assert_eq!(param(&value, "userhash"), "true");
    assert_eq!(param(&value, "username"), user_hash(Hash::Sha512_256, user.name, "api@example.org"));
    assert_eq!(Credentials::parse(&value).unwrap().verify(&hashed, &request, &user), Ok(()));

    let value = challenge.answer(&user, &request, "c", 1).unwrap();
    assert_eq!(param(&value, "username*"), "UTF-8''J%C3%A4s%C3%B8n%20Doe");
    let shown = Credentials::parse(&value).unwrap();
    assert_eq!((shown.user(), shown.is_user_hashed()), (user.name, false));
    assert_eq!(shown.verify(&challenge, &request, &user), Ok(()));
}

#[test]
fn what_was_changed_on_the_way_is_refused() {
    let challenge = Challenge::new("r", "n1").unwrap().with_opaque("o").unwrap();
    let value = challenge.answer(&MUFASA, &INDEX, "c", 7).unwrap();
    let shown = Credentials::parse(&value).unwrap();
    assert_eq!((shown.nonce(), shown.nonce_count()), ("n1", 7));
    let with = |from: &str, to: &str| {
        let text = String::from_utf8(value.clone()).unwrap();
        assert!(text.contains(from), "{text}");
        Credentials::parse(text.replace(from, to).as_bytes()).unwrap().verify(&challenge, &INDEX, &MUFASA)
    };
    for (from, to, rejected) in [
        ("realm=\"r\"", "realm=\"s\"", Rejected::Parameter("realm")),
        ("SHA-256", "MD5", Rejected::Parameter("algorithm")),
        ("SHA-256", "SHA-256-sess", Rejected::Parameter("algorithm")),
        ("opaque=\"o\"", "opaque=\"p\"", Rejected::Parameter("opaque")),
        ("qop=auth", "qop=auth-int", Rejected::Parameter("qop")),
        ("index.html", "other.html", Rejected::Parameter("uri")),
        ("\"n1\"", "\"n2\"", Rejected::Nonce),
        ("nc=00000007", "nc=00000008", Rejected::Response),
        ("cnonce=\"c\"", "cnonce=\"d\"", Rejected::Response),
        ("Mufasa", "Scar", Rejected::Response),
        ("response=\"", "response=\"0", Rejected::Response),
    ] {
        assert_eq!(with(from, to), Err(rejected), "{from} -> {to}");
    }
    let put = Request { method: "PUT", ..INDEX };
    assert_eq!(shown.verify(&challenge, &put, &MUFASA), Err(Rejected::Response));
    let wrong = User { password: "wrong", ..MUFASA };
    assert_eq!(shown.verify(&challenge, &INDEX, &wrong), Err(Rejected::Response));
}

#[test]
fn the_body_is_protected_if_it_is_at_hand() {
    let challenge = Challenge::new("r", "n").unwrap().with_qops(&[Qop::AuthInt]);
    assert_eq!(challenge.answer(&MUFASA, &INDEX, "c", 1), Err(Misuse::Body));
    let put = Request { method: "PUT", body: Some(b"hello"), ..INDEX };
    let value = challenge.answer(&MUFASA, &put, "c", 1).unwrap();
    let shown = Credentials::parse(&value).unwrap();
    assert_eq!(shown.verify(&challenge, &put, &MUFASA), Ok(()));
    let other = Request { body: Some(b"hallo"), ..put };
    assert_eq!(shown.verify(&challenge, &other, &MUFASA), Err(Rejected::Response));
    assert_eq!(
        shown.verify(&challenge, &Request { body: None, ..put }, &MUFASA),
        Err(Rejected::Parameter("qop"))
    );
}

#[test]
fn old_servers_are_answered_and_old_clients_are_not_believed() {
    let challenge = Challenge::all([&b"Digest realm=\"r\", nonce=\"n\""[..]]).next().unwrap();
    assert_eq!(challenge.algorithm(), plain(Hash::Md5));
    let value = challenge.answer(&MUFASA, &INDEX, "c", 1).unwrap();
    assert_eq!(Credentials::parse(&value), Err(DigestError::Parameter("qop")));
}

#[test]
fn challenges_that_can_not_be_answered_are_passed_over() {
    let lines = [
        &b"Negotiate"[..],
        b"Digest realm=\"r\", nonce=\"1\", algorithm=SHA-1024, qop=\"auth\"",
        b"Digest realm=\"r\", nonce=\"2\", qop=\"auth-quantum\"",
        b"Digest realm=\"r\", qop=\"auth\"",
        b"Digest realm=\"r",
        b"Basic realm=\"r\", Digest realm=\"r\", nonce=\"3\", qop=\"x, auth\", stale=TRUE, algorithm=sha-256-SESS",
    ];
    let mut all = Challenge::all(lines);
    let found = all.next().unwrap();
    assert_eq!((found.nonce(), found.is_stale(), found.realm()), ("3", true, "r"));
    assert_eq!(found.algorithm(), Algorithm { hash: Hash::Sha256, is_session: true });
    assert_eq!(all.next(), None);
    assert_eq!(offered(lines).count(), 6);
}

/// Section 3.5. The value was computed apart from this, from the RFC's example of section 3.9.1.
#[test]
fn a_server_shows_that_it_knows_the_password_too() {
    let challenge = Challenge::new("http-auth@example.org", NONCE).unwrap().with_opaque(OPAQUE).unwrap();
    let shown = Credentials::parse(&challenge.answer(&MUFASA, &INDEX, CNONCE, 1).unwrap()).unwrap();
    let value = shown.info(&MUFASA, None, None).unwrap();
    let text = String::from_utf8(value.clone()).unwrap();
    let rspauth = "86d3b25618d41854ca5039a5d7e53ff6355d5134a9b1fb088a78ac3c462195a0";
    assert_eq!(text, format!("rspauth=\"{rspauth}\", qop=auth, cnonce=\"{CNONCE}\", nc=00000001"));
    let info = AuthenticationInfo::parse(&value).unwrap();
    assert_eq!((info.verify(&shown, &MUFASA, None), info.next_nonce()), (Ok(()), None));
    assert_eq!(info.verify(&shown, &User { password: "Scar", ..MUFASA }, None), Err(Rejected::Response));
    for (from, to, rejected) in [
        ("qop=auth", "qop=auth-int", Rejected::Parameter("qop")),
        ("nc=00000001", "nc=00000002", Rejected::Parameter("nc")),
        ("cnonce=\"f2", "cnonce=\"f3", Rejected::Parameter("cnonce")),
        ("rspauth=\"", "rspauth=\"0", Rejected::Response),
        ("rspauth", "rspauto", Rejected::Parameter("rspauth")),
    ] {
        let info = AuthenticationInfo::parse(text.replace(from, to).as_bytes()).unwrap();
        assert_eq!(info.verify(&shown, &MUFASA, None), Err(rejected), "{from} -> {to}");
    }
    for wrong in ["", "rspauth=\"x\"", "rspauth=\"x\", qop=later, cnonce=\"c\", nc=00000001", "nextnonce"] {
        let next = AuthenticationInfo::parse(wrong.as_bytes());
        assert!(next.is_err() || next.unwrap().verify(&shown, &MUFASA, None).is_err(), "{wrong}");
    }
    assert_eq!(AuthenticationInfo::parse(b"nextnonce=\"n\"").unwrap().next_nonce(), Some("n"));
}

#[test]
fn the_body_of_a_response_is_protected_too() {
    let challenge = Challenge::new("r", "n").unwrap().with_qops(&[Qop::AuthInt]);
    let put = Request { method: "PUT", uri: "/", body: Some(b"sent") };
    let shown = Credentials::parse(&challenge.answer(&MUFASA, &put, "c", 1).unwrap()).unwrap();
    assert_eq!(shown.info(&MUFASA, None, None), Err(Misuse::Body));
    assert_eq!(shown.info(&MUFASA, Some(b"got"), Some("a\nb")), Err(Misuse::Control));
    let info = AuthenticationInfo::parse(&shown.info(&MUFASA, Some(b"got"), Some("n2")).unwrap()).unwrap();
    assert_eq!((info.next_nonce(), info.verify(&shown, &MUFASA, Some(b"got"))), (Some("n2"), Ok(())));
    assert_eq!(info.verify(&shown, &MUFASA, Some(b"got, and more")), Err(Rejected::Response));
}

#[test]
fn ill_formed_credentials_are_refused() {
    let good = "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"x\", qop=auth, nc=00000001, cnonce=\"c\"";
    assert!(Credentials::parse(good.as_bytes()).is_ok());
    for (from, to) in [
        ("Digest", "Basic"),
        ("username=\"u\"", "name=\"u\""),
        ("username=\"u\"", "username*=\"UTF-8''u\", username=\"u\""),
        ("username=\"u\"", "username*=latin1''u"),
        ("username=\"u\"", "username*=UTF-8''%ff"),
        ("username=\"u\"", "username*=UTF-8''a%0d%0ab"),
        ("nc=00000001", "nc=1"),
        ("nc=00000001", "nc=+0000001"),
        ("nc=00000001", "nc=0000000g"),
        ("qop=auth", "qop=no"),
        ("realm=\"r\"", "realm=\"r\", realm=\"s\""),
        ("cnonce=\"c\"", "algorithm=SHA-1"),
    ] {
        assert!(Credentials::parse(good.replace(from, to).as_bytes()).is_err(), "{to}");
    }
    assert!(Challenge::new("a\r\nb", "n").is_err());
    assert!(
        Challenge::new("a", "n")
            .unwrap()
            .answer(&User { name: "a\nb", password: "" }, &INDEX, "", 1)
            .is_err()
    );
    assert!(!format!("{MUFASA:?}").contains("Circle"));
}

proptest! {
    #[test]
    fn both_ends_agree(
        name in "[^\\p{Cc}]{0,8}", password in any::<String>(), realm in "[^\\p{Cc}]{0,8}", nonce in "[ -~]{0,8}",
        cnonce in "[ -~]{0,8}", count in any::<u32>(), is_session: bool, hashes_user: bool,
        hash in prop::sample::select(vec![Hash::Md5, Hash::Sha256, Hash::Sha512_256]),
    ) {
        let mut challenge = Challenge::new(&realm, &nonce).unwrap().with_algorithm(Algorithm { hash, is_session });
        if hashes_user {
            challenge = challenge.with_userhash();
        }
        let user = User { name: &name, password: &password };
        let seen = Challenge::all([&challenge.to_value()[..]]).next().unwrap();
        prop_assert_eq!(&seen, &challenge);
        let shown = Credentials::parse(&seen.answer(&user, &INDEX, &cnonce, count).unwrap()).unwrap();
        prop_assert_eq!(shown.verify(&challenge, &INDEX, &user), Ok(()));
    }
}
