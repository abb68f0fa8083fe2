//! Functions of timestamps, durations and the windows of policy.yaml.

use super::*;

pub(super) const FUNCTIONS: &[Function] = &[
    total(
        &[function("inWindow", &[ANY, TIMESTAMP], BOOL), function("inWindow", &[ANY, NUMBER], BOOL)],
        "whether a window of policy.yaml is open at an instant; of a number, in milliseconds since 1970. None is open \
         outside of the years -9999 to 9999",
        "inWindow('maintenance', now)",
    ),
    partial(
        &[
            function("timestamp", &[TEXT], TIMESTAMP),
            function("timestamp", &[NUMBER], TIMESTAMP),
            function("timestamp", &[TIMESTAMP], TIMESTAMP),
        ],
        "the instant that a text names (RFC 3339, as `format: date-time` has it), or a number of seconds since 1970; \
         receivedAt is in milliseconds, and `now` is its timestamp",
        "a text that is no such date and time; a number with a fraction; years other than 1 to 9999",
        "timestamp('2026-12-24T18:00:00+01:00') == timestamp('2026-12-24T17:00:00Z') && timestamp(0) < timestamp(1)",
    ),
    total(
        &[function("isTimestamp", &[ANY], BOOL)],
        "whether timestamp() takes a value",
        "isTimestamp('2026-12-24T18:00:00Z') && !isTimestamp('2026-12-24') && !isTimestamp(null)",
    ),
    partial(
        &[function("duration", &[TEXT], DURATION), function("duration", &[DURATION], DURATION)],
        "a length of time: numbers with the units `h`, `m`, `s`, `ms`, `us` and `ns`",
        "a text that is no such length, or one of more than 292 years",
        "duration('1h30m') == duration('90m') && duration('-1.5s') < duration('0')",
    ),
    total(
        &[function("isDuration", &[ANY], BOOL)],
        "whether duration() takes a value",
        "isDuration('1h30m') && !isDuration('1 day') && !isDuration(60)",
    ),
    total(
        &[method("getFullYear", TIMESTAMP, &[], NUMBER), method("getFullYear", TIMESTAMP, &[TEXT], NUMBER)],
        "the year, in UTC or in a zone; the zone is a literal: a name of the time zone database, or an offset",
        "timestamp('2026-12-31T23:30:00Z').getFullYear('+01:00') == 2027",
    ),
    total(
        &[method("getMonth", TIMESTAMP, &[], NUMBER), method("getMonth", TIMESTAMP, &[TEXT], NUMBER)],
        "the month, from 0 for January",
        "timestamp('2026-12-24T18:00:00Z').getMonth() == 11",
    ),
    total(
        &[method("getDate", TIMESTAMP, &[], NUMBER), method("getDate", TIMESTAMP, &[TEXT], NUMBER)],
        "the day of the month, from 1",
        "timestamp('2026-12-24T18:00:00Z').getDate() == 24",
    ),
    total(
        &[method("getDayOfMonth", TIMESTAMP, &[], NUMBER), method("getDayOfMonth", TIMESTAMP, &[TEXT], NUMBER)],
        "the day of the month, from 0",
        "timestamp('2026-12-24T18:00:00Z').getDayOfMonth() == 23",
    ),
    total(
        &[method("getDayOfWeek", TIMESTAMP, &[], NUMBER), method("getDayOfWeek", TIMESTAMP, &[TEXT], NUMBER)],
        "the day of the week, from 0 for Sunday",
        "timestamp('2026-12-24T18:00:00Z').getDayOfWeek() == 4",
    ),
    total(
        &[method("getDayOfYear", TIMESTAMP, &[], NUMBER), method("getDayOfYear", TIMESTAMP, &[TEXT], NUMBER)],
        "the day of the year, from 0",
        "timestamp('2026-12-31T18:00:00Z').getDayOfYear() == 364",
    ),
    total(
        &[
            method("getHours", TIMESTAMP, &[], NUMBER),
            method("getHours", TIMESTAMP, &[TEXT], NUMBER),
            method("getHours", DURATION, &[], NUMBER),
        ],
        "the hour of the day, 0 to 23; of a duration all its hours",
        "timestamp('2026-12-24T18:00:00Z').getHours('+09:00') == 3 && duration('90m').getHours() == 1",
    ),
    total(
        &[
            method("getMinutes", TIMESTAMP, &[], NUMBER),
            method("getMinutes", TIMESTAMP, &[TEXT], NUMBER),
            method("getMinutes", DURATION, &[], NUMBER),
        ],
        "the minute of the hour; of a duration all its minutes",
        "timestamp('2026-12-24T18:05:00Z').getMinutes() == 5 && duration('2h').getMinutes() == 120",
    ),
    total(
        &[
            method("getSeconds", TIMESTAMP, &[], NUMBER),
            method("getSeconds", TIMESTAMP, &[TEXT], NUMBER),
            method("getSeconds", DURATION, &[], NUMBER),
        ],
        "the second of the minute; of a duration all its seconds",
        "timestamp('2026-12-24T18:05:07Z').getSeconds() == 7 && duration('2m').getSeconds() == 120",
    ),
    total(
        &[
            method("getMilliseconds", TIMESTAMP, &[], NUMBER),
            method("getMilliseconds", TIMESTAMP, &[TEXT], NUMBER),
            method("getMilliseconds", DURATION, &[], NUMBER),
        ],
        "the millisecond of the second, of a duration also",
        "timestamp('2026-12-24T18:05:07.25Z').getMilliseconds() == 250 && duration('1.5s').getMilliseconds() == 500",
    ),
];
