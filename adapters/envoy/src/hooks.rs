//! The functions that Envoy calls, by the names that it knows them by.
//!
//! None of them lets a panic out, which would end Envoy: a request on which one panics is
//! refused. What "Envoy says so" refers to is its interface: pointers to its objects are
//! valid until the hook returns, those to the module's are what the module has given it.
#![expect(unsafe_code, reason = "Envoy hands pointers over, and symbols need their plain names")]

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null;
use std::rc::Rc;
use std::sync::Arc;

use solgate_telemetry::log;
use solgate_telemetry::request_ids::RequestIds;

use crate::abi::{self, Buffer, Callbacks, ConfigPointer, Field, ModulePointer, StreamPointer};
use crate::door::Door;
use crate::envoy::{self, Making, Stream};
use crate::filter::{Filter, FilterConfig, Next};
use crate::reload;
use crate::report::Metrics;

/// `body`, or `otherwise` if it panics.
fn guarded<T>(otherwise: impl FnOnce() -> T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| otherwise())
}

/// The functions of Envoy: they were found when it loaded the module.
fn functions() -> Option<&'static Callbacks> {
    envoy::find().ok()
}

/// The module is loaded.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    guarded(null, || {
        // What goes wrong is then said without waiting for who reads it; without threads
        // for that, nothing is said.
        let _ = log::start();
        match envoy::find() {
            Ok(_) => abi::VERSION.as_ptr(),
            Err(error) => {
                log::say(&format!("solgate: {error}"));
                null()
            }
        }
    })
}

/// A filter is configured; null if that cannot be.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_new(
    config: ConfigPointer,
    _name: Buffer,
    text: Buffer,
) -> ModulePointer {
    guarded(null, || {
        let Some(functions) = functions() else { return null() };
        // SAFETY: Envoy says so.
        let Some(door) = open(functions, unsafe { envoy::bytes(text) }) else { return null() };
        // SAFETY: the same.
        let metrics = Metrics::define(&unsafe { Making::new(config, functions) });
        let config = FilterConfig { door, metrics, ids: RequestIds::default() };
        Arc::into_raw(Arc::new(config)).cast()
    })
}

/// Requests that have begun keep the configuration.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(config: ModulePointer) {
    guarded(
        || (),
        || {
            if !config.is_null() {
                // SAFETY: Envoy says so: it comes from the hook above, and is not used any more.
                drop(unsafe { Arc::from_raw(config.cast::<FilterConfig>()) });
            }
            log::finish_within(std::time::Duration::from_millis(200));
        },
    );
}

