//! Connections whose other end vanishes without a word: the kernel asks for it.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use solgate_tests::faulty_vnfm::{Act, FaultyVnfm};

use crate::gate::{Gate, subscribe, wait_until};

/// The open connections in `/proc/net/tcp`: the addresses of both ends, and the timer
/// that runs for it; 2 is that of keepalive.
fn connections() -> Vec<(String, String, u32)> {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has it");
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let open = rows.filter(|row| row[3] == "01");
    open.map(|row| (row[1].to_owned(), row[2].to_owned(), row[5][..2].parse().expect("a number"))).collect()
}

fn end(address: SocketAddr) -> String {
    format!("0100007F:{:04X}", address.port())
}

#[test]
fn both_sides_of_a_request_are_asked_whether_they_are_still_there() {
    for door in ["serve", "forward-auth", "ext-authz"] {
        let go = Arc::new(AtomicBool::new(false));
        let wait = Arc::clone(&go);
        let vnfm = FaultyVnfm::start(move |_| vec![Act::ReadBody, Act::Until(Arc::clone(&wait)), Act::Close]);
        let limits = ["headTimeout: 60s", "answerTimeout: 60s"];
        let gate = Gate::run(door, &vnfm.url(), &limits, &[], |command| command);
        let mut client = TcpStream::connect(gate.address).expect("it listens");
        let address = client.local_addr().expect("it is bound");
        if door == "serve" {
            client.write_all(&subscribe()).expect("it is sent");
            wait_until("the VNFM is asked", || {
                connections().iter().any(|(_, to, timer)| (to, *timer) == (&end(vnfm.address()), 2))
            });
        }
        wait_until("the client is asked", || connections().contains(&(end(gate.address), end(address), 2)));
        go.store(true, Ordering::Relaxed);
    }
}
