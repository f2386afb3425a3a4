//! Who does which share, and what becomes of panics.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use super::{Pool, Share, WORTH_SHARING, abandon};

#[test]
fn every_share_is_done_once() {
    for size in [1, 2, 3, 5] {
        let mut pool = Pool::start(size).unwrap();
        for run in 0..2000 {
            if run % 500 == 0 {
                // Long enough for the others to fall asleep.
                std::thread::sleep(Duration::from_millis(5));
            }
            let counts: Vec<AtomicUsize> = (0..1 + run % 7).map(|_| AtomicUsize::new(0)).collect();
            pool.run(counts.len(), &|share| {
                counts[share.index].fetch_add(1, SeqCst);
            });
            assert!(counts.iter().all(|count| count.load(SeqCst) == 1));
        }
    }
}

#[test]
fn a_slow_thread_takes_fewer_shares() {
    let mut pool = Pool::start(2).unwrap();
    let done = AtomicUsize::new(0);
    pool.run(8, &|share| {
        // Whoever has this one is not done before all others are.
        while share.index == 0 && done.load(SeqCst) < 7 {
            std::thread::yield_now();
        }
        done.fetch_add(1, SeqCst);
    });
    assert_eq!(done.load(SeqCst), 8);
}

#[test]
fn a_seat_that_nobody_takes_is_not_waited_for() {
    let (mut pool, _seats) = Pool::new(2);
    let threads: Vec<AtomicUsize> = (0..2).map(|_| AtomicUsize::new(0)).collect();
    pool.run(8, &|share| {
        threads[share.thread].fetch_add(1, SeqCst);
    });
    assert_eq!(threads[0].load(SeqCst), 8);
}

#[test]
fn rows_are_shared_without_gap_or_overlap() {
    let columns = 7;
    for rows in [1, 3, WORTH_SHARING / columns + 10] {
        let mut pool = Pool::start(3).unwrap();
        let mut out = vec![0; rows * columns];
        pool.rows(&mut out, columns, |first, out| {
            assert!(out.len().is_multiple_of(columns));
            out.iter_mut().zip(first * columns..).for_each(|(x, i)| *x += i);
        });
        assert!(out.into_iter().eq(0..rows * columns));
    }
}

#[test]
fn a_panic_of_any_share_comes_out_and_the_pool_goes_on() {
    let mut pool = Pool::start(3).unwrap();
    for bad in 0..3 {
        let caught = catch_unwind(AssertUnwindSafe(|| pool.run(3, &|share| assert_ne!(share.index, bad))));
        assert!(caught.is_err(), "share {bad}");
        pool.run(3, &|_| {});
    }
}

#[test]
fn nobody_waits_for_a_thread_that_was_abandoned() {
    let (mut pool, seats) = Pool::new(2);
    seats.into_iter().for_each(|seat| drop(std::thread::spawn(|| seat.work())));
    let started = AtomicUsize::new(0);
    let stops = |share: Share| {
        started.fetch_add(1, SeqCst);
        // Both threads are at work.
        while started.load(SeqCst) < 2 {
            std::thread::yield_now();
        }
        if share.thread == 1 {
            abandon();
            loop {
                std::thread::park();
            }
        }
    };
    assert!(catch_unwind(AssertUnwindSafe(|| pool.run(2, &stops))).is_err());
}

#[test]
fn threads_end_with_their_pool() {
    let (pool, seats) = Pool::new(3);
    let alive = Arc::downgrade(&pool.shared);
    let threads: Vec<_> = seats.into_iter().map(|seat| std::thread::spawn(|| seat.work())).collect();
    drop(pool);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(alive.upgrade().is_none());
}
