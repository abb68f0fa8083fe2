//! Where hash maps get their seeds from.
#![allow(unsafe_code, reason = "the function that getrandom calls is a raw one")]

/// getrandom's custom backend. Seeds are frozen into the snapshot anyway, so a
/// constant makes baking reproducible and hides nothing; tables keyed by what a
/// request brings are not hash maps.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(dest: *mut u8, len: usize) -> Result<(), getrandom::Error> {
    // SAFETY: getrandom passes a writable buffer of `len` bytes.
    let bytes = unsafe { std::slice::from_raw_parts_mut(dest.cast::<std::mem::MaybeUninit<u8>>(), len) };
    for (index, byte) in bytes.iter_mut().enumerate() {
        let [low, ..] = index.to_le_bytes();
        byte.write(low.wrapping_mul(0x9d) ^ 0x5a);
    }
    Ok(())
}
