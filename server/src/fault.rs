//! Places where a test lets the process die, as it may die anywhere.
//!
//! Only debug builds look at `FAULT_POINT`; in a release build a point is nothing.

/// Ends the process as `kill -9` does when `FAULT_POINT` names this place.
pub(crate) fn point(name: &'static str) {
    #[cfg(debug_assertions)]
    if CHOSEN.as_deref() == Some(name) {
        // Nothing is flushed, nothing is told, and no core is dumped, of which a drill would leave hundreds.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}

#[cfg(debug_assertions)]
static CHOSEN: std::sync::LazyLock<Option<String>> =
    std::sync::LazyLock::new(|| std::env::var("FAULT_POINT").ok());
