//! Starting, serving over a real socket, and stopping in good order.

use std::time::Duration;

use postfun_tests::{TestApp, on_both_engines};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"POST /auth/challenge HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n";

async fn read_some(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 16_384];
    let limit = Duration::from_secs(20);
    let read =
        tokio::time::timeout(limit, stream.read(&mut buffer)).await.expect("an answer in time").unwrap_or(0);
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}

on_both_engines! {
    async fn request_that_has_begun_is_answered_before_the_end(app: TestApp) {
        let listening = app.listen().await;
        let mut stream = TcpStream::connect(listening.address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        // The head has arrived, the body has not: the request has begun.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let address = listening.address;
        let stopping = tokio::spawn(listening.stop());
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(b"{}").await.unwrap();
        let answer = read_some(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        stopping.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    }

    async fn idle_connection_does_not_hold_up_the_end(app: TestApp) {
        let listening = app.listen().await;
        let mut idle = TcpStream::connect(listening.address).await.unwrap();
        idle.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        assert!(read_some(&mut idle).await.starts_with("HTTP/1.1 200"));
        let silent = TcpStream::connect(listening.address).await.unwrap();
        tokio::time::timeout(Duration::from_secs(15), listening.stop()).await.expect("idle connections are closed");
        drop(silent);
    }

    async fn slow_header_is_not_waited_for(app: TestApp) {
        let impatient = app.reconfigured(|config| config.limits.header_timeout_ms = 200).await;
        let listening = impatient.listen().await;
        let mut slow = TcpStream::connect(listening.address).await.unwrap();
        slow.write_all(b"GET /health HTTP/1.1\r\nhost: loc").await.unwrap();
        let answer = read_some(&mut slow).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        listening.stop().await;
    }

    async fn what_is_no_http_is_not_answered_as_if_it_were(app: TestApp) {
        let listening = app.listen().await;
        for nonsense in [&b"\x16\x03\x01\x02\x00"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
            let mut stream = TcpStream::connect(listening.address).await.unwrap();
            stream.write_all(nonsense).await.unwrap();
            let answer = read_some(&mut stream).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
        }
        let mut stream = TcpStream::connect(listening.address).await.unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        assert!(read_some(&mut stream).await.starts_with("HTTP/1.1 200"), "others are served all the same");
        listening.stop().await;
    }
}
