//! Generated mail: like the real thing in size and make-up, the same for the same seed.
//!
//! `small`: about 5 KB a message; of the leaves about 79 % plain text, 19 % HTML, 11 % quoted-printable, 2.5 % base64, 11 % 8-bit; 9 % of the
//! messages multipart; ISO-8859-1 foremost, some windows-1252, UTF-8 and East Asian. `attach`: one message with an attachment of a
//! mebibyte. `weird`: messages with damage of every kind.

use proto_core::base64::STANDARD;

/// A generator of numbers, split from its seed (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// True in so many of a thousand.
    pub(crate) fn permille(&mut self, n: usize) -> bool {
        self.below(1000) < n
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn hex(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from_digit(self.below(16) as u32, 16).unwrap()).collect()
    }
}

const WORDS: &[&str] = &[
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "you",
    "that",
    "it",
    "for",
    "was",
    "on",
    "are",
    "with",
    "as",
    "at",
    "be",
    "this",
    "have",
    "from",
    "or",
    "had",
    "by",
    "but",
    "some",
    "what",
    "there",
    "we",
    "can",
    "out",
    "other",
    "were",
    "all",
    "your",
    "when",
    "use",
    "message",
    "server",
    "please",
    "regards",
    "thanks",
    "tomorrow",
    "meeting",
    "version",
    "problem",
    "answer",
    "question",
    "patch",
    "release",
    "library",
    "kernel",
    "account",
    "payment",
    "delivery",
    "newsletter",
    "weekend",
    "colleagues",
];
const LATIN: &[&str] = &[
    "café",
    "naïve",
    "façade",
    "über",
    "für",
    "Grüße",
    "schön",
    "straße",
    "größer",
    "déjà",
    "vu",
    "élève",
    "señor",
    "mañana",
    "være",
    "også",
    "når",
    "Ångström",
    "où",
    "à",
    "été",
    "möglich",
    "können",
    "müssen",
    "zurück",
    "très",
    "même",
];
const JAPANESE: &[&str] =
    &["こんにちは", "ありがとう", "会議", "明日", "新しい", "東京", "お願いします", "資料"];
const CHINESE: &[&str] = &["你好", "谢谢", "会议", "明天", "公司", "北京", "信息", "产品", "服务"];
const NAMES: &[&str] = &[
    "Anna", "Bernd", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Klara", "Luis",
];
const FAMILIES: &[&str] =
    &["Abel", "Berg", "Castro", "Duval", "Engel", "Fischer", "Garcia", "Holm", "Ito", "Jansen", "Klein"];
const HOSTS: &[&str] =
    &["example.org", "mail.example.com", "lists.example.net", "host.test", "corp.example", "uni.example.edu"];

/// One text in one script.
#[derive(Clone, Copy, PartialEq)]
enum Script {
    Ascii,
    Latin,
    Japanese,
    Chinese,
}

struct Writer {
    random: Random,
    out: Vec<u8>,
    /// Texts are cut to this.
    longest: usize,
}

/// Messages as people get them.
pub(crate) fn small(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| message(number as u64 + 1)).collect()
}

