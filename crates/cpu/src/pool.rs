//! Threads that compute an op together. An op is cut into as many shares as there are threads, the calling thread takes
//! the first, and the op is over when all are: one barrier an op, no queue, and no memory claimed after the start.
//!
//! Shares never cut a sum, so results do not depend on how many threads there are.

use std::{
    cell::UnsafeCell,
    io,
    marker::PhantomData,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    slice,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
    thread::{Builder, JoinHandle},
};

/// How often a thread looks before it sleeps: some 20 µs, longer than most of what one thread does between two ops that
/// are shared. A wake-up takes as long.
const LOOKS: u32 = if cfg!(target_arch = "wasm32") { 20_000 } else { 1000 };

/// Elements below which a row-wise op stays on one thread: the barrier would cost more than it saves.
const WORTH_SHARING: usize = 16_384;

/// What every thread does, with its index.
type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// Threads that wait for work, and the one that owns them. They end with it.
pub struct Pool {
    shared: Arc<Shared>,
    /// Those that were started here.
    threads: Vec<JoinHandle<()>>,
    is_eager: bool,
}

/// The place of a further thread in a [`Pool`].
pub struct Seat {
    shared: Arc<Shared>,
    index: usize,
}

struct Shared {
    /// Threads, the owner among them.
    size: usize,
    /// What is being done. Written by the owner while nobody else is at work.
    work: UnsafeCell<Option<*const Work<'static>>>,
    /// Grows by one with each work.
    epoch: AtomicU32,
    /// Threads that have not finished the work.
    busy: AtomicUsize,
    panicked: AtomicBool,
    /// A thread ended within its share; the memory of all is lost with it.
    abandoned: AtomicBool,
    closed: AtomicBool,
    /// Threads that sleep, or are about to.
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    wake: Condvar,
}

// SAFETY: `work` is written only while no other thread is at work, and `epoch`, which others read before it, publishes it;
// what it points to is `Sync` and lives until `busy` is zero.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Returns when `is_over` is true, which whoever makes it so must follow with [`Shared::wake_all`].
    fn wait(&self, is_over: impl Fn() -> bool) {
        for _ in 0..LOOKS {
            if is_over() {
                return;
            }
            std::hint::spin_loop();
        }
        let mut guard = self.lock();
        self.sleepers.fetch_add(1, SeqCst);
        while !is_over() {
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, SeqCst);
    }

    fn wake_all(&self) {
        if self.sleepers.load(SeqCst) > 0 {
            // Who has counted itself holds the lock until it sleeps.
            drop(self.lock());
            self.wake.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the other threads, also when the owner's own share panics: they still use what it borrowed.
struct Barrier<'a>(&'a Shared);

impl Drop for Barrier<'_> {
    fn drop(&mut self) {
        self.0.wait(|| self.0.busy.load(SeqCst) == 0 || self.0.abandoned.load(SeqCst));
    }
}

impl Pool {
    /// A pool of `threads` threads, at least one, and the seats of all but the calling one. Each seat has to be taken, or
    /// the first op that is shared waits for it.
    pub fn new(threads: usize) -> (Pool, Vec<Seat>) {
        let shared = Arc::new(Shared {
            size: threads.max(1),
            work: UnsafeCell::new(None),
            epoch: AtomicU32::new(0),
            busy: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        });
        let seats = (1..shared.size).map(|index| Seat { shared: Arc::clone(&shared), index }).collect();
        (Pool { shared, threads: Vec::new(), is_eager: false }, seats)
    }

    /// A pool whose threads are started here, and joined when it is dropped.
    pub fn start(threads: usize) -> io::Result<Pool> {
        let (mut pool, seats) = Pool::new(threads);
        for seat in seats {
            pool.threads.push(Builder::new().name("rushlight".into()).spawn(|| seat.work())?);
        }
        Ok(pool)
    }

    /// The pool, sharing even what one thread would do faster: for tests of small ops.
    pub fn eager(mut self) -> Pool {
        self.is_eager = true;
        self
    }

    /// Threads, the calling one among them.
    pub fn size(&self) -> usize {
        self.shared.size
    }

    /// Does `work` on every thread, and returns when all have done it. Panics if one panics.
    pub(crate) fn run(&mut self, work: &Work<'_>) {
        let shared = &*self.shared;
        if shared.size == 1 {
            return work(0);
        }
        // SAFETY: only the lifetime changes; the barrier below outlasts every use.
        let work_anywhere: *const Work<'static> = unsafe { std::mem::transmute::<*const Work<'_>, _>(work) };
        // SAFETY: nobody is at work: the last run has waited for all, and there is one run at a time.
        unsafe { *shared.work.get() = Some(work_anywhere) };
        shared.busy.store(shared.size - 1, SeqCst);
        shared.epoch.fetch_add(1, SeqCst);
        let barrier = Barrier(shared);
        shared.wake_all();
        work(0);
        drop(barrier);
        let failed = shared.panicked.swap(false, SeqCst) || shared.abandoned.load(SeqCst);
        assert!(!failed, "a thread of the pool panicked");
    }
}

thread_local! {
    /// The pool that this thread has a seat in.
    static SEATED: std::cell::RefCell<Option<Arc<Shared>>> = const { std::cell::RefCell::new(None) };
}

