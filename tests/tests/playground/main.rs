//! `solgate playground`: a policy's file as a static site.

mod browser;
mod made;
mod site;
