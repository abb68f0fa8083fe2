//! In a real editor: Neovim, set up as docs/editors.md says.

use std::fs;
use std::process::Command;

use serde_json::Value;
use solgate_tests::process::binary;
use solgate_tests::workspace;

use crate::{Bundle, POLICY};

/// What an author does, and what the editor knows then, as JSON.
const SCRIPT: &str = r#"
local told = {}
local function until_told(wanted)
  vim.wait(60000, function() return wanted(vim.diagnostic.get(0)) end, 50)
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(0)) do
    local line = vim.api.nvim_buf_get_lines(0, one.lnum, one.lnum + 1, false)[1]
    table.insert(found, { message = one.message, text = string.sub(line, one.col + 1, one.end_col) })
  end
  return found
end
local function ask(method, line, text)
  local column = string.find(vim.api.nvim_buf_get_lines(0, line, line + 1, false)[1], text, 1, true) - 1 + #text
  vim.api.nvim_win_set_cursor(0, { line + 1, column - 1 })
  local params = vim.lsp.util.make_position_params()
  local answers = vim.lsp.buf_request_sync(0, 'textDocument/' .. method, params, 60000)
  for _, answer in pairs(answers or {}) do return answer.result end
end
told.opened = until_told(function(found) return #found > 0 end)
-- As if somebody typed: the name becomes right, behind an emoji.
local line = vim.api.nvim_buf_get_lines(0, 3, 4, false)[1]
local start = string.find(line, 'terminationTyp', 1, true) - 1 + #'terminationTyp'
vim.api.nvim_buf_set_text(0, 3, start, 3, start, { 'e' })
told.mended = until_told(function(found) return #found == 0 end)
told.hover = ask('hover', 3, 'terminationTyp')
told.completion = ask('completion', 3, 'body.t')
told.definition = ask('definition', 3, 'body.terminationTyp')
vim.fn.writefile({ vim.fn.json_encode(told) }, vim.env.TOLD)
vim.cmd('qa!')
"#;

const RULES: &str = "\
# Rules.
- id: mine.reason
  operations: [terminate]
  require: \"'\u{1f600}\u{e9}' != '' && body.terminationTyp == 'FORCEFUL'\"
  otherwise: { status: 403, title: No, detail: \"'No.'\" }
  doc: None.
";

#[test]
fn the_page_sets_up_neovim() {
    if Command::new("nvim").arg("--version").output().is_err() {
        eprintln!("skipped: there is no nvim here; tests/doors/install.sh installs it");
        return;
    }
    let page = fs::read_to_string(workspace().join("docs/editors.md")).expect("the page");
    let lua = page.split("```lua\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the lines for Neovim");
    let bundle = Bundle::new(&[
        ("policy.yaml", POLICY),
        ("hosts.txt", "a\n"),
        ("rules/a.yaml", RULES),
        ("init.lua", &format!("vim.cmd('filetype on')\n{lua}")),
        ("script.lua", SCRIPT),
    ]);
    let told = bundle.at("told.json");
    let bin = binary().parent().expect("its folder").to_owned();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("nvim")
        .args(["--headless", "-n", "-u"])
        .arg(bundle.at("init.lua"))
        .arg(bundle.at("rules/a.yaml"))
        .arg("-c")
        .arg(format!("luafile {}", bundle.at("script.lua").display()))
        .env("PATH", path)
        .env("TOLD", &told)
        .env("HOME", bundle.folder())
        .env("XDG_CONFIG_HOME", bundle.folder())
        .env("XDG_STATE_HOME", bundle.folder())
        .env("XDG_DATA_HOME", bundle.folder())
        .output()
        .expect("it runs");
    let text = fs::read_to_string(&told).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let message = told["opened"][0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("terminationTyp"), "{told:#}");
    assert_eq!(told["opened"][0]["text"], "terminationTyp", "{told:#}");
    assert_eq!(told["mended"], serde_json::json!([]), "{told:#}");
    assert!(told["hover"]["contents"]["value"].to_string().contains("FORCEFUL"), "{told:#}");
    let proposals = told["completion"].as_array().expect("a list");
    assert!(proposals.iter().any(|one| one["label"] == "terminationType"), "{told:#}");
    let target = told["definition"]["uri"].as_str().expect("a place").strip_prefix("file://").expect("a file");
    assert!(target.ends_with("openapi.yaml"), "{told:#}");
}
