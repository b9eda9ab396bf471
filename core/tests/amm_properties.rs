//! Properties that hold for every pool and every amount.
#![expect(clippy::expect_used, reason = "set-up that fails is a failed test")]

use postfun_core::amm::{
    Checkpoint, Created, Event, EventToken, FeesCollected, GENESIS, Playback, Pool, PoolParams, QuoteError,
    Replay, Side, Stage, Swapped, encode_record, link, max_amount_in, min_amount_out, replay_log,
};
use postfun_core::amount::{self, Decimals, Units};
use proptest::prelude::*;

fn units() -> impl Strategy<Value = Units> {
    // Uniform over magnitudes, so that small and huge amounts are equally likely.
    (0_u32..63, any::<u64>()).prop_map(|(shift, bits)| {
        let count = (bits >> 1) >> shift;
        Units::new(count).expect("63 bits are in range")
    })
}

fn positive() -> impl Strategy<Value = Units> {
    units().prop_filter("above zero", |units| !units.is_zero())
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::AtoB), Just(Side::BtoA)]
}

fn params() -> impl Strategy<Value = PoolParams> {
    let threshold = || proptest::option::of(1_u64..1 << 60);
    let thresholds = (threshold(), threshold(), threshold()).prop_map(|(a, b, c)| {
        // Sorted and made distinct, missing ones kept missing.
        let mut values: Vec<u64> = [a, b, c].into_iter().flatten().collect();
        values.sort_unstable();
        let mut values = values.into_iter().zip(0_u64..).map(|(value, add)| value + add);
        [a, b, c].map(|slot| slot.and_then(|_| values.next()).map(|value| Units::new(value).expect("small")))
    });
    let burn = || proptest::option::of((0_u64..1 << 60).prop_map(|count| Units::new(count).expect("small")));
    let burns = (burn(), burn(), burn(), burn()).prop_map(|(a, b, c, d)| [a, b, c, d]);
    (positive(), positive(), 0_u16..10_000, thresholds, burns).prop_map(
        |(reserve_a, reserve_b, fee_bps_base, thresholds, burns)| PoolParams {
            reserve_a,
            reserve_b,
            fee_bps_base,
            thresholds,
            burns,
        },
    )
}

fn product(pool: &Pool) -> u128 {
    u128::from(pool.state().reserve_a.get()) * u128::from(pool.state().reserve_b.get())
}

fn token(id: u64, symbol: &str) -> EventToken {
    EventToken { id, decimals: Decimals::new(8).expect("8 is allowed"), symbol: symbol.to_owned() }
}

fn created(params: &PoolParams, time_ms: u64) -> Event {
    Event::Created(Box::new(Created {
        seq: 1,
        time_ms,
        pool_id: 7,
        token_a: token(1, "gBTC"),
        token_b: token(2, "gUSD"),
        burn_token: Some(token(4, "PFUN")),
        params: params.clone(),
    }))
}

/// The history of a pool that swaps and collects its fees now and then.
fn history(params: &PoolParams, trades: &[(Side, Units)]) -> (Vec<Event>, Pool) {
    let mut pool = Pool::new(params).expect("the strategy makes possible pools");
    let mut events = vec![created(params, 5)];
    for (side, amount_in) in trades {
        let seq = u64::try_from(events.len()).expect("few events") + 1;
        let time_ms = seq * 1_000;
        let Ok(swap) = pool.swap_exact_in(*side, *amount_in) else {
            let (amount_a, amount_b) = (pool.state().fees_a, pool.state().fees_b);
            pool.collect_fees(amount_a, amount_b).expect("no more than there is");
            events.push(Event::FeesCollected(FeesCollected { seq, time_ms, amount_a, amount_b }));
            continue;
        };
        events.push(Event::Swapped(Swapped {
            seq,
            time_ms,
            side: *side,
            amount_in: *amount_in,
            fee: swap.quote.fee,
            amount_out: swap.quote.amount_out,
            stage_after: swap.stage_after,
        }));
    }
    (events, pool)
}

