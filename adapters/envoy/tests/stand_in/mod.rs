//! What Envoy is to the module: its functions, by their names, and one request at a time.

use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use libloading::Library;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Buffer {
    pub data: *const c_char,
    pub length: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Field {
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
}

impl From<&str> for Buffer {
    fn from(text: &str) -> Self {
        Self { data: text.as_ptr().cast(), length: text.len() }
    }
}

impl Buffer {
    fn text(self) -> String {
        text(self.data, self.length)
    }
}

fn text(data: *const c_char, length: usize) -> String {
    if data.is_null() {
        return String::new();
    }
    // SAFETY: the module says that there are as many bytes.
    String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) }).into_owned()
}

fn fields(first: *const Field, count: usize) -> Vec<(String, String)> {
    if count == 0 {
        return Vec::new();
    }
    // SAFETY: the module says that there are as many fields.
    let fields = unsafe { std::slice::from_raw_parts(first, count) };
    let pair = |field: &Field| (text(field.name, field.name_length), text(field.value, field.value_length));
    fields.iter().map(pair).collect()
}

fn lend(fields: &[(String, String)]) -> Vec<Field> {
    let lend = |(name, value): &(String, String)| Field {
        name: name.as_ptr().cast(),
        name_length: name.len(),
        value: value.as_ptr().cast(),
        value_length: value.len(),
    };
    fields.iter().map(lend).collect()
}

/// How Envoy answers a question of the module's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replies {
    /// Within the call that asks.
    AtOnce,
    /// When the test says so.
    Later,
    /// There is no such cluster.
    Never,
}

/// Status, fields and body.
type Answer = (u32, Vec<(String, String)>, String);
/// Id, cluster and fields.
type Question = (u64, String, Vec<(String, String)>);

/// What the module has said and done about a request.
#[derive(Default)]
pub struct Seen {
    pub answer: Option<Answer>,
    pub continued: u32,
    pub metadata: Vec<(String, String)>,
    pub asked: Vec<Question>,
    pub given_up: Vec<u64>,
}

/// A request in Envoy.
pub struct Stream {
    pub headers: Vec<(String, String)>,
    pub buffered: Vec<u8>,
    pub received: Vec<u8>,
    pub replies: Replies,
    /// What questions are answered, by the start of their targets.
    pub facts: Vec<(&'static str, &'static str)>,
    /// The filter of the module; gone when the request is answered.
    pub filter: *const c_void,
    pub seen: RefCell<Seen>,
    /// The last event that was asked for, of any thread.
    pub event: AtomicU64,
}

pub static LOGGED: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());
pub static COUNTED: std::sync::Mutex<Vec<usize>> = std::sync::Mutex::new(Vec::new());
static METRICS: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

/// How often something was counted.
pub fn counted(name: &str) -> usize {
    let id = METRICS.lock().unwrap().iter().position(|metric| metric == name).expect("it is defined");
    COUNTED.lock().unwrap().iter().filter(|counted| **counted == id).count()
}

/// The module, loaded.
pub fn module() -> &'static Library {
    static MODULE: OnceLock<Library> = OnceLock::new();
    MODULE.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/libsolgate_envoy.so");
        // SAFETY: it runs nothing when it is loaded.
        unsafe { Library::new(path) }.expect("make build leaves it there")
    })
}

/// A hook of the module's.
pub fn hook<T: Copy>(name: &str) -> T {
    let name = format!("envoy_dynamic_module_on_{name}");
    // SAFETY: the tests name the type of each as Envoy's interface has it.
    *unsafe { module().get::<T>(name.as_bytes()) }.expect("it is there")
}

fn stream<'a>(pointer: *mut c_void) -> &'a Stream {
    // SAFETY: the module gives back what it was given.
    unsafe { &*pointer.cast::<Stream>() }
}

type Headers = unsafe extern "C" fn(*mut c_void, *const c_void, u64, *const Field, usize, bool);
type Data = unsafe extern "C" fn(*mut c_void, *const c_void, u64, *const Buffer, usize, bool);
type End = unsafe extern "C" fn(*mut c_void, *const c_void, u64);

