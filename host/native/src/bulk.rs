//! `memory.copy` and `memory.fill` as functions of a module.
//!
//! wasmtime calls functions of its own for both. A fault in one of those ends the process,
//! while a fault in the module's code is a trap, which costs a request. For short stretches,
//! which most are, a function of the module is also faster.
//!
//! As the two instructions do, both functions trap if the stretch does not lie within the
//! memory, unless it is empty. What they have written before that is left in an instance that
//! is never used again.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

/// Bytes of a vector.
const VECTOR: i32 = 16;
/// Bytes that a long stretch is copied in at a time.
const BLOCK: i32 = 64;

// The parameters, and the locals behind them.
const TO: u32 = 0;
const FROM: u32 = 1;
const LENGTH: u32 = 2;
const HELD: u32 = 3;
const END: u32 = 4;

fn at(offset: i32) -> MemArg {
    MemArg { offset: u64::from(offset.unsigned_abs()), align: 0, memory_index: 0 }
}

/// Copies `LENGTH` bytes, also if the stretches overlap.
pub(crate) fn copy() -> Function {
    let mut function = Function::new([(1, ValType::V128), (1, ValType::I32)]);
    let mut code = function.instructions();
    // Short stretches: both ends are read before either is written.
    length_below(&mut code, VECTOR);
    code.if_(BlockType::Empty);
    for (width, load, store) in [(8, load_eight as Access, store_eight as Access), (4, load_four, store_four)] {
        length_below(&mut code, width);
        code.i32_eqz().if_(BlockType::Empty);
        code.local_get(TO).local_get(FROM);
        load(&mut code);
        from_end(&mut code, TO, width);
        from_end(&mut code, FROM, width);
        load(&mut code);
        store(&mut code);
        store(&mut code);
        code.return_().end();
    }
    nothing_left(&mut code);
    // One to three bytes: the first, the middle and the last.
    code.local_get(TO).local_get(FROM).i32_load8_u(at(0));
    middle(&mut code, TO);
    middle(&mut code, FROM);
    code.i32_load8_u(at(0));
    from_end(&mut code, TO, 1);
    from_end(&mut code, FROM, 1);
    code.i32_load8_u(at(0)).i32_store8(at(0)).i32_store8(at(0)).i32_store8(at(0)).return_().end();

    // The destination begins within the source: from the end on.
    code.local_get(TO).local_get(FROM).i32_sub().local_get(LENGTH).i32_lt_u().if_(BlockType::Empty);
    code.local_get(FROM).v128_load(at(0)).local_set(HELD);
    code.loop_(BlockType::Empty);
    shorten(&mut code, VECTOR);
    code.local_get(TO).local_get(LENGTH).i32_add();
    code.local_get(FROM).local_get(LENGTH).i32_add().v128_load(at(0)).v128_store(at(0));
    while_longer(&mut code, VECTOR);
    code.end();
    code.local_get(TO).local_get(HELD).v128_store(at(0)).return_().end();

    // Otherwise from the beginning on. The last bytes are read before any is written.
    from_end(&mut code, FROM, VECTOR);
    code.v128_load(at(0)).local_set(HELD);
    from_end(&mut code, TO, VECTOR);
    code.local_set(END);
    for (step, vectors) in [(BLOCK, [0, 16, 32, 48].as_slice()), (VECTOR, &[0])] {
        code.block(BlockType::Empty).local_get(LENGTH).i32_const(step).i32_le_u().br_if(0).loop_(BlockType::Empty);
        for offset in vectors {
            code.local_get(TO).local_get(FROM).v128_load(at(*offset));
        }
        for offset in vectors.iter().rev() {
            code.v128_store(at(*offset));
        }
        advance(&mut code, TO, step);
        advance(&mut code, FROM, step);
        shorten(&mut code, step);
        while_longer(&mut code, step);
        code.end().end();
    }
    code.local_get(END).local_get(HELD).v128_store(at(0)).end();
    function
}

/// Most bytes of a stretch whose length is known when code is made, and for which there is
/// a function of its own. All lengths up to here count that are multiples of [`GRAIN`].
pub(crate) const KNOWN: i32 = 128;
pub(crate) const GRAIN: i32 = 4;

