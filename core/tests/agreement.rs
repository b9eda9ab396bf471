//! A million random swaps whose answers are hashed: the browser package does the same, from JavaScript, and arrives at
//! the same digest. What is drawn and what is hashed stands in `tests/vectors/README.md`.
#![expect(clippy::expect_used, reason = "set-up that fails is a failed test")]

use postfun_core::amm::{self, FeeRate, Pool, PoolParams, QuoteError, Side, Stage, Swap};
use postfun_core::amount::{self, Decimals, Units};
use postfun_core::encoding::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};

struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn small(&mut self, bound: u16) -> u16 {
        u16::try_from(self.below(u64::from(bound))).expect("below the bound")
    }

    fn byte(&mut self, bound: u8) -> u8 {
        u8::try_from(self.below(u64::from(bound))).expect("below the bound")
    }

    /// A number of random length: 1 to `bits` bits.
    fn sized(&mut self, bits: u64) -> u64 {
        let length = 1 + self.below(bits);
        self.next() >> (64 - length)
    }
}

fn units(count: u64) -> Units {
    Units::new(count).expect("at most 63 bits")
}

/// The bytes of one pool's answers, big-endian.
struct Record(Vec<u8>);

impl Record {
    fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    fn number(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn amount(&mut self, value: Units) {
        self.number(value.get());
    }

    fn text(&mut self, text: &str) {
        self.byte(u8::try_from(text.len()).expect("a short text"));
        self.0.extend_from_slice(text.as_bytes());
    }

    fn swap(&mut self, Swap { quote, stage_after, burns }: &Swap, slippage_bps: u16) {
        self.byte(1);
        for amount in [quote.amount_in, quote.fee, quote.effective_in, quote.amount_out] {
            self.amount(amount);
        }
        self.amount(quote.reserve_in_after);
        self.amount(quote.reserve_out_after);
        self.number(u64::from(quote.price_impact_ppm));
        self.byte(quote.stage.get());
        self.byte(stage_after.get());
        for stage in [2, 3, 4] {
            let burn = burns.iter().flatten().find(|burn| burn.stage.get() == stage);
            self.amount(burn.map_or(Units::ZERO, |burn| burn.amount));
        }
        self.amount(amm::min_amount_out(quote.amount_out, slippage_bps).expect("at most the output"));
    }

    fn texts(&mut self, random: &mut SplitMix64, Swap { quote, .. }: &Swap) {
        let decimals = |count| Decimals::new(count).expect("at most 11");
        let (decimals_out, decimals_in) = (decimals(random.byte(12)), decimals(random.byte(12)));
        let digits = 1 + random.byte(28);
        let price = amm::price_text(quote.amount_out, decimals_out, quote.amount_in, decimals_in, digits);
        self.text(&price.expect("the input is above zero"));
        let text = amount::format(quote.amount_out, decimals_out);
        self.text(&text);
        self.amount(amount::parse(&text, decimals_out).expect("its own text"));
    }

    fn state(&mut self, pool: &Pool) {
        let state = pool.state();
        for amount in [state.reserve_a, state.reserve_b, state.volume_a, state.volume_b] {
            self.amount(amount);
        }
        self.amount(state.fees_a);
        self.amount(state.fees_b);
        self.byte(state.stage.get());
    }
}

fn draw_pool(random: &mut SplitMix64) -> Pool {
    let reserve_a = units(1 + random.sized(62));
    let reserve_b = units(1 + random.sized(62));
    let fee_bps_base = random.small(10_000);
    let mut threshold = 0;
    let thresholds = [2, 3, 4].map(|_stage: u8| {
        let is_set = random.below(4) != 0;
        is_set.then(|| {
            threshold += 1 + random.sized(58);
            units(threshold)
        })
    });
    let burns = [(); 4].map(|()| {
        let is_set = random.below(4) != 0;
        is_set.then(|| units(random.sized(56)))
    });
    Pool::new(&PoolParams { reserve_a, reserve_b, fee_bps_base, thresholds, burns }).expect("a possible pool")
}

/// One operation; returns the swap, or nothing when it was refused.
fn operate(random: &mut SplitMix64, pool: &mut Pool, record: &mut Record) -> Option<Swap> {
    let choice = random.next();
    let side = if choice & 1 == 1 { Side::BtoA } else { Side::AtoB };
    let is_exact_out = (choice >> 1).is_multiple_of(4);
    let slippage_bps = u16::try_from((choice >> 8) % 10_001).expect("at most 10000");
    let amount = units(random.sized(63));
    let amount_in = if is_exact_out {
        pool.quote_exact_out(side, amount).map(|quote| quote.amount_in)
    } else {
        Ok(amount)
    };
    match amount_in.and_then(|amount_in| pool.swap_exact_in(side, amount_in)) {
        Ok(swap) => {
            record.swap(&swap, slippage_bps);
            Some(swap)
        }
        Err(error) => {
            record.byte(0);
            record.text(QuoteError::code(&error));
            None
        }
    }
}

fn agreement(seed: u64, operations: u64, pools: u64) -> (u64, [u8; 32]) {
    let mut random = SplitMix64(seed);
    let mut digest = [0; 32];
    let mut accepted = 0;
    for _ in 0..pools {
        let mut record = Record(digest.to_vec());
        let mut pool = draw_pool(&mut random);
        let stage = Stage::new(1 + random.byte(4)).expect("1 to 4");
        let rate = FeeRate::new(pool.params().fee_bps_base, stage).expect("below 10000");
        record.text(&rate.bps_text());
        let mut first = None;
        for _ in 0..operations {
            let swap = operate(&mut random, &mut pool, &mut record);
            accepted += u64::from(swap.is_some());
            first = first.or(swap);
        }
        if let Some(swap) = &first {
            record.texts(&mut random, swap);
        }
        record.state(&pool);
        digest = Sha256::digest(&record.0).into();
    }
    (accepted, digest)
}

fn run(length: &str) {
    let file: Value = serde_json::from_str(include_str!("../../tests/vectors/agreement.json")).expect("JSON");
    let number = |value: &Value| value.as_u64().expect("a whole number");
    let seed = file["seed"].as_str().and_then(|seed| seed.parse().ok()).expect("a number of 64 bits");
    let expected = &file[length];
    let (accepted, digest) =
        agreement(seed, number(&file["operations_per_pool"]), number(&expected["pools"]));
    assert_eq!(accepted, number(&expected["accepted"]));
    assert_eq!(Some(hex::encode_lower(&digest).as_str()), expected["digest"].as_str());
}

#[test]
fn some_random_swaps_give_the_digest_of_the_browser() {
    run("short");
}

#[test]
fn a_million_random_swaps_give_the_digest_of_the_browser() {
    run("long");
}
