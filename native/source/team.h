// The threads that train one network together. Between two pieces of work they spin a little, then park.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace descent {

class Team {
 public:
  using Work = void (*)(void* context, int part, int parts);

  /// @throws std::system_error when the system gives no thread.
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return static_cast<int>(helpers_.size()) + 1; }

  /// Calls work for each part, part 0 on this thread; returns when all are done.
  void run(Work work, void* context);

 private:
  void help(int part);
  void dismiss();

  std::vector<std::thread> helpers_;
  std::mutex mutex_;
  std::condition_variable parked_;
  Work work_ = nullptr;
  void* context_ = nullptr;
  bool ends_ = false;
  /// How many of the parked threads wait to be woken.
  std::atomic<int> sleepers_{0};
  alignas(64) std::atomic<unsigned> started_{0};
  alignas(64) std::atomic<int> unfinished_{0};
};

}  // namespace descent
