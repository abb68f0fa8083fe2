//! What a server itself refuses or fails on, in the words of the gate.

use solgate::fault::Fault;

/// The fault that a server's own status stands for. `limit` is what the request
/// or the VNFM went beyond: bytes or seconds.
pub fn fault(status: u16, limit: u64) -> Fault {
    let bytes = usize::try_from(limit).unwrap_or(usize::MAX);
    match status {
        400 => Fault::MalformedHead("the server in front of the VNFM does not understand it".to_owned()),
        404 => Fault::NoUpstream,
        408 => Fault::RequestTimeout { seconds: limit },
        413 => Fault::BodyTooLarge { limit: bytes },
        414 => Fault::TargetTooLong { limit: bytes },
        431 => Fault::HeadTooLarge { limit: bytes },
        502 => Fault::UpstreamBroken,
        503 => Fault::Overload,
        504 => Fault::UpstreamTimeout { seconds: limit },
        505 => Fault::HttpVersion,
        _ => Fault::Internal(format!("the server in front of the VNFM stopped with status {status}")),
    }
}