/// Tells the pool that the calling thread works for, if any, that it will not finish. For where a panic ends the thread
/// without unwinding: the owner would wait for ever.
pub fn abandon() {
    if let Some(shared) = SEATED.take() {
        shared.abandoned.store(true, SeqCst);
        shared.wake_all();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.closed.store(true, SeqCst);
        self.shared.wake_all();
        for thread in self.threads.drain(..) {
            // Panics of a share were caught and told by `run`.
            let _ = thread.join();
        }
    }
}

impl Seat {
    /// Works on the calling thread until the pool is dropped.
    pub fn work(self) {
        let Seat { shared, index } = self;
        SEATED.set(Some(Arc::clone(&shared)));
        let mut epoch = 0;
        loop {
            shared.wait(|| shared.epoch.load(SeqCst) != epoch || shared.closed.load(SeqCst));
            if shared.closed.load(SeqCst) {
                return;
            }
            // The owner waits for this thread in each epoch, so none is missed.
            epoch = epoch.wrapping_add(1);
            // SAFETY: the owner wrote it before it raised the epoch, and leaves it until `busy` is zero.
            if let Some(work) = unsafe { *shared.work.get() } {
                // SAFETY: the owner's borrow lasts until `busy` is zero.
                let work = unsafe { &*work };
                if catch_unwind(AssertUnwindSafe(|| work(index))).is_err() {
                    shared.panicked.store(true, SeqCst);
                }
            }
            if shared.busy.fetch_sub(1, SeqCst) == 1 {
                shared.wake_all();
            }
        }
    }
}

/// Shares of an op.
impl Pool {
    /// Does `work` on every thread if that is worth it, else on this one alone.
    pub(crate) fn split(&mut self, is_worth_it: bool, work: impl Fn(Share) + Sync) {
        let size = if is_worth_it || self.is_eager { self.size() } else { 1 };
        if size == 1 {
            return work(Share { index: 0, size });
        }
        self.run(&|index| work(Share { index, size }));
    }

    /// Gives each thread a run of whole rows of `columns` elements of `out`, with the number of the first of them.
    pub(crate) fn rows<T: Send>(&mut self, out: &mut [T], columns: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let (is_worth_it, rows) = (out.len() >= WORTH_SHARING, out.len().checked_div(columns).unwrap_or(0));
        let out = Parts::new(out);
        self.split(is_worth_it, |share| {
            let Range { start, end } = share.of(rows);
            // SAFETY: shares do not overlap.
            work(start, unsafe { out.part(start * columns..end * columns) });
        });
    }
}

/// One of several shares, none larger than another by more than one thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    index: usize,
    size: usize,
}

impl Share {
    /// Which of `count` things it has.
    pub(crate) fn of(self, count: usize) -> Range<usize> {
        count * self.index / self.size..count * (self.index + 1) / self.size
    }

    /// Whether it is the only one.
    pub(crate) fn is_all(self) -> bool {
        self.size == 1
    }

    /// What belongs to this thread alone, of memory for each of them.
    pub(crate) fn own(self, each: usize) -> Range<usize> {
        self.index * each..(self.index + 1) * each
    }
}

/// A slice whose parts are written by several threads.
pub(crate) struct Parts<'a, T> {
    start: *mut T,
    length: usize,
    borrow: PhantomData<&'a mut [T]>,
}

// SAFETY: as `&mut [T]`, since parts in use do not overlap.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    pub(crate) fn new(all: &'a mut [T]) -> Parts<'a, T> {
        Parts { start: all.as_mut_ptr(), length: all.len(), borrow: PhantomData }
    }

    /// Some elements. Panics where there are none.
    ///
    /// # Safety
    /// No other part that is in use overlaps it.
    #[expect(clippy::mut_from_ref, reason = "several parts of one slice are the purpose")]
    pub(crate) unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.length, "a part outside of its slice");
        // SAFETY: inside the slice that was borrowed, and nobody else has these elements.
        unsafe { slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::SeqCst},
        },
        time::Duration,
    };

    use super::{Pool, WORTH_SHARING, abandon};

    #[test]
    fn every_thread_does_its_share_once() {
        for size in [1, 2, 3, 5] {
            let mut pool = Pool::start(size).unwrap();
            let counts: Vec<AtomicUsize> = (0..size).map(|_| AtomicUsize::new(0)).collect();
            for run in 0..2000 {
                if run % 500 == 0 {
                    // Long enough for the others to fall asleep.
                    std::thread::sleep(Duration::from_millis(5));
                }
                pool.run(&|index| {
                    counts[index].fetch_add(1, SeqCst);
                });
                assert!(counts.iter().all(|count| count.load(SeqCst) == run + 1));
            }
        }
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
            let caught = catch_unwind(AssertUnwindSafe(|| pool.run(&|index| assert_ne!(index, bad))));
            assert!(caught.is_err(), "share {bad}");
            pool.run(&|_| {});
        }
    }

    #[test]
    fn nobody_waits_for_a_thread_that_was_abandoned() {
        let (mut pool, seats) = Pool::new(2);
        seats.into_iter().for_each(|seat| drop(std::thread::spawn(|| seat.work())));
        let stops = |index| {
            if index == 1 {
                abandon();
                loop {
                    std::thread::park();
                }
            }
        };
        assert!(catch_unwind(AssertUnwindSafe(|| pool.run(&stops))).is_err());
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
}
