// What must hold whatever the input; a broken promise ends the fuzzer as a memory fault does.
#ifndef PAMHOOK_FUZZ_EXPECT_H_
#define PAMHOOK_FUZZ_EXPECT_H_

#include <cstdio>
#include <cstdlib>

inline void Expect(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "BROKEN PROMISE: %s\n", promise);
  std::abort();
}

#endif  // PAMHOOK_FUZZ_EXPECT_H_
