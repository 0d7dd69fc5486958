//! Any text of a request is normalised as OGX's own expressions would do it.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &[u8]| checks::key(text));
