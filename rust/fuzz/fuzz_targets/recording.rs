//! Any text is a recording or none; one that is gives its bytes back.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &[u8]| checks::recording(text));
