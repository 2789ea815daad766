#include "thread-pool.h"

#include <chrono>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace descent {
namespace {

/// Longer than the serial part between two tasks, short compared with a slice.
constexpr std::chrono::microseconds patience{200};

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Spins until `done`, for at most `patience`, because waking a parked thread is slow. @returns whether it is done.
template <typename Done> bool spin(const Done& done) {
  for (int i = 0; i < 1000; i++) {
    if (done()) return true;
    pause();
  }
  const auto end = std::chrono::steady_clock::now() + patience;
  do {
    for (int i = 0; i < 100; i++) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

/// Sets the floating-point mode of the thread that starts the work.
void flushDenormals() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_setcsr(_mm_getcsr() | 0x8040);
#elif defined(__aarch64__)
  uint64_t mode;
  asm volatile("mrs %0, fpcr" : "=r"(mode));
  asm volatile("msr fpcr, %0" : : "r"(mode | (uint64_t{1} << 24)));
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  try {
    for (int part = 1; part < threads; part++) helpers_.emplace_back([this, part] { runHelper(part); });
  } catch (...) {
    shutDown();
    throw;
  }
}

ThreadPool::~ThreadPool() { shutDown(); }

void ThreadPool::shutDown() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    shuttingDown_ = true;
    started_.fetch_add(1, std::memory_order_release);
  }
  parked_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void ThreadPool::run(Work work, void* context) {
  work_ = work;
  context_ = context;
  unfinished_.store(static_cast<int>(helpers_.size()), std::memory_order_relaxed);
  // Sequentially consistent, like sleepers_: either this thread sees the sleeper, or the sleeper sees the start.
  started_.fetch_add(1);
  if (sleepers_.load() > 0) {
    { const std::lock_guard<std::mutex> lock(mutex_); }
    parked_.notify_all();
  }
  work(context, 0, threads());
  const auto done = [&] { return unfinished_.load(std::memory_order_acquire) == 0; };
  while (!spin(done)) std::this_thread::yield();
}

void ThreadPool::runHelper(int part) {
  flushDenormals();
  unsigned seen = 0;
  for (;;) {
    if (!spin([&] { return started_.load(std::memory_order_acquire) != seen; })) {
      std::unique_lock<std::mutex> lock(mutex_);
      sleepers_.fetch_add(1);
      parked_.wait(lock, [&] { return started_.load() != seen; });
      sleepers_.fetch_sub(1);
    }
    seen++;
    if (shuttingDown_) return;
    work_(context_, part, threads());
    unfinished_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace descent
