//! One JSON object a line.
//!
//! Fields stand beside `time`, `level`, `target` and `message`, in the order they were given. Spans are not printed:
//! every event carries the request id itself.

use std::cell::RefCell;
use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::{Clock, SystemClock};
use crate::http::time::iso_micros;

/// Formats events as lines of JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        writer.write_str(r#"{"time":""#)?;
        time(&mut writer, SystemClock.now_ms())?;
        writer.write_str(r#"","level":""#)?;
        writer.write_str(metadata.level().as_str())?;
        writer.write_str(r#"","target":"#)?;
        text(&mut writer, metadata.target())?;
        let mut fields = Fields { writer, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        fields.writer.write_str("}\n")
    }
}

thread_local! {
    /// The last second that was printed: its number, and its text up to the decimal point.
    static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

/// Writes a time; a busy server prints many within one second, and the calendar is needed once for them.
fn time(writer: &mut Writer<'_>, now_ms: i64) -> fmt::Result {
    let (second, millis) = (now_ms.div_euclid(1000), now_ms.rem_euclid(1000));
    SECOND.with_borrow_mut(|(known, text)| {
        if *known != second {
            let whole = iso_micros(second * 1000);
            (*known, *text) = (second, whole.split('.').next().unwrap_or_default().to_owned());
        }
        writer.write_str(text)
    })?;
    write!(writer, ".{millis:03}Z")
}

/// Writes each field as it comes.
struct Fields<'a> {
    writer: Writer<'a>,
    result: fmt::Result,
}

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = self.writer.write_char(',').and_then(|()| text(&mut self.writer, field.name()));
        }
        if self.result.is_ok() {
            self.result = self.writer.write_char(':').and_then(|()| value(&mut self.writer));
        }
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, |w| if value.is_finite() { write!(w, "{value:.3}") } else { w.write_str("null") });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, |w| write!(w, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, |w| write!(w, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, |w| write!(w, "{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, |w| text(w, value));
    }

    #[expect(clippy::use_debug, reason = "the trait hands over nothing else; messages come this way too")]
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, |w| {
            w.write_char('"')?;
            write!(Escaped(w), "{value:?}")?;
            w.write_char('"')
        });
    }
}

/// Writes a JSON string.
fn text(writer: &mut Writer<'_>, value: &str) -> fmt::Result {
    writer.write_char('"')?;
    Escaped(writer).write_str(value)?;
    writer.write_char('"')
}

/// Escapes what is written through it for the inside of a JSON string.
struct Escaped<'a, 'b>(&'a mut Writer<'b>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
            return self.0.write_str(text);
        }
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c.is_control()) {
            let (plain, special) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut chars = special.chars();
            match chars.next() {
                Some('"') => self.0.write_str("\\\"")?,
                Some('\\') => self.0.write_str("\\\\")?,
                Some('\n') => self.0.write_str("\\n")?,
                Some(control) => write!(self.0, "\\u{:04x}", u32::from(control))?,
                None => {}
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt;

    use super::Line;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

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
    fn times_are_printed_to_the_millisecond() {
        let print = |ms| {
            let mut text = String::new();
            super::time(&mut super::Writer::new(&mut text), ms).unwrap();
            text
        };
        for (ms, text) in [
            (1_795_313_580_042, "2026-11-22T02:13:00.042Z"),
            (1_795_313_580_999, "2026-11-22T02:13:00.999Z"),
            (1_795_313_581_000, "2026-11-22T02:13:01.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(print(ms), text);
        }
    }

    #[test]
    fn every_line_is_an_object_whatever_the_fields_hold() {
        let page = Page::default();
        let writer = page.clone();
        let layer = tracing_subscriber::fmt::layer().event_format(Line).with_writer(move || writer.clone());
        let nasty = "quote \" backslash \\ newline \n escape \u{1b} ü \u{2028}";
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!(
                status = 200_u16,
                duration_ms = 1.234_56,
                nasty,
                missing = None::<&str>,
                "request"
            );
            tracing::error!(seen = ?Some(nasty), nan = f64::NAN, negative = -1, yes = true, "said {nasty}");
        });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!((&lines[0]["status"], &lines[0]["duration_ms"]), (&Value::from(200), &Value::from(1.235)));
        assert_eq!(
            (lines[0]["nasty"].as_str(), lines[0]["message"].as_str()),
            (Some(nasty), Some("request"))
        );
        assert!(lines[0].get("missing").is_none());
        assert_eq!((&lines[1]["nan"], &lines[1]["negative"]), (&Value::Null, &Value::from(-1)));
        assert_eq!(lines[1]["message"], format!("said {nasty}"));
        assert_eq!((lines[1]["level"].as_str(), lines[1]["yes"].as_bool()), (Some("ERROR"), Some(true)));
    }
}
