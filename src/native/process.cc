// What a process asks of the kernel about itself and its children; runs in every process.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "addon.h"

namespace {

void ForbidCoreDumps(const Napi::CallbackInfo& info) {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) throw pamhook::SystemError(info.Env(), errno, "prctl");
  const rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) throw pamhook::SystemError(info.Env(), errno, "setrlimit");
}

void SetParentDeathSignal(const Napi::CallbackInfo& info) {
  const unsigned long number = pamhook::ToUint32(info[0]);
  if (prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0) throw pamhook::SystemError(info.Env(), errno, "prctl");
}

pid_t tied_to = 0;
thread_local bool ties = false;

// In the child of a fork(3). Its parent is the forking thread (prctl(2)), so only what the thread that lasts forks is
// tied; and not what such a child forks on to be on its own.
void TieToParent() {
  if (!ties || getppid() != tied_to) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != tied_to) raise(SIGKILL);
}

void TieHelpers(const Napi::CallbackInfo& info) {
  if (tied_to == 0 && pthread_atfork(nullptr, nullptr, TieToParent) != 0) {
    throw pamhook::SystemError(info.Env(), ENOMEM, "pthread_atfork");
  }
  tied_to = getpid();
  ties = true;
}

void SetChildSubreaper(const Napi::CallbackInfo& info) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) throw pamhook::SystemError(info.Env(), errno, "prctl");
}

// Only ever one child by its pid: waiting for any would take from libuv the children it started.
Napi::Value Reap(const Napi::CallbackInfo& info) {
  const uint32_t pid = pamhook::ToUint32(info[0]);
  if (pid == 0 || pid > INT32_MAX) throw Napi::TypeError::New(info.Env(), "not a pid");
  const pid_t reaped = waitpid(static_cast<pid_t>(pid), nullptr, WNOHANG);
  if (reaped < 0 && errno != ECHILD) throw pamhook::SystemError(info.Env(), errno, "waitpid");
  return Napi::Boolean::New(info.Env(), reaped > 0);
}

void ReapAll(const Napi::CallbackInfo&) {
  while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
}

// The kernel shows the memory in which a process was given its environment (/proc/PID/environ, ps e), also after
// unsetenv(3).
void WipeEnvironmentVariable(const Napi::CallbackInfo& info) {
  const std::string prefix = pamhook::ToText(info[0]) + "=";
  for (char** variable = environ; variable != nullptr && *variable != nullptr; variable++) {
    if (strncmp(*variable, prefix.c_str(), prefix.size()) != 0) continue;
    char* value = *variable + prefix.size();
    explicit_bzero(value, strlen(value));
  }
}

}  // namespace

void pamhook::RegisterProcess(Napi::Env env, Napi::Object exports) {
  Export<WipeEnvironmentVariable>(env, exports, "wipeEnvironmentVariable");
  Export<ForbidCoreDumps>(env, exports, "forbidCoreDumps");
  Export<SetParentDeathSignal>(env, exports, "setParentDeathSignal");
  Export<TieHelpers>(env, exports, "tieHelpers");
  Export<SetChildSubreaper>(env, exports, "setChildSubreaper");
  Export<Reap>(env, exports, "reap");
  Export<ReapAll>(env, exports, "reapAll");
}
