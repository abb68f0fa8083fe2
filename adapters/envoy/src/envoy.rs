//! Envoy's side, for the rest of the module: safe to use, and what it gives is copied or
//! lives as long as a hook.
#![expect(unsafe_code, reason = "Envoy's functions are C")]

use std::ffi::{CString, c_char, c_void};
use std::marker::PhantomData;
use std::ptr::null;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response};
use libloading::os::unix::Library;

use crate::abi::{self, Buffer, Callbacks, ConfigPointer, Field, ModulePointer, SchedulerPointer, StreamPointer};

/// This process is not an Envoy that the module is for.
#[derive(Debug, thiserror::Error)]
#[error(
    "this Envoy has no function {0}, so it is older than this module, which is for {envoys}: use that Envoy, or \
     the module of the Solgate that was made for this one",
    envoys = abi::ENVOYS
)]
pub struct OtherEnvoy(&'static str);

static FUNCTIONS: OnceLock<Callbacks> = OnceLock::new();

/// The functions of the Envoy that has loaded the module.
///
/// # Errors
/// One of them is missing.
pub fn find() -> Result<&'static Callbacks, OtherEnvoy> {
    if let Some(found) = FUNCTIONS.get() {
        return Ok(found);
    }
    let process = Library::this();
    let find = |name: &'static str| {
        let symbol = CString::new(name).ok()?;
        // SAFETY: only the address of the symbol is taken.
        unsafe { process.get::<*const c_void>(symbol.as_bytes_with_nul()) }.ok().map(|symbol| *symbol)
    };
    // SAFETY: Envoy, which has loaded this, keeps its names for functions with these signatures.
    let functions = unsafe { Callbacks::of(find) }.map_err(OtherEnvoy)?;
    Ok(FUNCTIONS.get_or_init(|| functions))
}

/// Says something in Envoy's log, as an error.
pub fn say(functions: &Callbacks, text: &str) {
    // SAFETY: the text outlives the call.
    unsafe { (functions.log)(abi::LOG_ERROR, buffer(text.as_bytes())) };
}

/// The bytes, for as long as they are where they are.
fn buffer(bytes: &[u8]) -> Buffer {
    Buffer { data: bytes.as_ptr().cast::<c_char>(), length: bytes.len() }
}

/// What Envoy lends.
///
/// # Safety
/// It is null, or leads to as many bytes, which nobody writes to for `'a`.
pub unsafe fn bytes<'a>(lent: Buffer) -> &'a [u8] {
    // SAFETY: the caller says so.
    unsafe { slice(lent.data.cast::<u8>(), lent.length) }
}

/// # Safety
/// It is null, or leads to as many values, which nobody writes to for `'a`.
pub unsafe fn slice<'a, T>(first: *const T, count: usize) -> &'a [T] {
    if first.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller says so.
    unsafe { std::slice::from_raw_parts(first, count) }
}

/// Name and value of a field.
///
/// # Safety
/// Both lead to as many bytes as are said, which nobody writes to for `'a`.
pub unsafe fn field<'a>(field: &Field) -> (&'a [u8], &'a [u8]) {
    // SAFETY: the caller says so.
    unsafe { (slice(field.name.cast::<u8>(), field.name_length), slice(field.value.cast::<u8>(), field.value_length)) }
}

fn lent(name: &[u8], value: &[u8]) -> Field {
    Field {
        name: name.as_ptr().cast::<c_char>(),
        name_length: name.len(),
        value: value.as_ptr().cast::<c_char>(),
        value_length: value.len(),
    }
}

/// A filter's configuration, while Envoy makes it.
pub struct Making {
    pointer: ConfigPointer,
    functions: &'static Callbacks,
}

/// What Envoy counts for the module; `None` if it did not want to.
pub type Metric = Option<usize>;

impl Making {
    /// # Safety
    /// It is Envoy's object, for as long as this exists.
    pub unsafe fn new(pointer: ConfigPointer, functions: &'static Callbacks) -> Self {
        Self { pointer, functions }
    }

