// A PAM conversation in C++ terms: what modules ask and say, answered by responses that are known beforehand. Runs in
// the PAM worker, on its main thread; knows no JavaScript.
#ifndef PAMHOOK_CONVERSATION_H_
#define PAMHOOK_CONVERSATION_H_

#include <security/pam_appl.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pamhook {

constexpr size_t kMaxTexts = 64;                            // messages and prompts kept, each
constexpr size_t kMaxTextSize = 1024;                       // bytes of each
constexpr size_t kMaxResponseSize = PAM_MAX_RESP_SIZE - 1;  // the NUL is counted there

struct Text {
  std::string text;
  int style;
};

// What the modules asked and said. `responses` are the caller's own buffers: the call is synchronous and runs no
// JavaScript, so they stay where they are, and no further copy of a password has to be wiped.
struct Conversation {
  std::vector<std::string_view> responses;
  size_t used = 0;
  std::vector<Text> messages;
  std::vector<Text> answered;
  std::vector<Text> unanswered;
  unsigned fail_delay = 0;
};

// pam_conv(3). Linux-PAM passes an array of pointers. No exception may pass through libpam's C frames.
int Converse(int count, const pam_message** messages, pam_response** replies, void* data) noexcept;

// PAM_FAIL_DELAY: libpam calls this where it would sleep, with the conversation's data.
void RecordDelay(int, unsigned microseconds, void* data);

}  // namespace pamhook

#endif  // PAMHOOK_CONVERSATION_H_
