//! In which of its text formats a scraper wants the metrics.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

/// A text format of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    OpenMetrics,
    /// 0.0.4, which older scrapers and many agents read.
    Classic,
}

impl Format {
    /// OpenMetrics, unless only the other one is accepted.
    pub fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut classic = false;
        for range in values.flat_map(|value| value.split(',')).filter(|range| is_wanted(range)) {
            match range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
                "application/openmetrics-text" => return Self::OpenMetrics,
                "text/plain" | "text/*" => classic = true,
                _ => {}
            }
        }
        if classic { Self::Classic } else { Self::OpenMetrics }
    }

    pub fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
        })
    }
}

/// A weight of zero refuses a format (RFC 9110, 12.4.2).
fn is_wanted(range: &str) -> bool {
    let weights = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let weight = weights.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q")).last();
    weight.is_none_or(|(_, weight)| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openmetrics_unless_only_the_classic_format_is_accepted() {
        let table = [
            (&[][..], Format::OpenMetrics),
            (&["*/*"], Format::OpenMetrics),
            (&["text/html"], Format::OpenMetrics),
            // Prometheus 2, Prometheus 3, an agent.
            (&["application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"], Format::OpenMetrics),
            (&["text/plain;q=0.5", "Application/OpenMetrics-Text; q=0.1"], Format::OpenMetrics),
            (&["text/plain;version=0.0.4;q=1,*/*;q=0.1"], Format::Classic),
            (&["application/vnd.google.protobuf;q=0.7,text/plain;version=0.0.4;q=0.3"], Format::Classic),
            (&["text/*"], Format::Classic),
            (&["text/plain, application/openmetrics-text; q=0"], Format::Classic),
            (&["text/plain; Q=0.000"], Format::OpenMetrics),
        ];
        for (values, expected) in table {
            let values = values.iter().map(|value| (ACCEPT, HeaderValue::from_static(value)));
            let mut headers = HeaderMap::new();
            for (name, value) in values {
                headers.append(name, value);
            }
            assert_eq!(Format::accepted(&headers), expected, "{headers:?}");
        }
    }
}
