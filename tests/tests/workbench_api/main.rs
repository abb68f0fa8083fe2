//! `solgate ui` over HTTP, as its page uses it: who is let in, what is read and written, and
//! that each view says what the command of the same name says.

mod bench;
mod edited;
mod guarded;
mod judged;
mod opened;
