//! Swaps of one pool wait in a queue and are carried out together.
//!
//! Each pool has one worker in a process, which takes whatever waits, up to a whole batch, and carries it out in one
//! transaction: a hot pool is then limited by what a transaction can hold, not by how fast transactions commit. First
//! come, first served; a user who fills the queue is held back before anyone else notices. Several processes may have a
//! worker for the same pool: its row's lock keeps that right.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use super::memory::Memory;
use super::{Pools, SwapCommand, SwapDone, SwapError};
use crate::db::Lane;

/// The most swaps that one transaction carries out.
pub(super) const BATCH_MAX: usize = 256;
/// The most swaps that wait for one pool; more are told to come back.
const WAITING_MAX: usize = 4_096;
/// The most swaps of one user that wait for one pool.
const WAITING_PER_USER_MAX: usize = 16;

/// How long a swap may wait; a later one is not carried out, as nobody counts on it any more.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// How long a worker keeps its connection without work.
const REST_AFTER: Duration = Duration::from_secs(5);
/// The longest wait for a fuller batch, and the fraction of the last batch's time that it may take.
const GATHER_MAX: Duration = Duration::from_micros(500);
const GATHER_SHARE: u32 = 4;

type Answer = Result<SwapDone, SwapError>;

/// The queues of every pool that was swapped in since the process started.
#[derive(Debug, Default)]
pub(super) struct Queues(Mutex<HashMap<i64, Queue>>);

#[derive(Debug, Clone)]
struct Queue {
    sender: mpsc::Sender<Waiting>,
    users: Arc<Users>,
}

#[derive(Debug)]
struct Waiting {
    command: SwapCommand,
    answer: oneshot::Sender<Answer>,
    since: Instant,
}

/// How many swaps of each user wait or are being carried out.
#[derive(Debug, Default)]
struct Users(Mutex<HashMap<Uuid, usize>>);

impl Users {
    /// Takes a place; says whether there was one.
    fn enter(&self, user: Uuid) -> bool {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = users.entry(user).or_default();
        let is_free = *count < WAITING_PER_USER_MAX;
        if is_free {
            *count += 1;
        }
        is_free
    }

    fn leave(&self, user: Uuid) {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = users.get_mut(&user) {
            *count -= 1;
            if *count == 0 {
                users.remove(&user);
            }
        }
    }
}

impl Queues {
    /// Puts a swap into its pool's queue; the answer comes when its batch is done.
    ///
    /// # Errors
    ///
    /// [`SwapError::QueueFull`] when the pool, or the user, has too many swaps waiting; nothing was queued then.
    pub(super) fn push(
        &self,
        pools: &Pools,
        pool_id: i64,
        command: SwapCommand,
    ) -> Result<oneshot::Receiver<Answer>, SwapError> {
        let queue = self.queue(pools, pool_id);
        let user = command.user_id;
        if !queue.users.enter(user) {
            return Err(SwapError::QueueFull);
        }
        let (answer, receiver) = oneshot::channel();
        match queue.sender.try_send(Waiting { command, answer, since: Instant::now() }) {
            Ok(()) => Ok(receiver),
            Err(refused) => {
                queue.users.leave(user);
                if let TrySendError::Closed(_) = refused {
                    // The worker is gone, which only a fault in it can do; the next swap starts another.
                    tracing::error!(pool.id = pool_id, "the worker of a pool was gone");
                    self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&pool_id);
                    return Err(SwapError::NotExecuted);
                }
                Err(SwapError::QueueFull)
            }
        }
    }

    /// A pool's queue; its worker starts with the first swap and lives as long as the process.
    fn queue(&self, pools: &Pools, pool_id: i64) -> Queue {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(pool_id).or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(WAITING_MAX);
            let users = Arc::new(Users::default());
            tokio::spawn(work(pools.clone(), pool_id, receiver, Arc::clone(&users)));
            Queue { sender, users }
        });
        queue.clone()
    }
}

/// Carries out what waits, batch by batch. A caller who went away does not matter: their swap was asked for.
async fn work(pools: Pools, pool_id: i64, mut receiver: mpsc::Receiver<Waiting>, users: Arc<Users>) {
    let lane = pools.db.lane();
    let mut memory = Memory::default();
    let mut pace = Pace::default();
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    loop {
        let received = tokio::time::timeout(REST_AFTER, receiver.recv_many(&mut waiting, BATCH_MAX)).await;
        match received {
            Ok(0) => return,
            Ok(_) => {}
            Err(_elapsed) => {
                lane.rest().await;
                memory.forget();
                if receiver.recv_many(&mut waiting, BATCH_MAX).await == 0 {
                    return;
                }
            }
        }
        if lane.has_round_trips() {
            pace.gather(&mut receiver, &mut waiting).await;
        }
        let begin = Instant::now();
        let size = waiting.len();
        carry_out(&pools, (&lane, &mut memory), pool_id, &mut waiting, &users).await;
        pace = Pace { last_size: size, last_time: begin.elapsed() };
    }
}

/// One batch, from the queue to its answers.
async fn carry_out(
    pools: &Pools,
    (lane, memory): (&Lane, &mut Memory),
    pool_id: i64,
    waiting: &mut Vec<Waiting>,
    users: &Users,
) {
    let (late, fresh): (Vec<Waiting>, Vec<Waiting>) =
        waiting.drain(..).partition(|waiting| waiting.since.elapsed() > WAIT_MAX);
    for waiting in late {
        users.leave(waiting.command.user_id);
        let _ = waiting.answer.send(Err(SwapError::NotExecuted));
    }
    let (commands, answers): (Vec<SwapCommand>, Vec<oneshot::Sender<Answer>>) =
        fresh.into_iter().map(|waiting| (waiting.command, waiting.answer)).unzip();
    if commands.is_empty() {
        return;
    }
    metrics::histogram!("postfun_swap_batch_size")
        .record(f64::from(u32::try_from(commands.len()).unwrap_or(u32::MAX)));
    let results = pools.execute_batch_on(lane, memory, pool_id, &commands).await;
    for ((command, answer), result) in commands.iter().zip(answers).zip(results) {
        users.leave(command.user_id);
        // Nobody waits for the answer of a caller who went away.
        let _ = answer.send(result);
    }
}

/// How the last batch went.
#[derive(Debug, Default)]
struct Pace {
    last_size: usize,
    last_time: Duration,
}

impl Pace {
    /// Waits a little for those who were just answered and will ask again.
    ///
    /// Without it a worker takes the half of its callers that waits while the other half is answered, and they take
    /// turns for ever. The wait ends when as many wait as the last batch had and then again as many as waited already,
    /// or after a fraction of what the last batch took. It spins, because a timer is coarser than the wait is long.
    async fn gather(&self, receiver: &mut mpsc::Receiver<Waiting>, waiting: &mut Vec<Waiting>) {
        if self.last_size < 2 {
            return;
        }
        let wanted = self.last_size.saturating_add(waiting.len()).min(BATCH_MAX);
        let end = Instant::now() + (self.last_time / GATHER_SHARE).min(GATHER_MAX);
        loop {
            while waiting.len() < BATCH_MAX
                && let Ok(more) = receiver.try_recv()
            {
                waiting.push(more);
            }
            if waiting.len() >= wanted || Instant::now() >= end {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}
