//! Timestamps and durations. The request arrives at 22:13:20 on 14 November 2023, UTC.

use super::*;

fn assert_holds(sources: &[&str], body: &Value) {
    for source in sources {
        assert_eq!(evaluate(source, body), Ok(true), "{source}");
    }
}

fn assert_fails(sources: &[&str], body: &Value) {
    for source in sources {
        assert!(evaluate(source, body).is_err(), "{source}: {:?}", evaluate(source, body));
    }
}

#[test]
fn timestamps_are_read_and_written() {
    let body = json!({"at": "2026-12-24T18:00:00+01:00", "n": 0, "half": 0.5, "x": "soon", "z": null, "l": []});
    assert_holds(
        &[
            "string(timestamp('2009-02-13T23:31:30Z')) == '2009-02-13T23:31:30Z' && string(timestamp(body.at)) == '2026-12-24T17:00:00Z'",
            "string(timestamp('9999-12-31T23:59:59.999999999Z')) == '9999-12-31T23:59:59.999999999Z'",
            "string(timestamp('0001-01-01T00:00:00Z')) == '0001-01-01T00:00:00Z' && string(timestamp('2000-01-01T00:00:00.120Z')) == '2000-01-01T00:00:00.12Z'",
            "int(timestamp('2009-02-13T23:31:30.9Z')) == 1234567890 && int(timestamp('1969-12-31T23:59:59.5Z')) == -1",
            "timestamp(body.n) == timestamp('1970-01-01T00:00:00Z') && timestamp(timestamp(0)) == timestamp(0)",
            "timestamp(-62135596800) == timestamp('0001-01-01T00:00:00Z') && timestamp(253402300799) < timestamp('9999-12-31T23:59:59.1Z')",
            // Small letters and leap seconds, as in schemas with `format: date-time`.
            "timestamp('2016-12-31t23:59:60z') == timestamp('2017-01-01T00:00:00Z') && timestamp('2016-12-31T15:59:60.5-08:00') == timestamp('2017-01-01T00:00:00.5Z')",
            // What is less than a nanosecond is cut off.
            "timestamp('2000-01-01T00:00:00.1234567899999Z') == timestamp('2000-01-01T00:00:00.123456789Z')",
            "timestamp('2000-02-29T00:00:00-00:00') == timestamp('2000-02-29T00:00:00Z') && type(timestamp(0)) == type(now)",
            "now == timestamp('2023-11-14T22:13:20Z') && string(now) == '2023-11-14T22:13:20Z' && int(now) * 1000 == receivedAt",
            "isTimestamp(body.at) && isTimestamp(0) && isTimestamp(now) && !isTimestamp(body.x) && !isTimestamp(body.z) && !isTimestamp(body.l)",
            "!isTimestamp(253402300800) && !isTimestamp(body.half) && !isTimestamp('') && !isTimestamp('0000-01-01T00:00:00Z')",
        ],
        &body,
    );
    for text in [
        "2026-12-24",
        "2026-12-24T18:00:00",
        "2026-12-24 18:00:00Z",
        "2026-12-24T18:00Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-12-24T24:00:00Z",
        "2026-12-24T18:60:00Z",
        "2026-12-24T18:00:61Z",
        "2026-12-24T22:59:60Z",
        "2026-12-24T18:00:00.Z",
        "2026-12-24T18:00:00+1:00",
        "2026-12-24T18:00:00+24:00",
        "2026-12-24T18:00:00Z ",
        "+2026-12-24T18:00:00Z",
        "10000-01-01T00:00:00Z",
        "0000-12-31T23:59:59Z",
        "9999-12-31T23:59:60Z",
        "0001-01-01T00:00:00+00:01",
        "\u{ff12}026-12-24T18:00:00Z",
    ] {
        assert_fails(&[&format!("timestamp('{text}') != now")], &body);
        assert_holds(&[&format!("!isTimestamp('{text}')")], &body);
    }
    assert_fails(
        &[
            "timestamp(-62135596801) != now",
            "timestamp(253402300800) != now",
            "timestamp(receivedAt) != now",
            "timestamp(body.half) != now",
            "timestamp(body.z) != now",
            "timestamp(duration('1s')) != now",
        ],
        &body,
    );
}

