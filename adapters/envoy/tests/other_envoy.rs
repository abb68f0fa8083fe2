//! A program that is no Envoy, or not one that the module is for, is told so.
#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::c_char;
use std::path::Path;

const HOOKS: [&str; 23] = [
    "program_init",
    "http_filter_config_new",
    "http_filter_config_destroy",
    "http_filter_per_route_config_new",
    "http_filter_per_route_config_destroy",
    "http_filter_new",
    "http_filter_destroy",
    "http_filter_request_headers",
    "http_filter_request_body",
    "http_filter_request_trailers",
    "http_filter_response_headers",
    "http_filter_response_body",
    "http_filter_response_trailers",
    "http_filter_stream_complete",
    "http_filter_scheduled",
    "http_filter_http_callout_done",
    "http_filter_http_stream_headers",
    "http_filter_http_stream_data",
    "http_filter_http_stream_trailers",
    "http_filter_http_stream_complete",
    "http_filter_http_stream_reset",
    "http_filter_downstream_above_write_buffer_high_watermark",
    "http_filter_downstream_below_write_buffer_low_watermark",
];

#[test]
fn the_module_has_every_hook_and_loads_in_its_own_envoy_only() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/libsolgate_envoy.so");
    // SAFETY: it runs nothing when it is loaded.
    let module = unsafe { libloading::Library::new(&path) }.expect("make build leaves it there");
    for hook in HOOKS {
        let name = format!("envoy_dynamic_module_on_{hook}");
        // SAFETY: only the address is taken.
        let found = unsafe { module.get::<unsafe extern "C" fn()>(name.as_bytes()) };
        assert!(found.is_ok(), "{name} is missing");
    }
    // SAFETY: the signature is that of Envoy's interface.
    let init = unsafe {
        module.get::<unsafe extern "C" fn() -> *const c_char>(b"envoy_dynamic_module_on_program_init").unwrap()
    };
    // SAFETY: this program has none of Envoy's functions, so the module asks for nothing else.
    assert!(unsafe { init() }.is_null(), "null is what Envoy does not load");
}
