//! What the bundle holds beside its rules, and expressions name.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use super::{
    functions::IN_LIST,
    list::List,
    window::{Window, windows, zones},
};
use crate::{error::InitError, ir::Bundle, json::Document};

/// Start of the names of variables that no source can spell: see
/// [`PATTERN`](super::program::PATTERN).
pub(super) const LIST: &str = "@list";
pub(super) const WINDOW: &str = "@window";
/// The name of all data.
pub(crate) const DATA: &str = "data";

/// The lists, windows and time zones that expressions name.
pub(crate) enum Tables {
    /// Not known: every name is accepted. For a look at one expression.
    Any,
    Of {
        lists: Vec<(String, List)>,
        windows: Vec<(String, Window)>,
        zones: BTreeMap<String, TimeZone>,
        /// `None` if the bundle has no data.
        data: Option<Document<'static>>,
    },
}

impl Tables {
    pub(crate) fn new(bundle: &Bundle) -> Result<Self, InitError> {
        let zones = zones(bundle)?;
        let windows = bundle.windows.iter().map(|window| window.name.clone()).zip(windows(bundle, &zones)?).collect();
        let lists = bundle.lists.iter().map(|list| (list.name.clone(), List::new(list))).collect();
        Ok(Self::Of { lists, windows, zones, data: data(bundle)? })
    }

    /// The variable that stands for the first argument of `inList` or `inWindow`.
    pub(super) fn variable(&self, function: &str, name: &str) -> Option<String> {
        fn place<T>(known: &[(String, T)], name: &str) -> Option<usize> {
            known.iter().position(|(known, _)| known == name)
        }
        let prefix = if function == IN_LIST { LIST } else { WINDOW };
        let index = match self {
            Self::Any => 0,
            Self::Of { lists, .. } if function == IN_LIST => place(lists, name)?,
            Self::Of { windows, .. } => place(windows, name)?,
        };
        Some(format!("{prefix}{index}"))
    }

    pub(super) fn zone(&self, name: &str) -> Option<TimeZone> {
        match self {
            Self::Any => None,
            Self::Of { zones, .. } => zones.get(name).cloned(),
        }
    }
}

/// What `data` stands for: an object with all of it by name.
fn data(bundle: &Bundle) -> Result<Option<Document<'static>>, InitError> {
    let mut members = Map::new();
    for data in &bundle.data {
        let value: Json = serde_json::from_str(&data.json).map_err(|_| InitError::Data { data: data.name.clone() })?;
        if members.insert(data.name.clone(), value).is_some() {
            return Err(InitError::Duplicate { kind: "data", name: data.name.clone() });
        }
    }
    Ok((!members.is_empty()).then(|| Document::from(&Json::Object(members))))
}
