//! Whether memory of this process can leave it for a swap area.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why memory cannot be swapped out, or may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swap {
    /// The control group of the process, or one around it, may not swap
    /// (`memory.swap.max` of cgroup v2 is 0), whatever the machine has.
    Forbidden,
    /// The machine has no swap area.
    None,
    /// The machine has one, and nothing forbids that this process uses it.
    Allowed,
    /// The kernel does not say.
    Unknown,
}

impl Swap {
    /// Whether it is certain that nothing is swapped out.
    pub(super) fn is_ruled_out(self) -> bool {
        matches!(self, Self::Forbidden | Self::None)
    }

    /// Asks the kernel.
    pub(super) fn of_this_process() -> Self {
        let read = |path: &Path| std::fs::read_to_string(path).ok();
        let limits: Vec<String> = read(Path::new("/proc/self/cgroup"))
            .map(|group| limit_files(&group))
            .unwrap_or_default()
            .iter()
            .filter_map(|file| read(file))
            .collect();
        Self::from_texts(read(Path::new("/proc/swaps")).as_deref(), &limits)
    }

    /// Decides by what `/proc/swaps` says, if it can be read, and by `memory.swap.max`
    /// of the control groups that the process is in.
    ///
    /// Version 1 of control groups does not count: its limits hold for a group that
    /// needs too much, not for a machine that does.
    fn from_texts(swaps: Option<&str>, limits: &[String]) -> Self {
        if limits.iter().any(|limit| limit.trim() == "0") {
            return Self::Forbidden;
        }
        let mut lines = swaps.unwrap_or_default().lines();
        // A line of titles, then one for each area in use.
        if !lines.next().is_some_and(|titles| titles.starts_with("Filename")) {
            return Self::Unknown;
        }
        if lines.any(|area| !area.trim().is_empty()) { Self::Allowed } else { Self::None }
    }
}

/// The words that follow "because".
impl fmt::Display for Swap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forbidden => "the control group of this process may not swap",
            Self::None => "the machine has no swap",
            Self::Allowed => "the machine has swap, which this process may use",
            Self::Unknown => "it is not known whether the machine swaps",
        })
    }
}

/// Where the limits of the control groups are, by `/proc/self/cgroup`: of the process's
/// own group of version 2 and of those around it.
fn limit_files(group: &str) -> Vec<PathBuf> {
    let Some(path) = group.lines().find_map(|line| line.strip_prefix("0::/")) else { return Vec::new() };
    // A group outside of what this process sees: there are no files of it.
    if path.split('/').any(|part| part == "..") {
        return Vec::new();
    }
    Path::new("/sys/fs/cgroup")
        .join(path)
        .ancestors()
        .take_while(|folder| folder.starts_with("/sys/fs/cgroup"))
        .map(|folder| folder.join("memory.swap.max"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLES: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

    #[test]
    fn memory_stays_only_where_the_kernel_says_so() {
        let area = format!("{TITLES}/dev/dm-1                               partition\t8388604\t\t0\t\t-2\n");
        let two = format!("{area}/swapfile file 1 1 -3\n");
        let compressed = format!("{TITLES}/dev/zram0 partition 8388604 0 100\n");
        let cases: [(Option<&str>, &[&str], Swap); 15] = [
            (Some(TITLES), &[], Swap::None),
            (Some(TITLES), &["max\n"], Swap::None),
            (Some(TITLES), &["max\n", "max\n"], Swap::None),
            (Some(&area), &[], Swap::Allowed),
            (Some(&two), &[], Swap::Allowed),
            (Some(&compressed), &["max\n"], Swap::Allowed),
            (Some(&area), &["1048576\n", "max\n"], Swap::Allowed),
            (Some(&area), &["0\n"], Swap::Forbidden),
            (Some(&area), &["max\n", "0\n"], Swap::Forbidden),
            // As in a service that sees no more of /proc than its own processes.
            (None, &["0\n"], Swap::Forbidden),
            (None, &[], Swap::Unknown),
            (None, &["max\n"], Swap::Unknown),
            (Some(""), &[], Swap::Unknown),
            (Some("something else\n"), &["max\n"], Swap::Unknown),
            (Some(""), &["00\n", "", "0 kB"], Swap::Unknown),
        ];
        for (swaps, limits, expected) in cases {
            let limits: Vec<String> = limits.iter().map(|limit| (*limit).to_owned()).collect();
            assert_eq!(Swap::from_texts(swaps, &limits), expected, "{swaps:?}, {limits:?}");
            assert_eq!(expected.is_ruled_out(), matches!(expected, Swap::None | Swap::Forbidden));
        }
    }

    #[test]
    fn limits_are_those_of_the_group_and_of_all_around_it() {
        let cases: [(&str, &[&str]); 6] = [
            ("0::/\n", &["/sys/fs/cgroup/memory.swap.max"]),
            (
                "12:cpu:/x\n0::/system.slice/solgate.service\n",
                &[
                    "/sys/fs/cgroup/system.slice/solgate.service/memory.swap.max",
                    "/sys/fs/cgroup/system.slice/memory.swap.max",
                    "/sys/fs/cgroup/memory.swap.max",
                ],
            ),
            ("0::/../other\n", &[]),
            ("4:memory:/docker/1\n", &[]),
            ("1:name=systemd:0::/a\n", &[]),
            ("", &[]),
        ];
        for (group, expected) in cases {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(limit_files(group), expected, "{group:?}");
        }
    }
}
