//! Messages that repeat: one message for each cause in a second is enough.

use std::time::{Duration, Instant};

/// For so long a message is not written again.
const SPAN: Duration = Duration::from_secs(1);
/// Different messages of one moment that are remembered. Few causes fail at a time; a
/// message whose text is another each time is written each time, and must not take
/// memory without end.
const CAUSES: usize = 256;

/// The messages of the last second.
#[derive(Debug, Default)]
pub struct Repeats(Vec<Cause>);

#[derive(Debug)]
struct Cause {
    text: String,
    until: Instant,
    /// The same again, not written yet.
    left_out: u64,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// It is written, and stands for this number of earlier ones.
    Written { left_out: u64 },
    /// It is counted, and [said](Repeats::due) later.
    LeftOut,
}

impl Repeats {
    /// Takes a message, whose text without its time is the cause.
    pub fn admit(&mut self, text: &str, now: Instant) -> Admitted {
        self.0.retain(|cause| cause.until > now || cause.left_out > 0);
        if let Some(cause) = self.0.iter_mut().find(|cause| cause.text == text) {
            if cause.until > now {
                cause.left_out = cause.left_out.saturating_add(1);
                return Admitted::LeftOut;
            }
            cause.until = end(now);
            return Admitted::Written { left_out: std::mem::take(&mut cause.left_out) };
        }
        if self.0.len() < CAUSES {
            self.0.push(Cause { text: text.to_owned(), until: end(now), left_out: 0 });
        }
        Admitted::Written { left_out: 0 }
    }

    /// Gives `say` each message that was left out and whose second is over, with how many
    /// more of it were. Returns when the next is due.
    pub fn due(&mut self, now: Instant, mut say: impl FnMut(&str, u64)) -> Option<Instant> {
        for cause in self.0.iter_mut().filter(|cause| cause.until <= now) {
            if let Some(more) = cause.left_out.checked_sub(1) {
                say(&cause.text, more);
                cause.left_out = 0;
                cause.until = end(now);
            }
        }
        self.0.iter().filter(|cause| cause.left_out > 0).map(|cause| cause.until).min()
    }

    /// The same of all, because there is no later.
    pub fn rest(&mut self, mut say: impl FnMut(&str, u64)) {
        for cause in self.0.drain(..) {
            if let Some(more) = cause.left_out.checked_sub(1) {
                say(&cause.text, more);
            }
        }
    }
}

fn end(now: Instant) -> Instant {
    now.checked_add(SPAN).unwrap_or(now)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    fn said(repeats: &mut Repeats, now: Instant) -> (Vec<(String, u64)>, Option<Instant>) {
        let mut lines = Vec::new();
        let next = repeats.due(now, |text, more| lines.push((text.to_owned(), more)));
        (lines, next)
    }

    #[test]
    fn one_line_of_a_cause_in_a_second_and_how_many_were_left_out() {
        let mut repeats = Repeats::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let written = |left_out| Admitted::Written { left_out };
        assert_eq!(repeats.admit("down", at(0)), written(0));
        assert_eq!(repeats.admit("down", at(10)), Admitted::LeftOut);
        assert_eq!(repeats.admit("slow", at(20)), written(0), "another cause");
        assert_eq!(repeats.admit("down", at(999)), Admitted::LeftOut);
        assert_eq!(said(&mut repeats, at(999)), (vec![], Some(at(1000))));
        assert_eq!(said(&mut repeats, at(1000)), (vec![("down".to_owned(), 1)], None), "itself, and one more");
        assert_eq!(repeats.admit("down", at(1500)), Admitted::LeftOut, "one was just written");
        assert_eq!(repeats.admit("down", at(2100)), written(1));
        assert_eq!(said(&mut repeats, at(9000)), (vec![], None));
        assert_eq!(repeats.admit("down", at(9000)), written(0));
    }

    #[test]
    fn the_rest_is_said_at_the_end() {
        let mut repeats = Repeats::default();
        let now = Instant::now();
        for text in ["down", "down", "down", "slow"] {
            repeats.admit(text, now);
        }
        let mut lines = Vec::new();
        repeats.rest(|text, more| lines.push((text.to_owned(), more)));
        assert_eq!(lines, [("down".to_owned(), 1)]);
        assert_eq!(said(&mut repeats, now), (vec![], None));
    }

    #[test]
    fn texts_that_all_differ_take_no_memory_without_end() {
        let mut repeats = Repeats::default();
        let now = Instant::now();
        let mut admitted = (0..1000).map(|number| repeats.admit(&number.to_string(), now));
        assert!(admitted.all(|admitted| admitted == Admitted::Written { left_out: 0 }));
        assert_eq!(repeats.0.len(), CAUSES);
        assert_eq!(repeats.admit("later", now + SPAN), Admitted::Written { left_out: 0 });
        assert_eq!(repeats.0.len(), 1);
    }
}
