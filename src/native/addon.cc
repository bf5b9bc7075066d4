// The addon's entry: puts each file's functions into the exports. Loaded by the supervisor, the front and the PAM
// worker.
#include "addon.h"

#include <cstring>

namespace pamhook {

Napi::Error SystemError(Napi::Env env, int number, const char* syscall) {
  Napi::Error error = Napi::Error::New(env, std::string(syscall) + ": " + std::strerror(number));
  error.Set("errno", Napi::Number::New(env, number));
  error.Set("syscall", Napi::String::New(env, syscall));
  return error;
}

std::string ToText(Napi::Value value) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), "not a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) throw Napi::TypeError::New(value.Env(), "a string with a NUL");
  return text;
}

uint32_t ToUint32(Napi::Value value) {
  if (!value.IsNumber()) throw Napi::TypeError::New(value.Env(), "not a number");
  double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= UINT32_MAX)) throw Napi::TypeError::New(value.Env(), "not an unsigned number");
  return static_cast<uint32_t>(number);
}

Napi::Buffer<uint8_t> ToBuffer(Napi::Value value) {
  if (!value.IsBuffer()) throw Napi::TypeError::New(value.Env(), "not a buffer");
  return value.As<Napi::Buffer<uint8_t>>();
}

Napi::Array ToArray(Napi::Value value) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), "not an array");
  return value.As<Napi::Array>();
}

Napi::Object ToObject(Napi::Value value) {
  if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "not an object");
  return value.As<Napi::Object>();
}

bool IsUtf8(Napi::Env env, const std::string& text) { return Napi::String::New(env, text).Utf8Value() == text; }

}  // namespace pamhook

namespace {

Napi::Object Register(Napi::Env env, Napi::Object exports) {
  pamhook::RegisterPam(env, exports);
  pamhook::RegisterNss(env, exports);
  pamhook::RegisterSecretMemory(env, exports);
  pamhook::RegisterProcess(env, exports);
  pamhook::RegisterPrivileges(env, exports);
  pamhook::RegisterNoNewPrivileges(env, exports);
  pamhook::RegisterSockets(env, exports);
  pamhook::RegisterListener(env, exports);
  pamhook::RegisterNotice(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(pamhook, Register)
