//! What a release makes of its own sources before the library can have it: the default
//! policy, and the engine that it is baked from as native code.

#![forbid(unsafe_code)]

use solgate_native::NativeCode;

/// The default policy, `policies/vnflcm-v2`, as it was when this crate was built: the
/// VNF LCM API v2 of ETSI GS NFV-SOL 003.
pub static VNFLCM_V2: &[u8] = include_bytes!(env!("SOLGATE_DEFAULT_POLICY"));

/// The engine of all policies that the same release bakes, for this architecture.
pub static NATIVE: &[NativeCode] = &[NativeCode::new(include_bytes!(env!("SOLGATE_NATIVE_CODE")))];
