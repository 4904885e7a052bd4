//! Forms with files in them: as browsers write them, sent by ureq, stored by `http_server`; and `fetch`'s, taken apart by mailparse behind hyper's server.

use std::convert::Infallible;
use std::sync::mpsc;
use std::thread;

use bytes::Bytes;
use examples::program::{Program, output};
use examples::scratch::Scratch;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use mailparse::MailHeaderMap as _;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

fn large() -> Vec<u8> {
    (0..3_000_000).map(|at| (at % 251) as u8).collect()
}

#[test]
fn forms_sent_by_ureq_are_stored() {
    for runtime in ["threads", "mio", "tokio"] {
        let scratch = Scratch::new().unwrap();
        scratch.write("root/index.html", b"mine").unwrap();
        let root = scratch.path().join("root");
        let args = ["--allow-write", "--runtime", runtime, "--listen", "127.0.0.1:0", "--root"];
        let server = Program::start("http_server", args.iter().copied().chain(root.to_str()), 1).unwrap();
        let url = format!("http://{}/up/", server.address("http").unwrap());
        let large = large();
        let mut form = [
            &b"--B\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nJ\xc3\xbcrgen & S\xc3\xb6hne"[..],
            b"\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"../large.bin\"\r\n\r\n",
            &large,
            b"\r\n--B\r\nContent-Disposition: form-data; name=\"g\"; filename=\"gr\xc3\xbcn.txt\"\r\n",
            b"Content-Type: text/plain\r\n\r\nstreamed\r\n--B--\r\n",
        ]
        .concat();
        form.splice(0..0, *b"a preamble\r\n");
        let post = ureq::post(&url).header("Content-Type", "multipart/form-data; boundary=B");
        // In chunks, of whatever sizes.
        let sent = post.send(ureq::SendBody::from_reader(&mut &form[..])).unwrap();
        let told = sent.into_body().read_to_string().unwrap();
        assert_eq!(told, "who=Jürgen & Söhne\nf=large.bin\ng=grün.txt\n");
        assert!(std::fs::read(root.join("up/large.bin")).unwrap() == large);
        assert_eq!(std::fs::read(root.join("up/grün.txt")).unwrap(), b"streamed");
        assert_eq!(std::fs::read(root.join("index.html")).unwrap(), b"mine");
    }
}

/// What comes to hyper's server in one request: the Content-Type and the body.
fn catch_one() -> (String, thread::JoinHandle<(String, Bytes)>) {
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(format!("http://{}/", listener.local_addr().unwrap())).unwrap();
            let (caught, mut catch) = tokio::sync::mpsc::channel(1);
            let answer = service_fn(move |request: Request<Incoming>| {
                let caught = caught.clone();
                async move {
                    let kind = request.headers()["content-type"].to_str().unwrap().to_owned();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    caught.send((kind, body)).await.unwrap();
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
                }
            });
            let (stream, _) = listener.accept().await.unwrap();
            let serve = hyper::server::conn::http1::Builder::new();
            let served = serve.serve_connection(TokioIo::new(stream), answer).await;
            drop(served);
            catch.recv().await.unwrap()
        })
    });
    (told.recv().unwrap(), thread)
}

#[test]
fn fetchs_forms_are_read_by_others() {
    let scratch = Scratch::new().unwrap();
    let file = scratch.write("large.bin", &large()).unwrap();
    let (url, caught) = catch_one();
    let file = format!("f=@{};filename=a b.bin", file.to_str().unwrap());
    let fields = ["-s", "-F", "who=Jürgen", "-F", &file, "-F", "t=1;type=text/csv", &url];
    let sent = output("fetch", fields, b"").unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let (kind, body) = caught.join().unwrap();
    let form = [format!("Content-Type: {kind}\r\n\r\n").as_bytes(), &body].concat();
    let form = mailparse::parse_mail(&form).unwrap();
    let mut parts = Vec::new();
    for part in &form.subparts {
        let disposition = part.get_content_disposition().params;
        parts.push((
            disposition["name"].clone(),
            disposition.get("filename").cloned(),
            part.headers.get_first_value("Content-Type"),
            part.get_body_raw().unwrap(),
        ));
    }
    let some = |text: &str| Some(text.to_owned());
    assert!(
        parts
            == [
                ("who".to_owned(), None, None, "Jürgen".into()),
                ("f".to_owned(), some("a b.bin"), some("application/octet-stream"), large()),
                ("t".to_owned(), None, some("text/csv"), b"1".to_vec()),
            ]
    );
}
