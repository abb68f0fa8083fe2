//! The text of metrics: its order, and its older form.

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

/// The classic text format of Prometheus (0.0.4), made of a text in OpenMetrics: a counter
/// has `_total` in its name everywhere, and there are neither units nor an end.
#[must_use]
pub fn classic(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // The type, which comes after it, decides on the name.
    let mut help = "";
    for line in text.split_inclusive('\n') {
        if let Some(of) = line.strip_prefix("# HELP ") {
            help = of;
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|of| of.split_once(' ')) {
            let total = if kind.trim_end() == "counter" { "_total" } else { "" };
            if let Some((_, words)) = help.split_once(' ') {
                out.extend(["# HELP ", name, total, " ", words]);
            }
            out.extend(["# TYPE ", name, total, " ", kind]);
            help = "";
        } else if !line.starts_with('#') {
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classic_form_has_whole_names_and_no_end() {
        let text = "# HELP a A thing.\n# TYPE a counter\na_total{x=\"#\"} 1\n# HELP b_seconds B.\n\
            # TYPE b_seconds histogram\n# UNIT b_seconds seconds\nb_seconds_sum 1\n# TYPE c gauge\nc 1\n# EOF\n";
        let expected = "# HELP a_total A thing.\n# TYPE a_total counter\na_total{x=\"#\"} 1\n# HELP b_seconds B.\n\
            # TYPE b_seconds histogram\nb_seconds_sum 1\n# TYPE c gauge\nc 1\n";
        assert_eq!(classic(text), expected);
    }

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
