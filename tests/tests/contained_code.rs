//! The engine's code in the form whose instances can be put back does what it did before.

use solgate_native::{MODULE, STACK_POINTER, TemplateError, engine_with};
use wasm_encoder::{
    CodeSection, Component, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, InstructionSink, MemorySection, MemoryType, Module, ModuleSection, TypeSection, ValType,
};
use wasmtime::component::{Component as Compiled, Linker};
use wasmtime::{Config, Engine, Instance, Memory, Module as Code, Store, TypedFunc, Val};

const PAGES: u64 = 1;
const LENGTH: usize = 65_536;

type Body = fn(&mut InstructionSink<'_>);

/// A module that exports these functions of three numbers, its memory, and nothing else.
fn module(functions: &[(&str, Body)], mutable: u32) -> Module {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([ValType::I32; 3], []);
    let (mut indices, mut exports, mut code) = (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    exports.export("memory", ExportKind::Memory, 0);
    for (index, (name, body)) in (0..).zip(functions) {
        indices.function(1);
        exports.export(name, ExportKind::Func, index);
        let mut function = Function::new([]);
        body(&mut function.instructions());
        function.instructions().end();
        code.function(&function);
    }
    let mut memory = MemorySection::new();
    memory.memory(MemoryType { minimum: PAGES, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut globals = GlobalSection::new();
    for _ in 0..mutable {
        let kind = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(kind, &ConstExpr::i32_const(4096));
    }
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0), []);
    let mut module = Module::new();
    module.section(&types).section(&indices).section(&memory).section(&globals).section(&exports);
    module.section(&code).section(&data);
    module
}

fn component(module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    component.finish()
}

const FUNCTIONS: [(&str, Body); 6] = [
    ("copy", |code| {
        code.local_get(0).local_get(1).local_get(2).memory_copy(0, 0);
    }),
    ("fill", |code| {
        code.local_get(0).local_get(1).local_get(2).memory_fill(0);
    }),
    ("copy 4", |code| {
        code.local_get(0).local_get(1).i32_const(4).memory_copy(0, 0);
    }),
    ("copy 60", |code| {
        code.local_get(0).local_get(1).i32_const(60).memory_copy(0, 0);
    }),
    ("copy 61", |code| {
        code.local_get(0).local_get(1).i32_const(61).memory_copy(0, 0);
    }),
    ("copy 128", |code| {
        code.i32_const(0).drop().local_get(0).local_get(1).i32_const(128).memory_copy(0, 0).nop();
    }),
];

struct Running {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Running {
    fn new(engine: &Engine, code: &Code) -> Self {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, code, &[]).expect("it starts");
        let memory = instance.get_memory(&mut store, "memory").expect("it has one");
        Self { store, instance, memory }
    }

    fn call(&mut self, function: &str, arguments: (u32, u32, u32)) -> bool {
        let function: TypedFunc<(u32, u32, u32), ()> =
            self.instance.get_typed_func(&mut self.store, function).expect("it has one");
        function.call(&mut self.store, arguments).is_ok()
    }

    fn memory(&mut self) -> &mut [u8] {
        self.memory.data_mut(&mut self.store)
    }
}

/// The module as it is, and as the release compiles it.
fn both(engine: &Engine, module: &Module) -> [Code; 2] {
    let contained = engine_with(&component(module), &vec![0; LENGTH]).expect("it has the form");
    let contained = Compiled::new(engine, contained).expect("it is valid");
    let mut store = Store::new(engine, ());
    let instance = Linker::new(engine).instantiate(&mut store, &contained).expect("it starts");
    let contained = instance.get_module(&mut store, MODULE).expect("it is exported");
    [Code::new(engine, module.clone().finish()).expect("it is valid"), contained]
}

#[test]
fn memory_is_copied_and_filled_as_before() {
    let engine = Engine::new(&Config::new()).expect("it starts");
    let codes = both(&engine, &module(&FUNCTIONS, 1));
    let [mut plain, mut contained] = codes.each_ref().map(|code| Running::new(&engine, code));
    let mut random = fastrand::Rng::with_seed(1);
    for turn in 0..200_000 {
        let (function, _) = FUNCTIONS[turn % FUNCTIONS.len()];
        // Not zero: the instructions trap if the place of nothing is not in the memory.
        let length = match random.u32(..4) {
            0 => random.u32(1..20),
            1 => random.u32(1..150),
            _ => random.u32(1..600),
        };
        // Close to each other, so that many overlap; some do not lie in the memory.
        let to = if random.u32(..20) == 0 { random.u32(64_900..70_000) } else { random.u32(..4000) };
        let from = random.u32(to.saturating_sub(700)..to + 700);
        let second = if function == "fill" { random.u32(..) } else { from };
        if turn % 1000 == 0 {
            let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(LENGTH).collect();
            plain.memory().copy_from_slice(&bytes);
            contained.memory().copy_from_slice(&bytes);
        }
        let done = plain.call(function, (to, second, length));
        assert_eq!(contained.call(function, (to, second, length)), done, "{function} {to} {second} {length}");
        if !done {
            // An instance that has trapped is not used again; what it wrote before does not count.
            let bytes = plain.memory().to_vec();
            contained.memory().copy_from_slice(&bytes);
        } else if turn % 16 == 0 || length < 40 {
            assert!(plain.memory() == contained.memory(), "{function} {to} {second} {length}");
        }
    }
}

#[test]
fn the_stack_pointer_is_exported() {
    let engine = Engine::new(&Config::new()).expect("it starts");
    let [_, contained] = both(&engine, &module(&FUNCTIONS, 1));
    let mut running = Running::new(&engine, &contained);
    let global = running.instance.get_global(&mut running.store, STACK_POINTER).expect("it is exported");
    assert!(matches!(global.get(&mut running.store), Val::I32(4096)));
    global.set(&mut running.store, Val::I32(1)).expect("it can be put back");
}

#[test]
fn what_has_more_that_a_call_can_change_is_refused() {
    let refused = |module: &Module| {
        let error = engine_with(&component(module), &vec![0; LENGTH]).expect_err("it is refused");
        let TemplateError::Shape(error) = error else { panic!("{error}") };
        error.to_string()
    };
    assert!(refused(&module(&FUNCTIONS, 2)).contains("global"));
    assert!(refused(&module(&FUNCTIONS, 0)).contains("global"));
    let changing: [(&str, Body); 3] = [
        ("MemoryInit", |code| {
            code.local_get(0).local_get(1).local_get(2).memory_init(0, 0);
        }),
        ("DataDrop", |code| {
            code.data_drop(0);
        }),
        ("TableSet", |code| {
            code.local_get(0).ref_null(wasm_encoder::HeapType::FUNC).table_set(0);
        }),
    ];
    for (what, body) in changing {
        assert!(refused(&module(&[("function", body)], 1)).contains(what), "{what}");
    }
}
