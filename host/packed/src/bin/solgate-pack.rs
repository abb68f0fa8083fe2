//! Packs a file for a release: `solgate-pack INPUT OUTPUT`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        eprintln!("usage: solgate-pack INPUT OUTPUT");
        return ExitCode::from(2);
    };
    let packed = std::fs::read(input).and_then(|bytes| solgate_packed::pack(&bytes));
    match packed.and_then(|packed| std::fs::write(output, packed)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{} could not be packed into {}: {error}", input.display(), output.display());
            ExitCode::from(2)
        }
    }
}
