// Answers modules' prompts one by one, and wipes what of an answer is not handed over.
#include "conversation.h"

#include <string.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

using pamhook::Conversation;
using pamhook::Text;

// The array a conversation hands to libpam, which frees it; what is not handed over is wiped and freed here.
class Replies {
 public:
  explicit Replies(size_t count)
      : count_(count), array_(static_cast<pam_response*>(calloc(count, sizeof(pam_response)))) {
    if (array_ == nullptr) throw std::bad_alloc();
  }
  Replies(const Replies&) = delete;
  Replies& operator=(const Replies&) = delete;
  ~Replies() {
    if (array_ == nullptr) return;
    for (size_t i = 0; i < count_; i++) {
      if (array_[i].resp == nullptr) continue;
      explicit_bzero(array_[i].resp, strlen(array_[i].resp));
      free(array_[i].resp);
    }
    free(array_);
  }

  void Set(size_t index, std::string_view response) {
    char* copy = static_cast<char*>(calloc(response.size() + 1, 1));
    if (copy == nullptr) throw std::bad_alloc();
    std::copy(response.begin(), response.end(), copy);
    array_[index].resp = copy;
  }

  pam_response* Release() { return std::exchange(array_, nullptr); }

 private:
  size_t count_;
  pam_response* array_;
};

Text ToText(const pam_message& message) {
  const char* text = message.msg == nullptr ? "" : message.msg;
  return {std::string(text, strnlen(text, pamhook::kMaxTextSize)), message.msg_style};
}

void Keep(std::vector<Text>& texts, Text text) {
  if (texts.size() < pamhook::kMaxTexts) texts.push_back(std::move(text));
}

// Modules that got no response ask again (pam_google_authenticator does): what an earlier call left unanswered, the
// first `told`, is one prompt and needs one response.
bool IsAskedAgain(const std::vector<Text>& unanswered, size_t told, const Text& prompt) {
  return std::any_of(unanswered.begin(), unanswered.begin() + static_cast<std::ptrdiff_t>(told),
                     [&prompt](const Text& other) { return other.text == prompt.text && other.style == prompt.style; });
}

// False when the message cannot be answered. The caller goes on all the same, so that every prompt is told of.
bool Answer(Conversation& conversation, const pam_message* given, Replies& replies, size_t index, size_t told) {
  if (given == nullptr) return false;
  const pam_message& message = *given;
  switch (message.msg_style) {
    case PAM_TEXT_INFO:
    case PAM_ERROR_MSG:
      Keep(conversation.messages, ToText(message));
      return true;
    case PAM_PROMPT_ECHO_OFF:
    case PAM_PROMPT_ECHO_ON:
      if (conversation.used < conversation.responses.size()) {
        replies.Set(index, conversation.responses[conversation.used++]);
        Keep(conversation.answered, ToText(message));
        return true;
      }
      if (Text prompt = ToText(message); !IsAskedAgain(conversation.unanswered, told, prompt)) {
        Keep(conversation.unanswered, std::move(prompt));
      }
      return false;
    default:
      return false;
  }
}

}  // namespace

namespace pamhook {

int Converse(int count, const pam_message** messages, pam_response** replies, void* data) noexcept try {
  if (count < 1 || count > PAM_MAX_NUM_MSG || messages == nullptr || replies == nullptr) return PAM_CONV_ERR;
  auto& conversation = *static_cast<Conversation*>(data);
  Replies own(static_cast<size_t>(count));
  const size_t told = conversation.unanswered.size();
  bool complete = true;
  for (int i = 0; i < count; i++) {
    if (!Answer(conversation, messages[i], own, static_cast<size_t>(i), told)) complete = false;
  }
  if (!complete) return PAM_CONV_ERR;
  *replies = own.Release();
  return PAM_SUCCESS;
} catch (...) {
  return PAM_BUF_ERR;
}

void RecordDelay(int, unsigned microseconds, void* data) {
  auto& conversation = *static_cast<Conversation*>(data);
  conversation.fail_delay = std::max(conversation.fail_delay, microseconds);
}

}  // namespace pamhook