fn log(events: &[Event]) -> Vec<Vec<u8>> {
    let mut head = GENESIS;
    events
        .iter()
        .map(|event| {
            let bytes = event.encode();
            head = link(&head, &bytes);
            encode_record(&bytes, &head).expect("events are short")
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_swap_never_lowers_the_product_and_conserves_every_unit(
        params in params(), trades in prop::collection::vec((side(), positive()), 1..20),
    ) {
        let mut pool = Pool::new(&params).expect("the strategy makes possible pools");
        let (mut given, mut taken) = ([0_u128; 2], [0_u128; 2]);
        for (side, amount_in) in trades {
            let (before, stage_before) = (product(&pool), pool.state().stage);
            let Ok(swap) = pool.swap_exact_in(side, amount_in) else { continue };
            prop_assert!(product(&pool) >= before);
            prop_assert_eq!(swap.quote.stage, stage_before);
            prop_assert!(swap.stage_after >= stage_before);
            let (index_in, index_out) = if side == Side::AtoB { (0, 1) } else { (1, 0) };
            given[index_in] += u128::from(amount_in.get());
            taken[index_out] += u128::from(swap.quote.amount_out.get());
        }
        let state = pool.state();
        let held = |reserve: Units, fees: Units| u128::from(reserve.get()) + u128::from(fees.get());
        let first = [params.reserve_a, params.reserve_b].map(|reserve| u128::from(reserve.get()));
        prop_assert_eq!(first[0] + given[0], taken[0] + held(state.reserve_a, state.fees_a));
        prop_assert_eq!(first[1] + given[1], taken[1] + held(state.reserve_b, state.fees_b));
    }

    #[test]
    fn a_round_trip_never_gains(params in params(), side in side(), amount_in in positive()) {
        let mut pool = Pool::new(&params).expect("the strategy makes possible pools");
        let back = if side == Side::AtoB { Side::BtoA } else { Side::AtoB };
        if let Ok(there) = pool.swap_exact_in(side, amount_in)
            && let Ok(home) = pool.swap_exact_in(back, there.quote.amount_out)
        {
            prop_assert!(home.quote.amount_out <= amount_in);
        }
    }

    #[test]
    fn exact_out_is_the_smallest_input_that_is_enough(params in params(), side in side(), wanted in positive()) {
        let pool = Pool::new(&params).expect("the strategy makes possible pools");
        match pool.quote_exact_out(side, wanted) {
            Ok(quote) => {
                prop_assert!(quote.amount_out >= wanted);
                let less = Units::new(quote.amount_in.get() - 1).expect("smaller is in range");
                let enough = pool.quote_exact_in(side, less).is_ok_and(|quote| quote.amount_out >= wanted);
                prop_assert!(!enough);
            }
            Err(QuoteError::PoolExhausted) => prop_assert!(wanted >= pool.reserves(side).1),
            Err(error) => prop_assert_eq!(error, QuoteError::TooLarge),
        }
    }

    #[test]
    fn more_in_never_gives_less_out(params in params(), side in side(), a in positive(), b in positive()) {
        let pool = Pool::new(&params).expect("the strategy makes possible pools");
        let (small, large) = (a.min(b), a.max(b));
        if let (Ok(small), Ok(large)) = (pool.quote_exact_in(side, small), pool.quote_exact_in(side, large)) {
            prop_assert!(small.amount_out <= large.amount_out);
            prop_assert!(small.price_impact_ppm <= large.price_impact_ppm);
        }
    }

    #[test]
    fn slippage_bounds_are_exact(amount in units(), slippage_bps in 0_u16..=10_000) {
        let (amount_wide, kept) = (u128::from(amount.get()), u128::from(10_000 - slippage_bps));
        let minimum = min_amount_out(amount, slippage_bps).expect("at most the amount");
        prop_assert_eq!(u128::from(minimum.get()), (amount_wide * kept).div_ceil(10_000));
        let maximum = amount_wide * (20_000 - kept) / 10_000;
        let expected = u64::try_from(maximum).ok().and_then(|count| Units::new(count).ok());
        prop_assert_eq!(max_amount_in(amount, slippage_bps).ok(), expected);
    }

    #[test]
    fn amount_text_goes_there_and_back(amount in units(), decimals in 0_u8..=11) {
        let decimals = Decimals::new(decimals).expect("allowed");
        prop_assert_eq!(amount::parse(&amount::format(amount, decimals), decimals), Ok(amount));
    }

    #[test]
    fn amount_text_never_panics(text in "\\PC{0,80}", decimals in 0_u8..=11) {
        let decimals = Decimals::new(decimals).expect("allowed");
        if let Ok(amount) = amount::parse(&text, decimals) {
            prop_assert!(amount <= Units::MAX);
        }
    }

    #[test]
    fn checkpoints_are_read_from_their_own_bytes_only(
        params in params(), position in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let first = created(&params, 5).encode();
        let replay = Replay::start(&first, &link(&GENESIS, &first)).expect("an honest beginning");
        let mut bytes = replay.checkpoint().as_bytes().to_vec();
        let touched = position.index(bytes.len());
        bytes[touched] = byte;
        if let Ok(resumed) = Replay::resume(&Checkpoint::from_bytes(bytes.clone())) {
            prop_assert_eq!(resumed.checkpoint().as_bytes().to_vec(), bytes);
        }
    }

    #[test]
    fn events_are_decoded_from_their_own_bytes_only(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(event) = Event::decode(&bytes) {
            prop_assert_eq!(event.encode(), bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_history_replays_to_the_same_pool_and_any_flipped_bit_is_found(
        params in params(),
        trades in prop::collection::vec((side(), positive()), 1..12),
        position in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        let (events, pool) = history(&params, &trades);
        let mut records = log(&events);
        let bytes = records.concat();
        let replay = replay_log(&bytes).expect("an honest history replays");
        prop_assert_eq!(replay.pool(), &pool);
        prop_assert_eq!(replay.seq(), u64::try_from(events.len()).expect("few events"));

        // The fault is found at the record that was touched, except that a changed length can move the blame
        // no further than the end of the log.
        let touched = position.index(records.len());
        let record = &mut records[touched];
        let byte = 2 + position.index(record.len() - 2);
        record[byte] ^= 1 << bit;
        let error = replay_log(&records.concat()).expect_err("a flipped bit changes the hash");
        prop_assert_eq!(error.seq(), u64::try_from(touched).expect("few events") + 1);
    }

    #[test]
    fn a_checkpoint_anywhere_and_what_follows_it_in_pieces_is_the_whole_history(
        params in params(),
        trades in prop::collection::vec((side(), positive()), 1..12),
        at in any::<prop::sample::Index>(),
        piece in 1_usize..200,
    ) {
        let (events, _) = history(&params, &trades);
        let records = log(&events);
        let whole = replay_log(&records.concat()).expect("an honest history replays");
        let (before, after) = records.split_at(1 + at.index(records.len()));
        let checkpoint = replay_log(&before.concat()).expect("an honest beginning").checkpoint();
        let resumed = Replay::resume(&checkpoint).expect("made by a replay");
        prop_assert_eq!(resumed.checkpoint(), checkpoint);
        let mut playback = Playback::resume(resumed);
        for piece in after.concat().chunks(piece) {
            playback.push(piece).expect("an honest history replays");
        }
        prop_assert_eq!(playback.end(), Ok(&whole));

        // Cut within the last record, it is not taken for the end.
        let mut cut = Playback::new();
        let bytes = records.concat();
        cut.push(&bytes[..bytes.len() - 1]).expect("everything so far is honest");
        let seq = u64::try_from(records.len()).expect("few events");
        prop_assert_eq!(cut.end().map_err(|error| (error.seq(), error.code())), Err((seq, "replay_truncated")));
    }
}

#[test]
fn a_rehashed_lie_is_named() {
    let params = PoolParams {
        reserve_a: Units::new(100_000_000_000).expect("in range"),
        reserve_b: Units::new(65_000_000_000_000).expect("in range"),
        fee_bps_base: 30,
        thresholds: [None; 3],
        burns: [None; 4],
    };
    let amount = Units::new(100_000_000).expect("in range");
    let (events, _) = history(&params, &[(Side::AtoB, amount); 5]);
    let lie = |change: fn(&mut Swapped)| {
        let mut events = events.clone();
        if let Event::Swapped(swapped) = &mut events[3] {
            change(swapped);
        }
        let error = replay_log(&log(&events).concat()).expect_err("the lie is found");
        (error.seq(), error.code(), error.to_string())
    };
    let (seq, code, text) = lie(|swapped| swapped.amount_out = Units::new(1).expect("in range"));
    assert_eq!((seq, code), (4, "replay_mismatch"));
    assert!(text.contains("amount_out 1, the pool gives"), "{text}");
    assert_eq!(lie(|swapped| swapped.fee = Units::ZERO).1, "replay_mismatch");
    assert_eq!(lie(|swapped| swapped.stage_after = Stage::LAST).1, "replay_mismatch");
    assert_eq!(lie(|swapped| swapped.amount_in = Units::ZERO).1, "replay_impossible_swap");
    assert_eq!(lie(|swapped| swapped.time_ms = 0).1, "replay_time_backwards");
    assert_eq!(lie(|swapped| swapped.seq = 9).1, "replay_sequence_gap");
}

#[test]
fn histories_that_are_cut_short_or_out_of_place_are_refused() {
    let one = Units::new(1_000).expect("in range");
    let params = PoolParams {
        reserve_a: one,
        reserve_b: one,
        fee_bps_base: 0,
        thresholds: [None; 3],
        burns: [None; 4],
    };
    let (events, _) = history(&params, &[(Side::AtoB, Units::new(10).expect("in range"))]);
    let records = log(&events);
    assert_eq!(replay_log(&[]).expect_err("empty").code(), "replay_empty");
    assert_eq!(replay_log(&records[0][..20]).expect_err("cut").code(), "replay_truncated");
    assert_eq!(replay_log(&records[0][..1]).expect_err("cut").code(), "replay_truncated");
    let twice = log(&[events[0].clone(), {
        let Event::Created(mut created) = events[0].clone() else { panic!("the first event creates") };
        created.seq = 2;
        Event::Created(created)
    }]);
    assert_eq!(replay_log(&twice.concat()).expect_err("created twice").code(), "replay_misplaced");
    let swap_first = {
        let Event::Swapped(mut swapped) = events[1].clone() else { panic!("the second event swaps") };
        swapped.seq = 1;
        log(&[Event::Swapped(swapped)])
    };
    assert_eq!(replay_log(&swap_first.concat()).expect_err("no pool").code(), "replay_misplaced");
    let bytes = events[0].encode();
    let replay = Replay::start(&bytes, &link(&GENESIS, &bytes)).expect("honest");
    assert_eq!(replay.swaps(), 0);
}
