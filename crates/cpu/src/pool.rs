//! Threads that compute an op together. An op is cut into shares, more than there are threads, and whoever is free takes the
//! next one: a core that is slower or has other things to do takes fewer. The calling thread takes part, and the op is over
//! when all shares are: one barrier an op, no memory claimed after the start, and nobody waits for a thread that sleeps.
//!
//! Shares never cut a sum, so results depend neither on how many threads there are nor on who takes what.

use std::{
    cell::UnsafeCell,
    io,
    marker::PhantomData,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    slice,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{Builder, JoinHandle},
};

/// How often a thread looks before it sleeps: some 100 µs, longer than what one thread does between two ops that are shared.
/// A wake-up may take as long.
const LOOKS: u32 = if cfg!(target_arch = "wasm32") { 100_000 } else { 5000 };

/// Elements below which a row-wise op stays on one thread: the barrier would cost more than it saves.
const WORTH_SHARING: usize = 16_384;

/// Shares of a thread at most, if all are equally fast.
const TURNS: usize = 4;

/// What is done with each share.
type Work<'a> = dyn Fn(Share) + Sync + 'a;

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
    /// What is being done, and in how many shares. Written by the owner while no share is left.
    work: UnsafeCell<Option<(*const Work<'static>, usize)>>,
    /// Shares that nobody has taken.
    open: AtomicUsize,
    /// Shares that are not done.
    left: AtomicUsize,
    panicked: AtomicBool,
    /// A thread ended within a share; the memory of all is lost with it.
    abandoned: AtomicBool,
    closed: AtomicBool,
    /// Threads that sleep, or are about to.
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    wake: Condvar,
}

// SAFETY: `work` is written only while no share is left, and read only by who has taken one, which `open` publishes after
// it; what it points to is `Sync` and lives until no share is left.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Takes shares and does them until none is open. A panic in one is noted.
    fn help(&self, thread: usize) {
        let take = || self.open.fetch_update(SeqCst, SeqCst, |open| open.checked_sub(1));
        while let Ok(open) = take() {
            // SAFETY: the owner wrote it before it opened shares, and leaves it until this one is done.
            if let Some((work, size)) = unsafe { *self.work.get() } {
                // SAFETY: the owner's borrow lasts until no share is left.
                let work = unsafe { &*work };
                let share = Share { index: size - open, size, thread };
                if catch_unwind(AssertUnwindSafe(|| work(share))).is_err() {
                    self.panicked.store(true, SeqCst);
                }
            }
            if self.left.fetch_sub(1, SeqCst) == 1 {
                self.wake_all();
            }
        }
    }

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

impl Pool {
    /// A pool of `threads` threads, at least one, and the seats of all but the calling one. Who takes a seat computes along.
    pub fn new(threads: usize) -> (Pool, Vec<Seat>) {
        let shared = Arc::new(Shared {
            size: threads.max(1),
            work: UnsafeCell::new(None),
            open: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
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

    /// Does `work` with so many shares, and returns when all are done. Panics if one panics.
    fn run(&mut self, shares: usize, work: &Work<'_>) {
        let shared = &*self.shared;
        // SAFETY: only the lifetime changes; the wait below outlasts every use.
        let work_anywhere: *const Work<'static> = unsafe { std::mem::transmute::<*const Work<'_>, _>(work) };
        // SAFETY: no share is left: the last run has waited for all, and there is one run at a time.
        unsafe { *shared.work.get() = Some((work_anywhere, shares)) };
        shared.left.store(shares, SeqCst);
        shared.open.store(shares, SeqCst);
        shared.wake_all();
        shared.help(0);
        shared.wait(|| shared.left.load(SeqCst) == 0 || shared.abandoned.load(SeqCst));
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
        loop {
            shared.wait(|| shared.open.load(SeqCst) > 0 || shared.closed.load(SeqCst));
            if shared.closed.load(SeqCst) {
                return;
            }
            shared.help(index);
        }
    }
}

/// How an op is shared: by what it costs, in whatever unit, and what is worth a share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Of the op.
    pub(crate) all: usize,
    /// Below which one thread does it alone.
    pub(crate) worth_sharing: usize,
    /// Shares of a thread at most, if each has a price of its own.
    pub(crate) turns: usize,
}

/// Shares of an op.
impl Pool {
    /// Does `work` in shares: one if the op costs too little.
    pub(crate) fn split(&mut self, cost: Cost, work: impl Fn(Share) + Sync) {
        let Cost { all, worth_sharing, turns } = cost;
        let is_shared = self.size() > 1 && (all >= worth_sharing || self.is_eager);
        if !is_shared {
            return work(Share { index: 0, size: 1, thread: 0 });
        }
        // As many for each thread, so that equally fast ones are done at the same time.
        let turns = if self.is_eager { turns } else { (all / self.size() / (worth_sharing / 2)).clamp(1, turns) };
        self.run(self.size() * turns, &work);
    }

    /// Does `work` with runs of whole rows of `columns` elements of `out`, and the number of the first of them.
    pub(crate) fn rows<T: Send>(&mut self, out: &mut [T], columns: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let (cost, rows) = (Cost::of(out.len(), WORTH_SHARING), out.len().checked_div(columns).unwrap_or(0));
        let out = Parts::new(out);
        self.split(cost, |share| {
            let Range { start, end } = share.of(rows);
            if start < end {
                // SAFETY: shares do not overlap.
                work(start, unsafe { out.part(start * columns..end * columns) });
            }
        });
    }
}

impl Cost {
    /// Of an op whose shares may be small.
    pub(crate) fn of(all: usize, worth_sharing: usize) -> Cost {
        Cost { all, worth_sharing, turns: TURNS }
    }
}

/// One of several shares, none larger than another by more than one thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    index: usize,
    size: usize,
    /// Who does it.
    thread: usize,
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
        self.thread * each..(self.thread + 1) * each
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
mod tests;
