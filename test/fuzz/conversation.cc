// Fuzzes the answering of PAM modules' prompts: what modules hand over is odd in every way that C allows, and what they
// get back, what is kept and what is wiped is compared with what a plain model says.
#include "../../src/native/conversation.h"

#include <fuzzer/FuzzedDataProvider.h>
#include <security/pam_appl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "expect.h"
#include "input.h"
#include "messages.h"
#include "watched-heap.h"

extern "C" void __real_free(void* block);

namespace {

using pamhook::Conversation;
using pamhook::Text;

constexpr size_t kMaxCalls = 40;

struct Told {
  std::string text;
  int style;
};

// What the conversation has to be after each call, by the shortest code that says it.
struct Model {
  std::vector<std::string> responses;
  size_t used = 0;
  std::vector<Told> messages, answered, unanswered;

  static void Keep(std::vector<Told>& kept, const Message& message) {
    if (kept.size() < 64) kept.push_back({message.text.value_or("").substr(0, 1024), message.style});
  }

  // The replies, an empty pointer for each that has none. `allocations`: how many there may be.
  int Converse(const Call& call, int allocations, std::vector<const std::string*>& replies) {
    if (call.count < 1 || call.count > 32 || !call.has_array || !call.has_replies) return PAM_CONV_ERR;
    if (allocations-- == 0) return PAM_BUF_ERR;
    const std::vector<Told> told = unanswered;
    int code = PAM_SUCCESS;
    for (const auto& message : call.messages) {
      replies.push_back(nullptr);
      const int style = message ? message->style : 0;
      if (style == PAM_TEXT_INFO || style == PAM_ERROR_MSG) {
        Keep(messages, *message);
      } else if (style != PAM_PROMPT_ECHO_OFF && style != PAM_PROMPT_ECHO_ON) {
        code = PAM_CONV_ERR;
      } else if (used < responses.size()) {
        replies.back() = &responses[used++];
        if (allocations-- == 0) return PAM_BUF_ERR;
        Keep(answered, *message);
      } else {
        code = PAM_CONV_ERR;
        const std::string text = message->text.value_or("").substr(0, 1024);
        const bool again = std::any_of(told.begin(), told.end(),
                                       [&](const Told& one) { return one.text == text && one.style == style; });
        if (!again) Keep(unanswered, *message);
      }
    }
    return code;
  }
};

void ExpectSame(const std::vector<Text>& kept, const std::vector<Told>& wanted, const char* promise) {
  Expect(std::equal(kept.begin(), kept.end(), wanted.begin(), wanted.end(),
                    [](const Text& a, const Told& b) { return a.text == b.text && a.style == b.style; }),
         promise);
}

// As a module does with what it got.
void TakeReplies(pam_response* replies, const std::vector<const std::string*>& wanted) {
  for (size_t i = 0; i < wanted.size(); i++) {
    Expect(replies[i].resp_retcode == 0, "resp_retcode is 0");
    Expect((replies[i].resp == nullptr) == (wanted[i] == nullptr), "prompts, and they alone, have a response");
    if (wanted[i] != nullptr) Expect(*wanted[i] == replies[i].resp, "each prompt has the next response");
    __real_free(replies[i].resp);
  }
  __real_free(replies);
}

void RunCall(FuzzedDataProvider& input, Conversation& conversation, Model& model) {
  Call call(input);
  const int failing = input.ConsumeIntegralInRange<int>(-8, 4);
  pam_response untouched;
  pam_response* replies = &untouched;
  std::vector<const std::string*> wanted;
  const int code = model.Converse(call, failing, wanted);

  int given;
  size_t kept;
  {
    WatchedHeap heap(failing);
    given = pamhook::Converse(call.count, call.Array(), call.has_replies ? &replies : nullptr, &conversation);
    kept = heap.Kept();
  }
  Expect(given == code, "the code of a conversation");
  if (code == PAM_SUCCESS) {
    const auto responses = static_cast<size_t>(
        std::count_if(wanted.begin(), wanted.end(), [](const std::string* reply) { return reply != nullptr; }));
    Expect(kept == 1 + responses, "what goes out is the array and the responses");
    TakeReplies(replies, wanted);
  } else {
    Expect(replies == &untouched, "nothing goes out when it fails");
    Expect(kept == 0, "nothing is left behind when it fails");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  Model model;
  const size_t responses = ConsumeRare(input, 16) ? 70 : input.ConsumeIntegralInRange<size_t>(0, 9);
  for (size_t i = 0; i < responses; i++) model.responses.push_back(ConsumeText(input).substr(0, 511));
  Conversation conversation;
  // Without the NUL, as they lie in the buffers that they come from.
  std::vector<std::unique_ptr<char[]>> buffers;
  for (const std::string& response : model.responses) {
    buffers.emplace_back(new char[response.size()]);
    std::copy(response.begin(), response.end(), buffers.back().get());
    conversation.responses.emplace_back(buffers.back().get(), response.size());
  }
  unsigned longest = 0;
  for (size_t i = 0; i < kMaxCalls && input.remaining_bytes() > 0; i++) {
    const auto delay = input.ConsumeIntegral<unsigned>();
    longest = std::max(longest, delay);
    pamhook::RecordDelay(0, delay, &conversation);
    RunCall(input, conversation, model);
  }
  Expect(conversation.fail_delay == longest, "the longest delay");
  Expect(conversation.used == model.used, "each response is used once");
  ExpectSame(conversation.messages, model.messages, "the messages");
  ExpectSame(conversation.answered, model.answered, "the prompts that had a response");
  ExpectSame(conversation.unanswered, model.unanswered, "the prompts that had none, each once");
  return 0;
}