#[test]
fn durations_are_read_and_written() {
    let body = json!({"d": "1h30m", "x": "1 day", "n": 90});
    assert_holds(
        &[
            "string(duration('1000000s')) == '1000000s' && string(duration(body.d)) == '5400s' && string(duration('-1.5s')) == '-1.5s'",
            "string(duration('1ns')) == '0.000000001s' && string(duration('0')) == '0s' && duration('-0') == duration('0s')",
            "duration('1h1m1s') == duration('3661s') && duration('+1.5m') == duration('90s') && duration('.5s') == duration('500ms') && duration('1.s') == duration('1s')",
            "duration('1us') == duration('1\u{b5}s') && duration('1us') == duration('1\u{3bc}s') && duration('1us') == duration('1000ns')",
            // What is less than a nanosecond is cut off; nothing is rounded.
            "duration('1.9ns') == duration('1ns') && duration('0.1s') == duration('100ms') && duration('0.3333333333333333333333333h') == duration('1199.999999999s')",
            "duration('9223372036854775807ns') > duration('292y'.replace('y', 'h')) && string(duration('-9223372036854775808ns')) == '-9223372036.854775808s'",
            "isDuration(body.d) && isDuration(duration('1s')) && !isDuration(body.x) && !isDuration(body.n) && !isDuration(null)",
            "duration('10000s').getHours() == 2 && duration('3730s').getMinutes() == 62 && duration('3730.9s').getSeconds() == 3730",
            "duration('123.321456789s').getMilliseconds() == 321 && duration('-1.5s').getMilliseconds() == -500 && duration('-90m').getHours() == -1",
        ],
        &body,
    );
    for text in [
        "",
        "-",
        "1",
        "s",
        "1 s",
        "1d",
        "1h-30m",
        "1.5.5s",
        ".s",
        "1hm",
        "1e3s",
        "infs",
        "--1s",
        "1s ",
        "00",
        "320000000000s",
        "-320000000000s",
        "9223372036854775808ns",
        "99999999999999999999999999999999999999999999999h",
        "\u{ff11}s",
    ] {
        assert_fails(&[&format!("duration('{text}') != duration('7s')")], &body);
        assert_holds(&[&format!("!isDuration('{text}')")], &body);
    }
    assert_fails(
        &["duration(body.n) != duration('7s')", "duration(now) != duration('7s')", "int(duration('1s')) == 1"],
        &body,
    );
}

#[test]
fn parts_of_a_date_in_a_zone() {
    let body = json!({"zone": "UTC"});
    let at = "timestamp('2009-02-13T23:31:30.123456789Z')";
    for (part, expected) in [
        ("getFullYear()", 2009),
        ("getMonth()", 1),
        ("getDate()", 13),
        ("getDayOfMonth()", 12),
        ("getDayOfWeek()", 5),
        ("getDayOfYear()", 43),
        ("getHours()", 23),
        ("getMinutes()", 31),
        ("getSeconds()", 30),
        ("getMilliseconds()", 123),
        ("getDate('Australia/Sydney')", 14),
        ("getDayOfMonth('+11:00')", 13),
        ("getDayOfWeek('UTC')", 5),
        ("getDayOfWeek('Australia/Sydney')", 6),
        ("getFullYear('-09:30')", 2009),
        ("getHours('02:00')", 1),
        ("getHours('Europe/Berlin')", 0),
        ("getMinutes('Asia/Kathmandu')", 16),
        ("getHours('America/St_Johns')", 20),
        ("getSeconds('-00:00')", 30),
        ("getMilliseconds('')", 123),
    ] {
        assert_holds(&[&format!("{at}.{part} == {expected}")], &body);
    }
    assert_holds(
        &[
            // Summer and winter, and the hour that is there twice.
            "timestamp('2026-07-01T10:00:00Z').getHours('Europe/Berlin') == 12 && timestamp('2026-01-01T10:00:00Z').getHours('Europe/Berlin') == 11",
            "timestamp('2026-10-25T00:30:00Z').getHours('Europe/Berlin') == 2 && timestamp('2026-10-25T01:30:00Z').getHours('Europe/Berlin') == 2",
            "timestamp('2000-12-31T23:59:59.999Z').getDayOfYear() == 365 && timestamp('0001-01-01T00:00:00Z').getFullYear('-01:00') == 0",
            "timestamp('1969-12-31T23:59:59.9Z').getSeconds() == 59 && timestamp('1969-12-31T23:59:59.9Z').getMilliseconds() == 900",
            "timestamp('9999-12-31T23:00:00Z').getFullYear('+02:00') == 10000 && timestamp('9999-12-31T23:00:00Z').getDate('+02:00') == 1",
        ],
        &body,
    );
    assert_fails(
        &[
            "now.getHours(body.zone) == 1",
            "now.getHours('Europe/Paris') == 1",
            "now.getHours('+25:00') == 1",
            "now.getHours(1) == 1",
            "now.getHours('UTC', 'UTC') == 1",
            "duration('1h').getHours('UTC') == 1",
            "duration('1h').getDate() == 1",
            "body.zone.getHours() == 1",
            "receivedAt.getHours() == 1",
        ],
        &body,
    );
}

