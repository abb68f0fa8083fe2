//! What shells are given knows every command.

use solgate_tests::process::solgate;

fn printed(arguments: &[&str]) -> String {
    let done = solgate().args(arguments).output().expect("it runs");
    assert!(done.status.success(), "{arguments:?}");
    String::from_utf8(done.stdout).expect("it is UTF-8")
}

#[test]
fn completions_name_every_command() {
    let help = printed(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"serve") && commands.contains(&"completions"), "{help}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for command in &commands {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
}
