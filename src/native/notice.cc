// A notice to the service manager (sd_notify(3)): Node has no datagrams of Unix sockets. Runs in the supervisor.
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include "addon.h"

namespace {

// A leading @ stands for the NUL of an abstract name, which ends where its length says (unix(7)).
socklen_t ToAddress(Napi::Env env, const std::string& path, sockaddr_un* address) {
  if (path.empty() || path.size() >= sizeof address->sun_path) throw pamhook::SystemError(env, ENAMETOOLONG, "sendto");
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path.data(), path.size());
  if (path[0] != '@') return sizeof *address;
  address->sun_path[0] = '\0';
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
}

Napi::Value SendNotice(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  sockaddr_un address = {};
  const socklen_t length = ToAddress(env, pamhook::ToText(info[0]), &address);
  const std::string text = pamhook::ToText(info[1]);
  const int number = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (number < 0) throw pamhook::SystemError(env, errno, "socket");
  const ssize_t sent = sendto(number, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                              reinterpret_cast<sockaddr*>(&address), length);
  const int fault = errno;
  close(number);
  if (sent < 0 && fault != EAGAIN) throw pamhook::SystemError(env, fault, "sendto");
  return Napi::Boolean::New(env, sent >= 0);
}

}  // namespace

void pamhook::RegisterNotice(Napi::Env env, Napi::Object exports) { Export<SendNotice>(env, exports, "sendNotice"); }
