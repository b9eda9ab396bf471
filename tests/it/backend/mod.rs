//! The backends behind the Lightning port.

mod faults;
