//! What a release builds from its own sources before the library can be built with it:
//! the default policy, and native code for the engine that the policy is baked from.

#![forbid(unsafe_code)]

use solgate_native::NativeCode;
use solgate_packed::Packed;

/// The default policy, `policies/vnflcm-v2`, as it was when this crate was built: the
/// VNF LCM API v2 of ETSI GS NFV-SOL 003.
pub static VNFLCM_V2: Packed<'static> = Packed::new(include_bytes!(env!("SOLGATE_DEFAULT_POLICY")));

/// The engine of all policies that the same release bakes, for this architecture.
pub static NATIVE: &[NativeCode] = &[NativeCode::new(include_bytes!(env!("SOLGATE_NATIVE_CODE")))];