fn message(seed: u64) -> Vec<u8> {
    let mut writer = Writer { random: Random::new(seed), out: Vec::new(), longest: usize::MAX };
    writer.trace();
    writer.fields();
    let boundary = format!("----=_Part_{}_{}", writer.random.below(9999), writer.random.hex(16));
    if writer.random.permille(90) {
        let kind = if writer.random.permille(700) { "alternative" } else { "mixed" };
        writer.line(&format!("Content-Type: multipart/{kind};\r\n\tboundary=\"{boundary}\""));
        writer.line("");
        writer.line("This is a multi-part message in MIME format.");
        for html in [false, kind == "alternative"] {
            writer.line("");
            writer.line(&format!("--{boundary}"));
            writer.leaf(html);
        }
        writer.line("");
        writer.line(&format!("--{boundary}--"));
    } else {
        let html = writer.random.permille(150);
        writer.leaf(html);
    }
    writer.out
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    fn host(&mut self) -> &'static str {
        self.random.one(HOSTS)
    }

    fn mailbox(&mut self, encoded: bool) -> String {
        let (name, family) = (self.random.one(NAMES), self.random.one(FAMILIES));
        let address = format!("{}.{}@{}", name.to_lowercase(), family.to_lowercase(), self.host());
        match self.random.below(5) {
            0 => address,
            1 => format!("\"{family}, {name}\" <{address}>"),
            _ if encoded => format!("=?ISO-8859-1?Q?{name}_M=FCller-{family}?= <{address}>"),
            _ => format!("{name} {family} <{address}>"),
        }
    }

    fn trace(&mut self) {
        let mut path = format!("Return-Path: <bounce-{}@{}>", self.random.below(99_999), self.host());
        path.push_str("\r\nDelivered-To: someone@example.org");
        self.line(&path);
        for _ in 0..self.random.below(5) + 2 {
            let (from, by, id) = (self.host(), self.host(), self.random.hex(12));
            let ip = format!("192.0.2.{}", self.random.below(250));
            let (day, minute) = (self.random.below(27) + 1, self.random.below(60));
            self.line(&format!(
                "Received: from {from} ({from} [{ip}])\r\n\tby {by} (Postfix) with ESMTP id {id}\r\n\tfor <someone@example.org>; \
                 Tue, {day} Mar 2005 10:{minute:02}:07 -0500 (EST)"
            ));
        }
        if self.random.permille(350) {
            let (body, one, two) = (self.random.hex(43), self.random.hex(64), self.random.hex(64));
            self.line(&format!(
                "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=mail;\r\n\th=from:to:subject:date; \
                 bh={body}=;\r\n\tb={one}\r\n\t {two}"
            ));
        }
    }

    fn fields(&mut self) {
        let (day, hour) = (self.random.below(27) + 1, self.random.below(24));
        let encoded = self.random.permille(150);
        let from = self.mailbox(encoded);
        let id = format!("<{}.{}@{}>", self.random.hex(8), self.random.hex(8), self.host());
        self.line(&format!("Message-ID: {id}"));
        self.line(&format!("Date: Tue, {day} Mar 2005 {hour:02}:12:45 +0100"));
        self.line(&format!("From: {from}"));
        for (name, permille, many) in [("To", 1000, 2), ("Cc", 300, 4), ("Reply-To", 200, 1)] {
            if self.random.permille(permille) {
                let list: Vec<_> = (0..self.random.below(many) + 1).map(|_| self.mailbox(false)).collect();
                self.line(&format!("{name}: {}", list.join(",\r\n\t")));
            }
        }
        let subject: Vec<_> = (0..self.random.below(6) + 3).map(|_| self.random.one(WORDS)).collect();
        let subject = subject.join(" ");
        let subject = match self.random.below(5) {
            0 => format!("=?iso-8859-1?Q?R=E9union_{}?=", subject.replace(' ', "_")),
            1 => format!("Re: [list] {subject}"),
            _ => subject,
        };
        self.line(&format!("Subject: {subject}"));
        if self.random.permille(400) {
            let ids: Vec<_> = (0..self.random.below(4) + 1)
                .map(|_| format!("<{}.{}@{}>", self.random.hex(8), self.random.hex(8), self.host()))
                .collect();
            self.line(&format!("In-Reply-To: {}\r\nReferences: {}", ids[0], ids.join("\r\n\t")));
        }
        if self.random.permille(300) {
            let host = self.host();
            self.line(&format!(
                "List-Id: A list of people <people.{host}>\r\nList-Post: <mailto:people@{host}>\r\nList-Unsubscribe: \
                 <https://{host}/options>,\r\n\t<mailto:people-request@{host}?subject=unsubscribe>\r\nPrecedence: list"
            ));
        }
        if self.random.permille(500) {
            self.line("X-Spam-Status: No, score=-2.6 required=5.0 tests=AWL,BAYES_00 autolearn=ham\r\n\tversion=3.0.2");
            self.line("X-Virus-Scanned: amavisd-new at example.org");
        }
        self.line("X-Mailer: Sample Mailer 5.5 (build 1234)\r\nMIME-Version: 1.0");
    }

    /// Type, coding, blank line, body.
    fn leaf(&mut self, html: bool) {
        let (charset, script) = match self.random.below(100) {
            0..30 => ("us-ascii", Script::Ascii),
            30..76 => ("ISO-8859-1", Script::Latin),
            76..84 => ("windows-1252", Script::Latin),
            84..94 => ("utf-8", Script::Latin),
            94..97 => ("iso-2022-jp", Script::Japanese),
            _ => ("gb2312", Script::Chinese),
        };
        let coding = match self.random.below(1000) {
            0..110 => "quoted-printable",
            110..135 => "base64",
            135..260 if script != Script::Ascii => "8bit",
            _ => "7bit",
        };
        // What claims to be 7bit is.
        let script = if coding == "7bit" && charset != "iso-2022-jp" { Script::Ascii } else { script };
        let text = self.text(html, script);
        let (bytes, ..) = encoding_rs::Encoding::for_label(charset.as_bytes()).expect("known").encode(&text);
        let subtype = if html { "html" } else { "plain" };
        self.line(&format!("Content-Type: text/{subtype}; charset={charset}"));
        self.line(&format!("Content-Transfer-Encoding: {coding}"));
        self.line("");
        match coding {
            "base64" => base64(&bytes, &mut self.out),
            "quoted-printable" => quoted_printable(&bytes, &mut self.out),
            _ => self.out.extend_from_slice(&bytes),
        }
    }

    /// Paragraphs, quotes, a signature.
    fn text(&mut self, html: bool, script: Script) -> String {
        let size = match self.random.below(20) {
            0..9 => 200 + self.random.below(1200),
            9..17 => 1000 + self.random.below(3500),
            17..19 => 4000 + self.random.below(8000),
            _ => 15_000 + self.random.below(10_000),
        };
        let mut text = String::new();
        let mut column = 0;
        while text.len() < size.min(self.longest) {
            if html && self.random.permille(120) {
                text.push_str(self.random.one(&[
                    "<p>",
                    "</p>\r\n",
                    "<br>\r\n",
                    "<a href=\"http://example.org/page\">",
                    "</a>",
                    "&nbsp;",
                ]));
            }
            let word = match script {
                Script::Japanese => self.random.one(JAPANESE),
                Script::Chinese => self.random.one(CHINESE),
                Script::Latin if self.random.permille(200) => self.random.one(LATIN),
                _ => self.random.one(WORDS),
            };
            text.push_str(word);
            column += word.len() + 1;
            if column > 66 || self.random.permille(15) {
                text.push_str("\r\n");
                column = 0;
                match self.random.below(12) {
                    0 => text.push_str("\r\n"),
                    1..4 => text.push_str("> "),
                    4 => text.push_str("- "),
                    _ => {}
                }
            } else {
                text.push(' ');
            }
        }
        text.push_str("\r\n-- \r\nsomebody, somewhere\r\n");
        text
    }
}

