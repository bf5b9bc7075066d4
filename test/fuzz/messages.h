// What a PAM module may hand to a conversation: made from the fuzzer's input, each part in memory of its own.
#ifndef PAMHOOK_FUZZ_MESSAGES_H_
#define PAMHOOK_FUZZ_MESSAGES_H_

#include <fuzzer/FuzzedDataProvider.h>
#include <security/pam_appl.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "input.h"

struct Message {
  int style;
  std::optional<std::string> text;  // none: a null pointer
};

// A C string in a block of just its size, so that reading past its end is seen.
inline std::unique_ptr<char[]> CopyOf(const std::string& text) {
  std::unique_ptr<char[]> copy(new char[text.size() + 1]);
  std::memcpy(copy.get(), text.c_str(), text.size() + 1);
  return copy;
}

inline Message ConsumeMessage(FuzzedDataProvider& input) {
  Message message;
  message.style = ConsumeRare(input, 8) ? input.ConsumeIntegral<int>() : input.ConsumeIntegralInRange<int>(1, 7);
  if (!ConsumeRare(input, 16)) message.text = ConsumeText(input);
  return message;
}

// One call of a conversation function. `messages`: none for a null pointer in the array.
class Call {
 public:
  explicit Call(FuzzedDataProvider& input) {
    count = ConsumeCount(input);
    has_array = !ConsumeRare(input, 32);
    has_replies = !ConsumeRare(input, 32);
    const bool are_alike = ConsumeRare(input, 8);
    const auto number = static_cast<size_t>(std::clamp(count, 0, PAM_MAX_NUM_MSG));
    while (messages.size() < number) {
      const bool is_null = ConsumeRare(input, 32);
      const auto message = is_null ? std::nullopt : std::optional<Message>(ConsumeMessage(input));
      messages.resize(are_alike ? number : messages.size() + 1, message);
    }
    Build();
  }

  const pam_message** Array() { return has_array ? pointers_.get() : nullptr; }

  int count;
  std::vector<std::optional<Message>> messages;
  bool has_array;
  bool has_replies;

 private:
  static int ConsumeCount(FuzzedDataProvider& input) {
    switch (input.ConsumeIntegralInRange<int>(0, 15)) {
      case 15:
        return input.ConsumeIntegral<int>();
      case 14:
        return input.PickValueInArray({INT_MIN, -1, 0, PAM_MAX_NUM_MSG, PAM_MAX_NUM_MSG + 1, INT_MAX});
      case 13:
        return input.ConsumeIntegralInRange<int>(1, PAM_MAX_NUM_MSG);
      case 12:
        return PAM_MAX_NUM_MSG;
      default:
        return input.ConsumeIntegralInRange<int>(1, 4);
    }
  }

  void Build() {
    pointers_.reset(new const pam_message*[messages.size()]);
    for (size_t i = 0; i < messages.size(); i++) {
      pointers_[i] = messages[i] ? Place(*messages[i]) : nullptr;
    }
  }

  const pam_message* Place(const Message& message) {
    if (message.text) texts_.push_back(CopyOf(*message.text));
    structs_.push_back(std::make_unique<pam_message>());
    structs_.back()->msg_style = message.style;
    structs_.back()->msg = message.text ? texts_.back().get() : nullptr;
    return structs_.back().get();
  }

  std::unique_ptr<const pam_message*[]> pointers_;
  std::vector<std::unique_ptr<pam_message>> structs_;
  std::vector<std::unique_ptr<char[]>> texts_;
};

#endif  // PAMHOOK_FUZZ_MESSAGES_H_
