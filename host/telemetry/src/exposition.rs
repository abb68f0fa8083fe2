//! The order of metrics in their text.

/// Puts the samples of each metric into the order of their labels. They come out of
/// hash maps, so that without this two scrapes of the same figures would differ.
pub fn ordered(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut samples: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with('#') {
            flush(&mut samples, &mut out);
            out.push_str(line);
        } else {
            samples.push(line);
        }
    }
    flush(&mut samples, &mut out);
    out
}

/// The sort keeps the samples of one histogram as they are: they differ in no label
/// but `le`, which is the last one.
fn flush(samples: &mut Vec<&str>, out: &mut String) {
    samples.sort_by_key(|sample| labels(sample));
    out.extend(samples.drain(..));
}

fn labels(sample: &str) -> &str {
    let labels = sample.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(labels, _)| labels);
    match labels.rsplit_once("le=\"") {
        Some((others, _)) if others.is_empty() || others.ends_with(',') => others.trim_end_matches(','),
        _ => labels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_in_the_order_of_their_labels() {
        let text = "# HELP a A\n# TYPE a counter\na_total{x=\"2\"} 1\na_total{x=\"1\",y=\"}\"} 3\n# TYPE b histogram\n\
            b_sum{x=\"2\"} 1\nb_count{x=\"2\"} 1\nb_bucket{x=\"2\",le=\"0.5\"} 0\nb_bucket{x=\"2\",le=\"+Inf\"} 1\n\
            b_sum{x=\"1\"} 1\nb_count{x=\"1\"} 1\nb_bucket{x=\"1\",le=\"0.5\"} 0\nb_bucket{x=\"1\",le=\"+Inf\"} 1\n\
            # TYPE c gauge\nc 1\n# TYPE d histogram\nd_sum 1\nd_count 1\nd_bucket{le=\"1\"} 1\nd_bucket{le=\"+Inf\"} 1\n# EOF\n";
        let expected = "# HELP a A\n# TYPE a counter\na_total{x=\"1\",y=\"}\"} 3\na_total{x=\"2\"} 1\n# TYPE b histogram\n\
            b_sum{x=\"1\"} 1\nb_count{x=\"1\"} 1\nb_bucket{x=\"1\",le=\"0.5\"} 0\nb_bucket{x=\"1\",le=\"+Inf\"} 1\n\
            b_sum{x=\"2\"} 1\nb_count{x=\"2\"} 1\nb_bucket{x=\"2\",le=\"0.5\"} 0\nb_bucket{x=\"2\",le=\"+Inf\"} 1\n\
            # TYPE c gauge\nc 1\n# TYPE d histogram\nd_sum 1\nd_count 1\nd_bucket{le=\"1\"} 1\nd_bucket{le=\"+Inf\"} 1\n# EOF\n";
        assert_eq!(ordered(text), expected);
        assert_eq!(ordered(expected), expected);
        assert_eq!(ordered(""), "");
    }
}