/// In lines of 76.
pub(crate) fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    for line in bytes.chunks(57) {
        out.extend_from_slice(STANDARD.encode(line).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

fn quoted_printable(bytes: &[u8], out: &mut Vec<u8>) {
    let mut column = 0;
    let mut rest = bytes;
    while let [byte, behind @ ..] = rest {
        if let [b'\r', b'\n', behind @ ..] = rest {
            out.extend_from_slice(b"\r\n");
            (column, rest) = (0, behind);
            continue;
        }
        if column > 72 {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        let plain =
            matches!(byte, b' '..=b'~') && *byte != b'=' && !(*byte == b' ' && behind.starts_with(b"\r\n"));
        if plain {
            out.push(*byte);
            column += 1;
        } else {
            out.extend_from_slice(format!("={byte:02X}").as_bytes());
            column += 3;
        }
        rest = behind;
    }
}

/// A message of 1.4 MB: a short text, and a file in base64.
pub(crate) fn attach() -> Vec<u8> {
    let mut writer = Writer { random: Random::new(77), out: Vec::new(), longest: usize::MAX };
    writer.trace();
    writer.fields();
    writer.line("Content-Type: multipart/mixed; boundary=\"=_boundary_77\"\r\n\r\n--=_boundary_77");
    writer.leaf(false);
    writer.line("--=_boundary_77\r\nContent-Type: application/octet-stream; name=\"file.bin\"");
    writer.line(
        "Content-Disposition: attachment; filename=\"file.bin\"\r\nContent-Transfer-Encoding: base64\r\n",
    );
    let file: Vec<u8> = (0..1 << 17).flat_map(|_| writer.random.next().to_le_bytes()).collect();
    base64(&file, &mut writer.out);
    writer.line("--=_boundary_77--");
    writer.out
}

/// Messages with damage of every kind.
pub(crate) fn weird(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| damaged(number as u64 + 1)).collect()
}

/// What stands where it should not.
const DAMAGE: &[&[u8]] = &[
    b"\0",
    b"\r",
    b"\xFF\xFE",
    b"no colon on this line\r\n",
    b"=?utf-8?q?never ends",
    b"=?x?b?****?=",
    b"(((((((",
    b"\"never closed",
    b"--\r\n",
    b"--=_b1\r\n",
    b"--=_b1--\r\n",
    b"--=_b2\r\n",
    b"\r\n\r\n",
    b"=\r\n=4=XX",
    b"<<<>>>,;:",
    b": no name\r\n",
    b"\r\n \r\n \r\n",
    b"Content-Type: multipart/mixed; boundary==_b2\r\n",
    b"Content-Type: text\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"To: a@b,,,<c@d,\"e@f\r\n",
    b"Date: yesterday\r\n",
    b"\t",
    b"        ",
    b"; name*0*=x''%; name*2=z; name=\r\n",
];

fn damaged(seed: u64) -> Vec<u8> {
    let mut writer = Writer { random: Random::new(seed + 1_000_000), out: Vec::new(), longest: 300 };
    writer.trace();
    writer.fields();
    for level in 1..writer.random.below(6) + 1 {
        let boundary = format!("=_b{level}");
        writer.line(&format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}"));
        if writer.random.permille(500) {
            writer.leaf(level % 2 == 0);
            writer.line(&format!("--{boundary}"));
        }
        if writer.random.permille(400) {
            writer.line("Content-Type: message/rfc822\r\n");
            writer.fields();
        }
    }
    writer.leaf(false);
    let Writer { mut random, mut out, .. } = writer;
    for _ in 0..random.below(60) + 20 {
        let at = random.below(out.len());
        let end = (at + random.below(40)).min(out.len());
        match random.below(5) {
            0 => drop(out.drain(at..end)),
            1 => {
                let again = out[at..end].to_vec();
                out.splice(at..at, again);
            }
            _ => {
                // At a line's start as often as anywhere.
                let line = out[at..].iter().position(|byte| *byte == b'\n').map_or(at, |end| at + end + 1);
                let at = if random.permille(500) { line } else { at };
                out.splice(at..at, random.one(DAMAGE).iter().copied());
            }
        }
    }
    if random.permille(300) {
        out.truncate(random.below(out.len()));
    }
    out
}
