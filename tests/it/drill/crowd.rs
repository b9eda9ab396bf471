//! Many people at once: everybody has an account, a session and one kept-alive connection, and reads nine times out of
//! ten. Nobody is refused, nobody is dropped, and the server's memory does not grow.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use postfun_server::clock::{Clock, SystemClock};
use postfun_tests::process::Process;
use postfun_tests::wire::{Wire, request};
use postfun_tests::{Answer, Engine, TestApp, User, on_both_engines};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use super::{UNLIMITED, count, name};

/// Longest pause of a person between two calls, in milliseconds; half of it on average.
fn pause_ms_max() -> u64 {
    count(1_000, 4_000)
}

/// How much the memory may grow between an early and the last part, in KiB.
const GROWTH_MAX_KIB: u64 = 50 * 1024;
/// Files that this process has open beside the people's connections.
const OTHER_FILES: u64 = 512;

/// What people read.
const READS: [&str; 10] = [
    "/api/auth/me",
    "/api/v1/users/me",
    "/api/v1/sessions/user/me",
    "/api/v1/sessions/user/me/stats",
    "/api/amm/balances",
    "/api/amm/pools",
    "/api/amm/pools/1",
    "/api/amm/pools/1/trades?limit=20",
    "/api/amm/pools/1/head",
    "/api/tokens",
];
const QUOTE: &str = r#"{"pool_id":1,"side":"AtoB","amount_in":0.5}"#;
const SWAP: &str = r#"{"pool_id":1,"side":"AtoB","amount_in":0.0001}"#;

/// Somebody who has signed in and has something to swap.
#[derive(Debug)]
struct Account {
    number: u64,
    token: String,
    session: String,
}

impl Account {
    async fn make(app: &TestApp, admin: &User, number: u64) -> Self {
        let user = app.user(number).await;
        admin.airdrop(&user, "gBTC", "1").await;
        let session = user.get("/api/v1/sessions/user/me").await.ok(200).string("data.0.id");
        Self { number, token: user.token, session }
    }
}

/// Somebody with a connection, and what became of their calls.
#[derive(Debug)]
struct Person {
    number: u64,
    wire: Wire,
    headers: Vec<String>,
    session: String,
    /// Draws what comes next.
    dice: u64,
    /// How long answers took, in microseconds.
    reads: Vec<u64>,
    writes: Vec<u64>,
    swaps: u64,
    /// The name that was written last.
    display_name: Option<String>,
}

impl Person {
    async fn connect(account: Account, server: SocketAddr) -> Self {
        let Account { number, token, session } = account;
        Self {
            number,
            wire: Wire::open(server).await.unwrap(),
            headers: vec![format!("authorization: Bearer {token}")],
            session,
            dice: number + 1,
            reads: Vec::new(),
            writes: Vec::new(),
            swaps: 0,
            display_name: None,
        }
    }

    /// Draws a number below a bound (xorshift64).
    fn draw(&mut self, below: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice.wrapping_mul(0x2545_F491_4F6C_DD1D) % below
    }

    async fn live(mut self, until: Instant) -> Self {
        loop {
            let pause = Duration::from_millis(self.draw(pause_ms_max()));
            tokio::time::sleep(pause).await;
            if Instant::now() >= until {
                return self;
            }
            if self.draw(10) == 0 { self.write().await } else { self.read().await }
        }
    }

    async fn read(&mut self) {
        let pick = usize::try_from(self.draw(11)).unwrap();
        let text = match READS.get(pick) {
            Some(path) => request("GET", path, &self.headers, ""),
            None => request("POST", "/api/amm/quote", &self.headers, QUOTE),
        };
        let (_answer, took_us) = self.ask(&text, 200).await;
        self.reads.push(took_us);
    }

    async fn write(&mut self) {
        let made = self.writes.len();
        let (text, status) = match self.draw(3) {
            0 => (
                request("POST", &format!("/api/v1/sessions/{}/activity", self.session), &self.headers, ""),
                200,
            ),
            1 => {
                let display_name = format!("person {} {made}", self.number);
                let body = json!({"displayName": display_name}).to_string();
                self.display_name = Some(display_name);
                (request("PUT", "/api/v1/users/me", &self.headers, &body), 200)
            }
            _ => {
                self.swaps += 1;
                let mut headers = self.headers.clone();
                headers.push(format!("idempotency-key: {}-{made}", self.number));
                (request("POST", "/api/amm/swap", &headers, SWAP), 201)
            }
        };
        let (_answer, took_us) = self.ask(&text, status).await;
        self.writes.push(took_us);
    }

