//! A project outside the workspace that depends on http1 alone: the endpoint over tokio.
//!
//! `cargo run` serves until it is stopped; `cargo run -- check` asks itself one question and ends.

use http1::proto_core::{Drive, DriveLimits, End, Time, Turn};
use http1::{ResponseBuilder, Server, StatusCode, server::Event};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    if std::env::args().nth(1).as_deref() == Some("check") {
        return check(listener).await;
    }
    loop {
        tokio::spawn(serve(listener.accept().await?.0));
    }
}

async fn serve(mut stream: tokio::net::TcpStream) -> std::io::Result<()> {
    let (mut drive, start) =
        (Drive::new(Server::default(), DriveLimits::server()), std::time::Instant::now());
    loop {
        let now = Time::ZERO + start.elapsed();
        let wait = match drive.poll(now) {
            Ok(Turn::Event(Event::End { .. })) => {
                let answer =
                    drive.endpoint_mut().answer(&ResponseBuilder::new(StatusCode::OK), "hello\n".into());
                answer.expect("the request is complete");
                continue;
            }
            Ok(Turn::Wait(wait) | Turn::Paused(wait)) => wait,
            Ok(Turn::Closed) => return Ok(()),
            _ => continue,
        };
        if wait.write {
            let bytes = drive.output().slices().collect::<Vec<_>>().concat();
            stream.write_all(&bytes).await?;
            drive.sent(bytes.len() as u64, now);
        } else if wait.shut {
            stream.shutdown().await?;
            drive.shut();
        } else {
            let patience = wait.deadline.map_or(Duration::MAX, |at| at - now);
            if let Ok(0) = timeout(patience, stream.read_buf(drive.input())).await.unwrap_or(Ok(1)) {
                drive.lost(End::Clean);
            }
        }
    }
}

async fn check(listener: tokio::net::TcpListener) -> std::io::Result<()> {
    let mut client = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
    tokio::spawn(serve(listener.accept().await?.0));
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello\n"), "{answer}");
    Ok(())
}
