// Arrays and texts are told apart by the size of an element.
#include "watched-heap.h"

#include <algorithm>
#include <map>

#include "expect.h"

extern "C" {
void* __real_calloc(size_t count, size_t size);
void __real_free(void* block);
}

namespace {

struct Watch {
  int before_failure;
  std::map<void*, size_t> texts;
  size_t kept = 0;
};

thread_local Watch* watch = nullptr;

void ExpectWiped(void* block) {
  const auto text = watch->texts.find(block);
  if (text == watch->texts.end()) return;
  const char* bytes = static_cast<const char*>(block);
  Expect(std::all_of(bytes, bytes + text->second, [](char byte) { return byte == 0; }), "a response is freed unwiped");
  watch->texts.erase(text);
}

}  // namespace

extern "C" void* __wrap_calloc(size_t count, size_t size) {
  if (watch != nullptr && watch->before_failure-- == 0) return nullptr;
  void* block = __real_calloc(count, size);
  if (watch == nullptr) return block;
  watch->kept++;
  if (size == 1) watch->texts[block] = count;
  return block;
}

extern "C" void __wrap_free(void* block) {
  if (watch != nullptr && block != nullptr) {
    ExpectWiped(block);
    watch->kept--;
  }
  __real_free(block);
}

WatchedHeap::WatchedHeap(int failing) { watch = new Watch{failing, {}}; }

WatchedHeap::~WatchedHeap() {
  delete watch;
  watch = nullptr;
}

size_t WatchedHeap::Kept() const { return watch->kept; }
