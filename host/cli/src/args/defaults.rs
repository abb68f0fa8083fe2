//! Defaults in the help of the doors: they are those of the configuration file.

use clap::{Arg, Command};
use solgate_config::members::default_of;

use super::{ext_authz, forward_auth};

/// Arguments, and the members of the file that they stand for.
const MEMBERS: [(&str, &str); 16] = [
    ("answer_timeout", "/limits/answerTimeout"),
    ("evaluation_time", "/upstreams/0/evaluation/time"),
    ("evaluation_memory", "/upstreams/0/evaluation/memoryBytes"),
    ("evaluation_output", "/upstreams/0/evaluation/outputBytes"),
    ("evaluation_violations", "/upstreams/0/evaluation/violations"),
    ("evaluations", "/limits/evaluations"),
    ("lame_duck", "/limits/lameDuck"),
    ("isolation", "/upstreams/0/isolation"),
    ("facts_ttl", "/upstreams/0/facts/ttl"),
    ("fact_failure", "/upstreams/0/factFailure"),
    ("log", "/log"),
    ("policy_poll", "/registry/poll"),
    ("trace_sample", "/tracing/sample"),
    ("jwt", "/jwt/presence"),
    ("jwt_leeway", "/jwt/leeway"),
    // The same choice, with the same default.
    ("client_cert", "/jwt/presence"),
];

/// The command line with the defaults in the help of its doors.
pub fn with_defaults(command: Command) -> Command {
    let serve = default_of("/listen");
    command.mut_subcommands(|door| {
        let listen = match door.get_name() {
            "serve" => serve.as_deref(),
            "ext-authz" => Some(ext_authz::DEFAULT_LISTEN),
            "forward-auth" => Some(forward_auth::DEFAULT_LISTEN),
            _ => return door,
        };
        door.mut_args(|argument| {
            let default = match argument.get_id().as_str() {
                "listen" => listen.map(str::to_owned),
                _ => default_for(&argument),
            };
            match (argument.get_help(), default) {
                (Some(help), Some(default)) => {
                    let help = format!("{help} [default: {default}]");
                    argument.help(help)
                }
                _ => argument,
            }
        })
    })
}

fn default_for(argument: &Arg) -> Option<String> {
    let (_, pointer) = MEMBERS.iter().find(|(name, _)| argument.get_id() == name)?;
    default_of(pointer)
}
