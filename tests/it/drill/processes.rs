//! Two server processes that share one PostgreSQL.

use postfun_server::clock::{Clock, SystemClock};
use postfun_tests::{Engine, TestApp};

use super::follower::Follower;
use super::trader::{Load, Trader, assert_each_key_has_one_effect, call_back, send_off};
use super::{Figures, UNLIMITED, count};

/// How many swap at once, half of them in each process.
const TRADERS: u64 = 64;

async fn sixty_four_clients_of_two_processes(app: TestApp) {
    app.clock.set_ms(SystemClock.now_ms());
    let traders = Trader::crowd(&app, TRADERS).await;
    let (one, two) = (app.serve(&UNLIMITED).await, app.serve(&UNLIMITED).await);
    let servers = [one.address, two.address];
    let followers = servers.map(Follower::begin);
    let figures = Figures::begin("two processes, 64 clients, one pool", app.engine);
    let load = Load::new(count(1_000, 10_000), &[]);
    let traders = call_back(send_off(traders, &servers, &load)).await;
    let none = "no fault";
    assert!(traders.iter().all(|trader| !trader.done.is_empty()), "everybody had a turn");
    app.run(&["audit"]).await.succeeded();
    assert_each_key_has_one_effect(&app, &traders).await;
    for follower in followers {
        follower.assert_saw_everything(&app).await;
    }
    figures.tell(none, &traders);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_swap_in_one_pool_as_one_server_would() {
    postfun_tests::engine::tell(Engine::Postgres, sixty_four_clients_of_two_processes).await;
}
