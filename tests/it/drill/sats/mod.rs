//! Sats that come and go while the server dies: at every step of a deposit, of a withdrawal and of a payment between two
//! users, and at any moment whatever.
//!
//! The provider outlives the server and is the witness: what it paid is confirmed, what it did not pay is given back, and
//! its wallet holds what the users are owed.

mod chance;
mod errand;
mod lane;

use std::fs;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use postfun_tests::fake_lnbits::{Fate, Manner, Order};
use postfun_tests::{Engine, TestApp};

use super::{Figures, count};
use chance::Chance;
use errand::{Errand, Tally};
use lane::Lane;

/// How many servers of one engine run, and die, at once.
const LANES: u64 = 6;

/// How long a fault point is waited for that must come.
const CERTAIN: Duration = Duration::from_mins(1);

/// How a server ends in the middle of an errand.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// By itself, at a fault point.
    At(&'static str),
    /// By `kill -9`, after a while.
    After(Duration),
}

/// What is done, and how the servers that do it end one after another.
#[derive(Debug, Clone)]
struct Case {
    kind: Kind,
    deaths: Vec<Death>,
    /// Of ten questions about a payment, so many are not answered with sense.
    noise: u64,
    /// How long a fault point is waited for; some errands never come by theirs.
    patience: Duration,
}

/// What somebody wants.
#[derive(Debug, Clone)]
enum Kind {
    /// The deposit that everything else is paid from.
    Funds,
    /// A deposit that is paid.
    Deposit,
    /// A deposit that nobody ever pays.
    Expiry,
    /// A payment to another user, and whether somebody outside pays the same invoice afterwards.
    Inside { also_outside: bool },
    /// A withdrawal, and what becomes of the orders to pay it.
    Withdrawal(Vec<Order>),
    /// A withdrawal whose invoice ends before anything was sent.
    TooLate,
    /// A withdrawal that the provider calls failed and pays afterwards.
    AfterAll,
}

impl Case {
    fn new(kind: Kind, deaths: &[&'static str]) -> Self {
        Self { kind, deaths: deaths.iter().copied().map(Death::At).collect(), noise: 0, patience: CERTAIN }
    }
}

/// Every fault point, and an errand that comes by it.
fn every_point() -> Vec<Case> {
    let paid = || Kind::Withdrawal(vec![Order::PAID]);
    let refused = || Kind::Withdrawal(vec![Order::plain(Fate::Fail)]);
    let unheard = || Kind::Withdrawal(vec![Order::PAID.answered(Manner::Close)]);
    let (inside, both) = (Kind::Inside { also_outside: false }, Kind::Inside { also_outside: true });
    let each = |kind: &Kind, points: &[&'static str]| -> Vec<Case> {
        points.iter().map(|point| Case::new(kind.clone(), &[point])).collect()
    };
    [
        // The slow ones first.
        each(&both, &["deposit:suspending", "deposit:suspended"]),
        each(&Kind::AfterAll, &["late:booking", "late:booked"]),
        each(&paid(), &["withdraw:claimed", "withdraw:answered"]),
        each(&refused(), &["withdraw:claimed", "withdraw:answered", "withdraw:failing", "withdraw:failed"]),
        vec![Case::new(Kind::TooLate, &["withdraw:reserved", "withdraw:failing"])],
        each(&unheard(), &["withdraw:noting", "withdraw:noted"]),
        each(&paid(), &["withdraw:reserving", "withdraw:reserved", "withdraw:claiming"]),
        each(&paid(), &["withdraw:confirming", "withdraw:confirmed"]),
        each(&Kind::Deposit, &["deposit:created", "deposit:recording", "deposit:recorded"]),
        each(&Kind::Deposit, &["deposit:crediting", "deposit:credited"]),
        each(&Kind::Expiry, &["deposit:expiring", "deposit:expired"]),
        each(&inside, &["inside:settling", "inside:settled"]),
    ]
    .concat()
}

/// The points at which a kind of errand can die.
fn points_of(kind: &Kind) -> Vec<&'static str> {
    let prefix = match kind {
        Kind::Funds | Kind::Deposit | Kind::Expiry => "deposit:",
        Kind::Inside { .. } => "inside:",
        Kind::Withdrawal(_) | Kind::TooLate => "withdraw:",
        Kind::AfterAll => "late:",
    };
    let mut points: Vec<&str> = every_point().iter().flat_map(Case::points).collect();
    points.retain(|point| point.starts_with(prefix));
    points
}

impl Case {
    fn points(&self) -> Vec<&'static str> {
        let point = |death: &Death| match death {
            Death::At(point) => Some(*point),
            Death::After(_) => None,
        };
        self.deaths.iter().filter_map(point).collect()
    }
}

/// Deals the cases out to lanes, which run at once; returns what all of them did.
async fn run(engine: Engine, cases: Vec<Case>) -> Tally {
    let mut hands: Vec<Vec<Case>> = vec![Vec::new(); usize::try_from(LANES).unwrap()];
    for (turn, case) in cases.into_iter().enumerate() {
        let hands_len = hands.len();
        hands[turn % hands_len].push(case);
    }
    let lanes = hands.into_iter().map(|hand| async move {
        let (tell, told) = tokio::sync::oneshot::channel();
        postfun_tests::engine::tell(engine, |app: TestApp| async move {
            let mut lane = Lane::open(app).await;
            for case in hand {
                lane.go_through(&case).await;
            }
            let _ = tell.send(lane.close());
        })
        .await;
        told.await.unwrap()
    });
    join_all(lanes).await.into_iter().fold(Tally::default(), Tally::plus)
}

async fn die_at_every_point(engine: Engine) {
    let cases = every_point();
    let deaths: usize = cases.iter().map(|case| case.deaths.len()).sum();
    let figures = Figures::begin("sats, killed at every fault point", engine);
    let tally = run(engine, cases).await;
    assert_eq!(tally.points_met, deaths, "every server died at its point");
    figures.tell_counts(&format!("{deaths} fault points"), tally.done, tally.repeated, tally.done_before);
}

async fn die_at_random(engine: Engine) {
    let cases: Vec<Case> = (0..count(6, 300)).map(|number| Chance::new(number).case()).collect();
    let kills = cases.iter().flat_map(|case| &case.deaths).filter(|death| matches!(death, Death::After(_)));
    let (kills, runs) = (kills.count(), cases.len());
    let figures = Figures::begin("sats, killed at random", engine);
    let tally = run(engine, cases).await;
    let met = tally.points_met;
    let refused = tally.refused_twice;
    let what =
        format!("{runs} runs: {kills} × `kill -9`, {met} fault points; {refused} repeated orders refused");
    figures.tell_counts(&what, tally.done, tally.repeated, tally.done_before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_can_be_the_last_on_sqlite() {
    die_at_every_point(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_can_be_the_last_on_postgres() {
    die_at_every_point(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_moment_can_be_the_last_on_sqlite() {
    die_at_random(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_moment_can_be_the_last_on_postgres() {
    die_at_random(Engine::Postgres).await;
}

#[test]
fn every_fault_point_of_lightning_has_its_case() {
    let mut known: Vec<&str> = every_point().iter().flat_map(Case::points).collect();
    known.sort_unstable();
    known.dedup();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src/lightning");
    let sources =
        fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).filter(|path| path.is_file());
    let source: String = sources.map(|path| fs::read_to_string(path).unwrap()).collect();
    let call = "fault::point(\"";
    let mut there: Vec<&str> =
        source.split(call).skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    there.sort_unstable();
    assert_eq!(known, there);
}
