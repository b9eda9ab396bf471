//! Quiet hours on every kind of night, and which message may be sent when.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Channel, Class, Permission, QuietHours, TimeOfDay, Wishes, Zone};

fn hours(zone: &str, start: &str, end: &str) -> QuietHours {
    QuietHours {
        is_enabled: true,
        start: Some(start.parse().unwrap()),
        end: Some(end.parse().unwrap()),
        zone: zone.parse().unwrap(),
    }
}

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// A zone, its quiet hours, and moments with the end of quiet that belongs to each; `-` where it is not quiet.
type Night = (&'static str, [&'static str; 2], &'static [(&'static str, &'static str)]);

const NIGHTS: [Night; 16] = [
    (
        "UTC",
        ["22:00", "07:00"],
        &[
            ("2026-01-01T21:59:59.999Z", "-"),
            ("2026-01-01T22:00:00Z", "2026-01-02T07:00:00Z"),
            ("2026-01-01T23:59:59.999Z", "2026-01-02T07:00:00Z"),
            ("2026-01-02T00:00:00Z", "2026-01-02T07:00:00Z"),
            ("2026-01-02T06:59:59.999Z", "2026-01-02T07:00:00Z"),
            ("2026-01-02T07:00:00Z", "-"),
        ],
    ),
    (
        "UTC",
        ["13:00:30", "13:00:31"],
        &[
            ("2026-01-01T13:00:29.999Z", "-"),
            ("2026-01-01T13:00:30.500Z", "2026-01-01T13:00:31Z"),
            ("2026-01-01T13:00:31Z", "-"),
        ],
    ),
    // From midnight, and to midnight.
    (
        "UTC",
        ["00:00", "06:00"],
        &[("2026-01-01T23:59:59Z", "-"), ("2026-01-02T00:00:00Z", "2026-01-02T06:00:00Z")],
    ),
    (
        "UTC",
        ["20:00", "00:00"],
        &[("2026-01-01T23:59:59Z", "2026-01-02T00:00:00Z"), ("2026-01-02T00:00:00Z", "-")],
    ),
    // Hours that end where they start are none.
    ("UTC", ["22:00", "22:00"], &[("2026-01-01T22:00:00Z", "-"), ("2026-01-01T21:59:59Z", "-")]),
    ("UTC", ["00:00", "00:00"], &[("2026-01-01T00:00:00Z", "-")]),
    // Berlin's clock goes from 2:00 to 3:00 at 01:00Z, and half a year later from 3:00 to 2:00 at 01:00Z.
    (
        "Europe/Berlin",
        ["22:00", "07:00"],
        &[
            ("2026-03-28T20:59:59Z", "-"),
            ("2026-03-28T21:00:00Z", "2026-03-29T05:00:00Z"),
            ("2026-03-29T05:00:00Z", "-"),
            ("2026-10-24T20:00:00Z", "2026-10-25T06:00:00Z"),
            ("2026-10-25T05:59:59Z", "2026-10-25T06:00:00Z"),
            // By the rule, long after the last year that the database lists.
            ("2099-07-01T20:00:00Z", "2099-07-02T05:00:00Z"),
        ],
    ),
    // The end falls into the gap, and into the hour that comes twice.
    (
        "Europe/Berlin",
        ["22:00", "02:30"],
        &[
            ("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
            ("2026-03-29T01:00:00Z", "-"),
            ("2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z"),
            ("2026-10-25T00:30:00Z", "-"),
            ("2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"),
            ("2026-10-25T01:30:00Z", "-"),
        ],
    ),
    // The start falls into the gap, and into the hour that comes twice.
    (
        "Europe/Berlin",
        ["02:30", "06:00"],
        &[
            ("2026-03-29T00:59:59Z", "-"),
            ("2026-03-29T01:00:00Z", "2026-03-29T04:00:00Z"),
            ("2026-10-25T00:29:59Z", "-"),
            ("2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"),
            ("2026-10-25T01:00:00Z", "-"),
            ("2026-10-25T01:30:00Z", "2026-10-25T05:00:00Z"),
        ],
    ),
    // All of it falls into the gap: that night there is none.
    (
        "Europe/Berlin",
        ["02:10", "02:50"],
        &[
            ("2026-03-29T00:59:59Z", "-"),
            ("2026-03-29T01:00:00Z", "-"),
            ("2026-03-28T01:20:00Z", "2026-03-28T01:50:00Z"),
        ],
    ),
    // The end is the moment at which the clock is put back: it is not over then.
    ("Europe/Berlin", ["22:00", "03:00"], &[("2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z")]),
    // Offsets of half and three quarters of an hour.
    (
        "Asia/Kolkata",
        ["22:00", "07:00"],
        &[("2026-06-01T16:29:59Z", "-"), ("2026-06-01T16:30:00Z", "2026-06-02T01:30:00Z")],
    ),
    ("Asia/Kathmandu", ["22:00", "07:00"], &[("2026-06-01T16:15:00Z", "2026-06-02T01:15:00Z")]),
    ("America/St_Johns", ["22:00", "07:00"], &[("2026-07-01T00:30:00Z", "2026-07-01T09:30:00Z")]),
    // Lord Howe's clock goes back by half an hour, from 2:00 to 1:30 at 15:00Z.
    (
        "Australia/Lord_Howe",
        ["23:00", "01:45"],
        &[
            ("2026-04-04T14:00:00Z", "2026-04-04T14:45:00Z"),
            ("2026-04-04T14:45:00Z", "-"),
            ("2026-04-04T15:00:00Z", "2026-04-04T15:15:00Z"),
        ],
    ),
    // Samoa left a whole day out, when 29 December ended.
    ("Pacific/Apia", ["22:00", "07:00"], &[("2011-12-30T09:00:00Z", "2011-12-30T17:00:00Z")]),
];

#[test]
fn quiet_hours_follow_the_clock_on_the_wall() {
    for (zone, [start, end], moments) in NIGHTS {
        let quiet = hours(zone, start, end);
        for (now, until) in moments {
            let expected = (*until != "-").then(|| ms(until));
            assert_eq!(quiet.quiet_until_ms(ms(now)), expected, "{zone} {start} to {end} at {now}");
        }
        let off = QuietHours { is_enabled: false, ..quiet };
        assert_eq!(off.quiet_until_ms(ms(moments[0].0)), None);
    }
}

/// Whether the clock of a zone shows a time within the hours, found in another way than the code does.
fn is_quiet(zone: &TimeZone, [start_s, end_s]: [u32; 2], at_s: i64) -> bool {
    let wall = zone.to_datetime(Timestamp::from_second(at_s).unwrap()).time();
    let [hour, minute, second] =
        [wall.hour(), wall.minute(), wall.second()].map(|part| u32::try_from(part).unwrap());
    let now_s = (hour * 60 + minute) * 60 + second;
    if start_s <= end_s { (start_s..end_s).contains(&now_s) } else { !(end_s..start_s).contains(&now_s) }
}

#[test]
fn end_of_quiet_is_the_first_moment_that_is_not() {
    const ZONES: [&str; 10] = [
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Pacific/Apia",
        "Antarctica/Troll",
    ];
    let mut state = 1_u64;
    let mut below = |max: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 33).unwrap() % max
    };
    let mut quiet_moments = 0;
    for zone_name in ZONES {
        let zone = TimeZone::get(zone_name).unwrap();
        let changes: Vec<i64> = zone
            .following("2009-01-01T00:00:00Z".parse().unwrap())
            .take(60)
            .map(|change| change.timestamp().as_second())
            .collect();
        for change_s in changes {
            // To the minute, and around each change of the clock, so that the search by minutes misses nothing.
            let times = [below(24 * 60) * 60, below(24 * 60) * 60];
            let [start, end] = times.map(|second| TimeOfDay::from_second(second).unwrap());
            let quiet = QuietHours {
                is_enabled: true,
                start: Some(start),
                end: Some(end),
                zone: zone_name.parse().unwrap(),
            };
            let now_s = change_s - 30 * 3_600 + i64::from(below(36 * 60)) * 60;
            let told = quiet.quiet_until_ms(now_s * 1_000);
            let mut minutes = (0..3 * 24 * 60).map(|minute| now_s + minute * 60);
            let found = minutes.find(|at_s| !is_quiet(&zone, times, *at_s)).expect("quiet ends");
            let expected = (found > now_s).then_some(found * 1_000);
            assert_eq!(told, expected, "{zone_name} {start} to {end} at {now_s}");
            quiet_moments += u32::from(told.is_some());
        }
    }
    assert!(quiet_moments > 100, "{quiet_moments} of the moments were quiet");
}

