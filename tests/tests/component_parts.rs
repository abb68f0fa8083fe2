//! What of a component is its memory, and what decides whose code it has.

use solgate_native::{Digest, OtherComponent, Parts};
use wasm_encoder::{
    CodeSection, Component, ConstExpr, CustomSection, DataSection, Function, FunctionSection, MemorySection,
    MemoryType, Module, ModuleSection, TypeSection, ValType,
};

/// A component around a module: pages of memory, segments, and a number in its code.
fn component(pages: u64, segments: &[(i32, &[u8])], number: i32, note: &str) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut memory = MemorySection::new();
    memory.memory(MemoryType { minimum: pages, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut code = CodeSection::new();
    let mut function = Function::new([]);
    function.instructions().i32_const(number).end();
    code.function(&function);
    let mut data = DataSection::new();
    data.passive([]);
    for (at, bytes) in segments {
        data.active(0, &ConstExpr::i32_const(*at), bytes.iter().copied());
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memory).section(&code).section(&data);
    module.section(&CustomSection { name: "name".into(), data: note.as_bytes().into() });
    let mut component = Component::new();
    component.section(&ModuleSection(&module));
    component.section(&CustomSection { name: "note".into(), data: note.as_bytes().into() });
    component.finish()
}

fn digest(component: &[u8]) -> Digest {
    Parts::of(component).expect("it has a memory").digest
}

#[test]
fn memory_and_notes_are_all_that_may_differ() {
    let one = component(1, &[(8, b"one")], 7, "a");
    let two = component(3, &[(70_000, b"two"), (0, b"")], 7, "bcd");
    let parts = Parts::of(&two).expect("it has a memory");
    assert_eq!(digest(&one), digest(&two));
    assert_eq!((parts.memory, parts.image), (3 << 16, vec![(70_000, &b"two"[..]), (0, b"")]));
    assert_ne!(digest(&one), digest(&component(1, &[(8, b"one")], 8, "a")));
}

#[test]
fn what_lies_outside_of_the_memory_is_no_part_of_it() {
    for (at, bytes) in [(65_534, &b"one"[..]), (65_537, b""), (-1, b"1"), (i32::MIN, b"")] {
        let component = component(1, &[(at, bytes)], 7, "");
        assert!(matches!(Parts::of(&component), Err(OtherComponent::Data)), "{at}");
    }
    assert!(Parts::of(&component(1, &[(65_533, b"one"), (65_536, b"")], 7, "")).is_ok());
    // More pages than addresses reach: no release bakes that, and it ends here.
    assert!(Parts::of(&component(u64::from(u32::MAX), &[], 7, "")).is_ok());
}

#[test]
fn no_other_bytes_have_its_digest() {
    let whole = component(2, &[(65_530, b"over two pages")], 7, "a");
    let expected = digest(&whole);
    for length in 0..whole.len() {
        // A custom section at the end is nothing that counts.
        if let Ok(parts) = Parts::of(&whole[..length]) {
            assert!(parts.digest != expected || whole[length..].starts_with(&[0]), "{length}");
        }
    }
    for at in 0..whole.len() {
        let mut other = whole.clone();
        other[at] ^= 0x01;
        if let Ok(parts) = Parts::of(&other) {
            let end = parts.image.iter().map(|(at, bytes)| at + bytes.len() as u64).max();
            assert!(end.is_none_or(|end| end <= parts.memory), "{at}");
        }
    }
}
