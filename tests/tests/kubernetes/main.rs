//! The manifests of deploy/kubernetes: that they agree with each other and with what the
//! gate does, and that the containers, started as processes with the very commands and
//! files, do what the manifests say.
//!
//! What needs other programs is ignored; `make test-kubernetes` installs them and runs it.

mod agree;
mod gateways;
mod image;
mod kubelet;
mod manifests;
mod patches;
mod pods;
mod restricted;
mod schemas;