#[test]
fn times_far_from_now_are_never_quiet_and_never_a_panic() {
    let quiet = hours("Europe/Berlin", "00:00", "23:59:59");
    for now_ms in [i64::MIN, i64::MAX, i64::MAX / 1_000] {
        assert_eq!(quiet.quiet_until_ms(now_ms), None, "{now_ms}");
    }
    assert!(quiet.quiet_until_ms(0).is_some());
    assert_eq!(
        quiet.quiet_until_ms(-1),
        Some(ms("1970-01-01T22:59:59Z")),
        "an hour after midnight in Berlin"
    );
}

#[test]
fn times_of_day_are_read_in_three_forms_and_nothing_else() {
    for (text, clock) in [
        ("22:00:05", "22:00:05"),
        ("07:30", "07:30:00"),
        ("1970-01-01T22:00:05.000Z", "22:00:05"),
        ("1970-01-01T22:00:05Z", "22:00:05"),
        ("1970-01-01T22:00Z", "22:00:00"),
        ("00:00:00", "00:00:00"),
        ("23:59:59", "23:59:59"),
    ] {
        let time: TimeOfDay = text.parse().unwrap();
        assert_eq!(time.to_string(), clock, "{text}");
        assert_eq!(time.epoch_form(), format!("1970-01-01T{clock}.000Z"));
        assert_eq!(time.epoch_form().parse(), Ok(time));
        assert_eq!(TimeOfDay::from_second(time.second()), Some(time));
    }
    for text in [
        "",
        ":",
        "22",
        "22:",
        "2:00",
        "24:00",
        "24:00:00",
        "22:60",
        "22:00:60",
        "22:00:00:00",
        "22:00:00.000",
        "22:00Z",
        " 22:00",
        "22:00 ",
        "-1:00",
        "+2:00",
        "٢٢:٠٠",
        "22.00",
        "10pm",
        "1970-01-01T22:00:00.001Z",
        "1970-01-01T22:00:00.Z",
        "1970-01-01T22:00:00",
        "1970-01-01T22:00:00+01:00",
        "1970-01-02T22:00:00.000Z",
        "2026-01-01T22:00:00.000Z",
        "1970-01-01T",
        "1970-01-01TZ",
    ] {
        assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
    }
    assert_eq!(TimeOfDay::from_second(86_400), None);
}

