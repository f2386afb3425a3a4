//! What the fuzz targets share: an allocator that counts, and seeds.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

#[path = "../../../crates/weights/src/testing.rs"]
pub mod testing;

/// Counts live bytes and their peak.
struct Meter;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; the counters are atomic.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static METER: Meter = Meter;

/// Runs `parse` over `input`; more than 64 MiB and 64 bytes for each byte of the input is a finding.
pub fn bounded(input: &[u8], parse: impl FnOnce()) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    parse();
    let used = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    let limit = (64 << 20) + 64 * input.len();
    assert!(used <= limit, "{used} bytes allocated for an input of {}", input.len());
}

/// Writes the seeds of a target into its corpus, in this folder.
pub fn seed(target: &str, seeds: &[Vec<u8>]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder).expect("the corpus folder can be made");
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index}")), seed).expect("a seed can be written");
    }
}

/// A file of a model.
pub fn file(name: &str, bytes: &[u8]) -> weights::File {
    weights::File { name: name.into(), source: Box::new(bytes.to_vec()) }
}

/// Reads the first and the last bytes of every tensor, and one too many.
pub fn read_all(checkpoint: &mut weights::Checkpoint) {
    let tensors: Vec<(String, u64)> =
        checkpoint.tensors().iter().map(|(name, tensor)| (name.clone(), tensor.bytes())).collect();
    for (name, bytes) in tensors {
        let mut into = vec![0; bytes.min(64) as usize];
        checkpoint.read(&name, 0, &mut into).expect("the start of a tensor");
        checkpoint.read(&name, bytes - into.len() as u64, &mut into).expect("the end of a tensor");
        assert!(checkpoint.read(&name, bytes, &mut [0]).is_err());
    }
    let unsupported: Vec<String> = checkpoint.unsupported().keys().cloned().collect();
    for name in unsupported {
        assert!(checkpoint.read(&name, 0, &mut []).is_err());
    }
}
