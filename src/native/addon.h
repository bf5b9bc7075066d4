// What the addon's files share: their registration, the reading of arguments, and errors made of an errno.
#ifndef PAMHOOK_ADDON_H_
#define PAMHOOK_ADDON_H_

#include <napi.h>

#include <cstdint>
#include <string>

namespace pamhook {

void RegisterPam(Napi::Env env, Napi::Object exports);
void RegisterNss(Napi::Env env, Napi::Object exports);
void RegisterSecretMemory(Napi::Env env, Napi::Object exports);
void RegisterProcess(Napi::Env env, Napi::Object exports);
void RegisterPrivileges(Napi::Env env, Napi::Object exports);
void RegisterNoNewPrivileges(Napi::Env env, Napi::Object exports);
void RegisterSockets(Napi::Env env, Napi::Object exports);
void RegisterListener(Napi::Env env, Napi::Object exports);
void RegisterNotice(Napi::Env env, Napi::Object exports);

// An Error with the properties `errno` (positive) and `syscall`; the TypeScript side adds `code`.
Napi::Error SystemError(Napi::Env env, int number, const char* syscall);

// The arguments were checked in TypeScript; these throw a TypeError on what would be unsafe here all the same.
std::string ToText(Napi::Value value);  // a string without NUL
uint32_t ToUint32(Napi::Value value);
Napi::Buffer<uint8_t> ToBuffer(Napi::Value value);
Napi::Array ToArray(Napi::Value value);
Napi::Object ToObject(Napi::Value value);

// V8 silently replaces what is not UTF-8; true when the text came through unchanged.
bool IsUtf8(Napi::Env env, const std::string& text);

template <Napi::Value (*Function)(const Napi::CallbackInfo&)>
void Export(Napi::Env env, Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<Function>(env, name));
}

template <void (*Function)(const Napi::CallbackInfo&)>
void Export(Napi::Env env, Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<Function>(env, name));
}

}  // namespace pamhook

#endif  // PAMHOOK_ADDON_H_
