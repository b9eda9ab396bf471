//! Owns the panic handler, of which a program may have one only. If anything in the graph of `postfun-core` links
//! std, the compiler finds std's as well and refuses (E0152). A build of the core for wasm32 would prove nothing,
//! since that target has a std.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

#[cfg(feature = "with-std")]
use needs_std as _;
use postfun_core::{amount, nostr::Event};

/// An allocator that never has room: the proof is compiled, never run.
struct Full;

// SAFETY: null is an allocator's word for "no room", and nothing was given out that could be freed.
unsafe impl GlobalAlloc for Full {
    unsafe fn alloc(&self, _layout: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _pointer: *mut u8, _layout: Layout) {}
}

#[global_allocator]
static FULL: Full = Full;

#[panic_handler]
fn panic(_info: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Reaches into the core, so that it is part of what is compiled.
#[unsafe(no_mangle)]
pub extern "C" fn reach(byte: u8) -> bool {
    let text = [byte];
    let Ok(text) = core::str::from_utf8(&text) else { return false };
    let is_amount = amount::parse(text, amount::Decimals::MAX).is_ok();
    is_amount || Event::from_json(text).is_ok_and(|event| event.verify().is_ok())
}
