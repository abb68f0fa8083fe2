//! How the module is linked, and what stands in for Envoy in its tests.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Envoy may close a module when no configuration uses it any more. Threads of the module
    // would then run in code that is gone: the clock of deadlines, those that write and
    // those that judge.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // The module finds the functions of Envoy by their names in the program.
    println!("cargo:rustc-link-arg-tests=-rdynamic");
}
