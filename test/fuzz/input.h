// How the fuzzer's input becomes numbers and texts.
#ifndef PAMHOOK_FUZZ_INPUT_H_
#define PAMHOOK_FUZZ_INPUT_H_

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <string>

// Input that has run out gives zeros: what is odd hangs on other numbers, so that a short input is not odd in every
// way.
inline bool ConsumeRare(FuzzedDataProvider& input, int one_in) {
  return input.ConsumeIntegralInRange<int>(0, one_in - 1) == one_in - 1;
}

inline std::string WithoutNul(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\0'), text.end());
  return text;
}

// Any bytes but NUL, now and then more of them than are kept.
inline std::string ConsumeText(FuzzedDataProvider& input) {
  std::string text = WithoutNul(input.ConsumeRandomLengthString(64));
  const size_t repeats = input.ConsumeBool() ? input.ConsumeIntegralInRange<size_t>(1, 128) : 1;
  std::string repeated;
  for (size_t i = 0; i < repeats; i++) repeated += text;
  return repeated;
}

#endif  // PAMHOOK_FUZZ_INPUT_H_
