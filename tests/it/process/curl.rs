//! The seed document's own walk through the API, with curl, against the real program.

use std::time::Duration;

use postfun_server::clock::{Clock, SystemClock};
use postfun_tests::process::{Finished, Process};
use postfun_tests::{TestApp, User, on_both_engines};
use serde_json::Value;

/// The commands of seed 000, "Example flow", one call each.
const FLOW: [&str; 4] = [
    r#"curl -X POST -H "Content-Type: application/json" \
     -H "Authorization: Bearer $JWT" \
     -d '{
           "symbol_a":"gBTC", "symbol_b":"gUSD",
           "reserve_a": 1000, "reserve_b": 65000000,
           "fee_bps_base": 30,
           "stage1_threshold": 1000, "stage2_threshold": 2000, "stage3_threshold": 5000,
           "burn_token_id": 4,
           "burn_stage1_amount": 100,
           "burn_stage2_amount": 80,
           "burn_stage3_amount": 60,
           "burn_stage4_amount": 40
         }' \
     http://localhost:8000/api/amm/pools"#,
    r#"curl -X POST -H "Content-Type: application/json" -H "Authorization: Bearer $JWT" \
     -d '{"pool_id":1,"side":"AtoB","amount_in":1}' \
     http://localhost:8000/api/amm/quote"#,
    r#"curl -X POST -H "Content-Type: application/json" -H "Authorization: Bearer $JWT" \
     -d '{"pool_id":1,"side":"AtoB","amount_in":1}' \
     http://localhost:8000/api/amm/swap"#,
    r#"curl -H "Authorization: Bearer $JWT" http://localhost:8000/api/amm/balances"#,
];

/// Runs a command of the document in a shell; only the port is another.
async fn shell(server: &Process, user: &User, command: &str) -> Value {
    let command = command.replace("localhost:8000", &server.address.to_string());
    let mut shell = tokio::process::Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &command]).env("JWT", &user.token).kill_on_drop(true);
    let said = tokio::time::timeout(Duration::from_secs(30), Finished::of(shell)).await.unwrap().succeeded();
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{command} said {said}"))
}

on_both_engines! {
    async fn seeds_curl_flow_works_as_printed(app: TestApp) {
        app.clock.set_ms(SystemClock.now_ms());
        let user = app.user(1).await;
        app.run(&["admin", "grant", &user.signer.npub()]).await.succeeded();
        let server = app.serve(&[]).await;
        let pool = shell(&server, &user, FLOW[0]).await;
        assert_eq!((&pool["id"], &pool["stage"], &pool["fee_bps"]), (&1.into(), &1.into(), &30.into()), "{pool}");
        let quote = shell(&server, &user, FLOW[1]).await;
        assert_eq!(quote["amount_out_units"], "64740453767", "{quote}");
        assert_eq!((&quote["fee_bps"], &quote["fee_amount"], &quote["effective_in"]), (&30.into(), &0.003.into(), &0.997.into()));
        let refused = shell(&server, &user, FLOW[2]).await;
        assert_eq!(refused["error"], "insufficient_balance", "{refused}");
        let airdrop = format!(
            r#"curl -X POST -H "Content-Type: application/json" -H "Authorization: Bearer $JWT" \
               -d '{{"target_npub":"{}","symbol":"gBTC","amount":2}}' http://localhost:8000/api/amm/airdrop"#,
            user.signer.npub()
        );
        assert_eq!(shell(&server, &user, &airdrop).await["balance"], 2);
        let swap = shell(&server, &user, FLOW[2]).await;
        assert_eq!(swap["trade"]["amount_out_units"], "64740453767", "{swap}");
        assert_eq!((&swap["trade"]["stage"], &swap["quote"]["fee_bps"]), (&1.into(), &30.into()));
        let balances = shell(&server, &user, FLOW[3]).await;
        let of = |symbol: &str| {
            let items = balances["items"].as_array().unwrap();
            items.iter().find(|item| item["symbol"] == symbol).unwrap()["amount"].clone()
        };
        assert_eq!((of("gBTC"), of("gUSD")), (1.into(), 64_740.453_767.into()));
        server.signal("TERM").await;
        assert_log_keeps_secrets(&server.wait().await.1, &user);
    }
}

/// A log line for each request, and in none of them what would let a reader act as the user.
fn assert_log_keeps_secrets(log: &[String], user: &User) {
    let requests = log.iter().filter(|line| line.contains("/api/amm/")).count();
    assert!(requests >= 6, "every request is logged: {log:#?}");
    let signature = user.token.rsplit('.').next().unwrap();
    for line in log {
        let _object: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(!line.contains(signature) && !line.contains("only-for-tests"), "{line}");
    }
}
