//! Leaves a mark somewhere in memory, and looks for it.
//!
//! `/mark/PLACE` leaves one and allows the request; `/look/PLACE` denies it with 409 where
//! there is one, else with 400.

use std::arch::wasm32::{memory_grow, memory_size};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use solgate_contract::verdict::Outcome;

use crate::{judge, packed};

const MARK: u32 = 0x05ec_2e70;
const PAGE: usize = 64 << 10;

static NUMBER: AtomicU32 = AtomicU32::new(1);
static CONSTANT: [u32; 1024] = [7; 1024];

pub(crate) fn judge(target: &str) -> Option<Outcome> {
    if let Some(place) = target.strip_prefix("/mark/") {
        mark(place);
        return Some(Outcome::Allow(vec![]));
    }
    let place = target.strip_prefix("/look/")?;
    let status = if found(place) { 409 } else { 400 };
    Some(Outcome::Deny(judge::denial(status, "looked")))
}

/// Addresses that a place stands for.
fn addresses(place: &str) -> Vec<usize> {
    let local = 0_u8;
    let stack = black_box(&local) as *const u8 as usize;
    let end = memory_size(0) * PAGE;
    let (window, window_end) = packed::window();
    let address = match place {
        "zero" => 16,
        "stack" => stack - 8 * 1024,
        "deep-stack" => stack - 512 * 1024,
        "static" => NUMBER.as_ptr() as usize,
        "constant" | "copied" | "copied-short" | "filled" => black_box(&CONSTANT).as_ptr() as usize + 64,
        "window" => window_end - 64,
        "below-window" => window - 64,
        "above-window" => window_end + 64,
        "last" => end - 16,
        "everywhere" => return (0..end).step_by(4096).map(|page| page + 2048).collect(),
        _ => panic!("no place"),
    };
    vec![address]
}

fn mark(place: &str) {
    let marks = black_box([MARK; 64]);
    let length = black_box(marks.len());
    for address in addresses(place) {
        let at = address as *mut u32;
        // Nothing else in this policy needs its memory to be whole.
        unsafe {
            match place {
                "copied" => std::ptr::copy_nonoverlapping(marks.as_ptr(), at, length),
                "copied-short" => at.cast::<[u32; 8]>().write(black_box([MARK; 8])),
                "filled" => std::ptr::write_bytes(at, 0x5e, length),
                _ => at.write_volatile(MARK),
            }
        }
    }
    if place == "everywhere" {
        let grown = memory_grow(0, 1) * PAGE;
        unsafe { (grown as *mut u32).write_volatile(MARK) };
        NUMBER.store(MARK, Ordering::Relaxed);
    }
}

fn found(place: &str) -> bool {
    let marked = if place == "filled" { 0x5e5e_5e5e } else { MARK };
    addresses(place).into_iter().any(|address| unsafe { (address as *const u32).read_volatile() } == marked)
}
