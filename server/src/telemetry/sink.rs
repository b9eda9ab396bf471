//! Where log lines wait for the disk or the pipe.
//!
//! A line is appended to a buffer in memory and written by a thread of its own, many lines at once, so that a request
//! never waits for whoever reads the log. When the reader stands still and the buffer is full, lines are dropped and
//! counted rather than kept for ever.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Log kept in memory while it cannot be written, in bytes.
const PENDING_BYTES_MAX: usize = 1024 * 1024;

/// How long lines gather before they are written.
const GATHER: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
struct Pending {
    lines: Vec<u8>,
    dropped: u64,
    is_closed: bool,
}

struct Shared {
    pending: Mutex<Pending>,
    wake: Condvar,
    /// Held while writing, so that lines leave in order whoever writes them.
    out: Mutex<Out>,
}

struct Out {
    writer: Box<dyn Write + Send>,
    /// Empty; its memory takes turns with the pending lines', so that neither grows from nothing again and again.
    spare: Vec<u8>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, line: &[u8]) {
        let mut pending = self.pending();
        if pending.lines.len() + line.len() > PENDING_BYTES_MAX {
            pending.dropped += 1;
            return;
        }
        let was_empty = pending.lines.is_empty();
        pending.lines.extend_from_slice(line);
        drop(pending);
        if was_empty {
            self.wake.notify_one();
        }
    }

    /// Writes what is pending. A reader that is gone is no reason to stop the server.
    fn write_pending(&self) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let Out { writer, spare } = &mut *out;
        let dropped = {
            let mut pending = self.pending();
            std::mem::swap(&mut pending.lines, spare);
            std::mem::take(&mut pending.dropped)
        };
        let _ = writer.write_all(spare);
        spare.clear();
        if dropped > 0 {
            let _ = writeln!(
                writer,
                r#"{{"level":"WARN","message":"log lines were dropped","dropped":{dropped}}}"#
            );
        }
        let _ = writer.flush();
    }

    /// Writes until the sink is closed.
    fn run(&self) {
        loop {
            let pending = self.pending();
            let pending =
                self.wake.wait_while(pending, |pending| pending.lines.is_empty() && !pending.is_closed);
            let is_closed = pending.unwrap_or_else(PoisonError::into_inner).is_closed;
            if !is_closed {
                thread::sleep(GATHER);
            }
            self.write_pending();
            if is_closed {
                return;
            }
        }
    }
}

/// Owns the writing thread; dropping it writes the rest.
#[derive(Debug)]
pub(super) struct Sink {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    pub(super) fn start(out: impl Write + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            pending: Mutex::default(),
            wake: Condvar::new(),
            out: Mutex::new(Out { writer: Box::new(out), spare: Vec::new() }),
        });
        let writer = Arc::clone(&shared);
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || writer.run()).ok();
        Self { shared, thread }
    }

    pub(super) fn writer(&self) -> SinkWriter {
        SinkWriter(Arc::clone(&self.shared))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.pending().is_closed = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.shared.write_pending();
    }
}

/// Takes whole lines, one with each call of `write`.
#[derive(Debug, Clone)]
pub(super) struct SinkWriter(Arc<Shared>);

impl SinkWriter {
    /// Writes what is pending before it returns.
    pub(super) fn flush_now(&self) {
        self.0.write_pending();
    }
}

impl Write for SinkWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.append(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for SinkWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex, mpsc};

    use super::{PENDING_BYTES_MAX, Sink};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_of_many_threads_arrive_whole() {
        let page = Page::default();
        let sink = Sink::start(page.clone());
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let mut writer = sink.writer();
                scope.spawn(move || {
                    for line in 0..500 {
                        // One call a line, as the formatter does.
                        writer.write_all(format!("{thread}-{line}\n").as_bytes()).unwrap();
                    }
                });
            }
        });
        drop(sink);
        let text = page.text();
        assert_eq!(text.lines().count(), 2_000);
        assert!(
            text.lines().all(|line| line
                .split_once('-')
                .is_some_and(|(t, n)| t.len() == 1 && n.parse::<u32>().is_ok()))
        );
    }

    #[test]
    fn flushing_writes_at_once() {
        let page = Page::default();
        let sink = Sink::start(page.clone());
        sink.writer().write_all(b"last words\n").unwrap();
        sink.writer().flush_now();
        assert_eq!(page.text(), "last words\n");
    }

    /// A reader that takes nothing until it is let go.
    struct Stuck(mpsc::Receiver<()>, Page);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stands_still_costs_bounded_memory() {
        let (release, held) = mpsc::channel();
        let page = Page::default();
        let sink = Sink::start(Stuck(held, page.clone()));
        let line = [b"x".repeat(1_023), b"\n".to_vec()].concat();
        for _ in 0..3 * PENDING_BYTES_MAX / line.len() {
            sink.writer().write_all(&line).unwrap();
        }
        assert!(sink.shared.pending().lines.len() <= PENDING_BYTES_MAX);
        drop(release);
        drop(sink);
        assert!(page.text().contains("log lines were dropped"));
    }
}
