// One PAM transaction as JavaScript calls it: its arguments and its outcome; runs in the PAM worker, on its main
// thread.
#include <string>
#include <string_view>
#include <vector>

#include "addon.h"
#include "kept-modules.h"
#include "transaction.h"

namespace {

std::vector<std::string_view> ToResponses(Napi::Value value) {
  Napi::Array array = pamhook::ToArray(value);
  std::vector<std::string_view> responses;
  for (uint32_t i = 0; i < array.Length(); i++) {
    Napi::Buffer<uint8_t> buffer = pamhook::ToBuffer(array.Get(i));
    std::string_view response(reinterpret_cast<const char*>(buffer.Data()), buffer.Length());
    if (response.size() > pamhook::kMaxResponseSize || response.find('\0') != std::string_view::npos) {
      throw Napi::TypeError::New(value.Env(), "a response with a NUL or over 511 bytes");
    }
    responses.push_back(response);
  }
  return responses;
}

pamhook::Request ToRequest(const Napi::Object& transaction) {
  pamhook::Request request;
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

Napi::Array ToMessages(Napi::Env env, const std::vector<pamhook::Text>& texts) {
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (uint32_t i = 0; i < texts.size(); i++) {
    Napi::Object message = Napi::Object::New(env);
    message.Set("kind", texts[i].style == PAM_TEXT_INFO ? "info" : "error");
    message.Set("text", Napi::String::New(env, texts[i].text));
    array.Set(i, message);
  }
  return array;
}

Napi::Array ToPrompts(Napi::Env env, const std::vector<pamhook::Text>& texts) {
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
  const pamhook::Request request = ToRequest(transaction);
  pamhook::Conversation conversation;
  conversation.responses = ToResponses(transaction.Get("responses"));
  if (request.authenticate) pamhook::KeepModules(request);
  pamhook::Outcome outcome = pamhook::RunTransaction(request, conversation);
  // A user that is not UTF-8 would come out as another one.
  if (!pamhook::IsUtf8(env, outcome.user)) outcome = {PAM_BAD_ITEM, "user", ""};

  Napi::Object result = Napi::Object::New(env);
  result.Set("code", pamhook::CodeName(outcome.code));
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
