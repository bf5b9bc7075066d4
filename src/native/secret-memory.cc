// Memory for secrets: single locked buffers, and the C heap, since Node does not survive more. Runs in every process.
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "addon.h"

namespace {

constexpr uint32_t kMaxSecret = 1 << 20;

uintptr_t WholePages(uintptr_t size) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

// A zeroed buffer outside V8's heap. Beyond RLIMIT_MEMLOCK it is not locked, but all else holds.
Napi::Value SecretBuffer(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const uint32_t size = pamhook::ToUint32(info[0]);
  if (size == 0 || size > kMaxSecret) throw Napi::TypeError::New(env, "a secret of no size, or too large");
  const size_t mapped = WholePages(size);
  void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw pamhook::SystemError(env, errno, "mmap");
  (void)mlock(memory, mapped);
  (void)madvise(memory, mapped, MADV_DONTDUMP);
  (void)madvise(memory, mapped, MADV_WIPEONFORK);  // modules fork; their children need no keys
  Napi::MemoryManagement::AdjustExternalMemory(env, static_cast<int64_t>(mapped));
  return Napi::Buffer<uint8_t>::New(env, static_cast<uint8_t*>(memory), size, [mapped](Napi::Env owner, uint8_t* data) {
    explicit_bzero(data, mapped);
    munmap(data, mapped);
    Napi::MemoryManagement::AdjustExternalMemory(owner, -static_cast<int64_t>(mapped));
  });
}

// The C heap, where OpenSSL keeps keys and libpam passwords, may grow by so much before it leaves the locked range.
constexpr int kHeapRoom = 16 << 20;

struct Range {
  uintptr_t start = 0;
  uintptr_t end = 0;
};

struct Mapping : Range {
  bool heap;
};

std::vector<Mapping> Mappings() {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  std::vector<Mapping> mappings;
  while (std::getline(maps, line)) {
    Mapping mapping{};
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR, &mapping.start, &mapping.end) != 2) continue;
    mapping.heap = line.find("[heap]") != std::string::npos;
    mappings.push_back(mapping);
  }
  return mappings;
}

// brk(2)'s mapping as /proc/self/maps names it; empty when there is none.
Range CHeap(const std::vector<Mapping>& mappings) {
  Range heap;
  for (const Mapping& mapping : mappings) {
    if (!mapping.heap) continue;
    if (heap.end == 0) heap.start = mapping.start;
    heap.end = mapping.end;
  }
  return heap;
}

bool Covers(const std::vector<Mapping>& mappings, uintptr_t address) {
  return std::any_of(mappings.begin(), mappings.end(),
                     [address](const Mapping& mapping) { return address >= mapping.start && address < mapping.end; });
}

// From here on the heap grows in one large step, and keeps what it has: so that it can be locked before it is used.
// Returns what to lock. Where something lies right behind the heap (V8's code does, about once in 150 starts), malloc
// goes on in a mapping of its own, as large: its first piece is the first at an address that was free before. Where
// even kMostTaken bytes come out of what malloc has already, that has to do.
std::vector<Range> ReserveHeap() {
  constexpr size_t kPiece = 64 << 10;  // below M_MMAP_THRESHOLD, so that it comes from the heap
  constexpr size_t kMostTaken = 64 << 20;
  const std::vector<Mapping> before = Mappings();
  Range heap = CHeap(before);
  if (mallopt(M_TOP_PAD, kHeapRoom) == 0 || mallopt(M_TRIM_THRESHOLD, INT_MAX) == 0) return {heap};
  const void* const top = sbrk(0);
  // To read the mappings takes memory: the heap may have grown meanwhile, and what is there is no mapping of its own.
  if (heap.end != 0) heap.end = std::max(heap.end, WholePages(reinterpret_cast<uintptr_t>(top)));
  std::vector<std::unique_ptr<char[]>> pieces;
  for (size_t taken = 0; taken <= kMostTaken; taken += kPiece) {
    pieces.emplace_back(new char[kPiece]);  // not zeroed: they shall cost nothing
    if (sbrk(0) != top) return {CHeap(Mappings())};
    const uintptr_t piece = reinterpret_cast<uintptr_t>(pieces.back().get());
    const uintptr_t start = piece - piece % static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    if (piece >= heap.start && piece < heap.end) continue;
    if (!Covers(before, piece)) return {heap, {start, start + kHeapRoom - kPiece}};
  }
  return {heap};
}

// Not mlockall(2), with whatever flags: V8 gives pages of its own heap back with MADV_DONTNEED in every collection that
// is to reduce memory, which fails on locked pages and ends the process. So it is the C heap alone that is locked.
// MLOCK_ONFAULT: what is reserved costs nothing until it is used.
void LockMemory(const Napi::CallbackInfo& info) {
  const std::vector<Range> ranges = ReserveHeap();
  for (const Range& range : ranges) {
    if (mlock2(reinterpret_cast<void*>(range.start), range.end - range.start, MLOCK_ONFAULT) == 0) continue;
    const int fault = errno;
    for (const Range& each : ranges) (void)munlock(reinterpret_cast<void*>(each.start), each.end - each.start);
    throw pamhook::SystemError(info.Env(), fault, "mlock2");
  }
}

// Gives back what is free in the middle of the heap too, which nothing else does: a flood would be paid for ever after.
// The reserve at the end stays, as it is locked.
void TrimHeap(const Napi::CallbackInfo&) { (void)malloc_trim(2 * kHeapRoom); }

}  // namespace

void pamhook::RegisterSecretMemory(Napi::Env env, Napi::Object exports) {
  Export<SecretBuffer>(env, exports, "secretBuffer");
  Export<LockMemory>(env, exports, "lockMemory");
  Export<TrimHeap>(env, exports, "trimHeap");
}
