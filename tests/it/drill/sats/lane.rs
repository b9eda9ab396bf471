//! One database, one provider, and one server after another between them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use postfun_server::clock::{Clock, SystemClock};
use postfun_tests::fake_lnbits::FakeLnbits;
use postfun_tests::process::{Finished, Process};
use postfun_tests::wire::{ask, request};
use postfun_tests::{Answer, TestApp};

use super::super::UNLIMITED;
use super::errand::Tally;
use super::{Case, Death, Errand, Kind};

/// What the payer begins with.
const FUNDS_SATS: u64 = 3_000_000;
/// How long an errand may take in the end: several times the patience of the server, on a busy machine.
const ERRAND_MAX: Duration = Duration::from_mins(3);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(60);

/// Somebody with an account, over a real connection.
#[derive(Debug)]
pub(super) struct Customer {
    token: String,
}

impl Customer {
    pub(super) async fn get(&self, at: SocketAddr, path: &str) -> std::io::Result<Answer> {
        let headers = [format!("authorization: Bearer {}", self.token)];
        ask(at, &request("GET", path, &headers, "")).await
    }

    pub(super) async fn post(
        &self,
        at: SocketAddr,
        key: &str,
        path: &str,
        body: &str,
    ) -> std::io::Result<Answer> {
        let headers = [format!("authorization: Bearer {}", self.token), format!("idempotency-key: {key}")];
        ask(at, &request("POST", path, &headers, body)).await
    }
}

/// The place of a sequence of errands.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) app: TestApp,
    pub(super) lnbits: FakeLnbits,
    pub(super) payer: Customer,
    pub(super) payee: Customer,
    /// What the errands so far leave to payer, payee and suspense, and cost the operator, in msat.
    payer_msat: u64,
    payee_msat: u64,
    pub(super) suspense_msat: i64,
    pub(super) loss_msat: i64,
    tally: Tally,
    errands: u64,
}

impl Lane {
    pub(super) async fn open(app: TestApp) -> Self {
        app.clock.set_ms(SystemClock.now_ms());
        let payer = Customer { token: app.user(1).await.token };
        let payee = Customer { token: app.user(2).await.token };
        let lnbits = FakeLnbits::start().await;
        let tally = Tally::default();
        let mut lane = Self {
            app,
            lnbits,
            payer,
            payee,
            payer_msat: 0,
            payee_msat: 0,
            suspense_msat: 0,
            loss_msat: 0,
            tally,
            errands: 0,
        };
        let server = lane.serve(None).await.expect("the server starts");
        let mut funds = Errand::funds(FUNDS_SATS);
        lane.finish(&mut funds, &server).await;
        server.signal("TERM").await;
        assert_eq!(server.wait().await.0, Some(0));
        lane.payer_msat = FUNDS_SATS * 1_000;
        lane
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = self.lnbits.settings();
        settings.extend(UNLIMITED.map(|(name, value)| (name, value.to_owned())));
        settings.push(("JWT_SECRET", "only-for-tests-0123456789abcdef0123456789abcdef".to_owned()));
        settings
    }

    /// Starts a server that dies at a point; none when it has come to that point before it listens.
    async fn serve(&self, point: Option<&str>) -> Option<Process> {
        let mut command = self.app.program(&["serve"]);
        command.envs(self.settings());
        if let Some(point) = point {
            command.env("FAULT_POINT", point);
        }
        Process::try_start(command).await
    }

    /// Goes through an errand under its deaths, and holds the books against the provider afterwards.
    pub(super) async fn go_through(&mut self, case: &Case) {
        self.errands += 1;
        let mut errand = Errand::new(&case.kind, self.errands);
        self.lnbits.set_noise(case.noise);
        for death in &case.deaths {
            self.die(&mut errand, *death, case.patience).await;
            if matches!(case.kind, Kind::TooLate) {
                errand.outlive().await;
            }
        }
        let server = self.serve(None).await.expect("the server starts");
        self.finish(&mut errand, &server).await;
        self.lnbits.set_noise(0);
        let moved = errand.check(self);
        self.payer_msat = self.payer_msat.checked_add_signed(moved.payer_msat).unwrap();
        self.payee_msat += moved.payee_msat;
        self.tally.add(&errand);
        self.assert_balances(server.address, case).await;
        self.assert_wallet_covers(case).await;
        server.signal("TERM").await;
        assert_eq!(server.wait().await.0, Some(0));
    }

    /// Has an errand done until the server dies.
    async fn die(&mut self, errand: &mut Errand, death: Death, patience: Duration) {
        let point = match death {
            Death::At(point) => Some(point),
            Death::After(_) => None,
        };
        let Some(server) = self.serve(point).await else {
            self.tally.points_met += 1;
            return;
        };
        errand.begin_again();
        let limit = match death {
            Death::At(_) => patience,
            Death::After(limit) => limit,
        };
        let address = server.address;
        let gone = async { while self.advance(errand, address).await.is_ok() {} };
        let is_gone = tokio::time::timeout(limit, gone).await.is_ok();
        if is_gone {
            self.tally.points_met += 1;
        } else {
            server.signal("KILL").await;
        }
        assert_eq!(server.wait().await.0, None, "a signal ended it");
    }

    async fn advance(&self, errand: &mut Errand, server: SocketAddr) -> std::io::Result<bool> {
        let is_done = errand.advance(self, server).await?;
        tokio::time::sleep(PAUSE).await;
        Ok(is_done)
    }

    async fn finish(&self, errand: &mut Errand, server: &Process) {
        errand.begin_again();
        let begin = Instant::now();
        while !self.advance(errand, server.address).await.expect("nothing kills this server") {
            assert!(begin.elapsed() < ERRAND_MAX, "it never ends: {errand:?}");
        }
    }

    async fn assert_balances(&self, server: SocketAddr, case: &Case) {
        for (who, customer, msat) in
            [("payer", &self.payer, self.payer_msat), ("payee", &self.payee, self.payee_msat)]
        {
            let answer = customer.get(server, "/api/lightning/balance").await.unwrap().ok(200);
            let balance = (answer.string("balance_msat"), answer.string("held_msat"));
            assert_eq!(balance, (msat.to_string(), "0".to_owned()), "{who} after {case:?}");
        }
        assert_eq!(self.app.suspense_msat().await, self.suspense_msat, "{case:?}");
        assert_eq!(self.app.operator_loss_msat().await, self.loss_msat, "{case:?}");
    }

    /// The books are exact, and the provider's wallet holds what they say to the last msat.
    async fn assert_wallet_covers(&self, case: &Case) {
        let mut command = self.app.program(&["audit"]);
        command.envs(self.settings());
        // It asks once, and nothing is to be learnt from a machine that is busy just then.
        command.env("POSTFUN_LIGHTNING_TIMEOUT_MS", "20000");
        let said = Finished::of(command).await.succeeded();
        let line =
            said.lines().find(|line| line.starts_with("lightning: the wallet holds")).unwrap_or_default();
        let is_exact = line.contains(": surplus 0 msat;") && line.contains("in flight: 0 withdrawals");
        assert!(is_exact, "after {case:?}:\n{said}");
    }

    /// Returns what all errands together were.
    pub(super) fn close(self) -> Tally {
        let Self { tally, lnbits, .. } = self;
        Tally { refused_twice: lnbits.refused_twice(), ..tally }
    }
}
