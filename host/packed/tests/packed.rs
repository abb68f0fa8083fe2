//! What is packed comes out again, and what was not packed is an error.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::sync::Mutex;

use solgate_packed::{FRAME, Packed, PackedError, pack};

/// Bytes that do not repeat within a frame.
fn bytes(length: usize) -> Vec<u8> {
    (0_u32..).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).take(length).collect()
}

#[test]
fn what_is_packed_comes_out_again() {
    for length in [0, 1, 1000, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME + 77] {
        let given = bytes(length);
        let packed = pack(&given).expect("it is packed");
        assert!(Packed::new(&packed).unpack().expect("it is unpacked") == given, "{length} bytes");

        let pieces = Mutex::new(vec![0; length]);
        Packed::new(&packed)
            .each(|at, piece| {
                pieces.lock().expect("no thread failed")[at..][..piece.len()].copy_from_slice(piece);
                Ok::<_, PackedError>(())
            })
            .expect("it is unpacked");
        assert!(pieces.into_inner().expect("no thread failed") == given, "{length} bytes in pieces");
    }
}

#[test]
fn a_failure_of_the_reader_is_told() {
    #[derive(Debug)]
    struct Full;
    impl From<PackedError> for Full {
        fn from(error: PackedError) -> Self {
            panic!("{error}")
        }
    }
    let packed = pack(&bytes(2 * FRAME)).expect("it is packed");
    assert!(Packed::new(&packed).each(|_, _| Err(Full)).is_err());
}

#[test]
fn what_was_not_packed_is_an_error() {
    let good = pack(&bytes(2 * FRAME)).expect("it is packed");
    let short_first = [pack(b"short").expect("it is packed"), good.clone()].concat();
    let mut changed = good.clone();
    changed.truncate(good.len() - 1);
    for (what, bytes) in
        [("other bytes", b"not packed".to_vec()), ("a short frame first", short_first), ("cut off", changed)]
    {
        assert!(Packed::new(&bytes).unpack().is_err(), "{what}");
    }
}