impl Stream {
    pub fn pointer(&self) -> *mut c_void {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    /// Answers a question as Envoy does: in pieces.
    pub fn reply(&self, id: u64, body: &str) {
        let head =
            [(":status".to_owned(), "200".to_owned()), ("content-type".to_owned(), "application/json".to_owned())];
        let (head, chunks) = (lend(&head), [Buffer::from(&body[..1]), Buffer::from(&body[1..])]);
        // SAFETY: as Envoy's interface has it.
        unsafe {
            hook::<Headers>("http_filter_http_stream_headers")(
                self.pointer(),
                self.filter,
                id,
                head.as_ptr(),
                2,
                false,
            );
            hook::<Data>("http_filter_http_stream_data")(self.pointer(), self.filter, id, chunks.as_ptr(), 2, true);
            hook::<End>("http_filter_http_stream_complete")(self.pointer(), self.filter, id);
        }
    }

    fn fact(&self, target: &str) -> &'static str {
        self.facts.iter().find(|(start, _)| target.starts_with(start)).map_or("{}", |(_, body)| body)
    }
}

/// Declares functions of Envoy by their names less the prefix.
macro_rules! envoy {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {
        $(
            #[unsafe(export_name = concat!("envoy_dynamic_module_callback_", stringify!($name)))]
            pub extern "C" fn $name($($argument: $type),*) $(-> $result)? $body
        )*
    };
}

