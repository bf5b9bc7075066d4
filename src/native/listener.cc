// Listening sockets that another process opened, and how one is given up without losing a connection; runs in the
// supervisor.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "addon.h"

namespace {

int ToDescriptor(Napi::Value value) { return static_cast<int>(std::min<uint32_t>(pamhook::ToUint32(value), INT_MAX)); }

int OptionOf(Napi::Env env, int number, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(number, SOL_SOCKET, name, &value, &size) != 0) {
    throw pamhook::SystemError(env, errno, "getsockopt");
  }
  return value;
}

bool ListensForTcp(Napi::Env env, int number) {
  const int domain = OptionOf(env, number, SO_DOMAIN);
  return (domain == AF_INET || domain == AF_INET6) && OptionOf(env, number, SO_PROTOCOL) == IPPROTO_TCP &&
         OptionOf(env, number, SO_ACCEPTCONN) != 0;
}

Napi::Object NameOf(Napi::Env env, int number) {
  sockaddr_storage name = {};
  socklen_t size = sizeof name;
  if (getsockname(number, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    throw pamhook::SystemError(env, errno, "getsockname");
  }
  const bool six = name.ss_family == AF_INET6;
  const auto& name6 = reinterpret_cast<const sockaddr_in6&>(name);
  const auto& name4 = reinterpret_cast<const sockaddr_in&>(name);
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(name.ss_family, six ? static_cast<const void*>(&name6.sin6_addr) : &name4.sin_addr, text, sizeof text);
  Napi::Object result = Napi::Object::New(env);
  result.Set("address", text);
  result.Set("port", ntohs(six ? name6.sin6_port : name4.sin_port));
  return result;
}

Napi::Value AdoptListener(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const int number = ToDescriptor(info[0]);
  if (!ListensForTcp(env, number)) throw pamhook::SystemError(env, EINVAL, "getsockopt");
  if (fcntl(number, F_SETFD, FD_CLOEXEC) != 0) throw pamhook::SystemError(env, errno, "fcntl");
  return NameOf(env, number);
}

// Bound to an interface that there is not, the socket is no longer found for what asks for a new connection, which is
// refused; the handshakes that have begun come to their end. Without privilege from Linux 5.7 on.
bool BindToNoInterface(int number) {
  const int none = INT_MAX;
  return setsockopt(number, SOL_SOCKET, SO_BINDTOIFINDEX, &none, sizeof none) == 0;
}

// The same for older kernels, where it needs none. The filter of a TCP socket sees packets from the TCP header on; what
// it drops is asked for once more a second later, and refused then.
bool DropRequests(int number) {
  constexpr uint32_t kFlagsAt = 13;
  constexpr uint32_t kSyn = 0x02;
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsAt),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  };
  const sock_fprog program = {sizeof code / sizeof *code, code};
  return setsockopt(number, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

void RefuseNewConnections(const Napi::CallbackInfo& info) {
  const int number = ToDescriptor(info[0]);
  if (!BindToNoInterface(number) && !DropRequests(number)) throw pamhook::SystemError(info.Env(), errno, "setsockopt");
}

// Of a listening socket tcpi_unacked is the length of its queue.
Napi::Value WaitingConnections(const Napi::CallbackInfo& info) {
  tcp_info state = {};
  socklen_t size = sizeof state;
  if (getsockopt(ToDescriptor(info[0]), IPPROTO_TCP, TCP_INFO, &state, &size) != 0) {
    throw pamhook::SystemError(info.Env(), errno, "getsockopt");
  }
  return Napi::Number::New(info.Env(), state.tcpi_unacked);
}

}  // namespace

void pamhook::RegisterListener(Napi::Env env, Napi::Object exports) {
  Export<AdoptListener>(env, exports, "adoptListener");
  Export<RefuseNewConnections>(env, exports, "refuseNewConnections");
  Export<WaitingConnections>(env, exports, "waitingConnections");
}
