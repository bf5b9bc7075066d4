// calloc and free of the code under test (by the linker's --wrap): blocks that never went out must be wiped when they
// are freed, and an allocation may be made to fail.
#ifndef PAMHOOK_FUZZ_WATCHED_HEAP_H_
#define PAMHOOK_FUZZ_WATCHED_HEAP_H_

#include <cstddef>

// While one exists, on its thread.
class WatchedHeap {
 public:
  // `failing`: which calloc of this watch gets nothing, from 0; below 0: none.
  explicit WatchedHeap(int failing);
  WatchedHeap(const WatchedHeap&) = delete;
  WatchedHeap& operator=(const WatchedHeap&) = delete;
  ~WatchedHeap();

  // Blocks that were taken and not given back.
  size_t Kept() const;
};

#endif  // PAMHOOK_FUZZ_WATCHED_HEAP_H_
