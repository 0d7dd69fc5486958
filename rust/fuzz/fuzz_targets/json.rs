//! Any text is read or refused; what is read is written and read again to the same value.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &[u8]| checks::json(text));
