//! What goes wrong around `solgate serve`: a VNFM that fails on the wire, facts that
//! are none, clients that dawdle and leave, more work than there is room for, disks
//! that are full. Each has its answer, which docs/gateway-operators.md names, and
//! after each the next good request is served.

mod clients;
mod clock;
mod crowding;
mod crowds;
mod disks;
mod documented;
mod facts;
mod gate;
mod outputs;
mod overload;
mod policy;
mod quiet;
mod stray;
mod upstream;
