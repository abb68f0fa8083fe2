#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| solgate_properties::http2(input));