    pub fn counter(&self, name: &str) -> Metric {
        let mut id = 0;
        let define = self.functions.http_filter_config_define_counter;
        // SAFETY: the object is there; name and id outlive the call.
        let defined = unsafe { define(self.pointer, buffer(name.as_bytes()), null(), 0, &raw mut id) };
        (defined == abi::SUCCESS).then_some(id)
    }

    pub fn histogram(&self, name: &str) -> Metric {
        let mut id = 0;
        let define = self.functions.http_filter_config_define_histogram;
        // SAFETY: as above.
        let defined = unsafe { define(self.pointer, buffer(name.as_bytes()), null(), 0, &raw mut id) };
        (defined == abi::SUCCESS).then_some(id)
    }
}

/// As many fields as are usual.
const FEW: usize = 32;

/// Fields of a request. They are Envoy's until the hook ends or somebody changes them, which
/// this module does not.
pub struct Fields<'a> {
    few: [Field; FEW],
    /// All of them, if there are more than a few.
    many: Vec<Field>,
    count: usize,
    of: PhantomData<&'a Stream>,
}

impl Fields<'_> {
    /// Name and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let fields = if self.count > FEW { self.many.as_slice() } else { self.few.as_slice() };
        // SAFETY: Envoy has filled so many of them.
        fields.iter().take(self.count).map(|field| unsafe { self::field(field) })
    }
}

/// A request in Envoy, in one of its hooks.
pub struct Stream {
    pointer: StreamPointer,
    functions: &'static Callbacks,
}

impl Stream {
    /// # Safety
    /// It is Envoy's object, which this does not outlive.
    pub unsafe fn new(pointer: StreamPointer, functions: &'static Callbacks) -> Self {
        Self { pointer, functions }
    }

