//! The process itself, under the names by which Prometheus knows it of every program.
//! Read from `/proc` when somebody asks; where there is none, nothing is reported.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use rustix::process::{Resource, getrlimit};

/// Figures of this process.
#[derive(Debug)]
pub struct ProcessMetrics {
    ticks_per_second: f64,
    page_bytes: u64,
    /// When the machine started, in seconds since 1970.
    booted: Option<f64>,
}

/// What the system says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    /// Ticks of processor time, in the program and in the system.
    busy: u64,
    /// Ticks from the start of the machine to that of the process.
    started: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Default for ProcessMetrics {
    fn default() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let booted = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok());
        let page_bytes = u64::try_from(rustix::param::page_size()).unwrap_or(u64::MAX);
        Self { ticks_per_second: float(rustix::param::clock_ticks_per_second()), page_bytes, booted }
    }
}

impl Collector for ProcessMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut write = |name: &str, help: &str, metric: &dyn EncodeMetric| {
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
        };
        if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().and_then(|text| Stat::parse(&text)) {
            let seconds = |ticks| float(ticks) / self.ticks_per_second;
            let help = "Processor time, in the program and in the system, in seconds.";
            write("process_cpu_seconds", help, &ConstCounter::new(seconds(stat.busy)))?;
            let resident = stat.resident_pages.saturating_mul(self.page_bytes);
            write("process_resident_memory_bytes", "Memory in use, in bytes.", &ConstGauge::new(float(resident)))?;
            let help = "Address space, which is mostly reserved and not in use, in bytes.";
            write("process_virtual_memory_bytes", help, &ConstGauge::new(float(stat.virtual_bytes)))?;
            if let Some(booted) = self.booted {
                let help = "When the process started, in seconds since 1970.";
                write("process_start_time_seconds", help, &ConstGauge::new(booted + seconds(stat.started)))?;
            }
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // One of them is that of the folder.
            let open = u64::try_from(open.count()).unwrap_or(u64::MAX).saturating_sub(1);
            write("process_open_fds", "File descriptors that are open.", &ConstGauge::new(float(open)))?;
        }
        match getrlimit(Resource::Nofile).current {
            Some(most) => {
                let help = "The most file descriptors that may be open.";
                write("process_max_fds", help, &ConstGauge::new(float(most)))
            }
            None => Ok(()),
        }
    }
}

impl Stat {
    /// Reads `/proc/PID/stat` (proc_pid_stat(5)).
    fn parse(text: &str) -> Option<Self> {
        // The name of the program, which may hold anything, ends with the last bracket.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // Numbered as the manual does, where the third is the first behind the name.
        let field = |number: usize| fields.get(number.checked_sub(3)?)?.parse::<u64>().ok();
        Some(Self {
            busy: field(14)?.saturating_add(field(15)?),
            started: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

/// Exact up to 2^53, which none of these numbers reaches.
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_brackets_and_spaces() {
        let text =
            "7 (a) b (c) S 1 7 7 0 -1 4194304 98 0 0 0 250 50 0 0 20 0 9 0 1234 4096000 321 18446744073709551615 1";
        let expected = Stat { busy: 300, started: 1234, virtual_bytes: 4_096_000, resident_pages: 321 };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("7 (a) S 1"), None);
    }
}