    /// Asks on the one connection there is; any other status, or an end of the connection, ends the drill.
    async fn ask(&mut self, text: &str, status: u16) -> (Answer, u64) {
        let begin = Instant::now();
        let answer = self.wire.ask(text).await;
        let took_us = u64::try_from(begin.elapsed().as_micros()).unwrap();
        let call = text.lines().next().unwrap_or_default();
        let answer = answer.unwrap_or_else(|error| panic!("{call} by {} was dropped: {error}", self.number));
        assert_eq!(answer.status, status, "{call} by {}: {}", self.number, answer.text);
        (answer, took_us)
    }

    /// What was written last is there, and the connection still is.
    async fn assert_name_was_kept(&mut self) {
        let (answer, _took) =
            self.ask(&request("GET", "/api/v1/users/me", &self.headers.clone(), ""), 200).await;
        assert_eq!(
            answer.json()["data"]["displayName"].as_str(),
            self.display_name.as_deref(),
            "{}",
            self.number
        );
    }
}

/// Lets this process have a connection for everybody.
fn raise_open_files(people: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let needed = people + OTHER_FILES;
    if current.is_some_and(|current| current < needed) {
        assert!(maximum.is_none_or(|maximum| maximum >= needed), "{needed} open files are needed: ulimit -n");
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum }).unwrap();
    }
}

/// The server's memory, looked at ten times in each of six parts of the time; returns the means of the second and the
/// last part, in KiB.
async fn watch_memory(server: Arc<Process>, time: Duration) -> (u64, u64) {
    let mut looks = Vec::new();
    for _look in 0..60 {
        tokio::time::sleep(time / 60).await;
        looks.push(server.memory_kib());
    }
    let mean = |part: &[u64]| part.iter().sum::<u64>() / 10;
    (mean(&looks[10..20]), mean(&looks[50..]))
}

/// Half of them, and all but one in a hundred, took no longer, in milliseconds.
fn percentiles(mut took_us: Vec<u64>) -> String {
    took_us.sort_unstable();
    let at = |percent: usize| tenths(took_us[(took_us.len() - 1) * percent / 100], 1_000);
    format!("{} / {} ms", at(50), at(99))
}

/// So many units, with one decimal.
fn tenths(number: u64, unit: u64) -> String {
    let tenths = number * 10 / unit;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[expect(clippy::print_stdout, reason = "the figures are what a drill is for")]
fn tell(engine: Engine, people: &[Person], time: Duration, (early_kib, late_kib): (u64, u64)) {
    let all = |of: fn(&Person) -> &Vec<u64>| people.iter().flat_map(of).copied().collect::<Vec<u64>>();
    let (reads, writes) = (all(|person| &person.reads), all(|person| &person.writes));
    let (number, engine, seconds) = (people.len(), name(engine), time.as_secs());
    let (calls, written) = (reads.len() + writes.len(), writes.len());
    let rate = u64::try_from(calls).unwrap() / seconds;
    let (reads, writes) = (percentiles(reads), percentiles(writes));
    let (early, late) = (tenths(early_kib, 1_024), tenths(late_kib, 1_024));
    println!(
        "crowd: | {number} | {engine} | {seconds} | {calls} | {written} | {rate} | {reads} | {writes} | {early} → {late} MiB |"
    );
}

on_both_engines! {
    async fn nobody_of_a_crowd_is_refused_or_dropped(app: TestApp) {
        app.clock.set_ms(SystemClock.now_ms());
        let (number, time) = (count(200, 1_000), Duration::from_secs(count(6, 180)));
        raise_open_files(number);
        let admin = app.admin().await;
        admin.seed_pool().await;
        let server = Arc::new(app.serve(&UNLIMITED).await);
        let mut accounts = Vec::new();
        for number in 0..number {
            accounts.push(Account::make(&app, &admin, number).await);
        }
        // Only now, since the server closes connections on which nothing happens.
        let people = join_all(accounts.into_iter().map(|account| Person::connect(account, server.address))).await;
        let until = Instant::now() + time;
        let watch = tokio::spawn(watch_memory(Arc::clone(&server), time));
        let lives = people.into_iter().map(|person| tokio::spawn(person.live(until)));
        let mut people: Vec<Person> = join_all(lives).await.into_iter().map(Result::unwrap).collect();
        let memory = watch.await.unwrap();
        assert!(people.iter().all(|person| !person.reads.is_empty()), "everybody had a turn");
        join_all(people.iter_mut().map(Person::assert_name_was_kept)).await;
        let swaps: u64 = people.iter().map(|person| person.swaps).sum();
        assert_eq!(u64::try_from(app.stored_trades(1).await.len()).unwrap(), swaps, "a trade for each swap");
        assert!(memory.1 < memory.0 + GROWTH_MAX_KIB, "memory grew from {} to {} KiB", memory.0, memory.1);
        app.run(&["audit"]).await.succeeded();
        tell(app.engine, &people, time, memory);
    }
}
