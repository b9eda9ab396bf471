//! Reading JSON (RFC 8259) of a known shape: objects, lists, texts and whole numbers.
//!
//! A general reader brings the reading and writing of floats along, for which the core has no use and which are a
//! third of what a browser would have to download. This one is strict: nothing is converted, and a spelling has no
//! freedom but white space, escapes and the order of members.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// How deep the members that are skipped may be nested.
pub const DEPTH_MAX: u8 = 100;

/// Where a text is not the JSON that was expected, and what that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{expected} expected at byte {position}")]
pub struct JsonError {
    expected: &'static str,
    position: usize,
}

/// A text and what is left to read of it.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

/// Reads a whole text as one object.
///
/// `member` is called with the name of each member and has to read the value, or to [skip](Reader::skip) it.
///
/// # Errors
///
/// The first place that is no JSON, that `member` did not expect, or that stands behind the object.
pub fn object<'a>(
    text: &'a str,
    member: impl FnMut(&mut Reader<'a>, &str) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    let mut reader = Reader { text, rest: text };
    reader.object(member)?;
    match reader.peek() {
        None => Ok(()),
        Some(_) => Err(reader.error("nothing more")),
    }
}

impl<'a> Reader<'a> {
    /// Makes the error that something else was expected here.
    #[must_use]
    pub const fn error(&self, expected: &'static str) -> JsonError {
        JsonError { expected, position: self.text.len().saturating_sub(self.rest.len()) }
    }