/// Copies `length` bytes, one of the lengths up to [`KNOWN`], whatever `LENGTH` is. All is
/// read before any is written.
pub(crate) fn copy_known(length: i32) -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    let mut stores: Vec<(i32, i32)> = Vec::new();
    let mut offset = 0_i32;
    while let Some(left) = length.checked_sub(offset).filter(|left| *left > 0) {
        let width = if left >= 16 {
            16
        } else if left >= 8 {
            8
        } else {
            4
        };
        code.local_get(TO).local_get(FROM);
        match width {
            16 => code.v128_load(at(offset)),
            8 => code.i64_load(at(offset)),
            _ => code.i32_load(at(offset)),
        };
        stores.push((offset, width));
        offset = offset.saturating_add(width);
    }
    for (offset, width) in stores.into_iter().rev() {
        match width {
            16 => code.v128_store(at(offset)),
            8 => code.i64_store(at(offset)),
            _ => code.i32_store(at(offset)),
        };
    }
    code.end();
    function
}

/// Sets `LENGTH` bytes to the lowest byte of the second parameter.
pub(crate) fn fill() -> Function {
    const BYTE: u32 = FROM;
    const EIGHT: u32 = END;
    let mut function = Function::new([(1, ValType::V128), (1, ValType::I64)]);
    let mut code = function.instructions();
    length_below(&mut code, VECTOR);
    code.if_(BlockType::Empty);
    code.local_get(BYTE).i32_const(0xff).i32_and().i64_extend_i32_u();
    code.i64_const(0x0101_0101_0101_0101).i64_mul().local_set(EIGHT);
    for (width, store) in [(8, store_eight as Access), (4, store_half)] {
        length_below(&mut code, width);
        code.i32_eqz().if_(BlockType::Empty);
        code.local_get(TO).local_get(EIGHT);
        store(&mut code);
        from_end(&mut code, TO, width);
        code.local_get(EIGHT);
        store(&mut code);
        code.return_().end();
    }
    nothing_left(&mut code);
    code.local_get(TO).local_get(BYTE).i32_store8(at(0));
    middle(&mut code, TO);
    code.local_get(BYTE).i32_store8(at(0));
    from_end(&mut code, TO, 1);
    code.local_get(BYTE).i32_store8(at(0)).return_().end();

    code.local_get(BYTE).i8x16_splat().local_set(HELD);
    from_end(&mut code, TO, VECTOR);
    code.local_get(HELD).v128_store(at(0));
    code.block(BlockType::Empty).local_get(LENGTH).i32_const(VECTOR).i32_le_u().br_if(0).loop_(BlockType::Empty);
    code.local_get(TO).local_get(HELD).v128_store(at(0));
    advance(&mut code, TO, VECTOR);
    shorten(&mut code, VECTOR);
    while_longer(&mut code, VECTOR);
    code.end().end().end();
    function
}

type Access = fn(&mut InstructionSink<'_>);

fn load_eight(code: &mut InstructionSink<'_>) {
    code.i64_load(at(0));
}

fn store_eight(code: &mut InstructionSink<'_>) {
    code.i64_store(at(0));
}

fn load_four(code: &mut InstructionSink<'_>) {
    code.i32_load(at(0));
}

fn store_four(code: &mut InstructionSink<'_>) {
    code.i32_store(at(0));
}

/// Of eight bytes, the lower four.
fn store_half(code: &mut InstructionSink<'_>) {
    code.i64_store32(at(0));
}

fn length_below(code: &mut InstructionSink<'_>, bytes: i32) {
    code.local_get(LENGTH).i32_const(bytes).i32_lt_u();
}

/// The address `bytes` before the end of the stretch that begins at `begin`.
fn from_end(code: &mut InstructionSink<'_>, begin: u32, bytes: i32) {
    code.local_get(begin).local_get(LENGTH).i32_add().i32_const(bytes).i32_sub();
}

fn middle(code: &mut InstructionSink<'_>, begin: u32) {
    code.local_get(begin).local_get(LENGTH).i32_const(1).i32_shr_u().i32_add();
}

fn nothing_left(code: &mut InstructionSink<'_>) {
    code.local_get(LENGTH).i32_eqz().if_(BlockType::Empty).return_().end();
}

fn advance(code: &mut InstructionSink<'_>, pointer: u32, bytes: i32) {
    code.local_get(pointer).i32_const(bytes).i32_add().local_set(pointer);
}

fn shorten(code: &mut InstructionSink<'_>, bytes: i32) {
    code.local_get(LENGTH).i32_const(bytes).i32_sub().local_set(LENGTH);
}

/// Goes back to the beginning of the loop if more than so many bytes are left.
fn while_longer(code: &mut InstructionSink<'_>, bytes: i32) {
    code.local_get(LENGTH).i32_const(bytes).i32_gt_u().br_if(0);
}
