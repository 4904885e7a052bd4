//! The web programs against other people's ends: `http_server` with hyper's and ureq's clients, `fetch` with hyper's server
//! and tiny_http.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::thread;

use bytes::Bytes;
use examples::program::{Program, output};
use examples::scratch::Scratch;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const RUNTIMES: [&str; 3] = ["threads", "mio", "tokio"];

fn large() -> Vec<u8> {
    (0..3_000_000).map(|at| (at % 251) as u8).collect()
}

struct Site {
    program: Program,
    scratch: Scratch,
}

impl Site {
    fn start(runtime: &str) -> Self {
        let scratch = Scratch::new().unwrap();
        scratch.write("root/a.txt", b"0123456789").unwrap();
        scratch.write("root/large.bin", &large()).unwrap();
        let root = scratch.path().join("root");
        let root = root.to_str().unwrap();
        let args = ["--runtime", runtime, "--root", root, "--listen", "127.0.0.1:0", "--allow-write"];
        Site { program: Program::start("http_server", args, 1).unwrap(), scratch }
    }

    fn address(&self) -> SocketAddr {
        self.program.address("http").unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.scratch.path().join("root").join(name)).unwrap()
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

type Sender = SendRequest<http_body_util::combinators::BoxBody<Bytes, Infallible>>;

async fn connect(address: SocketAddr) -> Sender {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// One request with hyper, over a connection that is kept.
async fn ask(
    sender: &mut Sender,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> (StatusCode, Bytes) {
    sender.ready().await.unwrap();
    let mut request = Request::builder().method(method).uri(path).header("Host", "test");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let body = Full::new(Bytes::copy_from_slice(body)).boxed();
    let response = sender.send_request(request.body(body).unwrap()).await.unwrap();
    let status = response.status();
    (status, response.into_body().collect().await.unwrap().to_bytes())
}

#[test]
fn hypers_client_is_served() {
    for name in RUNTIMES {
        let site = Site::start(name);
        runtime().block_on(async {
            let mut sender = connect(site.address()).await;
            assert_eq!(
                ask(&mut sender, "GET", "/a.txt", &[], b"").await,
                (StatusCode::OK, "0123456789".into())
            );
            assert_eq!(ask(&mut sender, "HEAD", "/large.bin", &[], b"").await, (StatusCode::OK, "".into()));
            let (status, body) = ask(&mut sender, "GET", "/a.txt", &[("Range", "bytes=2-4")], b"").await;
            assert_eq!((status, body), (StatusCode::PARTIAL_CONTENT, "234".into()));
            assert!(ask(&mut sender, "GET", "/large.bin", &[], b"").await.1 == large());
            assert_eq!(ask(&mut sender, "PUT", "/up.bin", &[], &large()).await.0, StatusCode::CREATED);
            assert!(site.read("up.bin") == large());
            let form = [("Content-Type", "application/x-www-form-urlencoded")];
            assert_eq!(ask(&mut sender, "POST", "/", &form, b"a=1&b=2").await.1, "a=1\nb=2\n");
            assert_eq!(ask(&mut sender, "DELETE", "/up.bin", &[], b"").await.0, StatusCode::NO_CONTENT);
            assert_eq!(ask(&mut sender, "GET", "/up.bin", &[], b"").await.0, StatusCode::NOT_FOUND);
        });
    }
}

#[test]
fn hypers_chunks_are_stored_whole() {
    for name in RUNTIMES {
        let site = Site::start(name);
        runtime().block_on(async {
            let mut sender = connect(site.address()).await;
            let frames: Vec<_> =
                large().chunks(100_000).map(|run| Ok(Frame::data(Bytes::copy_from_slice(run)))).collect();
            let stream = StreamBody::new(Frames(frames.into_iter()));
            let request = Request::put("/up.bin").header("Host", "test").body(stream.boxed()).unwrap();
            assert_eq!(sender.send_request(request).await.unwrap().status(), StatusCode::CREATED);
            assert!(site.read("up.bin") == large());
        });
    }
}

/// Frames that are there already, as a stream.
struct Frames(std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>);

impl futures_core::Stream for Frames {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

#[test]
fn ureq_is_served() {
    for name in RUNTIMES {
        let site = Site::start(name);
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut reply = agent.get(site.url("/a.txt")).call().unwrap();
        assert_eq!(reply.body_mut().read_to_string().unwrap(), "0123456789");
        let mut reply = agent.get(site.url("/large.bin")).call().unwrap();
        assert!(reply.body_mut().read_to_vec().unwrap() == large());
        assert_eq!(agent.put(site.url("/up.bin")).send(&large()[..]).unwrap().status(), 201);
        assert!(site.read("up.bin") == large());
        let body = large();
        let mut reader = &body[..];
        let sent = agent.put(site.url("/piped.bin")).send(ureq::SendBody::from_reader(&mut reader)).unwrap();
        assert_eq!(sent.status(), 201);
        assert!(site.read("piped.bin") == large());
        let mut reply = agent.post(site.url("/")).send_form([("a", "1 & 2"), ("b", "")]).unwrap();
        assert_eq!(reply.body_mut().read_to_string().unwrap(), "a=1 & 2\nb=\n");
        assert_eq!(agent.get(site.url("/none")).call().unwrap().status(), 404);
        assert_eq!(agent.delete(site.url("/up.bin")).call().unwrap().status(), 204);
    }
}

/// What a server answers, whoever made it: a large thing, a redirection, cookies, or the request's body.
struct Answer {
    status: u16,
    field: Option<(&'static str, &'static str)>,
    body: Vec<u8>,
}

fn answer(path: &str, cookies: Option<&str>, body: Vec<u8>) -> Answer {
    let (status, field, body) = match path {
        "/large" => (200, None, large()),
        "/away" => (302, Some(("Location", "/large")), Vec::new()),
        "/set" => (200, Some(("Set-Cookie", "sid=42; Path=/")), Vec::new()),
        "/cookies" => (200, None, cookies.unwrap_or("none").into()),
        _ => (200, None, body),
    };
    Answer { status, field, body }
}

fn fetch(args: &[&str], input: &[u8]) -> Vec<u8> {
    let output = output("fetch", args, input).unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Everything that `fetch` does with a server of this kind.
fn fetch_from(address: SocketAddr) {
    let url = |path: &str| format!("http://{address}{path}");
    assert!(fetch(&[&url("/large")], b"") == large());
    assert!(fetch(&["-L", &url("/away")], b"") == large());
    assert_eq!(fetch(&["-b", "none", &url("/set"), &url("/cookies")], b""), b"sid=42");
    assert_eq!(fetch(&["-d", "a=1", &url("/echo")], b""), b"a=1");
    assert!(fetch(&["-T", "-", &url("/echo")], &large()) == large());
    let two = fetch(&["-w", " %{num_connects} ", &url("/cookies"), &url("/cookies")], b"");
    assert_eq!(two, b"none 1 none 0 ");
    assert_eq!(fetch(&["--http1.0", &url("/cookies")], b""), b"none");
    assert!(fetch(&["-I", &url("/large")], b"").starts_with(b"HTTP/1.1 200"));
}

#[test]
fn fetch_gets_on_with_tiny_http() {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let address = server.server_addr().to_ip().unwrap();
    thread::spawn(move || {
        for mut request in server.incoming_requests() {
            let mut body = Vec::new();
            request.as_reader().read_to_end(&mut body).unwrap();
            let cookies = request.headers().iter().find(|field| field.field.equiv("Cookie"));
            let answer = answer(request.url(), cookies.map(|field| field.value.as_str()), body);
            let mut response = tiny_http::Response::from_data(answer.body).with_status_code(answer.status);
            if let Some((name, value)) = answer.field {
                response.add_header(tiny_http::Header::from_bytes(name, value).unwrap());
            }
            request.respond(response).unwrap();
        }
    });
    fetch_from(address);
}

#[test]
fn fetch_gets_on_with_hypers_server() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        runtime().block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service_fn(serve);
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
    });
    fetch_from(address);
}

async fn serve(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes().to_vec();
    let cookies = head.headers.get("Cookie").map(|value| value.to_str().unwrap());
    let answer = answer(head.uri.path(), cookies, body);
    let mut response = Response::builder().status(answer.status);
    if let Some((name, value)) = answer.field {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(answer.body.into())).unwrap())
}
