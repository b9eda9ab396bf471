//! Rate limits as text: `600/minute`.

/// How many requests within which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests allowed; also the largest burst. Never zero.
    pub count: u32,
    /// The time they are spread over, in seconds. Never zero.
    pub per_s: u32,
}

/// The limits per client address; none means unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Every call of the API but the health checks.
    pub general: Option<Rate>,
    /// Asking for a challenge and answering it.
    pub auth: Option<Rate>,
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
