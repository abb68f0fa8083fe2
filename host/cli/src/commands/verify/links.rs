//! Follows the chains of a log from line to line.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use solgate::record::RecordedChain;
use solgate::record::chain::digest;

/// Lines back from the beginning of a chain in which the line before it is looked for: two
/// gates may write into a file while one takes over from the other.
const BACK: usize = 4096;

/// A line of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: usize,
    /// From 1.
    pub line: usize,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("the line was changed: record {follows} of its chain has another digest of it")]
    Changed { follows: u64 },
    #[error("{} of this chain {} missing before the line", records(*first, *last), if first == last { "is" } else { "are" })]
    Missing { first: u64, last: u64 },
    #[error("the line was moved: record {number} of its chain stands after record {after}")]
    Moved { number: u64, after: u64 },
    #[error("record {number} of this chain was there before")]
    Repeated { number: u64 },
    #[error("a chain begins here, and the line that stood before it is missing or was changed")]
    NothingBefore,
    #[error("a chain begins here as in an empty file, and there are lines before it")]
    NotTheFirst,
    #[error("the line is in no chain: somebody has added it, or the gate wrote it without --log-chain")]
    Unchained,
    #[error("the line is not a record: it was changed, or cut when it was written")]
    NotARecord,
}

fn records(first: u64, last: u64) -> String {
    if first == last { format!("record {first}") } else { format!("records {first} to {last}") }
}

/// What is worth to know of a line, and not wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Of the number of a record.
    Continues(u64),
    Follows(String),
    Lost(u64),
    Cut,
    Before(usize),
}

impl fmt::Display for Remark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continues(number) => write!(
                out,
                "the chain goes on with record {number}; those before it must be in an earlier file, which was not checked"
            ),
            Self::Follows(digest) => write!(
                out,
                "a chain begins here; it follows a line with the digest {digest} in an earlier file, which was not checked"
            ),
            Self::Lost(1) => out.write_str("one record before it was lost, as the gate says itself"),
            Self::Lost(lost) => write!(out, "{lost} records before it were lost, as the gate says itself"),
            Self::Cut => out.write_str("the line was cut when it was written, as the record after it says"),
            Self::Before(lines) => write!(out, "{lines} lines before it are in no chain, and were not checked"),
        }
    }
}

/// What was found in all files.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Records that are in a chain.
    pub records: usize,
    pub chains: usize,
    /// In the order of lines.
    pub flaws: Vec<(Place, Flaw)>,
    pub remarks: Vec<(Place, Remark)>,
    /// Digest of the last record.
    pub last: String,
}

/// A chain, as far as it was followed.
struct Chain {
    /// The number with which it began, in the files that there are.
    first: u64,
    /// The highest number that there was.
    number: u64,
    digest: String,
    place: Place,
    /// Numbers that were not there when a higher one came, by the first of them.
    gaps: BTreeMap<u64, Gap>,
}

struct Gap {
    last: u64,
    /// Of the record after them.
    place: Place,
    /// The digest that the record after them has of the last of them.
    previous: Option<String>,
}

/// Follows the lines, one after the other.
#[derive(Default)]
pub struct Links {
    chains: BTreeMap<String, Chain>,
    /// Digests of the last lines.
    recent: VecDeque<String>,
    /// Lines of any kind so far, and the file of the last one.
    lines: usize,
    file: usize,
    /// A line that is no record, until the next one says what it was.
    odd: Option<(Place, String)>,
    found: Found,
}

impl Links {
    /// Takes the next line: `linked` is `None` if it is not a record. Returns its digest.
    pub fn line(&mut self, place: Place, bytes: &[u8], linked: Option<Option<RecordedChain>>) -> String {
        let digest = digest(bytes);
        let first_of_file = self.lines == 0 || place.file != self.file;
        match linked {
            Some(Some(chain)) => {
                self.settle_odd(&chain);
                if !self.chains.contains_key(&chain.id) {
                    self.begin(place, &chain, first_of_file);
                }
                self.follow(place, chain, &digest);
            }
            // Before the first chain there may be anything.
            _ if self.chains.is_empty() => {}
            Some(None) => self.flaw(place, Flaw::Unchained),
            None => {
                self.flush_odd();
                self.odd = Some((place, digest.clone()));
            }
        }
        self.lines = self.lines.saturating_add(1);
        self.file = place.file;
        self.recent.push_back(digest.clone());
        if self.recent.len() > BACK {
            self.recent.pop_front();
        }
        digest
    }

    /// All lines were there.
    pub fn end(mut self) -> Found {
        self.flush_odd();
        for chain in self.chains.values() {
            for (first, gap) in &chain.gaps {
                self.found.flaws.push((gap.place, Flaw::Missing { first: *first, last: gap.last }));
            }
        }
        self.found.flaws.sort_by_key(|(place, _)| *place);
        self.found.chains = self.chains.len();
        self.found
    }

