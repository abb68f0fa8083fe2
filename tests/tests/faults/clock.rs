//! A clock that is set while the gate runs. Time limits are counted by a clock that
//! nobody can set; what is left is the time at which a request was received.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use solgate::facts::MapFacts;
use solgate::gate::{Gate, Verdict};
use solgate_tests::{default_policy, request};

const FIELDS: [(&str, &str); 4] = [
    ("host", "vnfm.example"),
    ("version", "2.0.0"),
    ("accept", "application/json"),
    ("content-type", "application/json"),
];

#[tokio::test]
async fn verdicts_do_not_depend_on_where_the_clock_jumps() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let gate = Gate::new(vec![default_policy()], Arc::new(MapFacts::default()));
    let now = SystemTime::now();
    let times = [now, SystemTime::UNIX_EPOCH - DAY, now + 36500 * DAY, SystemTime::UNIX_EPOCH, now - DAY, now];
    for time in times {
        for (body, allowed) in [(r#"{"callbackUri":"http://nfvo.example/cb"}"#, true), ("{}", false)] {
            let mut request = request("POST", "/vnflcm/v2/subscriptions", &FIELDS, body.as_bytes());
            request.received_at = time;
            let decision = gate.judge(&request).await;
            assert_eq!(matches!(decision.verdict, Verdict::Allow), allowed, "{body} at {time:?}: {decision:?}");
            // Whatever the clock says, nothing took longer than it did.
            assert!(decision.evaluation < DAY && decision.waiting < DAY);
        }
    }
}
