//! Rate limits and durations as text: `600/minute`, `7d`.

/// How many requests within which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests allowed; also the largest burst. Never zero.
    pub count: u32,
    /// The time they are spread over, in seconds. Never zero.
    pub per_s: u32,
}

/// The limits; none means unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Every call of the API but the health checks, per client address.
    pub general: Option<Rate>,
    /// Asking for a challenge and answering it, per client address.
    pub auth: Option<Rate>,
    /// Redeeming a key of the beta and asking about one, per client address; redeeming also per key.
    pub beta: Option<Rate>,
    /// Refreshing, per session: many tabs behind one address must not lock each other out.
    pub refresh: Option<Rate>,
}

/// Reads `<count>/<second|minute|hour|day>` or `off`.
pub(super) fn parse(text: &str) -> Result<Option<Rate>, String> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let rate = text.split_once('/').and_then(|(count, unit)| {
        let count = count.trim().parse::<u32>().ok().filter(|count| (1..=1_000_000).contains(count))?;
        let per_s = match unit.trim() {
            "second" => 1,
            "minute" => 60,
            "hour" => 3_600,
            "day" => 86_400,
            _ => return None,
        };
        Some(Rate { count, per_s })
    });
    rate.map(Some)
        .ok_or_else(|| format!("is \"{text}\"; give a limit such as 600/minute or 100/hour, or off"))
}

/// Reads digits and one of `s`, `m`, `h`, `d`, within bounds, as seconds.
pub(super) fn duration_s(text: &str, bounds: std::ops::RangeInclusive<u64>) -> Result<u64, String> {
    let seconds = text.split_at_checked(text.len().saturating_sub(1)).and_then(|(digits, unit)| {
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        digits.parse::<u64>().ok()?.checked_mul(factor).filter(|seconds| bounds.contains(seconds))
    });
    seconds.ok_or_else(|| {
        let (least, most) = (bounds.start(), bounds.end());
        format!("is \"{text}\"; give digits and s, m, h or d, such as 30m, from {least}s to {most}s")
    })
}

#[cfg(test)]
mod tests {
    use super::duration_s;

    #[test]
    fn durations_are_digits_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("1h", 3_600), ("7d", 604_800)] {
            assert_eq!(duration_s(text, 60..=2_592_000), Ok(seconds), "{text}");
        }
        for text in
            ["", "h", "7", "-1h", "1.5h", "59s", "31d", "1w", "7 d", "٣h", "1é", "99999999999999999999d"]
        {
            assert!(duration_s(text, 60..=2_592_000).unwrap_err().contains("give digits"), "{text}");
        }
    }
}