/// A route is configured: with a gate of its own.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_new(
    _name: Buffer,
    text: Buffer,
) -> ModulePointer {
    guarded(null, || {
        let Some(functions) = functions() else { return null() };
        // SAFETY: Envoy says so.
        let door = open(functions, unsafe { envoy::bytes(text) });
        door.map_or(null(), |door| Arc::into_raw(door).cast())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_destroy(config: ModulePointer) {
    guarded(
        || (),
        || {
            if !config.is_null() {
                // SAFETY: Envoy says so: it comes from the hook above, and is not used any more.
                drop(unsafe { Arc::from_raw(config.cast::<Door>()) });
            }
        },
    );
}

/// Says what is wrong in Envoy's log, which then refuses the configuration.
fn open(functions: &Callbacks, text: &[u8]) -> Option<Arc<Door>> {
    match Door::open(text).inspect(reload::follow) {
        Ok(door) => Some(door),
        Err(error) => {
            envoy::say(functions, &format!("solgate: {error}"));
            None
        }
    }
}

/// A request has begun.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_new(
    config: ModulePointer,
    _stream: StreamPointer,
) -> ModulePointer {
    guarded(null, || {
        if config.is_null() {
            return null();
        }
        // SAFETY: Envoy says so; one more owner, and the first one stays.
        let config = unsafe {
            Arc::increment_strong_count(config.cast::<FilterConfig>());
            Arc::from_raw(config.cast::<FilterConfig>())
        };
        Rc::into_raw(Rc::new(Filter::new(config))).cast()
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_destroy(filter: ModulePointer) {
    guarded(
        || (),
        || {
            if !filter.is_null() {
                // SAFETY: Envoy says so: it comes from the hook above, on the same worker.
                let filter = unsafe { Rc::from_raw(filter.cast::<Filter>()) };
                filter.leave();
            }
        },
    );
}

/// The filter, for as long as a hook runs: Envoy may drop it within that.
///
/// # Safety
/// It is what `on_http_filter_new` has given, and this is its worker.
unsafe fn filter(pointer: ModulePointer) -> Option<Rc<Filter>> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: the caller says so; one more owner, and the first one stays.
    unsafe {
        Rc::increment_strong_count(pointer.cast::<Filter>());
        Some(Rc::from_raw(pointer.cast::<Filter>()))
    }
}

/// Runs a hook that decides on the request, and refuses the request if the hook panics.
/// Returns whether the request goes on.
///
/// # Safety
/// Both are what Envoy gave this hook.
unsafe fn deciding(
    stream: StreamPointer,
    pointer: ModulePointer,
    hook: impl FnOnce(&Filter, &Stream) -> Next,
) -> Option<Next> {
    let functions = functions()?;
    // SAFETY: the caller says so.
    let filter = unsafe { filter(pointer) }?;
    // SAFETY: the same.
    let stream = unsafe { Stream::new(stream, functions) };
    let next = guarded(|| filter.broken(), || hook(&filter, &stream));
    match next {
        Next::Refuse(_) => {
            next.apply(stream);
            None
        }
        next => Some(next),
    }
}

/// The same for a hook whose result says nothing.
///
/// # Safety
/// As above.
unsafe fn later(stream: StreamPointer, pointer: ModulePointer, hook: impl FnOnce(&Filter, &Stream) -> Next) {
    guarded(
        || (),
        || {
            // SAFETY: the caller says so.
            let next = unsafe { deciding(stream, pointer, hook) };
            if let (Some(next), Some(functions)) = (next, functions()) {
                // SAFETY: the same.
                next.apply(unsafe { Stream::new(stream, functions) });
            }
        },
    );
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(
    stream: StreamPointer,
    filter: ModulePointer,
    end: bool,
) -> u32 {
    let hook = |filter: &Filter, stream: &Stream| {
        let route = stream.route().cast::<Door>();
        let route = (!route.is_null()).then(|| {
            // SAFETY: Envoy says so: it is what the hook for routes gave it. One more owner.
            unsafe {
                Arc::increment_strong_count(route);
                Arc::from_raw(route)
            }
        });
        filter.head(stream, route, end)
    };
    // SAFETY: Envoy says so.
    match guarded(|| None, || unsafe { deciding(stream, filter, hook) }) {
        Some(Next::Pass) => abi::HEADERS_CONTINUE,
        _ => abi::HEADERS_STOP,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_body(
    stream: StreamPointer,
    filter: ModulePointer,
    end: bool,
) -> u32 {
    let mut keeps_body = false;
    let hook = |filter: &Filter, stream: &Stream| {
        let next = filter.body(stream, end).unwrap_or(Next::Pass);
        keeps_body = filter.keeps_body();
        next
    };
    // SAFETY: Envoy says so.
    match guarded(|| None, || unsafe { deciding(stream, filter, hook) }) {
        Some(Next::Pass) => abi::BODY_CONTINUE,
        Some(_) if keeps_body => abi::BODY_STOP_AND_BUFFER,
        _ => abi::BODY_STOP_NO_BUFFER,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_request_trailers(
    stream: StreamPointer,
    filter: ModulePointer,
) -> u32 {
    // SAFETY: Envoy says so.
    match guarded(|| None, || unsafe { deciding(stream, filter, Filter::trailers) }) {
        Some(Next::Pass) => abi::TRAILERS_CONTINUE,
        _ => abi::TRAILERS_STOP,
    }
}

/// Runs a hook that decides nothing.
///
/// # Safety
/// Both pointers are what Envoy gave this hook.
unsafe fn observing(stream: StreamPointer, pointer: ModulePointer, hook: impl FnOnce(&Filter, &Stream)) {
    guarded(
        || (),
        || {
            let Some(functions) = functions() else { return };
            // SAFETY: the caller says so.
            if let Some(filter) = unsafe { filter(pointer) } {
                // SAFETY: the same.
                hook(&filter, &unsafe { Stream::new(stream, functions) });
            }
        },
    );
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_response_headers(
    stream: StreamPointer,
    filter: ModulePointer,
    _end: bool,
) -> u32 {
    // SAFETY: Envoy says so.
    unsafe { observing(stream, filter, Filter::answered) };
    abi::HEADERS_CONTINUE
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_response_body(_: StreamPointer, _: ModulePointer, _: bool) -> u32 {
    abi::BODY_CONTINUE
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_response_trailers(_: StreamPointer, _: ModulePointer) -> u32 {
    abi::TRAILERS_CONTINUE
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_stream_complete(stream: StreamPointer, filter: ModulePointer) {
    // SAFETY: Envoy says so.
    unsafe { observing(stream, filter, Filter::completed) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_scheduled(
    stream: StreamPointer,
    filter: ModulePointer,
    event: u64,
) {
    // SAFETY: Envoy says so.
    unsafe { later(stream, filter, |filter, stream| filter.woken(stream, event)) };
}

/// The head of the answer to a question.
#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_headers(
    stream: StreamPointer,
    filter: ModulePointer,
    id: u64,
    fields: *const Field,
    count: usize,
    _end: bool,
) {
    let hook = |filter: &Filter, _: &Stream| {
        // SAFETY: Envoy says so.
        let fields = unsafe { envoy::slice(fields, count) };
        // SAFETY: the same.
        filter.answer_head(id, fields.iter().map(|field| unsafe { envoy::field(field) }));
    };
    // SAFETY: Envoy says so.
    unsafe { observing(stream, filter, hook) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_data(
    stream: StreamPointer,
    filter: ModulePointer,
    id: u64,
    chunks: *const Buffer,
    count: usize,
    _end: bool,
) {
    let hook = |filter: &Filter, stream: &Stream| {
        // SAFETY: Envoy says so.
        let chunks = unsafe { envoy::slice(chunks, count) };
        // SAFETY: the same.
        filter.answer_data(stream, id, chunks.iter().map(|chunk| unsafe { envoy::bytes(*chunk) }));
    };
    // SAFETY: Envoy says so.
    unsafe { observing(stream, filter, hook) };
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_trailers(
    _: StreamPointer,
    _: ModulePointer,
    _: u64,
    _: *const Field,
    _: usize,
) {
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_complete(
    stream: StreamPointer,
    filter: ModulePointer,
    id: u64,
) {
    // SAFETY: Envoy says so.
    unsafe { later(stream, filter, |filter, stream| filter.answer_ended(stream, id, true)) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_on_http_filter_http_stream_reset(
    stream: StreamPointer,
    filter: ModulePointer,
    id: u64,
    _reason: u32,
) {
    // SAFETY: Envoy says so.
    unsafe { later(stream, filter, |filter, stream| filter.answer_ended(stream, id, false)) };
}

/// Questions are streams, so there are no other callouts.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_http_callout_done(
    _: StreamPointer,
    _: ModulePointer,
    _: u64,
    _: u32,
    _: *const Field,
    _: usize,
    _: *const Buffer,
    _: usize,
) {
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(
    _: StreamPointer,
    _: ModulePointer,
) {
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(
    _: StreamPointer,
    _: ModulePointer,
) {
}
