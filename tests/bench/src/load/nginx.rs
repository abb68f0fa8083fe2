//! nginx as a reverse proxy: what a proxy costs that does nothing else.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::process::Process;
use crate::tools::find;

/// Starts nginx in front of `vnfm`, if it is installed.
///
/// # Errors
/// It does not start.
pub fn start(
    address: SocketAddr,
    vnfm: SocketAddr,
    access_log: bool,
    folder: &Path,
) -> anyhow::Result<Option<Process>> {
    let Some(program) = find("nginx", &[Path::new("/usr/sbin")]) else { return Ok(None) };
    let name = if access_log { "nginx-log" } else { "nginx" };
    let prefix = folder.join(name);
    std::fs::create_dir_all(&prefix)?;
    let file = prefix.join("nginx.conf");
    std::fs::write(&file, configuration(address, vnfm, access_log, &prefix))?;
    let command = || {
        let mut command = Command::new(&program);
        command.arg("-p").arg(&prefix).arg("-c").arg(&file);
        command
    };
    let mut stop = command();
    stop.args(["-s", "stop"]);
    Ok(Some(Process::start(name, command(), address, folder)?.stopped_by(stop)))
}

fn configuration(address: SocketAddr, vnfm: SocketAddr, access_log: bool, prefix: &Path) -> String {
    let prefix = prefix.display();
    let access_log = if access_log { format!("{prefix}/access.log") } else { "off".to_owned() };
    format!(
        "daemon off;
worker_processes 2;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {access_log};
    client_body_temp_path {prefix}/client;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    keepalive_requests 1000000000;
    upstream vnfm {{
        server {vnfm};
        keepalive 128;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address};
        location / {{
            proxy_pass http://vnfm;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_set_header Host $http_host;
        }}
    }}
}}
"
    )
}
