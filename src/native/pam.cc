// One PAM transaction as one blocking call; runs in the PAM worker, on its main thread.
#include <security/pam_appl.h>
#include <string.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "addon.h"

namespace {

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
  return {std::string(text, strnlen(text, kMaxTextSize)), message.msg_style};
}

void Keep(std::vector<Text>& texts, Text text) {
  if (texts.size() < kMaxTexts) texts.push_back(std::move(text));
}

// Modules that got no response ask again (pam_google_authenticator does): what an earlier call left unanswered, the
// first `told`, is one prompt and needs one response.
bool IsAskedAgain(const std::vector<Text>& unanswered, size_t told, const Text& prompt) {
  return std::any_of(unanswered.begin(), unanswered.begin() + static_cast<std::ptrdiff_t>(told),
                     [&prompt](const Text& other) { return other.text == prompt.text && other.style == prompt.style; });
}

// False when the message cannot be answered. The caller goes on all the same, so that every prompt is told of.
bool Answer(Conversation& conversation, const pam_message& message, Replies& replies, size_t index, size_t told) {
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

// pam_conv(3). Linux-PAM passes an array of pointers. No exception may pass through libpam's C frames.
int Converse(int count, const pam_message** messages, pam_response** replies, void* data) noexcept try {
  if (count < 1 || count > PAM_MAX_NUM_MSG || messages == nullptr || replies == nullptr) return PAM_CONV_ERR;
  auto& conversation = *static_cast<Conversation*>(data);
  Replies own(static_cast<size_t>(count));
  const size_t told = conversation.unanswered.size();
  bool complete = true;
  for (int i = 0; i < count; i++) {
    if (!Answer(conversation, *messages[i], own, static_cast<size_t>(i), told)) complete = false;
  }
  if (!complete) return PAM_CONV_ERR;
  *replies = own.Release();
  return PAM_SUCCESS;
} catch (...) {
  return PAM_BUF_ERR;
}

// PAM_FAIL_DELAY: libpam calls this where it would sleep, with the conversation's data.
void RecordDelay(int, unsigned microseconds, void* data) {
  auto& conversation = *static_cast<Conversation*>(data);
  conversation.fail_delay = std::max(conversation.fail_delay, microseconds);
}

// A PAM handle; pam_end gets the last status, which modules' cleanups look at.
class Handle {
 public:
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (handle_ != nullptr) pam_end(handle_, status_);
  }

  int Start(const std::string& service, const std::string& user, const pam_conv& conv,
            const std::optional<std::string>& directory) {
    status_ = directory ? pam_start_confdir(service.c_str(), user.c_str(), &conv, directory->c_str(), &handle_)
                        : pam_start(service.c_str(), user.c_str(), &conv, &handle_);
    return status_;
  }

  int SetItems(const std::optional<std::string>& remote_host, const std::string& tty) {
    if (remote_host) status_ = pam_set_item(handle_, PAM_RHOST, remote_host->c_str());
    if (status_ == PAM_SUCCESS) status_ = pam_set_item(handle_, PAM_TTY, tty.c_str());
    if (status_ == PAM_SUCCESS) status_ = pam_set_item(handle_, PAM_FAIL_DELAY, reinterpret_cast<void*>(&RecordDelay));
    return status_;
  }

  int Authenticate() { return status_ = pam_authenticate(handle_, PAM_DISALLOW_NULL_AUTHTOK); }

  int CheckAccount() { return status_ = pam_acct_mgmt(handle_, PAM_DISALLOW_NULL_AUTHTOK); }

  int GetUser(std::string& user) {
    const void* item = nullptr;
    status_ = pam_get_item(handle_, PAM_USER, &item);
    if (status_ == PAM_SUCCESS && item == nullptr) status_ = PAM_BAD_ITEM;
    if (status_ == PAM_SUCCESS) user = static_cast<const char*>(item);
    return status_;
  }

 private:
  pam_handle_t* handle_ = nullptr;
  int status_ = PAM_SUCCESS;
};

struct Request {
  std::string service;
  std::string user;
  std::optional<std::string> remote_host;
  std::string tty;
  std::optional<std::string> directory;
  bool authenticate;
};

struct Outcome {
  int code;
  const char* stage;
  std::string user;
};

Outcome Run(const Request& request, Conversation& conversation) {
  const pam_conv conv = {Converse, &conversation};
  Handle handle;
  Outcome outcome = {PAM_SUCCESS, "start", ""};
  const auto ended = [&outcome](const char* stage, int code) {
    outcome.stage = stage;
    outcome.code = code;
    return code != PAM_SUCCESS;
  };
  if (ended("start", handle.Start(request.service, request.user, conv, request.directory))) return outcome;
  if (ended("items", handle.SetItems(request.remote_host, request.tty))) return outcome;
  if (request.authenticate && ended("authenticate", handle.Authenticate())) return outcome;
  if (ended("account", handle.CheckAccount())) return outcome;
  int code = handle.GetUser(outcome.user);
  if (code != PAM_SUCCESS) ended("user", code);
  return outcome;
}