    /// Reads an object, see [`object`].
    ///
    /// # Errors
    ///
    /// The first place that is no JSON, or that `member` did not expect.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.sequence(['{', '}'], "an object", |reader| {
            let name = reader.text()?;
            reader.take(':', "a colon")?;
            member(reader, &name)
        })
    }

    /// Reads a list of what `item` reads.
    ///
    /// # Errors
    ///
    /// The first place that is no JSON, or that `item` did not expect.
    pub fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, JsonError>,
    ) -> Result<Vec<T>, JsonError> {
        let mut items = Vec::new();
        self.sequence(['[', ']'], "a list", |reader| {
            items.push(item(reader)?);
            Ok(())
        })?;
        Ok(items)
    }

    fn sequence(
        &mut self,
        [open, close]: [char; 2],
        expected: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.take(open, expected)?;
        if self.peek() == Some(close) {
            return self.take(close, expected);
        }
        loop {
            item(self)?;
            if self.peek() == Some(close) {
                return self.take(close, expected);
            }
            self.take(',', "a comma or the end")?;
        }
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// Anything else, a control character, an unknown escape, or half of a surrogate pair.
    pub fn text(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.take('"', "a text")?;
        let mut unescaped = String::new();
        loop {
            let is_special = |byte| byte == b'"' || byte == b'\\' || byte < b' ';
            let run = self.rest.bytes().position(is_special).and_then(|end| self.rest.split_at_checked(end));
            let (run, rest) = run.ok_or_else(|| self.error("the end of the text"))?;
            self.rest = rest;
            if let Some(rest) = rest.strip_prefix('"') {
                self.rest = rest;
                if unescaped.is_empty() {
                    return Ok(Cow::Borrowed(run));
                }
                unescaped.push_str(run);
                return Ok(Cow::Owned(unescaped));
            }
            unescaped.push_str(run);
            unescaped.push(self.escape()?);
        }
    }

    /// Reads a text into a string of its own, see [`Reader::text`].
    ///
    /// # Errors
    ///
    /// As [`Reader::text`].
    pub fn string(&mut self) -> Result<String, JsonError> {
        self.text().map(Cow::into_owned)
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let escaped = self.rest.strip_prefix('\\').ok_or_else(|| self.error("no control character"))?;
        let mut characters = escaped.chars();
        let character = match characters.next() {
            Some(itself @ ('"' | '\\' | '/')) => itself,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode_escape(),
            _ => return Err(self.error("an escape")),
        };
        self.rest = characters.as_str();
        Ok(character)
    }

    /// Reads `\u` and four digits, or two of them that make a surrogate pair.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let mut units = [self.utf16_unit()?, 0];
        let mut used = 1;
        if (0xd800..0xdc00).contains(&units[0]) {
            units[1] = self.utf16_unit()?;
            used = 2;
        }
        let mut decoded = char::decode_utf16(units.into_iter().take(used));
        match (decoded.next(), decoded.next()) {
            (Some(Ok(character)), None) => Ok(character),
            _ => Err(self.error("a whole surrogate pair")),
        }
    }

    fn utf16_unit(&mut self) -> Result<u16, JsonError> {
        let error = self.error("four hexadecimal digits behind \\u");
        let (digits, rest) =
            self.rest.strip_prefix("\\u").and_then(|rest| rest.split_at_checked(4)).ok_or(error)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(error);
        }
        self.rest = rest;
        u16::from_str_radix(digits, 16).map_err(|_checked| error)
    }

    /// Reads a whole number from 0.
    ///
    /// # Errors
    ///
    /// Anything else: a sign, a point, an exponent, a leading zero, or more than 64 bits.
    pub fn unsigned(&mut self) -> Result<u64, JsonError> {
        let error = self.error("a whole number from 0");
        let digits = self.number();
        if is_whole(digits) { digits.parse().map_err(|_above| error) } else { Err(error) }
    }

    /// Reads a whole number.
    ///
    /// # Errors
    ///
    /// Anything else: a point, an exponent, a leading zero, minus zero, or more than 64 bits.
    pub fn signed(&mut self) -> Result<i64, JsonError> {
        let error = self.error("a whole number");
        let number = self.number();
        let digits = number.strip_prefix('-').unwrap_or(number);
        if is_whole(digits) && number != "-0" { number.parse().map_err(|_beyond| error) } else { Err(error) }
    }

    /// Reads `null`, or else a value.
    ///
    /// # Errors
    ///
    /// As `value`.
    pub fn optional<T>(
        &mut self,
        value: impl FnOnce(&mut Self) -> Result<T, JsonError>,
    ) -> Result<Option<T>, JsonError> {
        if self.take_word("null") { Ok(None) } else { value(self).map(Some) }
    }

    /// Fills a slot with what `value` reads, unless a member of the same name has filled it already.
    ///
    /// # Errors
    ///
    /// As `value`, and a slot that is full.
    pub fn once<T>(
        &mut self,
        slot: &mut Option<T>,
        value: impl FnOnce(&mut Self) -> Result<T, JsonError>,
    ) -> Result<(), JsonError> {
        if slot.is_some() {
            return Err(self.error("each member only once"));
        }
        *slot = Some(value(self)?);
        Ok(())
    }

    /// Reads any value and forgets it.
    ///
    /// # Errors
    ///
    /// What is no JSON, or is nested more than [`DEPTH_MAX`] deep.
    pub fn skip(&mut self) -> Result<(), JsonError> {
        self.skip_within(DEPTH_MAX)
    }

    fn skip_within(&mut self, depth: u8) -> Result<(), JsonError> {
        let deeper = depth.checked_sub(1).ok_or_else(|| self.error("less nesting"))?;
        match self.peek() {
            Some('{') => self.object(|reader, _name| reader.skip_within(deeper)),
            Some('[') => self.list(|reader| reader.skip_within(deeper)).map(drop),
            Some('"') => self.text().map(drop),
            _ if ["null", "true", "false"].into_iter().any(|word| self.take_word(word)) => Ok(()),
            _ => {
                let error = self.error("a value");
                if is_number(self.number()) { Ok(()) } else { Err(error) }
            }
        }
    }

    /// Takes everything that a number could be made of.
    fn number(&mut self) -> &'a str {
        self.skip_space();
        let is_part = |character: char| matches!(character, '0'..='9' | '-' | '+' | '.' | 'e' | 'E');
        let rest = self.rest.trim_start_matches(is_part);
        let number = self.rest.strip_suffix(rest).unwrap_or_default();
        self.rest = rest;
        number
    }

    fn peek(&mut self) -> Option<char> {
        self.skip_space();
        self.rest.chars().next()
    }

    fn take(&mut self, character: char, expected: &'static str) -> Result<(), JsonError> {
        self.skip_space();
        self.rest = self.rest.strip_prefix(character).ok_or_else(|| self.error(expected))?;
        Ok(())
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.skip_space();
        self.rest.strip_prefix(word).map(|rest| self.rest = rest).is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits, the first of several not zero.
fn is_whole(text: &str) -> bool {
    is_digits(text) && (text.len() == 1 || !text.starts_with('0'))
}

fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    is_whole(whole) && fraction.is_none_or(is_digits) && exponent.is_none_or(is_digits)
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    /// An object of one member.
    fn holding(json: &str) -> String {
        format!("{{\"v\":{json}}}")
    }

    /// What stands at that member.
    fn value<'a, T>(
        object: &'a str,
        read: impl Fn(&mut Reader<'a>) -> Result<T, JsonError>,
    ) -> Result<T, &'static str> {
        let mut slot = None;
        super::object(object, |reader, _name| reader.once(&mut slot, &read))
            .map_err(|error| error.expected)?;
        slot.ok_or("a member")
    }

    fn text(json: &str) -> Result<String, &'static str> {
        value(&holding(json), Reader::string)
    }

    #[test]
    fn texts_are_unescaped() {
        assert_eq!(text(r#""""#).as_deref(), Ok(""));
        assert_eq!(text(r#""\"\\\/\b\f\n\r\t""#).as_deref(), Ok("\"\\/\u{8}\u{c}\n\r\t"));
        assert_eq!(text(r#""a\u00e9\u20aC\ud83E\uDD80z""#).as_deref(), Ok("aé€🦀z"));
        assert_eq!(text("\"\u{7f}\u{2028}é🦀\"").as_deref(), Ok("\u{7f}\u{2028}é🦀"));
    }

    #[test]
    fn other_texts_are_refused() {
        for (json, expected) in [
            ("'a'", "a text"),
            ("\"a", "the end of the text"),
            ("\"a\nb\"", "no control character"),
            ("\"\0\"", "no control character"),
            (r#""\x""#, "an escape"),
            (r#""\U0041""#, "an escape"),
            (r#""\u004""#, "four hexadecimal digits behind \\u"),
            (r#""\u00g0""#, "four hexadecimal digits behind \\u"),
            (r#""\u+041""#, "four hexadecimal digits behind \\u"),
            (r#""\ud83e""#, "four hexadecimal digits behind \\u"),
            (r#""\ud83e\n""#, "four hexadecimal digits behind \\u"),
            (r#""\ud83e\ud83e""#, "a whole surrogate pair"),
            (r#""\udd80""#, "a whole surrogate pair"),
        ] {
            assert_eq!(text(json), Err(expected), "{json}");
        }
    }

    #[test]
    fn whole_numbers_have_one_spelling() {
        let unsigned = |json| value(&holding(json), Reader::unsigned);
        assert_eq!(unsigned("0"), Ok(0));
        assert_eq!(unsigned("18446744073709551615"), Ok(u64::MAX));
        for json in ["18446744073709551616", "-0", "-1", "+1", "01", "1.0", "1e0", "", "null", "\"1\""] {
            assert_eq!(unsigned(json), Err("a whole number from 0"), "{json}");
        }
        let signed = |json| value(&holding(json), Reader::signed);
        assert_eq!(signed("-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(signed("9223372036854775807"), Ok(i64::MAX));
        for json in
            ["9223372036854775808", "-9223372036854775809", "-0", "--1", "-", "+1", "-01", "1.5", "-1e1"]
        {
            assert_eq!(signed(json), Err("a whole number"), "{json}");
        }
    }

    #[test]
    fn a_member_stands_once_and_null_is_none() {
        let (mut first, mut second) = (None, None);
        let mut read = |text| {
            (first, second) = (None, None);
            object(text, |reader, name| match name {
                "a" => reader.once(&mut first, Reader::unsigned),
                "b" => reader.once(&mut second, |reader| reader.optional(Reader::unsigned)),
                _ => reader.skip(),
            })
            .map(|()| (first, second))
            .map_err(|error| error.to_string())
        };
        assert_eq!(read(" {\"b\" : null , \"c\":[1,{}],\t\"\\u0061\":7}\n"), Ok((Some(7), Some(None))));
        assert_eq!(read("{}"), Ok((None, None)));
        assert_eq!(read("{\"a\":1,\"a\":1}"), Err("each member only once expected at byte 11".to_owned()));
        assert_eq!(read("{\"b\":null,\"b\":1}"), Err("each member only once expected at byte 14".to_owned()));
        assert_eq!(read("{} {}"), Err("nothing more expected at byte 3".to_owned()));
        assert_eq!(read("{\"a\":1,}"), Err("a text expected at byte 7".to_owned()));
    }

    #[test]
    fn what_is_skipped_is_bounded_and_still_json() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(value(&holding(&nested(usize::from(DEPTH_MAX))), Reader::skip), Ok(()));
        assert_eq!(value(&holding(&nested(usize::from(DEPTH_MAX) + 1)), Reader::skip), Err("less nesting"));
        for json in ["-0.0e-10", "true", "false", "null", "[[],{}]", r#"{"a":[1,"b"]}"#, "1E400"] {
            assert_eq!(value(&holding(json), Reader::skip), Ok(()), "{json}");
        }
        for json in
            ["nul", "True", "1.", ".5", "1e", "-", "[1,]", "[1 2]", "{1:2}", r#"{"a"}"#, "NaN", "/**/1"]
        {
            assert!(value(&holding(json), Reader::skip).is_err(), "{json}");
        }
    }
}