envoy! {
    fn log(_level: u32, message: Buffer) {
        LOGGED.lock().unwrap().push_str(&message.text());
    }

    fn http_filter_config_define_counter(
        _config: *mut c_void,
        name: Buffer,
        _labels: *const Buffer,
        _count: usize,
        id: *mut usize,
    ) -> u32 {
        let mut metrics = METRICS.lock().unwrap();
        // SAFETY: the module lends a place for it.
        unsafe { *id = metrics.len() };
        metrics.push(name.text());
        0
    }

    fn http_filter_config_define_histogram(
        _config: *mut c_void,
        _name: Buffer,
        _labels: *const Buffer,
        _count: usize,
        _id: *mut usize,
    ) -> u32 { 3 }

    fn http_filter_increment_counter(
        _stream: *mut c_void,
        id: usize,
        _labels: *const Buffer,
        _count: usize,
        _by: u64,
    ) -> u32 {
        COUNTED.lock().unwrap().push(id);
        0
    }

    fn http_filter_record_histogram_value(
        _stream: *mut c_void,
        _id: usize,
        _labels: *const Buffer,
        _count: usize,
        _value: u64,
    ) -> u32 { 1 }

    fn http_get_headers_size(pointer: *mut c_void, _of: u32) -> usize {
        stream(pointer).headers.len()
    }

    fn http_get_headers(pointer: *mut c_void, _of: u32, out: *mut Field) -> bool {
        for (index, field) in lend(&stream(pointer).headers).into_iter().enumerate() {
            // SAFETY: the module has asked how many there are.
            unsafe { *out.add(index) = field };
        }
        true
    }

    fn http_add_header(_stream: *mut c_void, _of: u32, _name: Buffer, _value: Buffer) -> bool { true }

    fn http_send_response(
        pointer: *mut c_void,
        status: u32,
        first: *const Field,
        count: usize,
        body: Buffer,
        _details: Buffer,
    ) {
        let stream = stream(pointer);
        stream.seen.borrow_mut().answer = Some((status, fields(first, count), body.text()));
        // Envoy may be done with the filter before this returns.
        // SAFETY: as Envoy's interface has it.
        unsafe { hook::<unsafe extern "C" fn(*const c_void)>("http_filter_destroy")(stream.filter) };
    }

    fn http_get_body_size(pointer: *mut c_void, of: u32) -> usize {
        if of == 0 { stream(pointer).received.len() } else { stream(pointer).buffered.len() }
    }

    fn http_get_body_chunks_size(_stream: *mut c_void, _of: u32) -> usize { 1 }

    fn http_get_body_chunks(pointer: *mut c_void, of: u32, out: *mut Buffer) -> bool {
        let body = if of == 0 { &stream(pointer).received } else { &stream(pointer).buffered };
        // SAFETY: the module has asked how many there are.
        unsafe { *out = Buffer { data: body.as_ptr().cast(), length: body.len() } };
        true
    }

    fn http_received_buffered_request_body(_stream: *mut c_void) -> bool { false }
    fn http_get_buffer_limit(_stream: *mut c_void) -> u64 { 1 << 16 }
    fn http_set_buffer_limit(_stream: *mut c_void, bytes: u64) { assert_eq!(bytes, 1 << 20, "the policy's limit"); }

    fn http_set_dynamic_metadata_string_batch(
        pointer: *mut c_void,
        namespace: Buffer,
        first: *const Field,
        count: usize,
    ) {
        assert_eq!(namespace.text(), "solgate");
        stream(pointer).seen.borrow_mut().metadata.extend(fields(first, count));
    }

    fn http_add_dynamic_metadata_list_string(
        pointer: *mut c_void,
        _namespace: Buffer,
        key: Buffer,
        value: Buffer,
    ) -> bool {
        stream(pointer).seen.borrow_mut().metadata.push((key.text(), value.text()));
        true
    }

    fn http_get_filter_state_bytes(_stream: *mut c_void, _key: Buffer, _value: *mut Buffer) -> bool { false }
    fn http_filter_get_attribute_string(_stream: *mut c_void, _id: u32, _value: *mut Buffer) -> bool { false }
    fn http_filter_get_attribute_int(_stream: *mut c_void, _id: u32, _value: *mut u64) -> bool { false }

    fn http_get_cluster_name(_stream: *mut c_void, name: *mut Buffer) -> bool {
        // SAFETY: the module lends a place for it.
        unsafe { *name = Buffer::from("routed") };
        true
    }

    fn get_most_specific_route_config(_stream: *mut c_void) -> *const c_void { std::ptr::null() }

    fn http_filter_scheduler_new(pointer: *mut c_void) -> *mut c_void { pointer }

    fn http_filter_scheduler_commit(pointer: *mut c_void, event: u64) {
        stream(pointer).event.store(event, Ordering::SeqCst);
    }

    fn http_filter_scheduler_delete(_scheduler: *mut c_void) {}

    fn http_filter_continue_decoding(pointer: *mut c_void) {
        stream(pointer).seen.borrow_mut().continued += 1;
    }

    fn http_filter_start_http_stream(
        pointer: *mut c_void,
        out: *mut u64,
        cluster: Buffer,
        first: *const Field,
        count: usize,
        _body: Buffer,
        _end: bool,
        milliseconds: u64,
    ) -> u32 {
        assert!((1..=2000).contains(&milliseconds), "{milliseconds}");
        let stream = stream(pointer);
        if stream.replies == Replies::Never {
            return 2;
        }
        let fields = fields(first, count);
        let target = fields.iter().find(|(name, _)| name == ":path").map_or(String::new(), |(_, value)| value.clone());
        let id = {
            let mut seen = stream.seen.borrow_mut();
            let id = 100 + u64::try_from(seen.asked.len()).unwrap();
            seen.asked.push((id, cluster.text(), fields));
            id
        };
        if stream.replies == Replies::AtOnce {
            stream.reply(id, stream.fact(&target));
        }
        // SAFETY: the module lends a place for it.
        unsafe { *out = id };
        0
    }

    fn http_filter_reset_http_stream(pointer: *mut c_void, id: u64) {
        stream(pointer).seen.borrow_mut().given_up.push(id);
        // SAFETY: as Envoy's interface has it.
        unsafe {
            let reset = hook::<unsafe extern "C" fn(*mut c_void, *const c_void, u64, u32)>("http_filter_http_stream_reset");
            reset(pointer, stream(pointer).filter, id, 2);
        }
    }
}