std::string CodeName(int code) {
  switch (code) {
#define NAME(constant) \
  case constant:       \
    return #constant
    NAME(PAM_SUCCESS);
    NAME(PAM_OPEN_ERR);
    NAME(PAM_SYMBOL_ERR);
    NAME(PAM_SERVICE_ERR);
    NAME(PAM_SYSTEM_ERR);
    NAME(PAM_BUF_ERR);
    NAME(PAM_PERM_DENIED);
    NAME(PAM_AUTH_ERR);
    NAME(PAM_CRED_INSUFFICIENT);
    NAME(PAM_AUTHINFO_UNAVAIL);
    NAME(PAM_USER_UNKNOWN);
    NAME(PAM_MAXTRIES);
    NAME(PAM_NEW_AUTHTOK_REQD);
    NAME(PAM_ACCT_EXPIRED);
    NAME(PAM_SESSION_ERR);
    NAME(PAM_CRED_UNAVAIL);
    NAME(PAM_CRED_EXPIRED);
    NAME(PAM_CRED_ERR);
    NAME(PAM_NO_MODULE_DATA);
    NAME(PAM_CONV_ERR);
    NAME(PAM_AUTHTOK_ERR);
    NAME(PAM_AUTHTOK_RECOVERY_ERR);
    NAME(PAM_AUTHTOK_LOCK_BUSY);
    NAME(PAM_AUTHTOK_DISABLE_AGING);
    NAME(PAM_TRY_AGAIN);
    NAME(PAM_IGNORE);
    NAME(PAM_ABORT);
    NAME(PAM_AUTHTOK_EXPIRED);
    NAME(PAM_MODULE_UNKNOWN);
    NAME(PAM_BAD_ITEM);
    NAME(PAM_CONV_AGAIN);
    NAME(PAM_INCOMPLETE);
#undef NAME
    default:
      return "PAM_" + std::to_string(code);
  }
}

std::vector<std::string_view> ToResponses(Napi::Value value) {
  Napi::Array array = pamhook::ToArray(value);
  std::vector<std::string_view> responses;
  for (uint32_t i = 0; i < array.Length(); i++) {
    Napi::Buffer<uint8_t> buffer = pamhook::ToBuffer(array.Get(i));
    std::string_view response(reinterpret_cast<const char*>(buffer.Data()), buffer.Length());
    if (response.size() > kMaxResponseSize || response.find('\0') != std::string_view::npos) {
      throw Napi::TypeError::New(value.Env(), "a response with a NUL or over 511 bytes");
    }
    responses.push_back(response);
  }
  return responses;
}

Request ToRequest(const Napi::Object& transaction) {
  Request request;
  request.service = pamhook::ToText(transaction.Get("service"));
  request.user = pamhook::ToText(transaction.Get("user"));
  Napi::Value remote_host = transaction.Get("remoteHost");
  if (!remote_host.IsUndefined()) request.remote_host = pamhook::ToText(remote_host);
  request.tty = pamhook::ToText(transaction.Get("tty"));
  Napi::Value directory = transaction.Get("configDir");
  if (!directory.IsUndefined()) request.directory = pamhook::ToText(directory);
  request.authenticate = transaction.Get("authenticate").ToBoolean();
  return request;
}

Napi::Array ToMessages(Napi::Env env, const std::vector<Text>& texts) {
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (uint32_t i = 0; i < texts.size(); i++) {
    Napi::Object message = Napi::Object::New(env);
    message.Set("kind", texts[i].style == PAM_TEXT_INFO ? "info" : "error");
    message.Set("text", Napi::String::New(env, texts[i].text));
    array.Set(i, message);
  }
  return array;
}

Napi::Array ToPrompts(Napi::Env env, const std::vector<Text>& texts) {
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (uint32_t i = 0; i < texts.size(); i++) {
    Napi::Object prompt = Napi::Object::New(env);
    prompt.Set("text", Napi::String::New(env, texts[i].text));
    prompt.Set("echo", texts[i].style == PAM_PROMPT_ECHO_ON);
    array.Set(i, prompt);
  }
  return array;
}

Napi::Value PamTransaction(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Object transaction = pamhook::ToObject(info[0]);
  const Request request = ToRequest(transaction);
  Conversation conversation;
  conversation.responses = ToResponses(transaction.Get("responses"));
  Outcome outcome = Run(request, conversation);
  // A user that is not UTF-8 would come out as another one.
  if (!pamhook::IsUtf8(env, outcome.user)) outcome = {PAM_BAD_ITEM, "user", ""};

  Napi::Object result = Napi::Object::New(env);
  result.Set("code", CodeName(outcome.code));
  result.Set("stage", outcome.stage);
  result.Set("messages", ToMessages(env, conversation.messages));
  result.Set("answered", ToPrompts(env, conversation.answered));
  result.Set("unanswered", ToPrompts(env, conversation.unanswered));
  result.Set("failDelay", conversation.fail_delay);
  result.Set("user", outcome.code == PAM_SUCCESS ? Napi::String::New(env, outcome.user) : env.Undefined());
  return result;
}

}  // namespace

void pamhook::RegisterPam(Napi::Env env, Napi::Object exports) {
  Export<PamTransaction>(env, exports, "pamTransaction");
}
