// A pool of threads that share the work of one network. Idle threads spin briefly, then park.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace descent {

class ThreadPool {
 public:
  using Work = void (*)(void* context, int part, int parts);

  /// @throws std::system_error when a thread cannot be created.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(helpers_.size()) + 1; }

  /// Calls work for each part, part 0 on this thread; returns when all parts are done.
  void run(Work work, void* context);

 private:
  void runHelper(int part);
  void shutDown();

  std::vector<std::thread> helpers_;
  std::mutex mutex_;
  std::condition_variable parked_;
  Work work_ = nullptr;
  void* context_ = nullptr;
  bool shuttingDown_ = false;
  /// Number of parked threads.
  std::atomic<int> sleepers_{0};
  alignas(64) std::atomic<unsigned> started_{0};
  alignas(64) std::atomic<int> unfinished_{0};
};

}  // namespace descent
