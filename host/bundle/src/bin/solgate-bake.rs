//! Makes, during the build of this workspace, when there is no `solgate` yet, what
//! `solgate` embeds: the default policy, and the engine as native code.

use std::path::Path;
use std::process::ExitCode;

use solgate_bundle::bake::loadable_engine;
use solgate_bundle::{BuildOptions, Failure, compile_dir};
use solgate_native::settings::Machine;

const USAGE: &str = "usage: solgate-bake policy BUNDLE OUTPUT
       solgate-bake native ARCHITECTURE POLICY OUTPUT";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let made = match arguments.as_slice() {
        ["policy", bundle, output] => policy(Path::new(bundle)).map(|made| (made, output)),
        ["native", architecture, policy, output] => native(architecture, policy).map(|made| (made, output)),
        _ => Err(USAGE.to_owned()),
    };
    let written =
        made.and_then(|(made, output)| std::fs::write(output, made).map_err(|error| format!("{output}: {error}")));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn policy(bundle: &Path) -> Result<Vec<u8>, String> {
    let compiled = compile_dir(bundle, &BuildOptions::default()).map_err(|failure| match failure {
        Failure::Mistakes(mistakes) => mistakes.render(false),
        other => other.to_string(),
    })?;
    compiled.bake().map_err(|error| error.to_string())
}

/// For all policies that are baked as `policy` is.
fn native(architecture: &str, policy: &str) -> Result<Vec<u8>, String> {
    let machine = Machine::of(architecture).ok_or_else(|| format!("no native code is made for {architecture}"))?;
    let config = machine.config().map_err(|error| format!("{architecture}: {error:#}"))?;
    let engine = loadable_engine().map_err(|error| error.to_string())?;
    let policy = std::fs::read(policy).map_err(|error| format!("{policy}: {error}"))?;
    solgate_native::make(&config, &engine, &policy).map_err(|error| error.to_string())
}
