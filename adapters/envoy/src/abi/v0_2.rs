//! Version 0.2.0, that of Envoy 1.40: types, and the functions that Envoy has for modules.
//!
//! Envoy promises that a module of one version works with the next one. The hooks, which
//! are what Envoy calls, are in [`hooks`](crate::hooks).

use std::ffi::{CStr, c_char, c_void};

/// What Envoy is told.
pub const VERSION: &CStr = c"v0.2.0";
/// Which Envoys have this version, or the next one.
pub const ENVOYS: &str = "Envoy 1.40 and the next minor version";

/// Bytes of Envoy's or of the module's.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Buffer {
    pub data: *const c_char,
    pub length: usize,
}

/// A header field, or a key with its value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Field {
    pub name: *const c_char,
    pub name_length: usize,
    pub value: *const c_char,
    pub value_length: usize,
}

/// Envoy's own object for a filter's configuration.
pub type ConfigPointer = *mut c_void;
/// Envoy's own object for the filter of one request.
pub type StreamPointer = *mut c_void;
/// What wakes a filter up from any thread.
pub type SchedulerPointer = *mut c_void;
/// An object of the module's.
pub type ModulePointer = *const c_void;

pub const REQUEST_HEADERS: u32 = 0;
pub const RESPONSE_HEADERS: u32 = 2;

pub const RECEIVED_REQUEST_BODY: u32 = 0;
pub const BUFFERED_REQUEST_BODY: u32 = 1;

/// Of both header hooks.
pub const HEADERS_CONTINUE: u32 = 0;
pub const HEADERS_STOP: u32 = 1;
pub const BODY_CONTINUE: u32 = 0;
pub const BODY_STOP_AND_BUFFER: u32 = 1;
pub const BODY_STOP_NO_BUFFER: u32 = 3;
pub const TRAILERS_CONTINUE: u32 = 0;
pub const TRAILERS_STOP: u32 = 1;

pub const LOG_ERROR: u32 = 4;

/// Of metrics, and of streams that are started.
pub const SUCCESS: u32 = 0;
/// There is no such cluster.
pub const CLUSTER_NOT_FOUND: u32 = 2;

/// Attributes of a request: the status of the answer, the client's address, and what its
/// certificate says.
pub const RESPONSE_CODE: u32 = 15;
pub const SOURCE_ADDRESS: u32 = 24;
pub const SUBJECT_PEER_CERTIFICATE: u32 = 33;
pub const DNS_SAN_PEER_CERTIFICATE: u32 = 35;
pub const URI_SAN_PEER_CERTIFICATE: u32 = 37;

/// Declares functions of Envoy, each with its name less the prefix that all have.
macro_rules! callbacks {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        /// The functions that Envoy has for modules, as far as they are used.
        #[derive(Clone, Copy)]
        pub struct Callbacks {
            $($(#[$doc])* pub $name: unsafe extern "C" fn($($argument: $type),*) $(-> $result)?,)*
        }

        impl Callbacks {
            /// Takes each function from `find`, which gets its whole name.
            ///
            /// # Errors
            /// The name of the first that is not there.
            ///
            /// # Safety
            /// What `find` gives is the function of that name, of this version.
            #[expect(unsafe_code, reason = "functions are found by name")]
            pub unsafe fn of(find: impl Fn(&'static str) -> Option<*const c_void>) -> Result<Self, &'static str> {
                $(
                    let name = concat!("envoy_dynamic_module_callback_", stringify!($name));
                    let found = find(name).ok_or(name)?;
                    // SAFETY: the caller says that it is this function; the signature is that of its version.
                    let $name = unsafe {
                        std::mem::transmute::<*const c_void, unsafe extern "C" fn($($argument: $type),*) $(-> $result)?>(found)
                    };
                )*
                Ok(Self { $($name),* })
            }
        }
    };
}

callbacks! {
    fn log(level: u32, message: Buffer);

    fn http_filter_config_define_counter(
        config: ConfigPointer,
        name: Buffer,
        label_names: *const Buffer,
        label_count: usize,
        id: *mut usize,
    ) -> u32;
    fn http_filter_config_define_histogram(
        config: ConfigPointer,
        name: Buffer,
        label_names: *const Buffer,
        label_count: usize,
        id: *mut usize,
    ) -> u32;
    fn http_filter_increment_counter(
        stream: StreamPointer,
        id: usize,
        label_values: *const Buffer,
        label_count: usize,
        by: u64,
    ) -> u32;
    fn http_filter_record_histogram_value(
        stream: StreamPointer,
        id: usize,
        label_values: *const Buffer,
        label_count: usize,
        value: u64,
    ) -> u32;

    fn http_get_headers_size(stream: StreamPointer, of: u32) -> usize;
    /// Fills an array of as many fields as there are.
    fn http_get_headers(stream: StreamPointer, of: u32, fields: *mut Field) -> bool;
    /// Beside others of its name.
    fn http_add_header(stream: StreamPointer, of: u32, name: Buffer, value: Buffer) -> bool;
    fn http_send_response(
        stream: StreamPointer,
        status: u32,
        fields: *const Field,
        field_count: usize,
        body: Buffer,
        details: Buffer,
    );

    fn http_get_body_size(stream: StreamPointer, of: u32) -> usize;
    fn http_get_body_chunks_size(stream: StreamPointer, of: u32) -> usize;
    /// Fills an array of as many chunks as there are.
    fn http_get_body_chunks(stream: StreamPointer, of: u32, chunks: *mut Buffer) -> bool;
    /// Whether what is received is what another filter has buffered before.
    fn http_received_buffered_request_body(stream: StreamPointer) -> bool;
    fn http_get_buffer_limit(stream: StreamPointer) -> u64;
    fn http_set_buffer_limit(stream: StreamPointer, bytes: u64);

    fn http_set_dynamic_metadata_string_batch(
        stream: StreamPointer,
        namespace: Buffer,
        entries: *const Field,
        entry_count: usize,
    );
    fn http_add_dynamic_metadata_list_string(
        stream: StreamPointer,
        namespace: Buffer,
        key: Buffer,
        value: Buffer,
    ) -> bool;
    fn http_get_filter_state_bytes(stream: StreamPointer, key: Buffer, value: *mut Buffer) -> bool;
    fn http_filter_get_attribute_string(stream: StreamPointer, attribute: u32, value: *mut Buffer) -> bool;
    fn http_filter_get_attribute_int(stream: StreamPointer, attribute: u32, value: *mut u64) -> bool;
    fn http_get_cluster_name(stream: StreamPointer, name: *mut Buffer) -> bool;
    fn get_most_specific_route_config(stream: StreamPointer) -> ModulePointer;

    fn http_filter_scheduler_new(stream: StreamPointer) -> SchedulerPointer;
    /// From any thread.
    fn http_filter_scheduler_commit(scheduler: SchedulerPointer, event: u64);
    fn http_filter_scheduler_delete(scheduler: SchedulerPointer);
    fn http_filter_continue_decoding(stream: StreamPointer);

    /// Answers may come before this returns, of a stream whose id is not known yet.
    fn http_filter_start_http_stream(
        stream: StreamPointer,
        id: *mut u64,
        cluster: Buffer,
        fields: *const Field,
        field_count: usize,
        body: Buffer,
        end: bool,
        milliseconds: u64,
    ) -> u32;
    fn http_filter_reset_http_stream(stream: StreamPointer, id: u64);
}
