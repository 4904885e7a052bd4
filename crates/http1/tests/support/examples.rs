//! The conversations that RFC 9110, 9112, 1945 and 8297 show or speak of, each as one end sees it.

use http1::Config;
use proto_core::End;

use crate::account::{Account, Ask, Cut, fetch, serve};

/// A conversation of an RFC, seen by one end.
pub(crate) struct Vector {
    pub(crate) section: &'static str,
    /// `None`: seen by a server.
    pub(crate) asks: Option<&'static [Ask<'static>]>,
    pub(crate) bytes: &'static str,
    pub(crate) told: &'static [&'static str],
    pub(crate) sent: &'static str,
}

const OK: &str = r"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub(crate) const VECTORS: &[Vector] = &[
    Vector {
        section: "9110 3.9, request",
        asks: None,
        bytes: "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\nAccept-Language: en, mi\r\n\r\n",
        told: &[
            "GET /hello.txt HTTP/1.1 None [User-Agent: curl/7.64.1 | Host: www.example.com | Accept-Language: en, mi]",
            "end",
            "closed",
        ],
        sent: OK,
    },
    Vector {
        section: "9110 3.9, response",
        asks: Some(&[("GET", "/hello.txt")]),
        bytes: "HTTP/1.1 200 OK\r\nDate: Mon, 27 Jul 2009 12:28:53 GMT\r\nServer: Apache\r\n\
                Last-Modified: Wed, 22 Jul 2009 19:15:56 GMT\r\nETag: \"34aa387-d-1568eb00\"\r\nAccept-Ranges: bytes\r\n\
                Content-Length: 51\r\nVary: Accept-Encoding\r\nContent-Type: text/plain\r\n\r\n\
                Hello World! My content includes a trailing CRLF.\r\n",
        told: &[
            "response HTTP/1.1 200 OK Length(51) [Date: Mon, 27 Jul 2009 12:28:53 GMT | Server: Apache | \
             Last-Modified: Wed, 22 Jul 2009 19:15:56 GMT | ETag: \\\"34aa387-d-1568eb00\\\" | Accept-Ranges: bytes | \
             Content-Length: 51 | Vary: Accept-Encoding | Content-Type: text/plain]",
            "data Hello World! My content includes a trailing CRLF.\\r\\n",
            "end",
            "closed",
        ],
        sent: "",
    },
    Vector {
        section: "9112 3.2.1, origin-form",
        asks: None,
        bytes: "GET /where?q=now HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
        told: &["GET /where?q=now HTTP/1.1 None [Host: www.example.org]", "end", "closed"],
        sent: OK,
    },
    Vector {
        section: "9112 3.2.2, absolute-form",
        asks: None,
        bytes: "GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
        told: &[
            "GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1 None [Host: www.example.org]",
            "end",
            "closed",
        ],
        sent: OK,
    },
    Vector {
        section: "9112 3.2.3, authority-form, and what comes behind it",
        asks: None,
        bytes: "CONNECT www.example.com:80 HTTP/1.1\r\nHost: www.example.com\r\n\r\n\x16\x03\x01",
        told: &[
            "CONNECT www.example.com:80 HTTP/1.1 None [Host: www.example.com]",
            "end",
            "switched",
            r"left \x16\x03\x01",
        ],
        sent: r"HTTP/1.1 200 OK\r\n\r\n",
    },
    Vector {
        section: "9112 3.2.4, asterisk-form",
        asks: None,
        bytes: "OPTIONS * HTTP/1.1\r\nHost: www.example.org:8001\r\n\r\n",
        told: &["OPTIONS * HTTP/1.1 None [Host: www.example.org:8001]", "end", "closed"],
        sent: OK,
    },
    Vector {
        section: "9110 9.3.6, CONNECT with credentials",
        asks: None,
        bytes: "CONNECT server.example.com:80 HTTP/1.1\r\nHost: server.example.com:80\r\n\
                Proxy-Authorization: basic aGVsbG86d29ybGQ=\r\n\r\n",
        told: &[
            "CONNECT server.example.com:80 HTTP/1.1 None [Host: server.example.com:80 | \
             Proxy-Authorization: basic aGVsbG86d29ybGQ=]",
            "end",
            "switched",
            "left ",
        ],
        sent: r"HTTP/1.1 200 OK\r\n\r\n",
    },
    Vector {
        section: "9110 7.8, an upgrade",
        asks: None,
        bytes: "GET /hello HTTP/1.1\r\nHost: www.example.com\r\nConnection: upgrade\r\n\
                Upgrade: websocket, IRC/6.9, RTA/x11\r\n\r\n\x01\x05",
        told: &[
            "GET /hello HTTP/1.1 None [Host: www.example.com | Connection: upgrade | Upgrade: websocket, IRC/6.9, RTA/x11]",
            "end",
            "switched",
            r"left \x01\x05",
        ],
        sent: r"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    },
    Vector {
        section: "9110 7.8, the answer to one",
        asks: Some(&[("GET", "/upgrade")]),
        bytes: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nHTTP/1.1 is over",
        told: &[
            "response HTTP/1.1 101 Switching Protocols None [Connection: upgrade | Upgrade: websocket]",
            "switched",
            "left HTTP/1.1 is over",
        ],
        sent: "",
    },
    Vector {
        section: "9110 10.1.1, an expectation (with a shorter video)",
        asks: None,
        bytes: "PUT /somewhere/fun HTTP/1.1\r\nHost: origin.example.com\r\nContent-Type: video/h264\r\n\
                Content-Length: 12\r\nExpect: 100-continue\r\n\r\n123456789098",
        told: &[
            "PUT /somewhere/fun HTTP/1.1 Length(12) [Host: origin.example.com | Content-Type: video/h264 | \
             Content-Length: 12 | Expect: 100-continue]",
            "expects 100-continue",
            "data 123456789098",
            "end",
            "closed",
        ],
        sent: r"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    },
    Vector {
        section: "9112 7.1, chunks with extensions and trailers",
        asks: None,
        bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Expires\r\n\r\n\
                4;name=\"a value\"\r\nWiki\r\n5 \r\n",
        told: &[
            "POST / HTTP/1.1 Chunked [Host: a | Transfer-Encoding: chunked | Trailer: Expires]",
            "data Wiki",
            "error ChunkSize 400 No",
        ],
        sent: r"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 47\r\nConnection: close\r\n\r\na chunk size is not a plain hexadecimal number\n",
    },
    Vector {
        section: "9112 7.1.2, trailers",
        asks: Some(&[("GET", "/")]),
        bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
                4\r\nWiki\r\n0B;a;b=c\r\npedia\r\n in \r\n0\r\nX-Sum: 1\r\nx-sum:2 \r\n\r\n",
        told: &[
            "response HTTP/1.1 200 OK Chunked [Transfer-Encoding: chunked | Trailer: X-Sum]",
            r"data Wikipedia\r\n in ",
            "end [X-Sum: 1 | x-sum: 2]",
            "closed",
        ],
        sent: "",
    },
    Vector {
        section: "9112 9.3.2, pipelining, the second without content, the third the last",
        asks: None,
        bytes: "\r\nPOST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
                GET /2 HTTP/1.1\r\nhost: a\r\n\r\n\
                HEAD /3 HTTP/1.1\r\nHOST: a\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\n\r\n",
        told: &[
            "POST /1 HTTP/1.1 Length(3) [Host: a | Content-Length: 3]",
            "data abc",
            "end",
            "GET /2 HTTP/1.1 None [host: a]",
            "end",
            "HEAD /3 HTTP/1.1 None [HOST: a | Connection: close]",
            "end",
            "closed",
        ],
        sent: r"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n",
    },
    Vector {
        section: "9112 9.3.2, the answers to three requests",
        asks: Some(&[("HEAD", "/1"), ("GET", "/2"), ("GET", "/3")]),
        bytes: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\
                HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n\
                HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        told: &[
            "response HTTP/1.1 200 OK None [Content-Length: 2]",
            "end",
            "response HTTP/1.1 304 Not Modified None [Content-Length: 2]",
            "end",
            "response HTTP/1.1 200 OK Length(2) [Content-Length: 2]",
            "data ok",
            "end",
            "closed",
        ],
        sent: "",
    },
    Vector {
        section: "8297 2, early hints",
        asks: Some(&[("GET", "/")]),
        bytes: "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n\
                HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        told: &[
            "interim HTTP/1.1 103 Early Hints None [Link: </style.css>; rel=preload; as=style]",
            "interim HTTP/1.1 103 Early Hints None []",
            "response HTTP/1.1 200 OK Length(0) [Content-Length: 0]",
            "end",
            "closed",
        ],
        sent: "",
    },
    Vector {
        section: "1945 6, HTTP/1.0: until the connection is closed",
        asks: Some(&[("GET", "/")]),
        bytes: "HTTP/1.0 200\r\nServer: CERN/3.0 libwww/2.17\r\n\r\nhello\r\n",
        told: &[
            "response HTTP/1.0 200  UntilClose [Server: CERN/3.0 libwww/2.17]",
            r"data hello\r\n",
            "end",
            "closed",
        ],
        sent: "",
    },
    Vector {
        section: "9112 9.3, HTTP/1.0 with keep-alive, and without",
        asks: None,
        bytes: "GET /1 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
        told: &[
            "GET /1 HTTP/1.0 None [Connection: Keep-Alive]",
            "end",
            "GET /2 HTTP/1.0 None []",
            "end",
            "closed",
        ],
        sent: r"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    },
    Vector {
        section: "9112 5.2, a folded line in a response",
        asks: Some(&[("GET", "/")]),
        bytes: "HTTP/1.1 200 OK\r\nX: a\r\n \t b\r\n\tc\r\nContent-Length: 0\r\n\r\n",
        told: &["response HTTP/1.1 200 OK Length(0) [X: a b c | Content-Length: 0]", "end", "closed"],
        sent: "",
    },
    Vector {
        section: "9110 15.5.9, a 408 to a connection at rest",
        asks: Some(&[]),
        bytes: "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
        told: &["closed"],
        sent: "",
    },
    Vector {
        section: "9110 9.3.6, a tunnel is opened",
        asks: Some(&[("CONNECT", "a:1")]),
        bytes: "HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\nhello",
        told: &[
            "response HTTP/1.1 200 Connection established None [Content-Length: 5]",
            "switched",
            "left hello",
        ],
        sent: "",
    },
];

/// What the vector's end makes of its bytes, followed by a clean end of the stream.
pub(crate) fn run(vector: &Vector, cut: Cut<'_>) -> Account {
    run_until(vector, vector.bytes.len(), End::Clean, cut)
}

/// What the vector's end makes of its first `len` bytes.
pub(crate) fn run_until(vector: &Vector, len: usize, end: End, cut: Cut<'_>) -> Account {
    let bytes = &vector.bytes.as_bytes()[..len];
    match vector.asks {
        None => serve(bytes, Some(end), &Config::DEFAULT, cut),
        Some(asks) => fetch(asks, bytes, Some(end), &Config::DEFAULT, cut),
    }
}