    /// The first record of a chain that there is.
    fn begin(&mut self, place: Place, chain: &RecordedChain, first_of_file: bool) {
        if self.chains.is_empty() && self.lines > 0 {
            self.remark(place, Remark::Before(self.lines));
        }
        if chain.number > 1 {
            // The rest is missing, unless it may be in a file that nobody has named.
            if self.lines == 0 {
                self.remark(place, Remark::Continues(chain.number));
            } else {
                let last = chain.number.saturating_sub(1);
                self.flaw(place, Flaw::Missing { first: 1, last });
            }
            return;
        }
        match &chain.previous {
            None if first_of_file => {}
            None => self.flaw(place, Flaw::NotTheFirst),
            Some(previous) if self.recent.contains(previous) => {}
            Some(previous) if self.lines == 0 => self.remark(place, Remark::Follows(previous.clone())),
            Some(_) => self.flaw(place, Flaw::NothingBefore),
        }
    }

    fn follow(&mut self, place: Place, record: RecordedChain, digest: &str) {
        self.found.records = self.found.records.saturating_add(1);
        digest.clone_into(&mut self.found.last);
        if record.lost > 0 {
            self.remark(place, Remark::Lost(record.lost));
        }
        let RecordedChain { id, number, previous, .. } = record;
        let Some(chain) = self.chains.get_mut(&id) else {
            let chain = Chain { first: number, number, digest: digest.to_owned(), place, gaps: BTreeMap::new() };
            self.chains.insert(id, chain);
            return;
        };
        let flaws = &mut self.found.flaws;
        let next = chain.number.saturating_add(1);
        if number < next {
            flaws.push((place, chain.late(number, digest)));
            return;
        }
        if number > next {
            chain.gaps.insert(next, Gap { last: number.saturating_sub(1), place, previous });
        } else if previous.as_deref() != Some(&chain.digest) {
            flaws.push((chain.place, Flaw::Changed { follows: number }));
        }
        (chain.number, chain.place) = (number, place);
        digest.clone_into(&mut chain.digest);
    }

    /// A line that is no record may be the rest of one that was cut: then the gate has begun
    /// another chain after it.
    fn settle_odd(&mut self, chain: &RecordedChain) {
        match self.odd.take() {
            Some((place, digest)) if chain.number == 1 && chain.previous.as_ref() == Some(&digest) => {
                self.remark(place, Remark::Cut);
            }
            odd => {
                self.odd = odd;
                self.flush_odd();
            }
        }
    }

    fn flush_odd(&mut self) {
        if let Some((place, _)) = self.odd.take() {
            self.flaw(place, Flaw::NotARecord);
        }
    }

    fn flaw(&mut self, place: Place, flaw: Flaw) {
        self.found.flaws.push((place, flaw));
    }

    fn remark(&mut self, place: Place, remark: Remark) {
        self.found.remarks.push((place, remark));
    }
}