#[test]
fn zones_are_known_by_the_names_of_the_database_in_any_case() {
    for (text, name) in [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/BERLIN", "Europe/Berlin"),
        ("utc", "UTC"),
        ("Etc/UTC", "Etc/UTC"),
        ("America/Argentina/ComodRivadavia", "America/Argentina/ComodRivadavia"),
        ("Asia/Calcutta", "Asia/Calcutta"),
        ("GMT", "GMT"),
    ] {
        assert_eq!(text.parse::<Zone>().unwrap().name(), name);
    }
    // Old and new name of one place: told apart, though they agree.
    assert_ne!("Asia/Calcutta".parse::<Zone>(), "Asia/Kolkata".parse::<Zone>());
    for text in [
        "",
        " ",
        "Mars/Phobos",
        "Europe",
        "Europe/",
        "Europe/Berlin ",
        "Europe/Berlin\0",
        "+01:00",
        "UTC+1",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "Etc/Unknown",
        "../../etc/localtime",
        "localtime",
        &"x".repeat(10_000),
    ] {
        assert!(text.parse::<Zone>().is_err(), "{text}");
    }
}

#[test]
fn every_class_by_every_channel_by_day_and_by_night() {
    const ALL: [Class; 5] =
        [Class::Transaction, Class::Marketing, Class::Product, Class::Security, Class::Approval];
    const BY: [Channel; 3] = [Channel::Push, Channel::Email, Channel::Sms];
    let (day, night) = (ms("2026-01-01T12:00:00Z"), ms("2026-01-01T23:00:00Z"));
    let later = Permission::Later { at_ms: ms("2026-01-02T07:00:00Z") };
    let everything =
        Wishes { sms: true, marketing: true, quiet: hours("UTC", "22:00", "07:00"), ..Wishes::default() };
    for channel in BY {
        for class in ALL {
            let passes = matches!(class, Class::Security | Class::Approval);
            let told = format!("{class:?} by {channel:?}");
            assert_eq!(everything.permit(class, channel, day), Permission::Now, "{told}");
            let by_night = if passes { Permission::Now } else { later };
            assert_eq!(everything.permit(class, channel, night), by_night, "{told}");
            // A switch that is off is off, by day and by night.
            let without_class = match class {
                Class::Transaction => Wishes { transactions: false, ..everything.clone() },
                Class::Marketing => Wishes { marketing: false, ..everything.clone() },
                Class::Product => Wishes { product: false, ..everything.clone() },
                Class::Security => Wishes { security: false, ..everything.clone() },
                Class::Approval => Wishes {
                    transactions: false,
                    marketing: false,
                    product: false,
                    security: false,
                    ..everything.clone()
                },
            };
            let off = if class == Class::Approval { Permission::Now } else { Permission::Never };
            let without_channel = match channel {
                Channel::Push => Wishes { push: false, ..everything.clone() },
                Channel::Email => Wishes { email: false, ..everything.clone() },
                Channel::Sms => Wishes { sms: false, ..everything.clone() },
            };
            for now_ms in [day, night] {
                assert_eq!(without_class.permit(class, channel, now_ms), off, "{told}");
                assert_eq!(without_channel.permit(class, channel, now_ms), Permission::Never, "{told}");
            }
        }
    }
    // What seed 004 begins with.
    let defaults = Wishes::default();
    for (class, channel, expected) in [
        (Class::Transaction, Channel::Push, Permission::Now),
        (Class::Security, Channel::Email, Permission::Now),
        (Class::Product, Channel::Email, Permission::Now),
        (Class::Marketing, Channel::Email, Permission::Never),
        (Class::Security, Channel::Sms, Permission::Never),
    ] {
        assert_eq!(defaults.permit(class, channel, night), expected, "{class:?} by {channel:?}");
    }
}
