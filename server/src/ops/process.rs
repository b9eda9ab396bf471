//! What the operating system says about this process; on systems without `/proc`, nothing.

use std::fs;

/// Notes memory and open files.
pub(super) fn measure() {
    if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident_bytes) {
        metrics::gauge!("process_resident_memory_bytes").set(bytes);
    }
    if let Ok(entries) = fs::read_dir("/proc/self/fd") {
        let count = u32::try_from(entries.count()).unwrap_or(u32::MAX);
        metrics::gauge!("process_open_fds").set(f64::from(count));
    }
}

/// Finds the resident memory in the text of `/proc/self/status`, which counts in KiB.
fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kib) * 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::resident_bytes;

    #[test]
    #[expect(clippy::float_cmp, reason = "whole numbers below 2^53 are exact")]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident_bytes("Name:\tpostfun\nVmRSS:\t   12345 kB\n").unwrap(), 12_641_280.0);
        assert_eq!(resident_bytes("Name:\tpostfun\n"), None);
    }
}