impl Chain {
    /// A record whose number is not above all before it.
    fn late(&mut self, number: u64, digest: &str) -> Flaw {
        if number < self.first {
            return Flaw::Moved { number, after: self.number };
        }
        let gap = self.gaps.range(..=number).next_back().map(|(first, gap)| (*first, gap.last));
        let Some((first, last)) = gap.filter(|(_, last)| number <= *last) else {
            return Flaw::Repeated { number };
        };
        let Some(Gap { place, previous, .. }) = self.gaps.remove(&first) else {
            return Flaw::Repeated { number };
        };
        let changed = number == last && previous.as_deref() != Some(digest);
        if first < number {
            let before = Gap { last: number.saturating_sub(1), place, previous: None };
            self.gaps.insert(first, before);
        }
        if number < last {
            self.gaps.insert(number.saturating_add(1), Gap { last, place, previous });
        }
        if changed {
            return Flaw::Changed { follows: number.saturating_add(1) };
        }
        Flaw::Moved { number, after: self.number }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    /// Lines of one chain after `previous`, from `number` on.
    fn chain(id: &str, number: u64, count: u64, previous: Option<&str>) -> Vec<String> {
        let mut previous = previous.map(|line| digest(line.as_bytes()));
        let line = |number| {
            let chain = RecordedChain { id: id.to_owned(), number, previous: previous.take(), lost: 0 };
            let line = serde_json::json!({"format": 1, "chain": chain, "what": number}).to_string();
            previous = Some(digest(line.as_bytes()));
            line
        };
        (number..number + count).map(line).collect()
    }

    fn found(files: &[&[String]]) -> Found {
        let mut links = Links::default();
        for (file, lines) in files.iter().enumerate() {
            for (at, line) in lines.iter().enumerate() {
                let value: Option<serde_json::Value> = serde_json::from_str(line).ok();
                let linked = value.map(|value| serde_json::from_value(value["chain"].clone()).ok());
                links.line(Place { file, line: at + 1 }, line.as_bytes(), linked);
            }
        }
        links.end()
    }

    /// File, line and what is wrong.
    fn flaws(files: &[&[String]]) -> Vec<(usize, usize, Flaw)> {
        found(files).flaws.into_iter().map(|(place, flaw)| (place.file, place.line, flaw)).collect()
    }

    #[test]
    fn a_log_as_it_was_written_has_no_flaw() {
        let first = chain("a", 1, 6, None);
        let all = found(&[&first]);
        assert_eq!((all.records, all.chains, all.flaws.len(), all.remarks.len()), (6, 1, 0, 0));
        assert_eq!(all.last, digest(first[5].as_bytes()));
        // Rotated; after another start; both.
        assert_eq!(flaws(&[&first[..2], &first[2..]]), []);
        let second = chain("b", 1, 3, Some(&first[5]));
        assert_eq!(flaws(&[&[&first[..], &second].concat()]), []);
        assert_eq!(flaws(&[&first, &second]), []);
        assert_eq!(flaws(&[&first, &chain("c", 1, 2, None)]), []);
        // Two gates at the same time.
        let between = [&first[..3], &second[..1], &first[3..], &second[1..]].concat();
        let second = chain("b", 1, 3, Some(&first[2]));
        let overlapping = [&first[..3], &second[..1], &first[3..], &second[1..]].concat();
        assert_eq!(flaws(&[&overlapping]), []);
        assert_eq!(flaws(&[&between]), [(0, 4, Flaw::NothingBefore)]);
        // A log that became a chain later; the rest of one that was rotated.
        let plain = ["{\"format\":1}".to_owned(), "x".to_owned()];
        assert_eq!(flaws(&[&[&plain[..], &chain("a", 1, 2, Some("x"))].concat()]), []);
        let rest = found(&[&first[3..]]);
        assert_eq!((rest.flaws.len(), &rest.remarks[0].1), (0, &Remark::Continues(4)));
        // A line that was cut when the gate was killed.
        let cut = vec!["{\"form".to_owned()];
        let killed = found(&[&[&first[..], &cut, &chain("b", 1, 2, Some(&cut[0]))].concat()]);
        assert_eq!((killed.flaws.len(), killed.remarks), (0, vec![(Place { file: 0, line: 7 }, Remark::Cut)]));
    }

    #[test]
    fn what_was_done_to_a_log_is_named_with_its_line() {
        let first = chain("a", 1, 8, None);
        let with = |change: fn(&mut Vec<String>)| {
            let mut lines = first.clone();
            change(&mut lines);
            flaws(&[&lines])
        };
        let changed = |line: usize| (0, line, Flaw::Changed { follows: u64::try_from(line).unwrap() + 1 });
        assert_eq!(with(|lines| lines[3] = lines[3].replace("what", "that")), [changed(4)]);
        assert_eq!(with(|lines| lines[0].push(' ')), [changed(1)]);
        assert_eq!(with(|lines| drop(lines.remove(4))), [(0, 5, Flaw::Missing { first: 5, last: 5 })]);
        assert_eq!(with(|lines| drop(lines.drain(2..5))), [(0, 3, Flaw::Missing { first: 3, last: 5 })]);
        assert_eq!(with(|lines| lines.swap(3, 4)), [(0, 5, Flaw::Moved { number: 4, after: 5 })]);
        assert_eq!(with(|lines| lines.insert(4, lines[1].clone())), [(0, 5, Flaw::Repeated { number: 2 })]);
        assert_eq!(with(|lines| lines.insert(4, "{\"format\":1}".to_owned())), [(0, 5, Flaw::Unchained)]);
        assert_eq!(with(|lines| lines.insert(4, "x".to_owned())), [(0, 5, Flaw::NotARecord)]);
        let moved_and_changed = with(|lines| {
            lines.swap(3, 4);
            lines[4] = lines[4].replace("what", "that");
        });
        assert_eq!(moved_and_changed, [(0, 5, Flaw::Changed { follows: 5 })]);
        let far = with(|lines| {
            let line = lines.remove(1);
            lines.insert(5, line);
        });
        assert_eq!(far, [(0, 6, Flaw::Moved { number: 2, after: 6 })]);
        // The end of the first chain, the beginning of the second one, all of one between two.
        let second = chain("b", 1, 4, Some(&first[7]));
        let third = chain("c", 1, 2, Some(&second[3]));
        let all = |parts: &[&[String]]| flaws(&[&parts.concat()]);
        assert_eq!(all(&[&first[..6], &second]), [(0, 7, Flaw::NothingBefore)]);
        assert_eq!(all(&[&first, &second[2..]]), [(0, 9, Flaw::Missing { first: 1, last: 2 })]);
        assert_eq!(all(&[&first, &third]), [(0, 9, Flaw::NothingBefore)]);
        assert_eq!(all(&[&first, &chain("d", 1, 2, None)]), [(0, 9, Flaw::NotTheFirst)]);
        // Files in another order.
        assert!(!flaws(&[&first[4..], &first[..4]]).is_empty());
        assert_eq!(flaws(&[&first[..2], &first[4..]]), [(1, 1, Flaw::Missing { first: 3, last: 4 })]);
    }
}
