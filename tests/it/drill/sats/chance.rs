//! Errands by chance, the same every time for one number.

use std::time::Duration;

use postfun_tests::fake_lnbits::{Fate, Manner, Order};

use super::{Case, Death, Kind, points_of};

/// How long a fault point is waited for, at most.
const PATIENCE: Duration = Duration::from_secs(4);

/// A small generator (`splitmix64`).
#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// A whole number below a bound.
    const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len().try_into().unwrap())).unwrap()]
    }

    const fn millis(&mut self, below: u64) -> Duration {
        Duration::from_millis(self.below(below))
    }

    pub(super) fn case(&mut self) -> Case {
        let kind = match self.below(20) {
            0..12 => Kind::Withdrawal((0..=self.below(2)).map(|_| self.order()).collect()),
            12 => Kind::AfterAll,
            13..16 => Kind::Deposit,
            16 => Kind::Expiry,
            17 | 18 => Kind::Inside { also_outside: false },
            _ => Kind::Inside { also_outside: true },
        };
        let points = points_of(&kind);
        let deaths = (0..=self.below(2)).map(|_| match self.below(3) {
            0 => Death::After(self.millis(2_000)),
            _ => Death::At(self.pick(&points)),
        });
        let deaths = deaths.collect();
        Case { kind, deaths, noise: self.pick(&[0, 0, 0, 4]), patience: PATIENCE }
    }

    fn order(&mut self) -> Order {
        let fate = match self.below(8) {
            0..3 => Fate::Pay { fee_msat: self.pick(&[0, 1, 999, 1_000, 20_000, 31_234]) },
            3 | 4 => Fate::Fail,
            5 => Fate::Lose,
            _ => Fate::Keep { is_paid: self.below(2) == 0, time: self.millis(4_000) },
        };
        let manner = match self.below(8) {
            0..3 => Manner::Plain,
            3 => Manner::Close,
            4 => Manner::Silence,
            5 => Manner::Break,
            6 => Manner::Garbage,
            _ => Manner::Shrug,
        };
        // More than the server waits, much less than its patience.
        let delay = self.pick(&[0, 0, 0, 50, 350, 1_000]);
        Order { fate, manner, delay: Duration::from_millis(delay) }
    }
}
