//! One TCP connection whose reader must keep reading.
//!
//! hyper bounds the time for a request's head and the extractors that for its body; nothing bounds a client which asks
//! and then does not take the answer. This wrapper ends a connection whose writes make no progress.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// A socket that fails with `TimedOut` when a write stands still for too long.
#[derive(Debug)]
pub(super) struct Connection<S = TcpStream> {
    socket: S,
    patience: Duration,
    /// Made when the first write stalls, because almost no connection's ever does.
    stall: Option<Pin<Box<Sleep>>>,
    is_stalled: bool,
}

impl<S> Connection<S> {
    pub(super) fn new(socket: S, patience: Duration) -> Self {
        Self { socket, patience, stall: None, is_stalled: false }
    }

    /// Passes progress on, and turns a stall that lasted too long into an error.
    fn judge<T>(&mut self, poll: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.is_stalled = false;
            return poll;
        }
        let patience = self.patience;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(patience)));
        if !self.is_stalled {
            self.is_stalled = true;
            stall.as_mut().reset(Instant::now() + patience);
        }
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answer")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.judge(poll, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.judge(poll, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.socket).poll_flush(cx);
        self.judge(poll, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.socket).poll_shutdown(cx);
        self.judge(poll, cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::Connection;

    #[tokio::test]
    async fn a_client_that_does_not_read_is_dropped() {
        let (ours, _theirs) = duplex(16);
        let mut connection = Connection::new(ours, Duration::from_millis(20));
        let error = connection.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_reader_that_makes_progress_is_served() {
        let (ours, mut theirs) = duplex(16);
        let mut connection = Connection::new(ours, Duration::from_millis(100));
        let reader = tokio::spawn(async move {
            let mut piece = [0; 16];
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_millis(40)).await;
                theirs.read_exact(&mut piece).await.unwrap();
            }
        });
        connection.write_all(&[7; 64]).await.unwrap();
        reader.await.unwrap();
    }
}
