//! The page, as host/page builds it; it is part of the program.

use http::StatusCode;

use crate::answer::{self, Answer};

macro_rules! built {
    ($name:literal) => {
        include_bytes!(concat!("../../page/built/workbench/", $name)).as_slice()
    };
}

/// By path: media type and content.
const FILES: [(&str, &str, &[u8]); 5] = [
    ("/", "text/html; charset=utf-8", built!("index.html")),
    ("/workbench.js", "text/javascript; charset=utf-8", built!("workbench.js")),
    ("/workbench.css", "text/css; charset=utf-8", built!("workbench.css")),
    ("/icon.svg", "image/svg+xml", built!("icon.svg")),
    ("/licences.txt", "text/plain; charset=utf-8", built!("licences.txt")),
];

/// A file of the page.
pub(crate) fn find(path: &str) -> Option<Answer> {
    let (_, media_type, content) = FILES.iter().find(|(known, ..)| *known == path)?;
    Some(answer::bytes(StatusCode::OK, media_type, *content))
}