    /// The fields of the request, those that begin with a colon among them.
    pub fn fields(&self) -> Fields<'_> {
        let (size, get) = (self.functions.http_get_headers_size, self.functions.http_get_headers);
        // SAFETY: the object is there.
        let count = unsafe { size(self.pointer, abi::REQUEST_HEADERS) };
        let mut fields = Fields { few: [lent(&[], &[]); FEW], many: Vec::new(), count, of: PhantomData };
        if count > FEW {
            fields.many = vec![lent(&[], &[]); count];
        }
        let room = if count > FEW { fields.many.as_mut_ptr() } else { fields.few.as_mut_ptr() };
        // SAFETY: there is room for as many fields as there are.
        if !unsafe { get(self.pointer, abi::REQUEST_HEADERS, room) } {
            fields.count = 0;
        }
        fields
    }

    /// Adds a field to the answer.
    pub fn add_to_answer(&self, name: &str, value: &[u8]) {
        let add = self.functions.http_add_header;
        // SAFETY: the object is there; Envoy copies the texts.
        unsafe { add(self.pointer, abi::RESPONSE_HEADERS, buffer(name.as_bytes()), buffer(value)) };
    }

    /// Bytes of the body that are here.
    pub fn body_size(&self) -> usize {
        self.parts().map(|part| self.size(part)).sum()
    }

    /// The body, as far as it is here, up to `limit` bytes.
    pub fn body(&self, limit: usize) -> Bytes {
        let mut body = BytesMut::with_capacity(self.body_size().min(limit));
        for part in self.parts() {
            let (size, get) = (self.functions.http_get_body_chunks_size, self.functions.http_get_body_chunks);
            // SAFETY: the object is there.
            let count = unsafe { size(self.pointer, part) };
            let mut chunks = vec![buffer(&[]); count];
            // SAFETY: there is room for as many chunks as there are.
            if !unsafe { get(self.pointer, part, chunks.as_mut_ptr()) } {
                continue;
            }
            for chunk in chunks {
                // SAFETY: they are Envoy's until the hook ends.
                let chunk = unsafe { bytes(chunk) };
                let room = limit.saturating_sub(body.len());
                body.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
            }
        }
        body.freeze()
    }

    /// Where the body is: what is received may be what is buffered.
    fn parts(&self) -> impl Iterator<Item = u32> {
        let same = self.functions.http_received_buffered_request_body;
        // SAFETY: the object is there.
        let same = unsafe { same(self.pointer) };
        let buffered = (!same).then_some(abi::BUFFERED_REQUEST_BODY);
        buffered.into_iter().chain(Some(abi::RECEIVED_REQUEST_BODY))
    }

    fn size(&self, part: u32) -> usize {
        // SAFETY: the object is there.
        unsafe { (self.functions.http_get_body_size)(self.pointer, part) }
    }

    /// Lets Envoy hold bodies of this size.
    pub fn allow_body(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        // SAFETY: the object is there.
        let limit = unsafe { (self.functions.http_get_buffer_limit)(self.pointer) };
        // 0 stands for none.
        if limit != 0 && limit < bytes {
            // SAFETY: the same.
            unsafe { (self.functions.http_set_buffer_limit)(self.pointer, bytes) };
        }
    }

    /// Texts for access logs and for the filters that come later.
    pub fn set_metadata(&self, namespace: &str, entries: &[(&str, &str)]) {
        let entries: Vec<Field> = entries.iter().map(|(key, value)| lent(key.as_bytes(), value.as_bytes())).collect();
        let set = self.functions.http_set_dynamic_metadata_string_batch;
        // SAFETY: the object is there; Envoy copies the texts.
        unsafe { set(self.pointer, buffer(namespace.as_bytes()), entries.as_ptr(), entries.len()) };
    }

    /// The same for one text more in a list.
    pub fn add_metadata(&self, namespace: &str, key: &str, value: &str) {
        let add = self.functions.http_add_dynamic_metadata_list_string;
        // SAFETY: as above.
        unsafe {
            add(self.pointer, buffer(namespace.as_bytes()), buffer(key.as_bytes()), buffer(value.as_bytes()));
        }
    }

    /// A text that another filter has left.
    pub fn filter_state(&self, key: &str) -> Option<Vec<u8>> {
        let mut value = buffer(&[]);
        let get = self.functions.http_get_filter_state_bytes;
        // SAFETY: the object is there; key and value outlive the call.
        let found = unsafe { get(self.pointer, buffer(key.as_bytes()), &raw mut value) };
        // SAFETY: it is Envoy's until the hook ends.
        found.then(|| unsafe { bytes(value) }.to_owned())
    }

    /// An attribute that is a text.
    pub fn attribute(&self, id: u32) -> Option<String> {
        let mut value = buffer(&[]);
        // SAFETY: the object is there; value outlives the call.
        let found = unsafe { (self.functions.http_filter_get_attribute_string)(self.pointer, id, &raw mut value) };
        // SAFETY: it is Envoy's until the hook ends.
        let text = found.then(|| unsafe { bytes(value) })?;
        Some(std::str::from_utf8(text).ok()?.to_owned()).filter(|text| !text.is_empty())
    }

    /// An attribute that is a number.
    pub fn number(&self, id: u32) -> Option<u64> {
        let mut value = 0;
        // SAFETY: as above.
        let found = unsafe { (self.functions.http_filter_get_attribute_int)(self.pointer, id, &raw mut value) };
        found.then_some(value)
    }

    /// The cluster to which the request is routed.
    pub fn cluster(&self) -> Option<Vec<u8>> {
        let mut name = buffer(&[]);
        // SAFETY: the object is there; name outlives the call.
        let found = unsafe { (self.functions.http_get_cluster_name)(self.pointer, &raw mut name) };
        // SAFETY: it is Envoy's until the hook ends.
        found.then(|| unsafe { bytes(name) }.to_owned())
    }

    /// What the module has made for the route, or null.
    pub fn route(&self) -> ModulePointer {
        // SAFETY: the object is there.
        unsafe { (self.functions.get_most_specific_route_config)(self.pointer) }
    }

    pub fn count(&self, metric: Metric) {
        if let Some(id) = metric {
            // SAFETY: the object is there, and the id is of its configuration.
            unsafe { (self.functions.http_filter_increment_counter)(self.pointer, id, null(), 0, 1) };
        }
    }

    pub fn record(&self, metric: Metric, value: u64) {
        if let Some(id) = metric {
            // SAFETY: as above.
            unsafe { (self.functions.http_filter_record_histogram_value)(self.pointer, id, null(), 0, value) };
        }
    }

    /// What wakes this request up from another thread.
    pub fn scheduler(&self) -> Scheduler {
        // SAFETY: the object is there.
        let pointer = unsafe { (self.functions.http_filter_scheduler_new)(self.pointer) };
        Scheduler { pointer, functions: self.functions }
    }

    /// Sends a GET to a cluster. Parts of the answer may come before this returns.
    ///
    /// # Errors
    /// Why it could not be sent.
    pub fn get(
        &self,
        cluster: &[u8],
        target: &str,
        host: &[u8],
        headers: &HeaderMap,
        limit: Duration,
    ) -> Result<u64, NotSent> {
        let pseudo = [(":method", &b"GET"[..]), (":path", target.as_bytes()), ("host", host)];
        let pseudo = pseudo.into_iter().map(|(name, value)| lent(name.as_bytes(), value));
        let fields = headers.iter().map(|(name, value)| lent(name.as_str().as_bytes(), value.as_bytes()));
        let fields: Vec<Field> = pseudo.chain(fields).collect();
        // 0 would be no limit.
        let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut id = 0;
        let start = self.functions.http_filter_start_http_stream;
        let (body, end) = (buffer(&[]), true);
        // SAFETY: the object is there; Envoy copies the texts.
        let started = unsafe {
            start(self.pointer, &raw mut id, buffer(cluster), fields.as_ptr(), fields.len(), body, end, milliseconds)
        };
        match started {
            abi::SUCCESS => Ok(id),
            abi::CLUSTER_NOT_FOUND => Err(NotSent::NoCluster),
            _ => Err(NotSent::Other),
        }
    }

    /// Wants no more of an answer.
    pub fn give_up(&self, id: u64) {
        // SAFETY: the object is there.
        unsafe { (self.functions.http_filter_reset_http_stream)(self.pointer, id) };
    }

    /// Lets the request pass that was stopped in a hook before. The filter may be gone
    /// afterwards.
    pub fn go_on(self) {
        // SAFETY: the object is there.
        unsafe { (self.functions.http_filter_continue_decoding)(self.pointer) };
    }

    /// Answers the request. The filter may be gone afterwards.
    pub fn answer(self, answer: &Response<Bytes>, details: &str) {
        // Envoy frames the answer.
        let fields = answer.headers().iter().filter(|(name, _)| *name != http::header::CONTENT_LENGTH);
        let fields: Vec<Field> = fields.map(|(name, value)| lent(name.as_str().as_bytes(), value.as_bytes())).collect();
        let send = self.functions.http_send_response;
        let (status, body) = (u32::from(answer.status().as_u16()), buffer(answer.body()));
        // SAFETY: the object is there; Envoy copies what it is given.
        unsafe {
            send(self.pointer, status, fields.as_ptr(), fields.len(), body, buffer(details.as_bytes()));
        }
    }
}

/// Why a GET was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    NoCluster,
    Other,
}

/// Wakes a request up, from any thread.
pub struct Scheduler {
    pointer: SchedulerPointer,
    functions: &'static Callbacks,
}

// SAFETY: Envoy lets any thread use and delete it.
unsafe impl Send for Scheduler {}

impl Scheduler {
    /// Has Envoy call the hook `scheduled` with this number, unless the request is gone.
    pub fn wake(&self, event: u64) {
        if !self.pointer.is_null() {
            // SAFETY: it is there until this is dropped.
            unsafe { (self.functions.http_filter_scheduler_commit)(self.pointer, event) };
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        if !self.pointer.is_null() {
            // SAFETY: nobody uses it any more.
            unsafe { (self.functions.http_filter_scheduler_delete)(self.pointer) };
        }
    }
}
