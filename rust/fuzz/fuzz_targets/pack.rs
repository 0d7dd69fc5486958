//! Any bytes are a pack or none, and harm nobody.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::pack(bytes));
