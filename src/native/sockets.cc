// Listening sockets, and one write that never blocks; runs in the supervisor.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "addon.h"

namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int Get() const { return number_; }
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

// Numeric, so that nothing is looked up; getaddrinfo knows the scopes of IPv6 (fe80::1%eth0).
Addresses Parse(Napi::Env env, const std::string& address, uint32_t port) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    throw pamhook::SystemError(env, EINVAL, "getaddrinfo");
  }
  return Addresses(found, freeaddrinfo);
}

// IPv6 alone for an address that was given; both for all addresses.
Descriptor Listen(Napi::Env env, const addrinfo& address, bool dual_stack, int backlog) {
  Descriptor listener(socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.Get() < 0) throw pamhook::SystemError(env, errno, "socket");
  const int on = 1;
  const int v6_only = dual_stack ? 0 : 1;
  if (setsockopt(listener.Get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      (address.ai_family == AF_INET6 &&
       setsockopt(listener.Get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only) != 0)) {
    throw pamhook::SystemError(env, errno, "setsockopt");
  }
  if (bind(listener.Get(), address.ai_addr, address.ai_addrlen) != 0) throw pamhook::SystemError(env, errno, "bind");
  if (listen(listener.Get(), backlog) != 0) throw pamhook::SystemError(env, errno, "listen");
  return listener;
}

bool IsWithoutIpv6(int number) { return number == EAFNOSUPPORT || number == EADDRNOTAVAIL; }

Descriptor ListenOnAll(Napi::Env env, uint32_t port, int backlog) {
  try {
    return Listen(env, *Parse(env, "::", port), true, backlog);
  } catch (const Napi::Error& error) {
    if (!IsWithoutIpv6(error.Get("errno").ToNumber())) throw;
    return Listen(env, *Parse(env, "0.0.0.0", port), false, backlog);
  }
}

uint32_t PortOf(Napi::Env env, const Descriptor& listener) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  if (getsockname(listener.Get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw pamhook::SystemError(env, errno, "getsockname");
  }
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

Napi::Value Listen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const std::string address = pamhook::ToText(info[0]);
  const uint32_t port = pamhook::ToUint32(info[1]);
  const int backlog = static_cast<int>(std::min<uint32_t>(pamhook::ToUint32(info[2]), INT_MAX));
  Descriptor listener =
      address.empty() ? ListenOnAll(env, port, backlog) : Listen(env, *Parse(env, address, port), false, backlog);
  Napi::Object result = Napi::Object::New(env);
  result.Set("port", PortOf(env, listener));
  result.Set("fd", listener.Release());
  return result;
}

// O_NONBLOCK belongs to the open file, which a pipe's or terminal's other holders share: another opening of the same
// file is ours alone. It fails for another user's terminal, and for a pipe that nobody reads any more.
ssize_t WriteReopened(int number, const uint8_t* data, size_t size) {
  const std::string self = "/proc/self/fd/" + std::to_string(number);
  Descriptor own(open(self.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (own.Get() >= 0) return write(own.Get(), data, size);
  pollfd ready = {number, POLLOUT, 0};
  if (poll(&ready, 1, 0) == 0) return errno = EAGAIN, -1;
  return write(number, data, std::min<size_t>(size, PIPE_BUF));  // so much finds room where poll says there is any
}

ssize_t WriteOnce(int number, const uint8_t* data, size_t size) {
  struct stat status;
  if (fstat(number, &status) != 0) return -1;
  if (S_ISSOCK(status.st_mode)) return send(number, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  const int flags = fcntl(number, F_GETFL);
  if (S_ISREG(status.st_mode) || (flags & O_NONBLOCK) != 0) return write(number, data, size);
  return WriteReopened(number, data, size);
}

Napi::Value WriteNow(const Napi::CallbackInfo& info) {
  const int number = static_cast<int>(std::min<uint32_t>(pamhook::ToUint32(info[0]), INT_MAX));
  Napi::Buffer<uint8_t> buffer = pamhook::ToBuffer(info[1]);
  ssize_t written;
  do {
    written = WriteOnce(number, buffer.Data(), buffer.Length());
  } while (written < 0 && errno == EINTR);
  if (written < 0 && errno == EAGAIN) written = 0;
  if (written < 0) throw pamhook::SystemError(info.Env(), errno, "write");
  return Napi::Number::New(info.Env(), static_cast<double>(written));
}

}  // namespace

void pamhook::RegisterSockets(Napi::Env env, Napi::Object exports) {
  Export<Listen>(env, exports, "listen");
  Export<WriteNow>(env, exports, "writeNow");
}