#[test]
fn times_are_calculated_with_and_compared() {
    let body =
        json!({"start": "2023-11-14T21:13:20Z", "times": ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"], "n": 1});
    assert_holds(
        &[
            "now - timestamp(body.start) == duration('1h') && timestamp(body.start) + duration('1h') == now && duration('1h') + timestamp(body.start) == now",
            "now - duration('1h') == timestamp(body.start) && timestamp(body.start) - now == duration('-1h') && duration('1h') - duration('90m') == duration('-30m')",
            "duration('600s') + duration('50s') == duration('650s') && now > timestamp(body.start) && now >= now && now <= now && !(now < now)",
            "duration('200s') < duration('300s') && duration('-1s') < duration('0') && now != timestamp(body.start) && !(now == duration('1h'))",
            "timestamp('0001-01-01T00:00:01.000000001Z') + duration('-999999999ns') == timestamp('0001-01-01T00:00:00.000000002Z')",
            "body.times.map(t, timestamp(t)).sort()[0] == timestamp('2026-01-01T00:00:00Z') && body.times.map(t, timestamp(t)).max().getDate() == 2",
            "[now, now, timestamp(0)].distinct() == [now, timestamp(0)] && now in [timestamp(0), now] && sets.contains([now], [timestamp('2023-11-14T22:13:20Z')])",
            "[duration('2s'), duration('1000ms')].min() == duration('1s') && {'a': now} == {'a': now} && [duration('60s')] == [duration('1m')]",
            "optional.of(now).orValue(timestamp(0)) == now && !optional.ofNonZeroValue(timestamp(0)).hasValue() && optional.ofNonZeroValue(duration('1s')).hasValue()",
            "now == timestamp(int(now)) && now != null && !(now == body.start) && !(body.start == now)",
            "'%s, %s, %s'.format([now, duration('1.5s'), body.n]) == '2023-11-14T22:13:20Z, 1.5s, 1' && '%s'.format([[now, [duration('1m')]]]) == '[2023-11-14T22:13:20Z, [60s]]'",
            "'%s'.format([{'a': duration('2h'), 6: [now], true: {'b': body.n}}]) == '{6: [2023-11-14T22:13:20Z], a: 7200s, true: {b: 1}}' && '%s'.format([body]) != ''",
            "'%s'.format([body.times]) == '[2026-01-02T00:00:00Z, 2026-01-01T00:00:00Z]'",
            "inWindow('minute', now) && inWindow('minute', receivedAt) && !inWindow('minute', now + duration('1m')) && !inWindow('minute', timestamp(0))",
            "body.times.exists(t, timestamp(t) - now > duration('1000h')) && [1].all(now, now == 1)",
        ],
        &body,
    );
    assert_fails(
        &[
            "timestamp('9999-12-31T23:59:59Z') + duration('1s') > now",
            "timestamp('9999-12-31T23:59:59.999999999Z') + duration('1ns') > now",
            "timestamp('0001-01-01T00:00:00Z') + duration('-1ns') < now",
            "timestamp('0001-01-01T00:00:00Z') - duration('1s') < now",
            "timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z') > duration('1s')",
            "timestamp('0001-01-01T00:00:00Z') - timestamp('9999-12-31T23:59:59Z') < duration('1s')",
            "duration('9223372036854775807ns') + duration('1ns') > duration('1s')",
            "duration('-9223372036854775808ns') - duration('1ns') < duration('1s')",
            "now + now == now",
            "now + body.n == now",
            "now - body.n == now",
            "body.n - now == now",
            "duration('1s') - now == duration('1s')",
            "duration('1s') * 2 == duration('2s')",
            "-duration('1s') == duration('1s')",
            "now < body.start",
            "now < receivedAt",
            "now < duration('1s')",
            "[now, duration('1s')].sort() == []",
            "inWindow('minute', duration('1s'))",
        ],
        &body,
    );
}

#[test]
fn a_long_text_is_read_to_its_end_once() {
    // Ten times the digits take ten times the work; with the square of it, minutes.
    for length in [1_000_000, 10_000_000] {
        let body = json!({"t": format!("2000-01-01T00:00:00.{}Z", "1".repeat(length)), "d": format!("0.{}s", "1".repeat(length)), "u": "1s".repeat(length)});
        assert_holds(&["isTimestamp(body.t) && isDuration(body.d) && isDuration(body.u)"], &body);
    }
}
