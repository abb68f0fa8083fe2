//! Bakes a bundle during the build of this workspace, when there is no `solgate`
//! yet: `solgate` embeds the policy that this makes.

use std::path::Path;
use std::process::ExitCode;

use solgate_bundle::{BuildOptions, Failure, compile_dir};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [bundle, output] = arguments.as_slice() else {
        eprintln!("usage: solgate-bake BUNDLE OUTPUT");
        return ExitCode::from(2);
    };
    match run(Path::new(bundle), Path::new(output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run(bundle: &Path, output: &Path) -> Result<(), String> {
    let compiled = compile_dir(bundle, &BuildOptions::default()).map_err(|failure| match failure {
        Failure::Mistakes(mistakes) => mistakes.render(false),
        other => other.to_string(),
    })?;
    let component = compiled.bake().map_err(|error| error.to_string())?;
    std::fs::write(output, component).map_err(|error| format!("{}: {error}", output.display()))
}
