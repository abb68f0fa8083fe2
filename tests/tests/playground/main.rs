//! `solgate playground`: a policy's file as a static site.

mod browser;
mod compiler;
mod editing;
mod made;
mod site;
